# SPDX-License-Identifier: Apache-2.0
"""Sessions that the kernel counts and does not list: they are said as a number."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from documents import checked

from rtslib_ext import System

from .harness import Shell, value
from .initiator import logged_in, until
from .test_questions import Terminal, at_terminal

NAME = "iqn.2003-01.org.example"
IQN, HOST, GUEST = f"{NAME}:t", f"{NAME}:host", f"{NAME}:guest"
TPG, FOLDER = f"/iscsi/{IQN}/tpg1", f"iscsi/{IQN}/tpgt_1"
NUMBER = f"iscsi/{IQN}/fabric_statistics/iscsi_instance/sessions"


@pytest.fixture
def target(demo: Shell) -> Shell:
    """The target in demo mode, with an ACL too."""
    demo.ok(f"{TPG}/acls create {HOST}")
    return demo


def asked(user: Shell, line: str) -> str:
    """What a command would ask, at a terminal."""
    answer = at_terminal(user, line, Terminal("n\n"))
    assert answer.exit == 1
    return answer.stderr


def of(user: Shell, path: str) -> list[dict[str, object]]:
    """How many sessions are not listed, as ``sessions`` of a path says."""
    data = checked(user.ok(f"{path} sessions", json=True))["data"]
    names = ("target", "sessions", "unlisted")
    return [{name: item[name] for name in names} for item in data["unlisted"]]


def whose(user: Shell) -> object:
    """The initiator whose sessions are not listed, if that is certain."""
    (found,) = checked(user.ok("sessions", json=True))["data"]["unlisted"]
    return found["initiator"]


def test_several_sessions_of_an_initiator(target: Shell) -> None:
    other = f"{NAME}:other"
    with logged_in(HOST, IQN), logged_in(HOST, IQN, isid=2), logged_in(HOST, IQN, isid=3):
        until(lambda: value(NUMBER) == "3" and "sid:" in target.ok("sessions"))
        assert f"target: {IQN}\tsessions: 3, not listed by the kernel: 2" in target.ok("sessions")
        for path in ("/", TPG, f"{TPG}/acls/{HOST}"):
            assert of(target, path) == [{"target": IQN, "sessions": 3, "unlisted": 2}], path
        assert System().session_count(IQN) == 3
        assert whose(target) == HOST
        assert of(target, "/backstores") == of(target, "/") and of(target, "/loopback") == []
        target.ok(f"{TPG}/acls create {other}")
        assert of(target, f"{TPG}/acls/{other}") == []
        more = "2 sessions that the kernel does not list would "
        out = f"{more}be logged out of {TPG}\n"
        for line in (f"{TPG} disable", f"/iscsi delete {IQN}", f"{TPG}/acls delete {HOST}"):
            question = asked(target, line)
            assert out in question and "up to" not in question, line
        assert f"{more}lose LUN 0 of {TPG}\n" in asked(target, f"{TPG}/luns delete 0")
        drained = target.ok(f"{TPG}/luns drain 0 --dry-run")
        assert "2 sessions that the kernel does not list would lose LUN 0" in drained
        with logged_in(other, IQN):
            until(lambda: value(NUMBER) == "4" and other in asked(target, f"{TPG} disable"))
            # It may have several as well.
            assert f"up to {more}" in asked(target, f"{TPG}/acls delete {HOST}")
            assert f"up to {more}" not in asked(target, f"{TPG} disable")
            assert whose(target) is None
        target.ok(f"{TPG} disable", yes=True)


def test_several_sessions_of_a_guest(target: Shell) -> None:
    with logged_in(GUEST, IQN), logged_in(GUEST, IQN, isid=2):
        until(lambda: value(f"{FOLDER}/dynamic_sessions").count(GUEST) == 2)
        assert of(target, "/") == []
        question = asked(target, f"{TPG} disable")
        assert f"{GUEST} (without an ACL, 2 sessions) would be logged out" in question
        assert "does not list" not in question


def test_guests_beyond_a_page(target: Shell) -> None:
    with ExitStack() as guests:
        for number in range(120):
            guests.enter_context(logged_in(f"{NAME}:guest-{number:020}", IQN))
        until(lambda: value(NUMBER) == "120")
        listed = value(f"{FOLDER}/dynamic_sessions").count("guest")
        assert 0 < listed < 100
        (found,) = of(target, TPG)
        assert found == {"target": IQN, "sessions": 120, "unlisted": 120 - listed}
        assert f"{120 - listed} sessions that the kernel does not list would" in asked(
            target, f"{TPG} disable"
        )
        planned = target.ok(f"{TPG}/acls pin --dry-run")
        assert f"does not list {120 - listed} sessions more: repeat pin" in planned
        target.ok(f"{TPG} disable")


def test_luns_that_a_guest_loses_by_its_acl(target: Shell) -> None:
    with logged_in(GUEST, IQN) as connection:
        until(lambda: GUEST in value(f"{FOLDER}/dynamic_sessions"))
        question = asked(target, f"{TPG}/acls create {GUEST} add_mapped_luns=false")
        assert f"{GUEST} (without an ACL) would lose LUNs 0, 1, 2 of {TPG}\n" in question
        # It keeps all of them, so there is nothing to ask.
        assert at_terminal(target, f"{TPG}/acls create {GUEST}", Terminal("")).exit == 0
        assert connection.luns() == [0, 1, 2]
