# SPDX-License-Identifier: Apache-2.0
"""--dry-run: what would be done is told, and nothing is changed by it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import checked

from rtslib_ext.steps.operations import Mkdir
from rtslib_ext.steps.step import Action, Step
from rtslib_ext.transaction.journal import Journal
from targetcli import batch, session
from targetcli.changes.transaction import Transaction
from targetcli.command_table.rows import every_row
from targetcli.language import grammar

from .harness import ETC, TARGET, Answer, Shell, differences, files, tree
from .test_user_backed import RBD, log

__all__ = ["log"]

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
I1, I2, I3 = (f"iqn.2003-01.org.example:i{number}" for number in (1, 2, 3))

SETUP = f"""
/backstores/fileio create d1 DISKS/d1.img 1M
/backstores/ramdisk create r1 1M
/backstores/ramdisk create r2 1M
/backstores/ramdisk/r1/alua create g1 16
/backstores/lu_gps create left 7
/iscsi create {IQN}
{TPG}/portals create 127.0.0.1 3261
{TPG}/luns create /backstores/fileio/d1
{TPG}/luns create /backstores/ramdisk/r1
{TPG}/acls create {I1}
{TPG}/acls create {I2} add_mapped_luns=false
{TPG}/acls tag {I2} web
/ saveconfig
/ apply DISKS/pool.json --owner pool
/backstores/ramdisk create r4 1M
/backstores/ramdisk create r5 1M
/ undo
/ bookmarks add here
"""

# What runs each command, with a line in which it would change something, and a line of the plan.
LINES = f"""
/backstores/fileio create d2 DISKS/d2.img 1M || + /backstores/fileio/d2: would create fileio d2
/backstores/fileio ensure d2 DISKS/d2.img 1M || + /backstores/fileio/d2: would create fileio d2
/backstores/block create b1 /dev/ram0 || + /backstores/block/b1: would create block b1 on /dev/ram0
/backstores/pscsi create p1 SCSI || + /backstores/pscsi/p1: would create pscsi p1
/backstores/ramdisk create r3 1M || + /backstores/ramdisk/r3: would create ramdisk r3
/backstores/fileio delete d1 save=true || ~ /: would remove /backstores/fileio/d1 from
/backstores/ramdisk delete r2 || - /backstores/ramdisk/r2: would delete ramdisk r2
/ ensure_absent /backstores/ramdisk/r2 || - /backstores/ramdisk/r2: would delete ramdisk r2
/backstores/ramdisk/r1 saveconfig || ~ /: would save /backstores/ramdisk/r1 to
/backstores/ramdisk/r1/alua create g2 17 || + /backstores/ramdisk/r1/alua/g2:
/backstores/ramdisk/r1/alua delete g1 || - /backstores/ramdisk/r1/alua/g1:
/backstores/lu_gps create right || + /backstores/lu_gps/right:
/backstores/lu_gps delete left || - /backstores/lu_gps/left:
/iscsi create {IQN}2 || + /iscsi/{IQN}2: would create target
/iscsi delete {IQN} || - /iscsi/{IQN}: would delete target
/iscsi/{IQN} create 2 || + /iscsi/{IQN}/tpg2: would create TPG 2
/iscsi/{IQN} delete 1 || - {TPG}: would delete TPG 1
{TPG} disable || ~ {TPG}: would disable
{TPG}/luns create /backstores/ramdisk/r2 || + {TPG}/luns/lun2: would create LUN 2 (ramdisk/r2)
{TPG}/luns delete 0 || - {TPG}/luns/lun0: would delete LUN 0
{TPG}/acls create {I3} || + {TPG}/acls/{I3}: would create ACL {I3}
{TPG}/acls delete {I1} || - {TPG}/acls/{I1}: would delete ACL {I1}
{TPG}/acls tag {I1} db || ~ {TPG}/acls/{I1}: would set initiator tag: not set -> db
{TPG}/acls untag web || ~ {TPG}/acls/{I2}: would set initiator tag: web -> not set
{TPG}/acls/{I1} create 9 lun0 || + {TPG}/acls/{I1}/mapped_lun9: would map LUN 0
{TPG}/acls/{I1} delete 0 || - {TPG}/acls/{I1}/mapped_lun0: would unmap LUN 0
{TPG}/portals create 127.0.0.1 3262 || + {TPG}/portals/127.0.0.1:3262: would listen on
{TPG}/portals delete 127.0.0.1 3261 || - {TPG}/portals/127.0.0.1:3261: would stop listening
{TPG}/portals/127.0.0.1:3261 enable_iser true || ~ {TPG}/portals/127.0.0.1:3261: would set iser:
{TPG}/portals/127.0.0.1:3261 enable_offload true || ~ {TPG}/portals/127.0.0.1:3261: would set
{TPG} set attribute login_timeout=20 || ~ {TPG}: would set attribute login_timeout: 15 -> 20
{TPG} set auth userid=u password=geheim || ~ {TPG}: would set auth password: not set -> ***
/ group join web {I3} || + {TPG}/acls/{I3}: would create ACL {I3}
/ group create db || + /: would create group db, without members
/ set global tree_max_depth=3 || ~ /: would set the preference tree_max_depth=3
/ bookmarks add there || ~ /: would bookmark / as there
/ bookmarks del here || ~ /: would delete the bookmark here
/ saveconfig || ~ /: would save the configuration to
/ apply ETC/saveconfig.json || - /backstores/ramdisk/r4: would delete ramdisk r4
/ import ETC/ietd.conf || + /iscsi/{IQN}8: would create target
/ restoreconfig ETC/saveconfig.json clear_existing=true --yes || + /backstores/ramdisk/r2:
/backstores/fileio/d1 resize 2M || ~ /backstores/fileio/d1: would set size: 1.0MiB -> 2.0MiB
/backstores/fileio/d1 replace DISKS/d3.img || ± /backstores/fileio/d1:
/backstores/fileio rename d1 d9 || + /backstores/fileio/d9:
/iscsi clone {IQN} {IQN}9 || + /iscsi/{IQN}9: would create target
{TPG}/luns drain 0 || - {TPG}/luns/lun0: would delete LUN 0
/ undo || - /backstores/ramdisk/r4: would delete ramdisk r4
/ redo || + /backstores/ramdisk/r5: would recreate ramdisk r5
/ revert 3 || - /backstores/ramdisk/r2: would delete ramdisk r2
/ confirm || ~ /: would confirm action=keep
/ release pool || - /backstores/ramdisk/p1: would delete ramdisk p1
/ takeover other DISKS/other.json || + /backstores/ramdisk/o1: would create ramdisk o1
/ clearconfig confirm=true || - /backstores/ramdisk/r1: would delete
"""
# These need a TPG that is off, a handler, a change that was cut off, a session without an ACL, and
# a file that has grown.
APART = {
    "targets:enable",
    "storage:change_medium",
    "storage:create_user",
    "recover:recover",
    "pending:restore_pending",
    "pin:pin",
    "resize:rescan",
}


@pytest.fixture
def user(shell: Shell, disks: Path, ram: list[str]) -> Shell:
    """A user with something of everything."""
    for name in ("p1", "o1"):
        value = {"storage_objects": [{"name": name, "plugin": "ramdisk", "size": 4096}]}
        (disks / f"{'pool' if name == 'p1' else 'other'}.json").write_text(json.dumps(value))
    for line in SETUP.strip().splitlines():
        shell.ok(line.replace("DISKS", str(disks)))
    (disks / "d3.img").write_bytes(bytes(1 << 20))
    (ETC / "ietd.conf").write_text(f"Target {IQN}8\nLun 0 Path={disks}/d3.img\n")
    return shell


def dry(shell: Shell, *lines: str, **more: object) -> Answer:
    """Run lines with --dry-run; the answer to all of them."""
    env = shell.env(dry_run=True, **more)
    Transaction.for_dry_run(env)
    done = [session.run_line(env, lambda line=line: grammar.parse(line)) for line in lines]  # type: ignore[misc]
    answer = Answer(env.stdout.getvalue())  # type: ignore[attr-defined]
    answer.exit = env.session.report.failed if None in done else 0
    answer.stderr = env.stderr.getvalue()  # type: ignore[attr-defined]
    return answer


def rows() -> Iterator[tuple[str, str]]:
    for row in LINES.strip().splitlines():
        line, _, plan = row.partition(" || ")
        yield line, plan


def everything(shell: Shell, disks: Path) -> dict[str, object]:
    """Return every file that a command could change, without the database of a running udevd."""
    found = {**tree(), **files(ETC, disks, shell.home, Path("/run"))}
    return {path: item for path, item in found.items() if not path.startswith("/run/udev/")}


def test_every_changing_command(
    user: Shell, disks: Path, scsi_disk: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(user, disks)
    ran = set()
    for line, plan in rows():
        for word, text in (("DISKS", str(disks)), ("SCSI", scsi_disk[0]), ("ETC", str(ETC))):
            line = line.replace(word, text)
        answer = dry(user, line)
        assert (answer.exit, answer.stderr) == (0, ""), f"{line}: {answer.stderr}"
        assert any(row.startswith(plan) for row in answer.rows), f"{line}: {answer}"
        found = checked(dry(user, line, json=True))
        assert found["dry_run"] and found["data"]["plan"], line
        ran.add(line.split()[1])
    assert differences(everything(user, disks), before) == []
    changing = {row.name for row in every_row() if row.changes and row.run not in APART}
    assert changing | {"set", "bookmarks"} == ran


def test_every_changing_command_takes_the_option_of_its_line(
    user: Shell, disks: Path, scsi_disk: tuple[str, str]
) -> None:
    before, undoable = everything(user, disks), len(user.done)
    for line, plan in rows():
        for word, text in (("DISKS", str(disks)), ("SCSI", scsi_disk[0]), ("ETC", str(ETC))):
            line = line.replace(word, text)
        for typed in (f"--dry-run {line}", f"{line} --dry-run"):
            answer = user.ok(typed)
            # The option of the command itself may show more.
            own = answer.startswith("Would ")
            assert own or any(row.startswith(plan) for row in answer.rows), f"{typed}: {answer}"
        found = checked(user.ok(f"--json --dry-run {line}"))
        assert found["dry_run"] and found["data"]["plan"], line
    assert differences(everything(user, disks), before) == []
    assert len(user.done) == undoable


def test_enable(user: Shell, disks: Path) -> None:
    user.ok(f"{TPG} disable")
    before = everything(user, disks)
    assert dry(user, f"{TPG} enable").rows == [f"~ {TPG}: would enable", "Plan: 1 to change."]
    assert differences(everything(user, disks), before) == []


def test_what_would_change_nothing(user: Shell) -> None:
    assert dry(user, f"{TPG} enable") == "The TPGT is already enabled.\n"
    found = dry(user, "/backstores/fileio ensure d1 /no/file")
    assert found.exit == 1
    assert dry(user, "/ pwd") == "/\n"


def test_lines_see_what_those_before_them_would_make(user: Shell, disks: Path) -> None:
    before = everything(user, disks)
    answer = dry(
        user,
        "/backstores/ramdisk create r3 1M",
        f"{TPG}/luns create /backstores/ramdisk/r3",
        f"{TPG}/luns/lun2 status",
        f"{TPG}/acls/{I1} delete 2",
        f"{TPG}/acls/{I1} create 2 lun2",
        "/ saveconfig",
    )
    assert (answer.exit, answer.stderr) == (0, "")
    assert f"Status for {TPG}/luns/lun2: ramdisk/r3 (None)" in answer.rows
    assert differences(everything(user, disks), before) == []


def test_what_is_wrong_is_told_as_ever(user: Shell) -> None:
    for line in (
        "/backstores/ramdisk create r1 1M",
        f"{TPG} set attribute login_timeout=x",
        f"{TPG}/luns create /backstores/ramdisk/none",
        "/backstores/fileio create d9 /no/folder/d9.img 1M",
    ):
        expected = user.refuses(line)
        answer = dry(user, line)
        assert (answer.exit, answer, answer.stderr) == (1, "", expected.stderr)


def test_a_batch(user: Shell, disks: Path, tmp_path: Path) -> None:
    before = everything(user, disks)
    lines = tmp_path / "lines"
    lines.write_text(
        f"/backstores/ramdisk create r3 1M\n{TPG}/luns create /backstores/ramdisk/r3\n"
    )
    env = user.env(dry_run=True, batch=str(lines))
    assert batch.run(env, str(lines)) == 0
    rows = env.stdout.getvalue().splitlines()  # type: ignore[attr-defined]
    assert rows[0].startswith("+ /backstores/ramdisk/r3: ")
    assert rows[-1].endswith(" to create.")
    env = user.env(dry_run=True, json=True)
    env.stdin = io.StringIO(lines.read_text())
    assert batch.run(env, "-") == 0
    found = json.loads(env.stdout.getvalue())  # type: ignore[attr-defined]
    assert (found["command"], found["dry_run"]) == ("batch", True)
    assert differences(everything(user, disks), before) == []


def test_nothing_pending_is_restored_or_recorded(user: Shell, disks: Path) -> None:
    user.ok("saveconfig")
    user.ok("/backstores/ramdisk delete r2")
    before = everything(user, disks)
    answer = dry(user, f"restore_pending {ETC}/saveconfig.json")
    assert any(row.startswith("+ /backstores/ramdisk/r2: would create") for row in answer.rows)
    assert differences(everything(user, disks), before) == []


def test_a_handler_is_not_asked(shell: Shell, disks: Path, log: Path) -> None:
    shell.ok(f"{RBD} create v1 1M pool/v1")
    told, before = log.read_text(), everything(shell, disks)
    assert dry(shell, f"{RBD} create v2 1M pool/v2").rows[0].startswith("+ /backstores/user/v2: ")
    answer = dry(shell, f"{RBD} changemedium v1 2M other")
    assert answer.rows[0].startswith("~ /: would change the medium of ")
    assert "ChangeMedium" not in log.read_text().removeprefix(told)
    assert differences(everything(shell, disks), before) == []


def test_what_was_cut_off_stays(user: Shell, disks: Path) -> None:
    env = user.env()
    cut_off = Journal(env.journal, {"command": "create", "path": "/backstores/ramdisk"})
    cut_off.open([Step(Action.CREATE, "/", "make", "", (Mkdir("core/rd_mcp_9"),))])
    cut_off.close(keep=True)
    before = everything(user, disks)
    answer = dry(user, "/ recover")
    assert (answer.exit, answer.stderr) == (0, "")
    assert answer.rows[0].startswith("~ /: would undo create on /backstores/ramdisk")
    assert "was interrupted" in dry(user, "/backstores/ramdisk create r9 1M").stderr
    assert differences(everything(user, disks), before) == []
    user.ok("/ recover")


def test_the_command_line(user: Shell, disks: Path, tmp_path: Path) -> None:
    """As programs run it, with a preference that saves when they leave."""
    lines = tmp_path / "lines"
    export = f"{TPG}/luns create /backstores/ramdisk/r3"
    lines.write_text(f"/backstores/ramdisk create r3 1M\n{export}\n")
    environment = {**os.environ, "TARGETCLI_HOME": str(user.home)}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "targetcli", *words]
        return subprocess.run(
            program, input=lines.read_text(), text=True, capture_output=True, env=environment
        )

    before = everything(user, disks)
    for words in (
        ("--dry-run", "/backstores/ramdisk", "create", "r3", "1M"),
        ("--dry-run",),
        ("--dry-run", "--batch", str(lines)),
        ("--dry-run", "--batch=-"),
    ):
        done = run(*words)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert "+ /backstores/ramdisk/r3: would create ramdisk r3" in done.stdout, words
    assert differences(everything(user, disks), before) == []
    done = run("--batch", "/no/file")
    assert (done.returncode, done.stderr) == (1, "there is no file /no/file\n")
    done = run("--batch", str(lines), "ls")
    assert done.returncode == 1
    done = run("--batch", str(lines))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:2] == ["Created ramdisk r3 with size 1M.", "Created LUN 2."]
    assert (TARGET / f"iscsi/{IQN}/tpgt_1/lun/lun_2").is_dir()
