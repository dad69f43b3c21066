# SPDX-License-Identifier: Apache-2.0
"""Credentials that change while initiators are logged in, and discovery that nobody can do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import Shell, value
from .initiator import Refused, logged_in
from .test_unlisted_sessions import FOLDER, GUEST, HOST, IQN, TPG, target, until

__all__ = ["target"]

ACL = f"{TPG}/acls/{HOST}"
ONLY = "logged in, and can log in again after the next interruption only with the new credentials"
DISCOVERY = "iscsi/discovery_auth"


@pytest.fixture
def live(target: Shell) -> Iterator[Shell]:
    """One initiator with an ACL and one without are logged in."""
    with logged_in(HOST, IQN), logged_in(GUEST, IQN):
        until(lambda: GUEST in value(f"{FOLDER}/dynamic_sessions"))
        until(lambda: "sid:" in target.ok("sessions"))
        yield target


def test_who_is_left_with_the_old_credentials(live: Shell, tmp_path: Path) -> None:
    live.ok(f"{ACL} set auth userid=u password=secret")
    # Nobody has to authenticate, so nobody is left out.
    assert ONLY not in live.ok(f"{ACL} set auth password=another").stderr
    answer = live.ok(f"{TPG} set attribute authentication=1").stderr
    assert f"{TPG}: {HOST}, {GUEST} stay {ONLY}" in answer
    with pytest.raises(Refused), logged_in(HOST, IQN, isid=2):
        pass
    assert ONLY not in live.ok(f"{TPG} set attribute login_timeout=20").stderr
    assert f"{ACL}: {HOST} stays {ONLY}" in live.ok(f"{ACL} set auth password=third").stderr
    assert f"{TPG}: {GUEST} stays {ONLY}" in live.ok(f"{TPG} set auth userid=g password=p").stderr
    file = tmp_path / "wanted.json"
    live.ok(f"saveconfig {file}")
    file.write_text(file.read_text().replace('"third"', '"fourth"'))
    assert f"{ACL}: {HOST} stays {ONLY}" in live.ok(f"apply {file}", yes=True).stderr

    answer = live.ok(f"{TPG} set attribute authentication=0").stderr
    assert ONLY not in answer and "third" not in answer


def test_discovery_that_nobody_can_do(shell: Shell, tmp_path: Path) -> None:
    for line in ("enable=1", "enable=1 userid=u", "enable=1 password=secret"):
        shell.refuses(f"/iscsi set discovery_auth {line}", "no initiator could discover targets")
    shell.ok("/iscsi set discovery_auth enable=1 userid=u password=p")
    shell.refuses("/iscsi set discovery_auth userid=''", "enable=1 without userid")
    file = tmp_path / "wanted.json"
    shell.ok("/backstores/ramdisk create r 1M")
    shell.ok(f"saveconfig {file}")
    whole = json.loads(file.read_text())
    del whole["fabric_modules"][0]["discovery_userid"]
    file.write_text(json.dumps(whole))
    shell.ok("/iscsi set discovery_auth enable=0 userid='' password=''")
    shell.refuses(f"apply {file}", "no initiator could discover targets")
    answer = shell(f"restoreconfig {file} clear_existing=true")
    assert answer.exit == 1 and "enable=1 without userid" in answer.stderr
    # The rest is restored.
    assert value(f"{DISCOVERY}/enforce_discovery_auth") == "0"
    assert value(f"{DISCOVERY}/password") == "p"
    assert shell.ok("/backstores/ramdisk ls").count("r ") >= 1
