# SPDX-License-Identifier: Apache-2.0
"""What Tab offers in the shell, for every kind of parameter, and what that costs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from rtslib_ext import restore
from rtslib_ext.config.backing import RamDisk
from rtslib_ext.config.model import Config, Lun, NodeAcl, StorageObject, Target, Tpg
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.transaction import clear
from targetcli.completion import complete
from targetcli.language import grammar

from .conftest import Loop
from .harness import ETC, TARGET, Shell, tree

A, B = "iqn.2003-01.org.example:a", "iqn.2003-01.org.example:b"
I1, I2 = "iqn.2003-01.org.example:i1", "iqn.2003-01.org.example:i2"
TPG = f"/iscsi/{A}/tpg1"


def tab(user: Shell, line: str) -> list[str]:
    """What each candidate adds to a line of the shell."""
    context = grammar.complete_context(line, len(line))
    env = user.env()
    return [complete.continuation(context, found) for found in complete.complete(env, context)]


@pytest.fixture
def user(shell: Shell, disks: Path) -> Shell:
    """A user with two targets, LUNs, ACLs, a tag and a name with a blank in it."""
    # Another tool's: here no blank may be in a new name.
    disk = TARGET / "core/fileio_0/my disk"
    disk.mkdir(parents=True)
    (disk / "control").write_text(f"fd_dev_name={disks}/d1,fd_dev_size=1048576")
    (disk / "udev_path").write_text(f"{disks}/d1")
    (disk / "enable").write_text("1")
    for line in (
        "/backstores/ramdisk create r1 1M",
        "/backstores/ramdisk create r2 1M",
        "/backstores/ramdisk/r1/alua create standby 16",
        f"/iscsi create {A}",
        f"/iscsi create {B}",
        f"/iscsi/{A} create 3",
        f"{TPG}/luns create /backstores/ramdisk/r1",
        f"{TPG}/acls create {I1}",
        f"{TPG}/acls tag {I1} web",
        f"/iscsi/{B}/tpg1/acls create {I2}",
        f"{TPG}/portals delete ::0 3260",
        f"/iscsi/{B}/tpg1/portals delete ::0 3260",
        f"{TPG}/portals create 127.0.0.1 3261",
        "/ bookmarks add top",
    ):
        shell.ok(line)
    shutil.rmtree(ETC / "backup", ignore_errors=True)
    shell.ok("/ saveconfig")
    shell.ok(f"/iscsi/{A} delete 3")
    return shell


# A line, and what each candidate adds to it.
OFFERED = {
    "": None,
    "sav": ["econfig "],
    "saveconfig ": [f"{ETC}/saveconfig.json "],
    "restoreconfig target=": [f"{A} ", f"{B} "],
    f"restoreconfig {ETC}/saveconfig.json storage_object=": ["r1 ", "r2 "],
    "restoreconfig keep": ["_existing="],
    "clearconfig confirm=": ["false ", "true "],
    "apply --dry": ["-run "],
    "apply --targ": ["et="],
    "apply --target ": [f"{A} ", f"{B} "],
    "apply --target=": [f"{A} ", f"{B} "],
    f"apply --dry-run {ETC}/saveconfig.json --confirm-within 3": ["0s "],
    "apply --confirm-within=3": ["0s "],
    "apply --dry-run --dr": [],
    "apply --nosuch ": [],
    f"/iscsi drain {A} --timeout ": ["10m ", "1h ", "2m ", "30s ", "60s "],
    f"/iscsi drain {A} --timeout=1": ["0m ", "h "],
    "/backstores/ramdisk drain --dry-run r": ["1 ", "2 "],
    "/backstores/ramdisk drain --timeout 1h ": ["r1 ", "r2 "],
    "recover ": ["finish ", "undo "],
    "sessions ": ["detail ", "end ", "list "],
    "sessions sid=": [],
    "bookmarks ": ["add ", "del ", "go ", "show "],
    "bookmarks del ": ["last ", "top "],
    "bookmarks add ": ["bookmark="],
    "cd @t": ["op"],
    "cd <": [" "],
    "ls /is": ["csi/"],
    "ls /iscsi ": [*(f"{number} " for number in range(10))],
    "help sa": ["veconfig "],
    "/iscsi/": [f"{A}/", f"{B}/"],
    f"{TPG}/": ["acls/", "luns/", "portals/"],
    f"{TPG}/luns/": ["lun0 "],
    f"{TPG}/acls/": ["web/"],
    f"{TPG}/acls/web/": ["mapped_lun0 "],
    f"{TPG}/portals/": ["127.0.0.1:3261 "],
    "/iscsi/*/": ["tpg1/"],
    "/backstores/fileio/my": ["' disk/'"],
    "'/backstores/fileio/my ": ["disk/"],
    "/backstores/ramdisk/r1/alua/": ["default_tg_pt_gp ", "standby "],
    "/backstores/fileio delete ": ["'my disk' "],
    "/backstores/fileio delete name='my d": ["isk' "],
    "/backstores/fileio/delete ": ["'my disk' "],
    "/backstores/fileio create x y ": ["size=", "sparse=", "write_back=", "wwn="],
    "/backstores/fileio create x y 10": ["G ", "K ", "M ", "T "],
    "/backstores/fileio create x y size=1.5": ["G ", "K ", "M ", "T "],
    "/backstores/ramdisk create x 1": ["G ", "K ", "M ", "T "],
    "/backstores/ramdisk create x 1M nul": ["lio="],
    "/backstores/ramdisk create x 1M nullio=": ["false ", "true "],
    "/backstores/ramdisk/r1/alua create x ": ["1 ", "17 "],
    "/backstores/ramdisk/r1/alua delete ": ["standby "],
    "/backstores/ramdisk/r1 saveconfig ": [f"{ETC}/saveconfig.json "],
    "/backstores/ramdisk/r1 set ": [
        "attribute ",
        "device ",
        "global ",
        "identity ",
        "reservations ",
    ],
    "/backstores/ramdisk/r1 set attribute emulate_tpu=": ["0 ", "1 "],
    "/backstores/ramdisk/r1 set attribute emulate_tpu=1 unmap_z": ["eroes_data="],
    "/backstores/ramdisk/r1 set attribute queue_depth=": ["128 "],
    "/backstores/ramdisk/r1 get attribute hw_b": ["lock_size "],
    "/backstores/ramdisk/r1 get attribute --c": ["hanged "],
    "/backstores/ramdisk/r1 set attribute hw_b": [],
    "/backstores/ramdisk/r1/alua/standby set alua preferred=": ["0 ", "1 "],
    "set global auto_save_on_exit=": ["false ", "true "],
    "set global loglevel_console=d": ["ebug "],
    "set global tree_max_d": ["epth="],
    "/iscsi delete ": [f"{A} ", f"{B} "],
    "/iscsi create ": ["default_portal=", "enable=", "tag=", "wwn="],
    "/iscsi set discovery_auth enable=": ["0 ", "1 "],
    f"/iscsi/{A} create ": ["2 "],
    f"/iscsi/{A} delete ": ["1 "],
    f"{TPG}/luns create ": ["'/backstores/fileio/my disk' ", "/backstores/ramdisk/r2 "],
    f"{TPG}/luns create /backstores/r": ["amdisk/r2 "],
    f"{TPG}/luns create /backstores/ramdisk/r2 ": ["1 "],
    f"{TPG}/luns delete ": ["0 "],
    f"{TPG}/luns/lun0 set alua alua_tg_pt_gp_name=": ["default_tg_pt_gp ", "standby "],
    f"{TPG}/acls create ": [f"{I2} "],
    f"{TPG}/acls delete ": ["web "],
    f"{TPG}/acls tag {I1} ": ["web "],
    f"{TPG}/acls untag ": ["web "],
    f"{TPG}/acls/web create ": ["1 "],
    f"{TPG}/acls/web create 1 ": ["/backstores/", "lun0 "],
    f"{TPG}/acls/web create 1 /backst": ["'ores/fileio/my disk' ", "ores/ramdisk/r2 "],
    f"{TPG}/acls/web delete ": ["0 "],
    f"{TPG}/acls/web set auth userid=": [],
    f"{TPG} set parameter HeaderDigest=": None,
    f"{TPG}/portals create 127.0.0.1 ": ["3260 "],
    f"{TPG}/portals delete ": ["127.0.0.1 "],
    f"{TPG}/portals delete 127.0.0.1 ": ["3261 "],
    f"{TPG}/portals delete ip_port=3261 ip_address=": ["127.0.0.1 "],
    f"{TPG}/portals/127.0.0.1:3261 enable_iser ": ["false ", "true "],
    "/backstores/ramdisk rename ": ["r1 ", "r2 "],
    "/backstores/ramdisk/r1 resize 10": ["G ", "K ", "M ", "T "],
    "/backstores/ramdisk/r1 resize +10": ["G ", "K ", "M ", "T "],
    "/backstores/ramdisk/r1 resize 1G dry_run=": ["false ", "true "],
    "/iscsi clone ": [f"{A} ", f"{B} "],
    f"{TPG}/acls clone ": ["web "],
    f"{TPG}/acls clone web ": [f"{I2} "],
    f"{TPG}/acls/web rename ": [f"{I2} "],
    "recipe win": ["dows "],
    f"{TPG} recipe windows ": [f"{I1} "],
    f"/iscsi/{B} recipe system=esxi initiator=": [f"{I2} "],
    f"{TPG} verify portal=": ["127.0.0.1:3261 "],
    "verify target=": [f"{A} ", f"{B} "],
    f"{TPG}/acls create {I2} profile=es": ["xi "],
    "/nosuch/": [],
    "/nosuch create ": [],
    "# a comment ": [],
    "nosuch ": [],
}


def test_what_is_offered(user: Shell, disks: Path) -> None:
    before = tree()
    found = {line: tab(user, line) for line in OFFERED}
    told = {line: sorted(words) for line, words in OFFERED.items() if words is not None}
    assert {line: sorted(found[line]) for line in told} == told
    assert {"backstores/", "ls ", "saveconfig "} <= set(found[""])
    assert set(found[f"{TPG} set parameter HeaderDigest="]) >= {"CRC32C ", "None "}
    assert tree() == before


def test_secrets_are_not_offered(user: Shell) -> None:
    user.ok(f"{TPG}/acls/web set auth userid=me password=secret")
    assert tab(user, f"{TPG}/acls/web set auth userid=") == ["me "]
    assert tab(user, f"{TPG}/acls/web set auth password=") == []


def test_devices_that_are_free(user: Shell, loop: Loop, disks: Path) -> None:
    held, free = loop(), loop()
    user.ok(f"/backstores/block create b1 {held}")
    offered = tab(user, "/backstores/block create x ")
    assert f"{free} " in offered and f"{held} " not in offered
    assert "/dev/null " not in offered
    empty = [name for name in os.listdir("/dev") if name.startswith("loop")]
    assert {f"/dev/{name} " for name in empty} & set(offered) == {f"{free} "}
    (disks / "sub").mkdir()
    (disks / "other file").touch()
    assert tab(user, f"/backstores/fileio create x {disks}/") == [
        "d1 ", "loop0.img ", "loop1.img ", "'other file' ", "sub/",
    ]  # fmt: skip


def test_scsi_devices(user: Shell, scsi_disk: tuple[str, str]) -> None:
    device, address = scsi_disk
    offered = tab(user, "/backstores/pscsi create x ")
    assert {f"{device} ", f"{address} "} <= set(offered)
    assert "/dev/null " not in offered and "/dev/ram0 " not in offered
    user.ok(f"/backstores/pscsi create p1 {device}")


def test_addresses(user: Shell) -> None:
    subprocess.run(["ip", "link", "add", "dummy9", "type", "dummy"], check=True)
    try:
        subprocess.run(["ip", "addr", "add", "192.0.2.9/24", "dev", "dummy9"], check=True)
        words = ["0.0.0.0 ", "192.0.2.9 ", "::0 "]
        assert tab(user, f"{TPG}/portals create ") == words
        user.ok(f"{TPG}/portals create 192.0.2.9")
        assert tab(user, f"{TPG}/portals create ") == ["0.0.0.0 ", "::0 "]
        assert tab(user, f"{TPG}/portals create ip_port=3261 ip_address=") == words
    finally:
        subprocess.run(["ip", "link", "delete", "dummy9"], check=True)


def test_backups_and_broken_files(user: Shell, disks: Path) -> None:
    user.ok("/backstores/ramdisk create r3 1M")
    user.ok("/ saveconfig")
    backups = [f"{path} " for path in sorted((ETC / "backup").iterdir())]
    assert backups
    names = [f"{path.name} " for path in sorted((ETC / "backup").iterdir())]
    added = [name.removeprefix("savecon") for name in names]
    assert tab(user, "/ restoreconfig savecon") == added
    assert tab(user, "/ backups ") == sorted([*names, "saveconfig.json "])
    assert tab(user, "/ restoreconfig ") == sorted([*backups, f"{ETC}/saveconfig.json "])
    (disks / "broken").write_text("{")
    assert tab(user, f"/ restoreconfig {disks}/broken target=") == []
    assert tab(user, "/ restoreconfig /nosuch target=") == []


def config(count: int, spare: int = 1) -> Config:
    """Storage objects, LUNs and ACLs, so many of each; and objects that nothing exports."""
    names = [f"r{number}" for number in range(count)]
    others = [f"spare{number}" for number in range(spare)]
    objects = [StorageObject(name, RamDisk(4096)) for name in (*names, *others)]
    tpg = Tpg(
        1,
        luns={number: Lun(number, ("ramdisk", name)) for number, name in enumerate(names)},
        acls={f"{I1}{number}": NodeAcl(f"{I1}{number}", {}) for number in range(count)},
    )
    target = Target("iscsi", A, {1: tpg})
    return Config({so.key: so for so in objects}, {target.key: target})


# Listings for a Tab, at any number of objects: of the folder and of what leads there.
LISTINGS = {
    f"{TPG}/luns/": 1,
    f"{TPG}/acls/": 1,
    f"{TPG}/luns delete ": 1,
    f"{TPG}/acls delete ": 1,
    f"{TPG}/luns create x ": 1,
    f"{TPG}/acls/{I1}1 create 0 ": 1,
    "/iscsi/": 1,
    "/iscsi delete ": 1,
}


def test_a_tab_lists_its_folder_once(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not restore.restore(ConfigFS(), config(100)).failures
    real = os.scandir
    for line, wanted in LISTINGS.items():
        listed: list[object] = []
        with monkeypatch.context() as patch:
            patch.setattr(os, "scandir", lambda path, to=listed: (to.append(path), real(path))[1])
            assert tab(shell, line)
        assert len(listed) == wanted, f"{line}: {listed}"


# System calls for each more of what is exported, with an ACL, and for each that nothing exports.
READ_OF_EACH = {
    # The link in a LUN's folder, read by its name; the folder of an object that has no LUN.
    f"{TPG}/luns create ": (1, 5),
    f"{TPG}/acls/{I1}1 create 0 /backst": (1, 5),
    # The ACL's tag.
    f"{TPG}/acls/": (3, 0),
    "/backstores/ramdisk/": (5, 5),
    "/backstores/ramdisk delete ": (5, 5),
}


def calls_of_tabs(shell: Shell, count: int, spare: int) -> dict[str, int]:
    """What each of these costs, with so many objects."""
    assert not restore.restore(ConfigFS(), config(count, spare)).failures
    calls = {}
    for line in READ_OF_EACH:
        shell.fs = ConfigFS()
        assert tab(shell, line)
        calls[line] = shell.fs.total_calls
    assert not clear.everything(ConfigFS()).failures
    return calls


def test_what_must_be_read_of_each_is_linear_and_little(shell: Shell) -> None:
    none = calls_of_tabs(shell, 2, 2)
    sizes = ((102, 2), (302, 2), (2, 102), (2, 302))
    grown = [calls_of_tabs(shell, *size) for size in sizes]
    for line, (exported, spare) in READ_OF_EACH.items():
        found = [(calls[line] - none[line]) / 100 for calls in grown]
        # A long listing takes a call more.
        limits = (exported, 3 * exported, spare, 3 * spare)
        over = [have - want for have, want in zip(found, limits, strict=True)]
        assert all(0 <= more < 0.1 for more in over), f"{line}: {found}, not {limits}"
