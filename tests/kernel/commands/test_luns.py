# SPDX-License-Identifier: Apache-2.0
"""LUNs: made from storage objects, devices and files; numbered, mapped, deleted."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from rtslib_ext.kernel import blocked

from ..conftest import clear_all
from .harness import TARGET, Answer, Shell, tree, value
from .initiator import logged_in, until

IQN = "iqn.2003-01.org.example:a"
NAA = "naa.5001405000000001"
TPG = f"/iscsi/{IQN}/tpg1"
FILE = f"iscsi/{IQN}/tpgt_1"
INITIATOR = "iqn.2003-01.org.example:i"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user in a TPG, with three storage objects."""
    for number in range(1, 4):
        shell.ok(f"/backstores/ramdisk create r{number} 1M")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"/loopback create {NAA}")
    shell.cwd = TPG
    return shell


def exported(number: int, tpg: str = FILE) -> str:
    """What a LUN leads to: plugin prefix and name."""
    folder = TARGET / tpg / f"lun/lun_{number}"
    links = [item for item in folder.iterdir() if item.is_symlink()]
    assert len(links) == 1
    path = os.path.realpath(links[0])
    hba, name = path.split("/")[-2:]
    return f"{hba.rpartition('_')[0]}/{name}"


def luns(tpg: str = FILE) -> set[int]:
    return {int(path.name[4:]) for path in (TARGET / tpg / "lun").iterdir()}


def mapped(initiator: str) -> dict[int, int]:
    """The mapped LUNs of an ACL: its number -> the TPG's."""
    found = {}
    for folder in (TARGET / FILE / "acls" / initiator).glob("lun_*"):
        link = next(item for item in folder.iterdir() if item.is_symlink())
        found[int(folder.name[4:])] = int(os.readlink(link).rpartition("lun_")[2])
    return found


def test_the_first_free_number_is_taken(user: Shell) -> None:
    assert user.ok("luns/ create /backstores/ramdisk/r1") == "Created LUN 0.\n"
    assert exported(0) == "rd_mcp/r1"
    assert user.ok("luns/ create /backstores/ramdisk/r2 lun=2") == "Created LUN 2.\n"
    assert user.ok("luns/ create ../../../../backstores/ramdisk/r3") == "Created LUN 1.\n"
    assert (exported(1), exported(2)) == ("rd_mcp/r3", "rd_mcp/r2")
    assert user.ok("luns/ status") == f"Status for {TPG}/luns: LUNs: 3\n"


def test_every_parameter(user: Shell) -> None:
    user.ok(f"acls/ create {INITIATOR}")
    answer = user.ok(
        "luns/ create storage_object=/backstores/ramdisk/r1 lun=lun65535 add_mapped_luns=false"
    )
    assert answer == "Created LUN 65535.\n"
    assert (luns(), mapped(INITIATOR)) == ({65535}, {})
    assert user.ok("luns/ delete lun=65535") == "Deleted LUN 65535.\n"
    assert luns() == set()


def test_one_tpg_exports_an_object_once(user: Shell) -> None:
    user.ok("luns/ create /backstores/ramdisk/r1")
    user.refuses(
        "luns/ create /backstores/ramdisk/r1",
        f"{TPG}/luns: lun for storage object ramdisk/r1 already exists",
        "it is lun0",
    )
    assert user.ok(f"/loopback/{NAA}/luns create /backstores/ramdisk/r1 5") == "Created LUN 5.\n"
    assert exported(5, f"loopback/{NAA}/tpgt_1") == "rd_mcp/r1"


def test_summary_and_info(user: Shell, disks: Path) -> None:
    file = disks / "d1.img"
    user.ok(f"/backstores/fileio create d1 {file} 1M")
    user.ok("luns/ create /backstores/fileio/d1")
    user.ok("luns/ create /backstores/ramdisk/r1")
    lines = user.ok("ls luns").rows
    assert lines[0].endswith(" [LUNs: 2]")
    assert lines[1].startswith("  o- lun0 ...")
    assert lines[1].endswith(f" [fileio/d1 ({file}) (default_tg_pt_gp)]")
    assert lines[2].endswith(" [ramdisk/r1 (default_tg_pt_gp)]")
    assert lines[1].split(" ")[:4] == ["", "", "o-", "lun0"]
    wwid = next(
        row.removeprefix("wwid: ")
        for row in user.ok("/backstores/fileio/d1 info").rows
        if row.startswith("wwid: ")
    )
    rows = user.ok("luns/lun0 info").rows
    assert rows[0].startswith("alias: ") and len(rows[0]) == len("alias: ") + 10
    assert rows[1:] == [
        "alua_tg_pt_gp_name: default_tg_pt_gp",
        "index: 0",
        f"naa: naa.{wwid[1:]}",
        "storage_object: /backstores/fileio/d1",
        f"wwid: {wwid}",
    ]


def test_mapping_at_once(user: Shell) -> None:
    for name in ("i1", "i2"):
        user.ok(f"acls/ create iqn.2003-01.org.example:{name}")
    i1, i2 = (f"iqn.2003-01.org.example:{name}" for name in ("i1", "i2"))
    assert user.ok("luns/ create /backstores/ramdisk/r1").rows == [
        "Created LUN 0.",
        f"Created LUN 0->0 mapping in node ACL {i1}",
        f"Created LUN 0->0 mapping in node ACL {i2}",
    ]
    user.ok(f"acls/{i2} delete 0")
    assert user.ok("luns/ create /backstores/ramdisk/r2").rows == [
        "Created LUN 1.",
        f"Created LUN 1->1 mapping in node ACL {i1}",
        f"Created LUN 1->0 mapping in node ACL {i2}",
    ]
    assert user.ok("luns/ create /backstores/ramdisk/r3 9").rows == [
        "Created LUN 9.",
        f"Created LUN 9->9 mapping in node ACL {i1}",
        f"Created LUN 9->9 mapping in node ACL {i2}",
    ]
    assert mapped(i1) == {0: 0, 1: 1, 9: 9} and mapped(i2) == {0: 1, 9: 9}


def test_preference_auto_add_mapped_luns(user: Shell) -> None:
    user.ok(f"acls/ create {INITIATOR}")
    user.ok("set global auto_add_mapped_luns=false")
    assert user.ok("luns/ create /backstores/ramdisk/r1") == "Created LUN 0.\n"
    answer = user.ok("luns/ create /backstores/ramdisk/r2 add_mapped_luns=true")
    assert answer.rows == ["Created LUN 1.", f"Created LUN 1->0 mapping in node ACL {INITIATOR}"]
    assert mapped(INITIATOR) == {0: 1}


def test_a_device_becomes_a_storage_object(user: Shell, ram: list[str]) -> None:
    assert user.ok(f"luns/ create {ram[0]}").rows == [
        "Created storage object ram0.",
        "Created LUN 0.",
    ]
    assert exported(0) == "iblock/ram0"
    assert f"{ram[0]} (16.0MiB)" in user.ok("/backstores/block/ram0 status")


def test_a_file_becomes_a_storage_object(user: Shell, disks: Path) -> None:
    file = disks / "d1.img"
    file.write_bytes(bytes(65536))
    assert user.ok(f"luns/ create {file} 4").rows == [
        "Created storage object d1.img.",
        "Created LUN 4.",
    ]
    assert exported(4) == "fileio/d1.img"
    assert "(64.0KiB) write-thru" in user.ok("/backstores/fileio/d1.img status")


def test_delete_takes_mapped_luns_along(user: Shell) -> None:
    user.ok("luns/ create /backstores/ramdisk/r1")
    user.ok(f"acls/ create {INITIATOR}")
    before = tree()
    user.ok("luns/ create /backstores/ramdisk/r2")
    user.ok(f"acls/{INITIATOR} create 77 lun1")
    assert mapped(INITIATOR) == {0: 0, 1: 1, 77: 1}
    assert user.ok("luns/ delete lun1") == "Deleted LUN 1.\n"
    assert tree() == before


def test_loopback_luns(user: Shell) -> None:
    user.cwd = f"/loopback/{NAA}"
    assert user.ok("luns/ create /backstores/ramdisk/r1") == "Created LUN 0.\n"
    assert user.ok("luns/ delete 0") == "Deleted LUN 0.\n"
    assert value(f"loopback/{NAA}/tpgt_1/nexus").startswith("naa.")


def test_lun_whose_link_is_gone(user: Shell) -> None:
    user.ok("luns/ create /backstores/ramdisk/r1")
    folder = TARGET / FILE / "lun/lun_0"
    next(item for item in folder.iterdir() if item.is_symlink()).unlink()
    assert user.ok("luns/lun0 status").endswith(": BROKEN STORAGE LINK\n")
    assert user.ok("luns/lun0 info") == "index: 0\n"
    assert user.ok("luns/ delete 0") == "Deleted LUN 0.\n"


GUEST = "iqn.2003-01.org.example:guest"
REUSED = "was ramdisk/r1 before, and {name} may still use it as that disk: rescan there"


@pytest.fixture
def in_use(user: Shell) -> Shell:
    """The first disk was seen by an initiator with an ACL, and by one without, and is deleted."""
    user.ok("set attribute generate_node_acls=1 cache_dynamic_acls=1")
    user.ok(f"acls/ create {INITIATOR}")
    user.ok("luns/ create /backstores/ramdisk/r1")
    return user


def test_the_next_free_number_is_taken_while_initiators_know_the_other_disk(in_use: Shell) -> None:
    with logged_in(INITIATOR, IQN):
        in_use.ok("luns/ delete 0")
        answer = in_use.ok("luns/ create /backstores/ramdisk/r2")
        assert (luns(), mapped(INITIATOR), answer.asides) == ({1}, {1: 1}, [])
        # The same disk may have its number again.
        in_use.ok("luns/ create /backstores/ramdisk/r1")
        assert (luns(), mapped(INITIATOR)) == ({0, 1}, {0: 0, 1: 1})


@pytest.mark.parametrize("name", [INITIATOR, GUEST])
def test_a_number_given_again_is_noted(in_use: Shell, name: str) -> None:
    with logged_in(name, IQN):
        in_use.ok("luns/ delete 0")
        (note,) = in_use.ok("luns/ create /backstores/ramdisk/r2 0").asides
        assert REUSED.format(name=name) in note and "iscsiadm -m session -R" in note


def test_a_mapped_number_given_again_is_noted(in_use: Shell) -> None:
    in_use.ok("luns/ create /backstores/ramdisk/r2")
    acl = f"acls/{INITIATOR}"
    with logged_in(INITIATOR, IQN):
        in_use.ok(f"{acl} delete 0")
        in_use.ok(f"{acl} delete 1")
        (note,) = in_use.ok(f"{acl} create 0 lun1").asides
        assert f"{TPG}/{acl}/mapped_lun0 {REUSED.format(name=INITIATOR)}" in note
        in_use.ok(f"{acl} delete 0")
        assert in_use.ok(f"{acl} create 7 lun1").asides == []


def test_a_number_given_again_is_no_matter_without_an_initiator(in_use: Shell) -> None:
    in_use.ok("luns/ delete 0")
    assert in_use.ok("luns/ create /backstores/ramdisk/r2").asides == []
    assert luns() == {0}


@pytest.mark.parametrize("how", ["deleted before", "replaced by apply", "restored"])
@pytest.mark.parametrize("name", [INITIATOR, GUEST])
def test_a_number_given_again_by_a_file_is_noted(
    in_use: Shell, tmp_path: Path, name: str, how: str
) -> None:
    file = tmp_path / "other.json"
    in_use.ok(f"/ saveconfig {file}")
    file.write_text(
        file.read_text().replace('"/backstores/ramdisk/r1"', '"/backstores/ramdisk/r2"')
    )
    with logged_in(name, IQN):
        if how != "replaced by apply":
            in_use.ok("luns/ delete 0")
        command = "restoreconfig" if how == "restored" else "apply"
        more = " keep_existing=true" if how == "restored" else ""
        answer = in_use.ok(f"/ {command} {file}{more}", yes=True)
    text = f"Note: {TPG}/luns/lun0 {REUSED.format(name=name)}"
    if name == INITIATOR:
        text = f"Note: {TPG}/acls/{INITIATOR}/mapped_lun0 {REUSED.format(name=name)}"
    assert any(line.startswith(text) for line in answer.asides), answer.asides


@pytest.fixture
def disk() -> Iterator[str]:
    """A disk that can be suspended: it answers no command then."""
    subprocess.run(["modprobe", "brd", "rd_nr=4", "rd_size=16384"], check=True)
    table = "0 2048 linear /dev/ram0 0"
    subprocess.run(["dmsetup", "create", "--noudevsync", "slow", "--table", table], check=True)
    subprocess.run(["dmsetup", "mknodes"], check=True)
    yield "/dev/mapper/slow"
    clear_all()
    subprocess.run(["dmsetup", "remove", "--noudevsync", "--retry", "slow"], check=True)


def is_blocked(thread: threading.Thread) -> bool:
    """Whether a thread is in a call that cannot be interrupted, state D (proc(5))."""
    text = Path(f"/proc/self/task/{thread.native_id}/stat").read_text()
    return text.rpartition(")")[2].split()[0] == "D"


def test_a_call_that_blocks_is_reported_and_holds_up_no_other_shell(
    disk: str, user: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deletion that waits for a disk, and a shell that looks at the same LUN."""
    for line in (
        f"/backstores/block create slow {disk}",
        "luns/ create /backstores/block/slow",
        "set attribute generate_node_acls=1 authentication=0",
    ):
        user.ok(line)
    monkeypatch.setattr(blocked, "LIMIT", 0.2)
    answers: dict[str, Answer] = {}
    lines = ("luns/ delete 0", "ls")

    def answer(line: str) -> None:
        answers[line] = Shell(user.home, cwd=TPG)(line, yes=True)

    with logged_in(INITIATOR, IQN) as host, ExitStack() as ends:
        subprocess.run(["dmsetup", "suspend", "--noudevsync", "slow"], check=True)
        ends.callback(subprocess.run, ["dmsetup", "resume", "--noudevsync", "slow"])
        # READ(10) of a block.
        reads = threading.Thread(target=host.read, args=(bytes((0x28, *bytes(7), 1, 0)),))
        reads.start()
        until(lambda: value(f"{FILE}/lun/lun_0/statistics/scsi_tgt_port/in_cmds") != "0")
        threads = []
        for line in lines:
            run = threading.Thread(target=partial(answer, line))
            run.start()
            threads.append(run)
            until(partial(is_blocked, run))
        assert user.ok("/backstores ls") and user.ok("/ sessions")
        time.sleep(0.6)
        assert all(map(is_blocked, threads))
    for run in (*threads, reads):
        run.join()
    deleted, shown = (answers[line] for line in lines)
    text = f"Note: {TPG}/luns/lun0: the kernel has not finished for 0.2 s: "
    folder = f"{TARGET}/{FILE}/lun"
    assert f"{text}unlink {folder}/lun_0/" in deleted.stderr
    assert "waits for the commands that initiators have running on this LUN" in deleted.stderr
    assert re.search(f"{text}[a-z]+ {folder}/lun_0.*: it waits for another process", shown.stderr)
    assert deleted.exit == shown.exit == 0
