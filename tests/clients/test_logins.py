# SPDX-License-Identifier: Apache-2.0
"""Refused logins of real initiators, each provoked: the reason, and the command that admits."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import checked
from kernel.commands.harness import Shell

from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.transaction import clear

from .conftest import PORTAL, TARGET, Run
from .test_libiscsi import HOST, TPG, tool, url

SECRET, DISCOVERY = "corr3ct horse", "find3r keeper"
OTHER = f"{TARGET}-spare"
STRANGER = f"{HOST}-new"
CREDENTIALS = {"USERNAME": "host2", "PASSWORD": SECRET}

STORE = f"""
/backstores/ramdisk create disk1 8M
/iscsi create {TARGET}
{TPG}/luns create /backstores/ramdisk/disk1
{TPG}/acls create {HOST}
{TPG} set attribute authentication=1
{TPG}/acls/{HOST} set auth userid=host2 password='{SECRET}'
/iscsi create {OTHER}
/iscsi/{OTHER}/tpg1 disable
/iscsi create {OTHER}2
"""


class User(Shell):
    """A user in this process, which takes less time than a program for each line."""

    def admit(self, command: str) -> None:
        """Run a command of logins as it is; what it asks for is the right secret."""
        words = shlex.split(command)
        assert words[0] == "targetcli", command
        words = [word.replace("password=-", f"password={SECRET}") for word in words[1:]]
        assert self.words(*words).exit == 0, command

    def new(self) -> list[dict[str, Any]]:
        """Return the refused logins since this was called last.

        If an initiator breaks the login off, the kernel notices that some time later.
        """
        for _ in range(100):
            found = checked(self.ok("logins", json=True))["data"]["refused"]
            if any(item["new"] for item in found):
                break
            time.sleep(0.02)
        return [item for item in found if item["new"]]


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    """A user with a target for one host, and one that is disabled."""
    subprocess.run(["modprobe", "-a", "target_core_mod", "iscsi_target_mod"], check=True)
    clear.everything(ConfigFS())
    found = User(tmp_path / "home")
    for line in STORE.strip().splitlines():
        found.ok(line)
    found.ok("logins")
    yield found
    clear.everything(ConfigFS())


def test_an_initiator_without_an_acl(user: User) -> None:
    assert tool("iscsi-inq", "-i", STRANGER, url(0)).returncode != 0
    (found,) = user.new()
    assert (found["kind"], found["initiator"]) == ("unknown_initiator", STRANGER)
    assert (found["target"], found["tpg"], found["addresses"]) == (TARGET, 1, ["127.0.0.1"])
    assert found["count"] == found["new"] == 1
    user.admit(found["command"])
    user.admit(f"targetcli {found['note'].removeprefix('then its secret: ')}")
    secrets = {"USERNAME": STRANGER, "PASSWORD": SECRET}
    assert tool("iscsi-inq", "-i", STRANGER, url(0), **secrets).returncode == 0
    known = checked(user.ok("logins", json=True))["data"]["refused"]
    # The log has those of earlier tests too.
    (found,) = (item for item in known if item["initiator"] == STRANGER)
    assert (found["command"], found["new"]) == (None, 0)
    assert found["reason"] == "it had no ACL, and has one now"


def test_secrets_of_a_session(user: User) -> None:
    for secrets, kind in (
        ({**CREDENTIALS, "PASSWORD": "wrong-secret-12"}, "wrong_secret"),
        ({**CREDENTIALS, "USERNAME": "nobody"}, "wrong_user"),
        ({}, "no_secret"),
    ):
        assert tool("iscsi-inq", "-i", HOST, url(0), **secrets).returncode != 0
        (found,) = user.new()
        assert (found["kind"], found["stage"], found["initiator"]) == (kind, "session", HOST)
        assert (found["target"], found["addresses"]) == (TARGET, ["127.0.0.1"])
        assert f"{TPG}/acls/{HOST} set " in found["command"]
        user.admit(found["command"])
        right = {} if kind == "no_secret" else CREDENTIALS
        assert tool("iscsi-inq", "-i", HOST, url(0), **right).returncode == 0


def test_a_secret_that_is_not_set(user: User) -> None:
    user.ok(f"{TPG}/acls/{HOST} set auth userid='' password=''")
    assert tool("iscsi-inq", "-i", HOST, url(0), **CREDENTIALS).returncode != 0
    (found,) = user.new()
    assert (found["kind"], found["initiator"]) == ("secret_not_set", HOST)
    user.admit(found["command"])
    secrets = {"USERNAME": HOST, "PASSWORD": SECRET}
    assert tool("iscsi-inq", "-i", HOST, url(0), **secrets).returncode == 0


def test_discovery_and_session_secrets_confused(user: User, iscsiadm: Run) -> None:
    """The loudest mistake: each of them has a user name and secret of its own."""
    user.ok(f"/iscsi set discovery_auth userid=finder password='{DISCOVERY}' enable=1")
    portal = "iscsi://127.0.0.1:3260"
    assert tool("iscsi-ls", "-i", HOST, portal, **CREDENTIALS).returncode != 0
    (found,) = user.new()
    assert (found["kind"], found["stage"], found["target"]) == ("wrong_user", "discovery", None)
    assert "perhaps that of sessions" in found["reason"]
    assert found["command"] == "targetcli /iscsi set discovery_auth userid=finder password=-"
    finder = {"USERNAME": "finder", "PASSWORD": DISCOVERY}
    assert tool("iscsi-inq", "-i", HOST, url(0), **finder).returncode != 0
    (found,) = user.new()
    assert (found["kind"], found["stage"], found["initiator"]) == ("wrong_user", "session", HOST)
    assert "perhaps that of discovery" in found["reason"]
    # open-iscsi sends no secret of its own in discovery.
    done = iscsiadm("-m", "discovery", "-t", "sendtargets", "-p", PORTAL, check=False)
    assert done.returncode == 24
    (found,) = user.new()
    assert (found["kind"], found["stage"]) == ("no_secret", "discovery")
    user.admit(found["command"])
    assert iscsiadm("-m", "discovery", "-t", "sendtargets", "-p", PORTAL).returncode == 0
    user.ok("/iscsi set discovery_auth userid='' password=''")


def test_targets_that_do_not_answer(user: User, iscsiadm: Run) -> None:
    """A wrong name, a disabled TPG, a portal of another target: in the log only."""
    wrong = f"iscsi://{PORTAL}/{TARGET}s/0"
    assert tool("iscsi-inq", "-i", HOST, wrong, **CREDENTIALS).returncode != 0
    (found,) = user.new()
    assert (found["kind"], found["target"]) == ("unknown_target", f"{TARGET}s")
    assert (found["command"], found["at_initiator"]) == (
        f"iscsiadm -m node -T {TARGET} --login",
        True,
    )
    disabled = f"iscsi://{PORTAL}/{OTHER}/0"
    assert tool("iscsi-inq", "-i", HOST, disabled, **CREDENTIALS).returncode != 0
    (found,) = user.new()
    assert (found["kind"], found["target"]) == ("no_tpg", OTHER)
    assert found["reason"] == "its TPG is disabled"
    assert found["command"] == f"targetcli /iscsi/{OTHER}/tpg1 enable"
    user.admit(found["command"])
    user.ok(f"/iscsi/{OTHER}/tpg1/portals delete ::0 3260")
    tool("iscsi-inq", "-i", HOST, disabled, **CREDENTIALS)
    (found,) = user.new()
    assert found["command"] == f"targetcli /iscsi/{OTHER}/tpg1/portals create"
    user.ok(f"/iscsi/{OTHER}/tpg1/portals create 127.0.0.1 3261")
    tool("iscsi-inq", "-i", HOST, disabled, **CREDENTIALS)
    (found,) = user.new()
    assert "it listens at 127.0.0.1:3261" in found["reason"]


def test_a_mutual_secret_that_the_initiator_does_not_expect(user: User) -> None:
    user.ok(f"{TPG}/acls/{HOST} set auth mutual_userid=store mutual_password=another-secret")
    mutual = {"TARGET_USERNAME": "store", "TARGET_PASSWORD": "expected-secret"}
    assert tool("iscsi-inq", "-i", HOST, url(0), **CREDENTIALS, **mutual).returncode != 0
    (found,) = user.new()
    assert (found["kind"], found["initiator"]) == ("broken_off", HOST)
    assert "another mutual secret" in found["reason"]


def test_the_table_and_an_alert(user: User) -> None:
    for _ in range(2):
        tool("iscsi-inq", "-i", f"{STRANGER}2", url(0))
    assert "2 logins refused since" in user("status")
    said = user.ok(f"/iscsi/{TARGET} logins")
    (row,) = [line for line in said.rows if line.startswith("*")]
    words = ["2", f"{TARGET}/tpg1", f"{STRANGER}2", "127.0.0.1", "unknown", "initiator"]
    assert row.split()[2:] == words
    assert f"    to admit it: targetcli {TPG}/acls create {STRANGER}2" in said.rows
    assert "logins refused" not in user("status")
    assert user.ok(f"/iscsi/{OTHER}2 logins") == "(no refused logins)\n"
