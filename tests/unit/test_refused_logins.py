# SPDX-License-Identifier: Apache-2.0
"""Refused logins: the kernel's messages, joined with the last one that each target keeps."""

from __future__ import annotations

import json
import subprocess

import pytest

from rtslib_ext.errors import LioError
from rtslib_ext.host import journal
from rtslib_ext.kernel import log
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.statistics import logins
from rtslib_ext.statistics import refused_logins as library
from rtslib_ext.statistics.logins import LastRefusal, Logins
from rtslib_ext.statistics.refused_logins import Refusal, joined, parsed
from targetcli.changes.seen_logins import Seen

IQN, HOST = "iqn.2003-01.org.example:t", "iqn.2003-01.org.example:host"
END = "iSCSI Login negotiation failed."
SECURITY = "Security negotiation failed."
# As Linux 6.1 to 7.2 write them.
NO_ACL = f"iSCSI Initiator Node: {HOST} is not authorized to access iSCSI target portal group: 1."
NO_CHAP = (
    "Initiator is requesting CSG: 1, has not been successfully authenticated, and the Target is "
    "enforcing iSCSI Authentication, login failed."
)


def of(*texts: str) -> list[tuple[str, str, str]]:
    found = parsed(enumerate(map(str, texts)))
    return [(item.kind, item.target, item.initiator) for item in found]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((NO_ACL, END), ("unknown_initiator", "", HOST)),
        ((SECURITY, END), ("wrong_secret", "", "")),
        (("CHAP_N values do not match!", SECURITY, END), ("wrong_user", "", "")),
        (
            ("CHAP user or password not set for Initiator ACL", SECURITY, END),
            ("secret_not_set", "", ""),
        ),
        ((NO_CHAP, END), ("no_secret", "", "")),
        ((f"Unable to locate Target IQN: {IQN} in Storage Node", END), ("unknown_target", IQN, "")),
        ((f"Unable to locate Target Portal Group on {IQN}", END), ("no_tpg", IQN, "")),
        ((END,), ("broken_off", "", "")),
    ],
)
def test_each_message(texts: tuple[str, ...], expected: tuple[str, str, str]) -> None:
    assert of("eth0: link up", *texts, "sd 0:0:0:0: done") == [expected]


def test_two_at_once() -> None:
    assert [kind for kind, _, _ in of(NO_ACL, SECURITY, END, END)] == [
        "unknown_initiator",
        "wrong_secret",
    ]


def test_a_detail_is_of_the_next_one_only() -> None:
    kinds = [kind for kind, _, _ in of("CHAP_N values do not match!", SECURITY, END, SECURITY, END)]
    assert kinds == ["wrong_user", "wrong_secret"]


def target(last: LastRefusal | None, name: str = IQN, **refused: int) -> Logins:
    every = dict.fromkeys(("unknown_initiator", "wrong_secret", "negotiation", "other"), 0)
    return Logins(name, ConfigfsPath(f"iscsi/{name}"), 0, {**every, **refused}, last)


def last(seconds: float, initiator: str, name: str = IQN) -> LastRefusal:
    return LastRefusal(name, seconds, initiator, "192.0.2.1")


def test_the_last_one_has_an_address() -> None:
    """The kernel keeps no name of an initiator without an ACL, and the log no other one."""
    log = [Refusal(10.0, library.UNKNOWN_INITIATOR, initiator=HOST, tpg=1)]
    log += [Refusal(20.0, library.WRONG_SECRET)]
    one = target(last(20.02, HOST), unknown_initiator=1, wrong_secret=1)
    stranger, known = joined(log, [one], discovery=False)
    assert (stranger.target, stranger.initiator, stranger.address) == (IQN, HOST, "")
    assert (known.target, known.initiator, known.address) == (IQN, HOST, "192.0.2.1")
    (stranger,) = joined(log[:1], [target(last(10, ""), unknown_initiator=1)], discovery=False)
    assert stranger.address == "192.0.2.1"


def test_a_last_one_that_an_earlier_look_saw() -> None:
    log = [Refusal(10.0, library.WRONG_SECRET), Refusal(20.0, library.WRONG_USER)]
    one = target(last(20.0, HOST), wrong_secret=2)
    found = joined(log, [one], [last(10.01, "iqn.2003-01.org.example:b")], discovery=True)
    assert [item.initiator for item in found] == ["iqn.2003-01.org.example:b", HOST]


def test_discovery_and_sessions() -> None:
    """Only refused sessions are counted, so the others were discoveries."""
    log = [Refusal(float(number), library.WRONG_SECRET) for number in (10, 20, 30)]
    for refused, discovery, stages in (
        (1, True, ["discovery", "discovery", "session"]),
        (3, True, ["session"] * 3),
        (2, True, ["", "", "session"]),
        (2, False, ["session"] * 3),
    ):
        found = joined(
            list(log), [target(last(30.0, HOST), wrong_secret=refused)], discovery=discovery
        )
        assert [item.stage for item in found] == stages, (refused, discovery)
    assert [item.stage for item in joined(list(log), [], discovery=True)] == ["discovery"] * 3


def test_a_last_one_that_the_log_no_longer_has() -> None:
    (found,) = joined([], [target(last(5.0, HOST), wrong_secret=1)], discovery=False)
    assert (found.kind, found.address) == (library.WRONG_SECRET, "192.0.2.1")
    (found,) = joined([], [target(last(5.0, ""), unknown_initiator=1)], discovery=False)
    assert found.kind == library.UNKNOWN_INITIATOR


def test_how_many_are_new() -> None:
    seen = Seen(1.0, {"a": 3, "b": 5})
    assert seen.new({"a": 4, "b": 5, "c": 2}) == 3
    # The target was created again.
    assert seen.new({"b": 2}) == 2


def test_the_journal_has_what_the_kernel_has_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of both, each message once; without a journal, what the kernel still has."""
    entries = [
        {"MESSAGE": NO_ACL, "_SOURCE_MONOTONIC_TIMESTAMP": "5000000"},
        {"MESSAGE": END, "_SOURCE_MONOTONIC_TIMESTAMP": "5000000"},
        {"MESSAGE": END, "_SOURCE_MONOTONIC_TIMESTAMP": "5500000", "SYSLOG_FACILITY": "3"},
        {"MESSAGE": [1, 2], "_SOURCE_MONOTONIC_TIMESTAMP": "6000000"},
        {"MESSAGE": SECURITY, "_SOURCE_MONOTONIC_TIMESTAMP": "9000000"},
        {"MESSAGE": "no time"},
    ]
    out = "\n".join([*map(json.dumps, entries), "no JSON"])
    calls: list[tuple[str, ...]] = []

    def run(*words: str, timeout: float) -> subprocess.CompletedProcess[str]:
        calls.append(words)
        return subprocess.CompletedProcess(words, 0, out, "")

    records = [log.Record(7, 9.0, SECURITY), log.Record(8, 9.0, END)]
    monkeypatch.setattr(journal, "run", run)
    monkeypatch.setattr(log, "records", lambda: records)
    found = library.read([], discovery=False)
    assert [(item.seconds, item.kind) for item in found.refusals] == [
        (5.0, "unknown_initiator"),
        (9.0, "wrong_secret"),
    ]
    assert (found.complete, found.readable) == (False, True)
    assert calls[0][:3] == ("journalctl", "-k", "-b")

    def fail(*words: str, timeout: float) -> None:
        raise LioError("there is no journalctl")

    monkeypatch.setattr(journal, "run", fail)
    assert len(library.read([], discovery=False).refusals) == 1
    monkeypatch.setattr(log, "records", lambda: [log.Record(0, 1.0, SECURITY)])
    monkeypatch.setattr(journal, "run", None)
    assert library.read([], discovery=False).complete
    monkeypatch.setattr(log, "records", list)
    monkeypatch.setattr(journal, "run", fail)
    assert not library.read([], discovery=False).readable


def test_a_name_with_a_separator_of_lines_is_in_the_journal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = NO_ACL.replace(HOST, "iqn.x\u2028y\x85z")
    entry = {"MESSAGE": text, "_SOURCE_MONOTONIC_TIMESTAMP": "5000000"}
    out = json.dumps(entry, ensure_ascii=False)
    done = subprocess.CompletedProcess((), 0, out, "")
    monkeypatch.setattr(journal, "run", lambda *words, timeout: done)
    assert list(journal.of_this_boot()) == [(5.0, text)]


def test_time_of_the_last_refusal_after_jiffies_overflowed() -> None:
    """The kernel's value, read 712 s after boot, is 477 days ahead of the login that failed."""
    assert logins.since_boot(4123237427, 712.74) == 688.23
    for hz in (100, 250, 300, 1000):
        for seconds in (400, 86400, 40 * 86400):
            # As the kernel computes it: iscsi_stat_tgt_attr_last_fail_time_show().
            jiffies = ((seconds - 300) * hz) % (1 << 32)
            since = (jiffies - ((1 << 32) - 300 * hz)) % (1 << 64)
            value = since * 100 % (1 << 64) // hz % (1 << 32)
            assert abs(logins.since_boot(value, seconds + 60) - seconds) < 0.1, (hz, seconds)
    assert logins.since_boot(29999, 300.5) == 299.99
