# SPDX-License-Identifier: Apache-2.0
"""undo, history and revert: what was changed, by whom, and taking it back."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from documents import checked

from rtslib_ext.kernel.configfs import ConfigFS
from targetcli import batch, session
from targetcli.audit import history
from targetcli.language import grammar

from .harness import TARGET, Shell, differences, done, tree, value
from .initiator import logged_in
from .test_faults import Broken

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
FILES = f"iscsi/{IQN}/tpgt_1"
HOST, OTHER = "iqn.2003-01.org.example:host", "iqn.2003-01.org.example:other"
SECRETS = ("geheim-1", "geheim-2", "geheim three", "geheim-4")

TWENTY = f"""
/backstores/ramdisk create r1 1M wwn=serial-1
/backstores/fileio create f1 DISKS/f1 1M
/backstores/block create b1 /dev/ram0
/backstores/ramdisk/r1 set attribute emulate_tas=0 emulate_caw=0
/backstores/ramdisk/r1/alua create g1 7
/backstores/ramdisk/r1/alua/g1 set alua alua_access_state=2 preferred=1
/backstores/lu_gps create lg1 5
/backstores/ramdisk/r1 set device alua_lu_gp=lg1
/iscsi create {IQN}
/iscsi set discovery_auth userid=u password={SECRETS[0]} enable=1
{TPG}/portals create 127.0.0.1 3261
{TPG}/luns create /backstores/ramdisk/r1
{TPG}/luns create /backstores/fileio/f1
{TPG}/acls create {HOST}
{TPG}/acls create {OTHER} add_mapped_luns=false
{TPG}/acls/{OTHER} create 5 lun1 write_protect=true
{TPG}/acls/{HOST} set auth userid=u password={SECRETS[1]}
{TPG}/acls tag {HOST} web
{TPG} set attribute authentication=1 generate_node_acls=1
{TPG} set parameter MaxConnections=4
{TPG} disable
{TPG}/acls delete {HOST}
{TPG}/luns delete 0
{TPG}/portals delete 127.0.0.1 3261
/backstores/fileio delete f1
/loopback create naa.50014050dc9cff4f
/loopback/naa.50014050dc9cff4f/luns create /backstores/block/b1
/iscsi delete {IQN}
/backstores/ramdisk delete r1
/ saveconfig
/ clearconfig confirm=true
/ restoreconfig clear_existing=true
/ restoreconfig clear_existing=true target=naa.50014050dc9cff4f
""".strip().splitlines()


class Terminal(io.StringIO):
    """A screen of 80 columns."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A disk that one host sees."""
    for line in (
        "/backstores/ramdisk create r1 1M wwn=serial-1",
        f"/iscsi create {IQN}",
        f"{TPG}/luns create /backstores/ramdisk/r1",
        f"{TPG}/acls create {HOST}",
    ):
        shell.ok(line)
    return shell


def another(user: Shell, name: str) -> Shell:
    """Another session on the same host."""
    return Shell(user.home.parent / name, kept=user.history)


def together(user: Shell, *lines: str) -> None:
    """Several lines as one change."""
    file = user.home.parent / "lines"
    file.write_text("\n".join(lines))
    env = user.env()
    assert batch.run(env, str(file)) == 0, env.stderr.getvalue()


def records(user: Shell) -> list[history.Record]:
    return history.read(user.history)


def test_a_change_is_reverted_once(user: Shell) -> None:
    """Two users who revert the same change: the second one is told, nothing is recorded twice."""
    user.ok(f"{TPG} set attribute login_timeout=20")
    number = records(user)[-1].number
    user.ok(f"revert {number}")
    other = another(user, "other")
    for line in (f"revert {number}", f"revert {number} --dry-run"):
        other.refuses(line, f"it was undone already, by change {number + 1}")
    assert records(user)[-1].number == number + 1
    other.ok(f"revert {number + 1}")
    other.ok(f"revert {number}")
    assert value(f"iscsi/{IQN}/tpgt_1/attrib/login_timeout") == "15"


def test_everything_is_undone_one_by_one(shell: Shell, disks: Path, ram: list[str]) -> None:
    """Each undo gives the tree that was there before, byte for byte; then it goes no further."""
    states = []
    for line in TWENTY:
        changes = len(shell.done)
        before = tree()
        shell.ok(line.replace("DISKS", str(disks)))
        if len(shell.done) > changes:
            states.append((line, before))
    assert len(states) == len(TWENTY) - 1, "all but saveconfig change something"
    for line, before in reversed(states):
        # What udev reads of a disk of this host is I/O, too.
        answer = shell.ok("undo", yes=True)
        assert answer.startswith("Undone: /"), line
        assert differences(tree(), before) == [], line
    shell.refuses("undo", "this session has no change to undo")
    assert (disks / "f1").stat().st_size == 1 << 20, "what may hold data stays"


def test_undo_says_what_it_does(user: Shell) -> None:
    user.ok(f"{TPG} set attribute login_timeout=20")
    assert user.ok("undo").rows == [
        f"Undone: {TPG} set attribute login_timeout=20",
        f"~ {TPG}: set attribute login_timeout: 20 -> 15",
        "Done: 1 changed.",
    ]
    document = checked(user.ok("undo", json=True))
    assert document["data"]["number"] == 4
    assert [item["path"] for item in document["changes"]][-1] == f"{TPG}/acls/{HOST}"


def test_a_made_file_stays(shell: Shell, disks: Path) -> None:
    shell.ok(f"/backstores/fileio create f1 {disks}/f1 1M")
    (disks / "f1").write_bytes(b"data" * 1024)
    assert f"Note: {disks}/f1 is kept, with its data" in shell.ok("undo").rows
    assert (disks / "f1").read_bytes().startswith(b"data")
    shell.ok("revert 2")
    assert "f1" in shell.ok("ls /backstores/fileio")


def test_undo_does_not_overrun_another_session(user: Shell) -> None:
    other = another(user, "other")
    user.ok(f"{TPG} set attribute login_timeout=20")
    other.ok(f"{TPG} set attribute login_timeout=25")
    user.refuses("undo", f"{TPG}: login_timeout was changed to 25 later", "nothing was undone")
    other.ok("undo")
    user.ok("undo")
    assert value(f"{FILES}/attrib/login_timeout") == "15"
    other.refuses("undo", "this session has no change")


def test_undo_of_a_single_command_names_what_to_revert(user: Shell) -> None:
    """A one-shot command is a session of its own, so the hint has the number and the command."""

    def refused() -> str:
        alone = Shell(user.home.parent / "alone", kept=user.history, several=False)
        return alone.refuses("undo", "this session has no change to undo").stderr

    user.ok("/backstores/ramdisk create r7 1M")
    user.ok(f"{TPG} set attribute login_timeout=20")
    last = history.read(user.history)[-1]
    text = f"(revert {last.number} undoes your last one: {last.command})"
    assert last.command.endswith("set attribute login_timeout=20")
    assert text in refused()
    user.ok("undo")
    # What was undone already, and the undo itself, are skipped.
    before = history.find(user.history, last.number - 1)
    text = f"(revert {before.number} undoes your last one: {before.command})"
    assert "r7" in before.command and text in refused()
    user.ok(f"revert {before.number}")
    assert text not in refused()


def test_undo_of_a_single_command_without_a_history(shell: Shell) -> None:
    shell.several = False
    shell.refuses("undo", "(history lists all changes, revert NUMBER undoes one of them)")


def test_undo_is_all_or_nothing(user: Shell) -> None:
    """Another session has built on what would go."""
    other = another(user, "other")
    user.ok("/backstores/ramdisk create r2 1M")
    user.ok(f"{TPG}/luns create /backstores/ramdisk/r2 add_mapped_luns=false")
    other.ok(f"{TPG}/acls/{HOST} create 7 lun1")
    user.refuses("undo", f"{TPG}/luns/lun1: it was mapped to {HOST} later")
    user.refuses("revert 5", "/backstores/ramdisk/r2", "could not be undone")
    user.refuses(
        "revert 5 --dry-run", "/backstores/ramdisk/r2", "could not be undone", "a LUN exports it"
    )
    other.ok("undo")
    user.ok("undo")
    user.ok("undo")
    assert "r2" not in user.ok("ls /backstores/ramdisk")


def test_revert_of_what_is_gone_changes_nothing(user: Shell) -> None:
    """The LUN was deleted since: the setting of the same change stays, too."""
    user.ok("/backstores/ramdisk create r2 1M")
    together(
        user, f"{TPG}/luns create /backstores/ramdisk/r2", f"{TPG} set attribute authentication=1"
    )
    number = records(user)[-1].number
    user.ok(f"{TPG}/luns delete 1")
    user.refuses(f"revert {number}", "it no longer exists: nothing was undone")
    assert value(f"{FILES}/attrib/authentication") == "1"


def test_what_was_set_back_by_hand_stays_when_it_fails(user: Shell) -> None:
    user.ok("/backstores/ramdisk create r2 1M")
    together(
        user,
        f"{TPG}/luns create /backstores/ramdisk/r2 add_mapped_luns=false",
        f"{TPG} set attribute authentication=1",
        f"{TPG} disable",
    )
    number = records(user)[-1].number
    user.ok(f"{TPG} set attribute authentication=0")
    user.ok(f"{TPG} enable")
    before = tree()
    user.fs = Broken(2, "refused")
    answer = user(f"revert {number}")
    user.fs = ConfigFS()
    assert answer.exit == 1 and "could not be undone" in answer.stderr
    assert differences(tree(), before) == []


def test_who_is_disturbed_by_it_has_to_be_agreed_to(user: Shell) -> None:
    number = records(user)[-1].number
    with logged_in(HOST, IQN):
        told = user.ok(f"revert {number} dry_run=true")
        assert f"interrupts: {TPG}/acls/{HOST}" in told or "would be logged out" in told
        user.refuses(f"revert {number}", "Refused, nothing was changed", HOST)
        user.refuses("undo", "Refused, nothing was changed", HOST)
        user.ok(f"revert {number}", yes=True)


def test_a_ramdisk_that_comes_back_is_empty(user: Shell) -> None:
    user.ok("/backstores/ramdisk create r2 1M")
    user.ok("/backstores/ramdisk delete r2")
    assert "Note: /backstores/ramdisk/r2 is empty: the data in memory was lost" in user.ok("undo")


def test_a_failed_undo_can_be_tried_again(user: Shell) -> None:
    user.ok(f"{TPG}/luns delete 0")
    user.ok("/backstores/ramdisk delete r1")
    user.done.pop()
    user.refuses("undo", "could not be undone")
    user.ok("revert 6")
    before = len(user.done)
    user.done.pop()
    user.ok("undo")
    assert len(user.done) == before - 2
    assert Path(TARGET, FILES, "lun/lun_0").is_dir()


def test_what_cannot_be_undone_says_so(shell: Shell) -> None:
    """Half an object that was never enabled goes without being read."""
    os.makedirs(TARGET / "core/rd_mcp_7/half")
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok("/ clearconfig confirm=true")
    assert not (TARGET / "core/rd_mcp_7").exists()
    shell.refuses("undo", "this cannot be undone", "half: delete")
    shell.refuses("revert 2", "this cannot be undone", "half: delete")
    assert "It cannot be undone: " in shell.ok("history 2")


# -- history --------------------------------------------------------------------------------


def test_history_tells_who_and_what(user: Shell) -> None:
    user.ok(f"{TPG} set attribute login_timeout=20")
    user.ok("undo")
    rows = user.ok("history").rows
    assert rows[0].split() == ["N", "WHEN", "WHO", "FROM", "CHANGES", "COMMAND"]
    assert [row.split()[0] for row in rows[1:]] == ["1", "2", "3", "4", "5", "6"]
    assert rows[-2].endswith(f"1  {TPG} set attribute login_timeout=20")
    assert rows[-1].endswith("1  / undo (undoes 5)")
    assert user.ok("history 5").rows[1:] == [
        f"{TPG} set attribute login_timeout=20",
        f"~ {TPG}: set login_timeout=20 (was 15)",
        "revert 5 undoes it",
    ]
    data = checked(user.ok("history 5", json=True))["data"]["history"][0]
    assert (data["user"], data["changes"][0]["before"], data["changes"][0]["after"]) == (
        "root",
        15,
        20,
    )
    assert len(checked(user.ok("history", json=True))["data"]["history"]) == 6
    user.refuses("history 99", "there is no change 99")


def test_history_is_wrapped_at_a_terminal(user: Shell) -> None:
    user.ok(f"{TPG} set attribute generate_node_acls=1 demo_mode_write_protect=0")
    env = user.env()
    env.stdout = Terminal()
    assert session.run_line(env, lambda: grammar.parse("history"))
    lines = env.stdout.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    # The settings stay whole; a path that is longer than the column is split after a slash.
    assert any("demo_mode_write_protect=0" in line.split() for line in lines)
    start = lines[0].index("COMMAND")
    place = next(number for number, line in enumerate(lines) if line.endswith("set attribute"))
    assert lines[place - 1][start:] + lines[place][start:] == f"{TPG} set attribute"


def test_reading_and_refusals_are_no_changes(user: Shell) -> None:
    before = len(records(user))
    user.ok("ls")
    user.ok("saveconfig")
    user.refuses(f"{TPG}/luns create /backstores/ramdisk/none")
    assert len(records(user)) == before


def test_who_and_from_where(tmp_path: Path) -> None:
    """sudo hides the address of the SSH connection, its parents tell."""
    code = "from targetcli.audit import actor; print(actor.present())"
    environment = {**os.environ, "SSH_CONNECTION": "192.0.2.9 50000 192.0.2.1 22"}
    script = f"env -u SSH_CONNECTION SUDO_USER=alice {sys.executable} -c '{code}'; true"
    found = subprocess.check_output(["bash", "-c", script], env=environment, text=True)
    assert "user='root', login='alice'" in found and "address='192.0.2.9'" in found
    environment.pop("SSH_CONNECTION")
    clean = ["env", "-u", "SUDO_USER", sys.executable, "-c", code]
    assert "address=''" in subprocess.check_output(clean, env=environment, text=True)


def test_secrets_are_not_kept(user: Shell) -> None:
    """Not in the files, not in what is shown; a change that needs one is not taken back."""
    acl = f"{TPG}/acls/{HOST}"
    user.ok(f"{acl} set auth userid=u password={SECRETS[0]}")
    user.ok(f"{acl} set auth password='{SECRETS[1]}' mutual_password={SECRETS[3]}")
    user.words(acl, "set", "auth", f"password={SECRETS[2]}")
    user.ok(f"{TPG}/acls delete {HOST}")
    user.ok("undo")
    user.ok("/ saveconfig")
    user.ok("/ restoreconfig clear_existing=true")
    user.ok("/ clearconfig confirm=true")
    user.ok("undo")
    shown = user.ok("history") + "".join(
        user.ok(f"history {item.number}") for item in records(user)
    )
    shown += user.ok("history", json=True) + user.ok("history 6", json=True)
    kept = b"".join(gzip.decompress(path.read_bytes()) for path in Path(user.history).iterdir())
    for secret in SECRETS:
        assert secret not in shown
        assert secret.encode() not in kept
    assert "password=***" in shown
    user.refuses("revert 5", "its password was changed later, by change 6")
    for number in (6, 7, 8, 10, 11):
        answer = user.refuses(f"revert {number}", "needs a password", "not recorded")
        assert not any(secret in answer.stderr for secret in SECRETS)
    assert user.ok(f"{acl} get auth password") == f"password={SECRETS[2]} \n"


def test_taking_a_password_away_needs_none(user: Shell) -> None:
    """The first one: before it there was none. Its roll-back is the one that is set now."""
    acl = f"{TPG}/acls/{HOST}"
    user.ok(f"{acl} set auth userid=u password={SECRETS[0]}")
    assert f"~ {acl}: set auth password: *** -> not set" in user.ok("revert 5").rows
    assert value(f"{FILES}/acls/{HOST}/auth/password") == "NULL"
    user.ok("undo")
    assert value(f"{FILES}/acls/{HOST}/auth/password") == SECRETS[0]


def test_files_are_for_root_only(user: Shell) -> None:
    folder = Path(user.history)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    folder.chmod(0o755)
    user.ok(f"{TPG} disable")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_it_is_bounded(user: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_RECORDS", 3)
    user.ok(f"{TPG} disable")
    assert [item.number for item in records(user)] == [3, 4, 5]
    sizes = sum(path.stat().st_size for path in Path(user.history).iterdir())
    monkeypatch.setattr(history, "MOST_BYTES", sizes)
    user.ok(f"{TPG} set attribute login_timeout=20 login_keys_workaround=0 default_cmdsn_depth=32")
    kept = sum(path.stat().st_size for path in Path(user.history).iterdir())
    assert kept <= sizes and records(user)[-1].number == 6
    monkeypatch.setattr(history, "MOST_OPERATIONS", 5)
    user.ok(f"{TPG} set attribute login_timeout=15 login_keys_workaround=1")
    assert "2 single changes, not recorded" in user.ok("history 7").rows
    user.refuses("revert 7", "too large to be recorded")
    user.ok("undo")


def test_a_folder_that_cannot_be_written(user: Shell) -> None:
    """The command does its work, and says so."""
    number = len(records(user))
    os.rename(user.history, f"{user.history}.away")
    Path(user.history).touch()
    answer = user(f"{TPG} set attribute login_timeout=20")
    assert (answer.exit, answer) == (0, "Parameter login_timeout is now '20'.\n")
    assert (
        answer.stderr
        == f"the change is not recorded in the history: {user.history}: not a directory\n"
    )
    assert user("undo").exit == 0
    assert value(f"{FILES}/attrib/login_timeout") == "15"
    os.unlink(user.history)
    os.rename(f"{user.history}.away", user.history)
    assert len(records(user)) == number


def test_damaged_records_are_left_out(user: Shell) -> None:
    Path(user.history, "00000002.json.gz").write_text("{")
    assert [item.number for item in records(user)] == [1, 3, 4]
    user.refuses("revert 2", "00000002.json.gz is not a record of a change")
    user.ok(f"{TPG} disable")
    assert records(user)[-1].number == 5


def test_it_costs_no_call_on_the_kernel(user: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command, kept and not."""
    costs = []
    for _ in range(2):
        before = user.fs.total_calls
        user.ok(f"{TPG} set attribute login_timeout=20")
        costs.append(user.fs.total_calls - before)
        user.ok("undo")
        monkeypatch.setattr(history, "keep", lambda *arguments: 1)
    assert costs[0] == costs[1]


# -- redo -----------------------------------------------------------------------------------


def test_undo_and_redo_show_their_plan_first(user: Shell) -> None:
    user.ok(f"{TPG} set attribute login_timeout=20")
    before, changes = tree(), len(records(user))
    planned = [f"~ {TPG}: would set attribute login_timeout: 20 -> 15", "Plan: 1 to change."]
    command = f"{TPG} set attribute login_timeout=20"
    for line in ("undo --dry-run", "--dry-run undo", "undo dry_run=true"):
        assert user.ok(line).rows == [f"Would undo: {command}", *planned]
    assert differences(tree(), before) == [] and len(records(user)) == changes
    assert user.ok("undo").rows == done([f"Undone: {command}", *planned])
    planned = [f"~ {TPG}: would set attribute login_timeout: 15 -> 20", "Plan: 1 to change."]
    assert user.ok("redo --dry-run").rows == [f"Would redo: {command}", *planned]
    document = checked(user.ok("redo --dry-run", json=True))
    assert (document["data"]["command"], document["changes"]) == (command, [])
    assert value(f"{FILES}/attrib/login_timeout") == "15"
    assert user.ok("redo").rows == done([f"Redone: {command}", *planned])
    assert differences(tree(), before) == []
    assert records(user)[-1].undoes == changes + 1


def test_undo_and_redo_go_back_and_forth(user: Shell) -> None:
    states = [tree()]
    for line in (
        f"{TPG} set attribute login_timeout=20",
        f"{TPG}/acls/{HOST} set auth userid=u password={SECRETS[0]}",
        f"{TPG}/luns delete 0",
    ):
        user.ok(line)
        states.append(tree())
    for _ in range(2):
        for state in (states[2], states[1], states[0]):
            user.ok("undo")
            assert differences(tree(), state) == []
        for state in states[1:]:
            user.ok("redo")
            assert differences(tree(), state) == []
    user.refuses("redo", "this session has no undo to redo", "revert NUMBER")


def test_another_change_ends_redo(user: Shell) -> None:
    user.ok(f"{TPG} set attribute login_timeout=20")
    user.ok("undo")
    user.ok(f"{TPG} set attribute login_keys_workaround=0")
    user.refuses("redo", "no undo to redo", "a later change ends redo")


def test_redo_of_what_another_session_redid(user: Shell) -> None:
    user.ok(f"{TPG} set attribute login_timeout=20")
    user.ok("undo")
    another(user, "other").ok(f"revert {records(user)[-1].number}")
    user.refuses(
        "redo", "no undo to redo", f"was redone already, by change {records(user)[-1].number}"
    )


def one_shot(user: Shell, *words: str) -> tuple[int, str, str]:
    """Run a one-shot command, which is a session of its own."""
    env = user.env()
    env.session.several, env.session.done, env.session.undone = False, [], []
    result = session.run_line(env, lambda: grammar.parse_words(words))
    return int(result is None), env.stdout.getvalue(), env.stderr.getvalue()  # type: ignore[attr-defined]


def test_redo_as_a_command_of_its_own(user: Shell) -> None:
    assert one_shot(user, "redo")[0] == 1
    assert "the last change was not an undo" in one_shot(user, "redo")[2]
    user.ok(f"{TPG} set attribute login_timeout=20")
    user.ok(f"{TPG} disable")
    there = tree()
    assert one_shot(user, "revert", "6")[0] == one_shot(user, "revert", "5")[0] == 0
    assert one_shot(user, "redo")[1].startswith(f"Redone: {TPG} set attribute login_timeout=20")
    assert value(f"{FILES}/attrib/login_timeout") == "20"
    assert one_shot(user, "redo")[1].startswith(f"Redone: {TPG} disable")
    assert differences(tree(), there) == []
    assert "the last change was not an undo" in one_shot(user, "redo")[2]


# -- history --------------------------------------------------------------------------------


def test_history_of_the_last_change_and_of_a_node(user: Shell) -> None:
    user.ok(f"{TPG} set attribute login_timeout=20")
    assert user.ok("history --last").rows[1:] == [
        f"{TPG} set attribute login_timeout=20",
        f"~ {TPG}: set login_timeout=20 (was 15)",
        "revert 4 undoes it".replace("4", str(records(user)[-1].number)),
    ]
    user.refuses("history 1 --last", "a number and last cannot be combined")
    rows = user.ok("/backstores/ramdisk/r1 history").rows
    assert len(rows) == 2 and "create r1" in rows[1]
    assert "create r1" in user.ok("/backstores history last").rows[1]
    assert len(checked(user.ok(f"/iscsi/{IQN} history", json=True))["data"]["history"]) == 4
    user.refuses("/backstores/fileio history --last", "no change is recorded")


# -- revert ---------------------------------------------------------------------------------


def test_revert_takes_one_change_back(user: Shell) -> None:
    """What came after it stays; it can be taken back itself."""
    user.ok(f"{TPG} set attribute login_timeout=20")
    user.ok(f"{TPG} set attribute login_keys_workaround=0")
    before = tree()
    shown = user.ok("revert 5 --dry-run").rows
    assert shown[1:] == [
        f"~ {TPG}: would set attribute login_timeout: 20 -> 15",
        "Plan: 1 to change.",
    ]
    assert tree() == before
    assert user.ok("revert 5").rows[1:] == done(shown[1:])
    assert value(f"{FILES}/attrib/login_timeout") == "15"
    assert value(f"{FILES}/attrib/login_keys_workaround") == "0"
    assert records(user)[-1].undoes == 5
    another(user, "other").ok("revert 7")
    assert tree() == before


def test_revert_by_another_process(user: Shell) -> None:
    """What a deletion took away comes back whole."""
    before = tree()
    user.ok(f"/iscsi delete {IQN}")
    user.ok("/backstores/ramdisk delete r1")
    user.ok("/backstores/ramdisk create r2 1M")
    other = another(user, "other")
    other.refuses("revert 5", "could not be undone")
    other.ok("revert 6")
    other.ok("revert 5")
    other.ok("revert 7")
    assert differences(tree(), before) == []


def test_revert_of_clearconfig(user: Shell) -> None:
    before = tree()
    user.ok("/ clearconfig confirm=true")
    another(user, "other").ok("revert 5")
    assert differences(tree(), before) == []


def test_one_clearconfig_by_a_service(user: Shell) -> None:
    """Nobody is there who might want it back at once, so it is not read before: it is fast."""
    words = [sys.executable, "-m", "targetcli", "clearconfig", "confirm=true"]
    assert subprocess.check_output(words, text=True) == "All configuration cleared\n"
    last = history.read("/var/lib/targetcli/history")[-1]
    assert (last.command, last.count) == ("/ clearconfig confirm=true", 8)
    assert "it was removed without being read first" in last.irreversible


def test_lines_of_standard_input_are_a_session(user: Shell, tmp_path: Path) -> None:
    """Undo goes back to where the process began, and no further."""
    before = tree()
    program = [sys.executable, "-m", "targetcli"]
    environment = {**os.environ, "TARGETCLI_HOME": str(tmp_path / "home")}
    lines = f"{TPG} disable\n{TPG} set attribute login_timeout=20\nundo\nundo\nundo\n"
    found = subprocess.run(program, input=lines, env=environment, capture_output=True, text=True)
    assert found.stdout.count("Undone: ") == 2
    assert "this session has no change" in found.stderr
    assert "1 of the commands failed" in found.stderr
    assert differences(tree(), before) == []
    once = subprocess.run([*program, "undo"], env=environment, capture_output=True, text=True)
    assert once.returncode == 1 and "this session has no change to undo" in once.stderr
    listed = subprocess.run(
        [*program, "--json", "history"], env=environment, capture_output=True, text=True
    )
    commands = [item["command"] for item in json.loads(listed.stdout)["data"]["history"]]
    assert commands[-2:] == [f"{TPG} undo", f"{TPG} undo"] or commands[-2:] == ["/ undo", "/ undo"]


@pytest.mark.parametrize(
    "line",
    [
        "/backstores/ramdisk create new 1M wwn=serial-2",
        "/backstores/fileio create new DISKS/new 1M write_back=false",
        "/iscsi create iqn.2003-01.org.example:new",
        f"{TPG}/luns create /backstores/ramdisk/spare",
        f"{TPG}/acls create {OTHER}",
        f"/iscsi clone {IQN} iqn.2003-01.org.example:new",
    ],
)
@pytest.mark.parametrize("changed", [False, True])
def test_reverting_an_undo_makes_the_object_as_it_was(
    user: Shell, disks: Path, line: str, changed: bool
) -> None:
    user.ok("/backstores/ramdisk create spare 1M")
    user.ok(line.replace("DISKS", str(disks)))
    if changed and line.startswith("/backstores"):
        user.ok(f"{line.split()[0]}/new set attribute emulate_model_alias=0")
        del user.done[-1]
    before = tree()
    user.ok("undo")
    number = records(user)[-1].number
    user.ok(f"revert {number}")
    assert differences(tree(), before) == []
