# SPDX-License-Identifier: Apache-2.0
"""begin, commit and rollback in one session."""

from __future__ import annotations

import io

import pytest
from documents import checked

from rtslib_ext.kernel.configfs import ConfigFS
from targetcli import session
from targetcli.env import Env
from targetcli.language import grammar
from targetcli.result import Result

from .harness import ETC, TARGET, Shell, differences, files, tree
from .test_questions import Terminal

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
SAVED = ETC / "saveconfig.json"


class Session:
    """Several lines in one environment, as the shell and standard input have it."""

    def __init__(self, env: Env) -> None:
        self.env = env
        env.session.several = True
        self.said = ""
        self.result: Result | None = None

    def __call__(self, line: str) -> list[str]:
        """Run a line that must succeed; what it says."""
        found = self.fails(line)
        assert found == "", f"{line}: {found}"
        return self.said.splitlines()

    def fails(self, line: str) -> str:
        """Run a line; what it says on standard error."""
        self.env.stdout, self.env.stderr = type(self.env.stdout)(), io.StringIO()
        self.result = session.run_line(self.env, lambda: grammar.parse(line))
        self.said = self.env.stdout.getvalue()  # type: ignore[attr-defined]
        return self.env.stderr.getvalue()


@pytest.fixture
def user(shell: Shell) -> Session:
    """Somebody who has a target and a disk."""
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok(f"/iscsi create {IQN}")
    return Session(shell.env())


def test_nothing_is_done_before_commit(user: Session) -> None:
    before = tree()
    user("begin")
    assert session.prompt(user.env) == "*/> "
    rows = user("/backstores/ramdisk create r2 1M")
    assert rows[0] == "+ /backstores/ramdisk/r2: would create ramdisk r2 on memory"
    assert rows[-1] == "Queued: 1 change so far."
    user(f"{TPG}/luns create /backstores/ramdisk/r2")
    assert user(f"{TPG}/luns ls") != []
    shown = user("/ diff")
    assert shown[-2:] == [
        f"+ {TPG}/luns/lun0: would create LUN 0 (ramdisk/r2)",
        "Plan: 2 to create.",
    ]
    assert user.result and user.result.status == 1
    assert differences(tree(), before) == []
    assert user("commit") == ["Committed: 2 changes."]
    assert session.prompt(user.env) == "/> "
    assert (TARGET / f"iscsi/{IQN}/tpgt_1/lun/lun_0").is_dir()


def test_rollback_forgets(user: Session) -> None:
    before = tree()
    user("begin")
    user("/backstores/ramdisk create r2 1M")
    user("/backstores/ramdisk delete r1")
    assert user("/ diff")[-1] == "Plan: 1 to create, 1 to delete."
    assert user("rollback") == ["Discarded: 2 changes."]
    assert "no transaction is in progress" in user.fails("rollback")
    assert differences(tree(), before) == []
    assert user("/backstores/ramdisk/r1 pwd") == ["/backstores/ramdisk/r1"]


def test_a_commit_that_is_refused_changes_nothing(user: Session) -> None:
    before = tree()
    user("begin")
    user("/backstores/ramdisk create r2 1M")
    user("/backstores/ramdisk/r2 set attribute emulate_tpu=1")
    assert "emulate_tpu" in user.fails("commit")
    assert differences(tree(), before) == []
    # It is still there, to be looked at.
    assert len(user("/ diff")) == 2
    user("rollback")


def test_a_commit_names_what_another_process_created(user: Session, shell: Shell) -> None:
    user("begin")
    user("/backstores/ramdisk create r2 1M")
    shell.ok("/backstores/ramdisk create r2 2M")
    text = user.fails("commit")
    assert "/backstores/ramdisk/r2: it already exists (another process created it" in text
    user("rollback")


def test_saving_follows_the_commit(user: Session) -> None:
    user("begin")
    user("/backstores/ramdisk create r2 1M")
    assert user("/ saveconfig")[0] == f"~ /: would save the configuration to {SAVED}"
    assert not SAVED.exists()
    assert f"Configuration saved to {SAVED}" in user("commit")
    assert '"r2"' in SAVED.read_text()


def test_a_save_that_fails_is_no_failed_commit(user: Session) -> None:
    user("begin")
    user("/backstores/ramdisk create r2 1M")
    user("/ saveconfig /proc/nothing/x.json")
    assert "the changes were applied, but this failed: " in user.fails("commit")
    assert user.said.splitlines()[-1] == "Committed: 2 changes."
    assert session.prompt(user.env) == "/> "
    assert "r2" in user.fails("ls /backstores/ramdisk") + user.said


def test_what_cannot_be_taken_back(user: Session) -> None:
    user("begin")
    for line in ("/ clearconfig confirm=true", f"/ restoreconfig {SAVED}"):
        user.fails(line)
        assert user.result is None
    assert "already" in user.fails("begin")
    user("/ set global tree_max_depth=3")
    user("rollback")
    # It is no part of the configuration.
    assert user.env.prefs.number("tree_max_depth") == 3


def test_somebody_else_changed_a_value_meanwhile(user: Session) -> None:
    user("begin")
    user(f"{TPG} set attribute login_timeout=20")
    ConfigFS().write(f"iscsi/{IQN}/tpgt_1/attrib/login_timeout", "17")
    assert "another process changed" in user.fails("commit")
    assert ConfigFS().read(f"iscsi/{IQN}/tpgt_1/attrib/login_timeout") == "17"


def test_values_of_one_object_in_turn(user: Session) -> None:
    """What is taken back is what there was at first."""
    before = tree()
    user("begin")
    for line in (
        "/backstores/ramdisk/r1/alua create g1 5",
        "/backstores/ramdisk/r1/alua create g2 6",
        f"{TPG}/luns create /backstores/ramdisk/r1",
        f"{TPG}/luns/lun0 set alua alua_tg_pt_gp_name=g1",
        f"{TPG}/luns/lun0 set alua alua_tg_pt_gp_name=g2 alua_tg_pt_offline=1",
        "/backstores/ramdisk/r1/alua delete g1",
        f"{TPG} set attribute login_timeout=20",
        f"{TPG} set attribute login_timeout=21",
        "/backstores/lu_gps create left",
        "/backstores/ramdisk/r1 set device alua_lu_gp=left",
        "/backstores/lu_gps delete left",
        "/backstores/ramdisk create r9 1M",
        "/backstores/ramdisk/r9 set attribute emulate_tpu=1",
    ):
        user(line)
    error = user.fails("commit")
    assert "emulate_tpu" in error and "could not all" not in error
    assert differences(tree(), before) == []


AGAIN = f"""
/backstores/ramdisk create r5 1M
/backstores/ramdisk/r5 set attribute emulate_caw=0
/backstores/ramdisk/r5/alua create g1 5
{TPG}/luns create /backstores/ramdisk/r5 7
{TPG}/acls create iqn.2003-01.org.example:i
{TPG}/acls/iqn.2003-01.org.example:i set attribute dataout_timeout=7
/backstores/ramdisk delete r5
/backstores/ramdisk delete r1
/backstores/ramdisk create r1 2M
/backstores/ramdisk/r1 set attribute emulate_caw=0
{TPG}/acls delete iqn.2003-01.org.example:i
/iscsi/{IQN} create 2
/iscsi/{IQN}/tpg2 set parameter MaxConnections=4
/iscsi/{IQN} delete 2
/iscsi delete {IQN}
/iscsi create {IQN}
{TPG}/luns create /backstores/ramdisk/r1 3
/loopback create naa.5001405000000001
/loopback delete naa.5001405000000001
"""


def test_made_and_taken_away_and_made_again(user: Session) -> None:
    before = tree()
    user("begin")
    for line in AGAIN.strip().splitlines():
        user(line)
    user("/backstores/ramdisk/r1 set attribute emulate_tpu=1")
    error = user.fails("commit")
    assert "emulate_tpu" in error and "could not all" not in error
    assert differences(tree(), before) == []
    user("rollback")
    user("begin")
    for line in AGAIN.strip().splitlines():
        user(line)
    user("commit")
    assert (TARGET / f"iscsi/{IQN}/tpgt_1/lun/lun_3").is_dir()
    assert "size: 2097152" in user("/backstores/ramdisk/r1 info")


def test_leaving(user: Session, shell: Shell) -> None:
    before = tree(), files(ETC)
    user.env.stdin, user.env.stdout = Terminal("n\n"), Terminal()
    user.env.session.interactive = True
    user("begin")
    user("/backstores/ramdisk create r2 1M")
    assert "1 queued change would be discarded" in user.fails("exit")
    assert user.result is None
    user.env.stdin = Terminal("y\n")
    user.fails("exit")
    assert user.result and user.result.leave
    lines = io.StringIO("begin\n/backstores/ramdisk create r2 1M\n")
    env = shell.env()
    env.stdin = lines
    env.prefs.set("auto_save_on_exit", False)
    assert session.run_script(env) == 0
    assert "1 queued change discarded" in env.stderr.getvalue()  # type: ignore[attr-defined]
    assert (tree(), files(ETC)) == before


def test_lines_of_standard_input(shell: Shell) -> None:
    env = shell.env()
    env.stdin = io.StringIO(
        f"begin\n/iscsi create {IQN}\n{TPG} set attribute login_timeout=20\ncommit\n"
    )
    assert session.run_script(env) == 0
    assert env.stderr.getvalue() == ""  # type: ignore[attr-defined]
    assert ConfigFS().read(f"iscsi/{IQN}/tpgt_1/attrib/login_timeout") == "20"


def test_json(user: Session) -> None:
    user.env.options.json = True
    user("begin")
    user("/backstores/ramdisk create r2 1M")
    found = checked(user.said)
    assert found["dry_run"] and found["changes"] == []
    assert found["data"]["plan"][0]["path"] == "/backstores/ramdisk/r2"
    user("commit")
    assert [item["path"] for item in checked(user.said)["changes"]] == [
        "/backstores/ramdisk/r2",
        "/backstores/ramdisk/r2",
    ]


def test_a_dry_run_leaves_the_transaction_as_it_was(user: Session) -> None:
    """And a preference that is set in a transaction holds for its later lines."""
    user("begin")
    user("/backstores/ramdisk create r2 1M")
    user("--dry-run /backstores/ramdisk create r3 1M")
    portal = "would listen on"
    assert portal in "\n".join(user("--dry-run /iscsi create iqn.2003-01.org.example:b"))
    user("set global auto_add_default_portal=false")
    assert portal not in "\n".join(user("/iscsi create iqn.2003-01.org.example:b"))
    assert user("commit") == ["Committed: 3 changes."]
    assert list(TARGET.glob("core/*/r2"))
    assert not list(TARGET.glob("core/*/r3"))
    assert not list(TARGET.glob("iscsi/iqn.2003-01.org.example:b/tpgt_1/np/*"))
    user("set global auto_add_default_portal=true")
