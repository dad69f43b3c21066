# SPDX-License-Identifier: Apache-2.0
"""The command stats: which objects it shows, how often, and what it refuses."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import Json, checked

from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.statistics import counted, mib

from ..conftest import clear_all
from .harness import TARGET, Shell
from .initiator import logged_in, until

NAME = "iqn.2003-01.org.example"
IQN, HOST = f"{NAME}:t", f"{NAME}:host"
TPG = f"/iscsi/{IQN}/tpg1"
DISK, LUN, ACL = "/backstores/ramdisk/r", f"{TPG}/luns/lun0", f"{TPG}/acls/{HOST}"
MAPPED = f"{ACL}/mapped_lun0"


@pytest.fixture(scope="module")
def user(_modules: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A storage object that a target exports to an initiator that is logged in."""
    clear_all()
    shell = Shell(tmp_path_factory.mktemp("stats") / "home")
    shell.ok("/backstores/ramdisk create r 1M")
    shell.ok("/backstores/ramdisk create other 1M")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"{TPG}/luns create {DISK}")
    shell.ok(f"{TPG}/acls create {HOST}")
    with logged_in(HOST, IQN) as connection:
        connection.luns()
        until(lambda: "Sessions" in shell.ok("stats"))
        yield shell
    clear_all()


def samples(user: Shell, line: str) -> list[list[Json]]:
    found: list[list[Json]] = checked(user.ok(line, json=True))["data"]["samples"]
    return found


@pytest.mark.parametrize(
    ("line", "paths"),
    [
        ("stats", {DISK, "/backstores/ramdisk/other", LUN, MAPPED, ACL, f"/iscsi/{IQN}"}),
        (f"stats {DISK}", {DISK, LUN}),
        (f"{DISK}/alua stats", {DISK, LUN}),
        ("/backstores stats kind=lun", set()),
        (f"{TPG} stats", {LUN, MAPPED, ACL}),
        (f"{TPG}/acls stats", {MAPPED, ACL}),
        (f"stats {MAPPED}", {MAPPED}),
        ("stats kind=target", {f"/iscsi/{IQN}"}),
        ("/loopback stats", set()),
    ],
)
def test_the_objects_of_a_node(user: Shell, line: str, paths: set[str]) -> None:
    (found,) = samples(user, line)
    assert {item["path"] for item in found} == paths
    text = user.ok(line)
    assert all(path in text for path in paths) and (bool(paths) or "nothing here" in text)
    for item in found:
        assert item["storage_object"] == (DISK if item["kind"] == "lun" else None)


def test_the_acls_with_a_tag(user: Shell) -> None:
    user.ok(f"{TPG}/acls tag {HOST} web")
    (found,) = samples(user, f"{TPG}/acls/web/mapped_lun0 stats")
    assert [item["path"] for item in found] == [MAPPED]
    user.ok(f"{TPG}/acls untag web")


def test_rates(user: Shell) -> None:
    ((lun,),) = samples(user, "stats 1 kind=lun")
    assert lun["commands_per_second"] == 0 and lun["commands"] > 0
    text = user.ok("stats interval=1s kind=storage_object count=1 sort=commands")
    assert text.rows[1] == "Storage objects" and "commands/s" in text.rows[2]
    assert text.rows[3].endswith(DISK) and text.rows[4].endswith("/other")
    lines = user.ok("stats --csv").rows
    assert {item["path"] for item in csv.DictReader(lines)} >= {DISK, LUN, MAPPED, ACL}
    assert user.ok("stats sort=path kind=storage_object").rows[-1].endswith(DISK)


def test_mib_objects(user: Shell) -> None:
    found = checked(user.ok(f"{LUN} stats mib", json=True))["data"]["mib"]
    (lun,) = found
    values = {item["name"]: item["value"] for item in lun["values"]}
    assert int(values["scsiTgtPortInCommands"]) > 0 and values["scsiPortBusyStatuses"] == "0"
    text = user.ok(f"{ACL} stats mib")
    assert "scsiAttIntrPortIdentifier" in text and f"{HOST}+i+8" in text
    assert "iscsiSsnRxDataOctets" in text and "immediate data" in text


def test_the_kernel_has_exactly_the_files_of_the_table(user: Shell) -> None:
    for item in counted.objects(Reader(ConfigFS()), "/"):
        folder = Path(TARGET, item.configfs)
        rows = {mib.path_of(row) for row in mib.of_kind(item.kind)}
        above = {row.partition("/")[0] for row in rows}
        files = (path for name in above for path in (folder / name).rglob("*") if path.is_file())
        assert {str(path.relative_to(folder)) for path in files} == rows, item.path


def test_what_is_refused(user: Shell) -> None:
    user.refuses("stats sort=comands", "there is no column comands", "did you mean commands?")
    user.refuses("stats kind=target sort=aborts", "there is no column aborts")
    user.refuses("stats sort=commands_per_second", "there is no column commands_per_second")
    user.refuses("stats kind=disk", "kind must be one of: storage_object, lun, mapped_lun")
    user.refuses("stats count=3", "count needs an interval", "stats 5 count=3")
    user.refuses("stats 5 count=0", "count must be between 1 and 999999, not 0")
    user.refuses("stats mib 5", "stats mib has no interval")
    assert user.ok("/backstores/pscsi stats mib") == "(the kernel counts nothing here)\n"
    user.refuses("stats /nosuch", "No such path /nosuch")
