# SPDX-License-Identifier: Apache-2.0
"""What commands cost: system calls on the target tree, which do not depend on the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rtslib_ext import restore
from rtslib_ext.config.backing import RamDisk
from rtslib_ext.config.model import (
    Config,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)
from rtslib_ext.kernel.configfs import ROOT, ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.reading.topology import TopologyReader
from rtslib_ext.transaction import clear
from tests.kernel import expected

from .harness import Shell, differences
from .initiator import logged_in

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
INITIATOR = "iqn.2003-01.org.example:i"

# The system calls of one command, at any number of LUNs and storage objects.
COSTS = {
    "/backstores/ramdisk create new 1M": 34,
    "/backstores/fileio create new DISKS/new.img 1M": 43,
    "/backstores/block create new /dev/ram0": 53,
    "/iscsi create iqn.2003-01.org.example:new": 22,
    f"{TPG}/luns create /backstores/ramdisk/spare 9999 add_mapped_luns=false": 18,
    f"{TPG}/acls create iqn.2003-01.org.example:new add_mapped_luns=false": 15,
    f"{TPG}/acls/{INITIATOR} create 9999 lun0": 19,
    f"{TPG}/portals create 127.0.0.1 3261": 10,
    f"{TPG} get attribute authentication": 16,
    f"{TPG} set attribute authentication=0": 33,
    f"{TPG} status": 11,
    f"{TPG}/luns/lun0 status": 10,
    "/backstores/ramdisk/r0 status": 7,
    "/backstores/ramdisk/r0 get attribute queue_depth": 10,
    f"{TPG}/acls/{INITIATOR} delete 9999": 17,
    f"{TPG}/acls delete iqn.2003-01.org.example:new": 74,
    f"{TPG}/portals delete 127.0.0.1 3261": 21,
    f"{TPG}/luns delete 0": 32,
    f"{TPG}/luns delete 9999": 27,
    "/backstores/ramdisk delete r0": 116,
    "/backstores/ramdisk delete new": 116,
}
# These read attributes and identity of a storage object too: later kernels have more files there.
READ_FILES = ("/backstores/ramdisk delete r0", "/backstores/ramdisk delete new")


def config(luns: int) -> Config:
    """A target with so many LUNs, all of them mapped for one initiator; one disk is to spare."""
    names = [*(f"r{number}" for number in range(luns)), "spare"]
    objects = [StorageObject(name, RamDisk(4096)) for name in names]
    acl = NodeAcl(INITIATOR, {number: MappedLun(number, number) for number in range(luns)})
    tpg = Tpg(
        1,
        enable=True,
        luns={number: Lun(number, ("ramdisk", f"r{number}")) for number in range(luns)},
        portals={"127.0.0.1:3260": Portal("127.0.0.1", 3260)},
        acls={INITIATOR: acl},
    )
    target = Target("iscsi", IQN, {1: tpg})
    return Config({so.key: so for so in objects}, {target.key: target})


def build(luns: int) -> int:
    """Bring that up; what it cost."""
    fs = ConfigFS()
    outcome = restore.restore(fs, config(luns))
    assert not outcome.failures and not outcome.skipped
    return fs.total_calls


@pytest.mark.differs_by_kernel
@pytest.mark.parametrize("luns", [1, 300])
def test_command_costs_what_it_touches(
    shell: Shell, disks: Path, ram: list[str], luns: int
) -> None:
    build(luns)
    found = {}
    (r0,) = Path(ROOT, "core").glob("rd_mcp_*/r0")
    reading = cost_of_files(r0 / "attrib") + cost_of_files(r0 / "wwn")
    for line in COSTS:
        shell.fs = ConfigFS()
        shell.ok(line.replace("DISKS", str(disks)))
        found[line] = shell.fs.total_calls - reading * (line in READ_FILES)
    assert differences(found, {**COSTS, **costs_of_numbers()}) == []


def costs_of_numbers() -> dict[str, int]:
    """The port number of an enabled TPG is read twice, and those of four other fabrics once."""
    line = "/iscsi create iqn.2003-01.org.example:new"
    return {line: COSTS[line] + 2 + 3 + 4} if expected.value("a TPG has the file rtpi") else {}


def cost_of_files(folder: Path) -> int:
    """The calls of reading files: a stat each, and of settings open, read and close."""
    modes = [path.stat().st_mode & 0o222 for path in folder.iterdir()]
    return len(modes) + 3 * sum(map(bool, modes))


class Looks(ConfigFS):
    """Counts how often each file is read that says who is logged in."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()

    def read(self, path: str) -> str:
        if path.endswith("/dynamic_sessions") or ("/acls/" in path and path.endswith("/info")):
            self.seen[path] += 1
        return super().read(path)


@pytest.mark.parametrize(
    "line",
    [
        f"{TPG}/luns create /backstores/ramdisk/spare",
        f"{TPG}/luns create /backstores/ramdisk/spare 7",
        f"{TPG}/acls/{INITIATOR} create 7 /backstores/ramdisk/spare",
    ],
)
def test_one_look_at_the_sessions(shell: Shell, line: str) -> None:
    build(2)
    shell.ok(f"{TPG} set attribute authentication=0")
    shell.ok(f"{TPG}/acls create {INITIATOR}2")
    shell.fs = looks = Looks()
    with logged_in(INITIATOR, IQN):
        shell.ok(line)
    assert looks.seen and set(looks.seen.values()) == {1}, looks.seen


def test_whole_configurations_are_linear(shell: Shell) -> None:
    """What comes on top of a target without LUNs, in proportion to 1 %."""
    costs: dict[str, list[int]] = {"restore": [], "read": [], "ls": [], "outline": [], "clear": []}
    documents = []
    for luns in (0, 100, 300):
        costs["restore"].append(build(luns))
        fs = ConfigFS()
        assert len(Reader(fs).config().storage_objects) == luns + 1
        costs["read"].append(fs.total_calls)
        shell.fs = ConfigFS()
        shell.ok("ls")
        costs["ls"].append(shell.fs.total_calls)
        shell.fs = ConfigFS()
        documents.append(len(shell("ls", json=True)))
        assert shell.fs.total_calls == costs["ls"][-1], "--json makes the same calls"
        fs = ConfigFS()
        TopologyReader(fs).topology()
        costs["outline"].append(fs.total_calls)
        fs = ConfigFS()
        assert not clear.everything(fs).failures
        costs["clear"].append(fs.total_calls)
    for what, (none, few, many) in costs.items():
        growth = (many - none) / (few - none)
        assert 2.97 < growth < 3.03, f"{what}: {none}, {few} at 100 LUNs, {many} at 300"
    assert 2.9 < (documents[2] - documents[0]) / (documents[1] - documents[0]) < 3.1


def test_clearing_lists_no_directory_of_a_lun(configfs: object) -> None:
    """Two calls for a mapped LUN, three for a LUN (its link is followed), two for a disk."""
    costs = []
    for luns in (100, 101):
        build(luns)
        fs = ConfigFS()
        assert not clear.everything(fs).failures
        costs.append(fs.total_calls)
    assert costs[1] - costs[0] == 2 + 3 + 2


class Watched:
    """The system calls that this process makes on the target tree, seen below the library."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, str]] = []
        self.total = 0
        for name in ("open", "scandir", "stat", "readlink", "mkdir", "rmdir", "symlink", "unlink"):
            self._watch(monkeypatch, name)

    def _watch(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        real = getattr(os, name)
        # open, read or write, close; open, fstat, getdents64 twice, close
        cost = {"open": 3, "scandir": 5}.get(name, 1)

        def call(path: Any, *arguments: Any, **options: Any) -> Any:
            place = arguments[0] if name == "symlink" else path
            if not str(place).startswith(ROOT):
                return real(path, *arguments, **options)
            self.calls.append((name, str(place)))
            self.total += 1
            result = real(path, *arguments, **options)
            self.total += cost - 1
            return result

        monkeypatch.setattr(os, name, call)

    def repeated(self) -> list[tuple[str, str]]:
        """Return the calls made more than once.

        The mode of rtpi is a mark of each TPG: it is looked at again after the modes of the first
        TPG, which stand for those of all.
        """
        again = (call for call, count in Counter(self.calls).items() if count > 1)
        return [call for call in again if not call[1].endswith("/rtpi")]


def test_nothing_is_read_twice(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    build(3)
    shell.ok("/loopback create naa.5001405000000001")
    shell.ok("/loopback/naa.5001405000000001/luns create /backstores/ramdisk/r0")
    for line in ("ls", f"{TPG}/acls ls", f"{TPG} get attribute", "sessions detail", "saveconfig"):
        with monkeypatch.context() as patch:
            watched = Watched(patch)
            shell.ok(line)
        assert watched.calls and watched.repeated() == [], line


def test_the_counter_tells_the_truth(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    build(3)
    for line in ("ls", "/backstores/ramdisk create new 1M", f"{TPG}/luns delete 0"):
        shell.fs = ConfigFS()
        with monkeypatch.context() as patch:
            watched = Watched(patch)
            shell.ok(line)
        assert watched.total == shell.fs.total_calls > 0, line


HEAVY = (
    "configshell configshell_fb urwid pyparsing rtslib_fb pyudev asyncio curses gzip "
    "dataclasses inspect tqdm"
).split()


# Modules for plans, for restores that are incomplete, for terminals.
RARE = (
    "rtslib_ext.restore rtslib_ext.plan rtslib_ext.reading.topology rtslib_ext.savefile.refused "
    "targetcli.views.plan targetcli.views.wrap"
).split()


def imported(*commands: list[str], among: Sequence[str] = HEAVY) -> Iterator[str]:
    """Those of some modules that a process has after some commands, after their statuses."""
    program = (
        "import sys; from targetcli.cli import main; "
        f"status = [main(words) for words in {commands!r}]; "
        f"print('\\n', *status, *(name for name in {among!r} if name in sys.modules))"
    )
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    yield from done.stdout.splitlines()[-1].split()


def test_one_command_imports_no_shell(shell: Shell, disks: Path) -> None:
    commands = [
        ["--version"],
        ["/backstores/ramdisk", "create", "r1", "1M"],
        ["/iscsi", "create", IQN],
        [f"{TPG}/luns", "create", "/backstores/ramdisk/r1"],
        [TPG, "set", "attribute", "authentication=1"],
        ["ls"],
        ["saveconfig"],
        ["clearconfig", "confirm=true"],
        ["restoreconfig"],
    ]
    assert list(imported(*commands)) == ["0"] * len(commands)


def test_one_command_imports_only_what_it_needs(shell: Shell) -> None:
    shell.ok(f"/iscsi create {IQN}")
    commands = [
        [TPG, "get", "attribute", "authentication"],
        [TPG, "set", "attribute", "authentication=1"],
        ["sessions"],
        ["saveconfig"],
    ]
    assert list(imported(*commands, among=RARE)) == ["0"] * len(commands)


def test_creating_and_clearing_need_no_tables(shell: Shell) -> None:
    """No tables of settings, no save files, no plan for a whole configuration."""
    tables = "rtslib_ext.schema rtslib_ext.savefile.disk rtslib_ext.plan.build uuid".split()
    commands = [
        ["/backstores/ramdisk", "create", "r1", "1M"],
        ["version"],
        ["clearconfig", "confirm=true"],
    ]
    assert list(imported(*commands, among=tables)) == ["0"] * len(commands)
