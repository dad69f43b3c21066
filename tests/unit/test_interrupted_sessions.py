# SPDX-License-Identifier: Apache-2.0
"""What the initiators of a TPG lose by steps, from the steps and the names of ACLs alone."""

from __future__ import annotations

import pytest

from rtslib_ext.config.model import Config, NodeAcl, Target, Tpg
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.plan import interrupted_sessions
from rtslib_ext.plan.concerned import Concerned
from rtslib_ext.plan.disturbance import Disturbance
from rtslib_ext.reading.part import PartReader
from rtslib_ext.steps import Step
from rtslib_ext.steps.step import Action
from rtslib_ext.usage import unlisted
from rtslib_ext.usage.unlisted import Unlisted

IQN, HOST = "iqn.2003-01.org.example:store", "iqn.2003-01.org.example:host"
TPG = paths.tpg(FABRICS["iscsi"], IQN, 1)
LUN = paths.lun(TPG, 3)
STEP = Step(Action.UPDATE, ShellPath("/a"), "set", "a=1", ())
TARGET = Target("iscsi", IQN, {1: Tpg(1, acls={HOST: NodeAcl(HOST)})})
READER = PartReader(ConfigFS("/nonexistent"), Config(targets={TARGET.key: TARGET}))


def test_guests_lose_what_only_they_have() -> None:
    concerned = Concerned(dynamic={TPG: [STEP]})
    (loss,) = interrupted_sessions._sessions(READER, concerned)
    assert (loss.holder, loss.steps) == ((TPG, None), [STEP])


def test_all_of_a_tpg_lose_a_hidden_lun() -> None:
    losses = list(interrupted_sessions._hidden(READER, Concerned(hidden={LUN: [STEP]})))
    assert [loss.holder for loss in losses] == [(TPG, HOST), (TPG, None)]
    path = f"/iscsi/{IQN}/tpg1"
    assert {loss.text for loss in losses} == {f"be unable to use LUN 3 of {path} on this path"}


@pytest.mark.parametrize(
    "concerned",
    [
        Concerned(hidden={LUN: [STEP]}, luns={LUN: [STEP]}),
        Concerned(hidden={LUN: [STEP]}, tpgs={TPG: [STEP]}),
        Concerned(hidden={paths.lun(paths.tpg(FABRICS["loopback"], "naa.1", 1), 0): [STEP]}),
    ],
)
def test_a_lun_that_goes_is_not_hidden_too(concerned: Concerned) -> None:
    assert list(interrupted_sessions._hidden(READER, concerned)) == []


def test_sessions_that_are_not_listed_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (Disturbance("session", name, ShellPath("/"), "") for name in ("one", "two"))
    monkeypatch.setattr(interrupted_sessions, "_listed_of", lambda reader, loss: [two])
    monkeypatch.setattr(interrupted_sessions, "_unlisted", lambda reader, losses: [one])
    found = interrupted_sessions.of(READER, Concerned(dynamic={TPG: [STEP]}))
    assert list(found) == [one, two]


def test_the_unlisted_sessions_of_each_target_count(monkeypatch: pytest.MonkeyPatch) -> None:
    other = paths.tpg(FABRICS["iscsi"], f"{IQN}2", 1)
    losses = list(interrupted_sessions._sessions(READER, Concerned(dynamic={TPG: [STEP]})))
    losses += interrupted_sessions._sessions(READER, Concerned(dynamic={other: [STEP]}))
    more = Unlisted(f"{IQN}2", 300, 211, frozenset({(other, None)}))
    monkeypatch.setattr(unlisted, "of_target", lambda reader, wwn: more if wwn != IQN else None)
    (found,) = interrupted_sessions._unlisted(READER, losses)
    assert found.text.startswith("211 sessions that the kernel does not list would ")
    assert found.by == (STEP,)


@pytest.mark.parametrize(
    ("number", "past"),
    [
        (1, "1 session that the kernel does not list was logged out of "),
        (11, "11 sessions that the kernel does not list were logged out of "),
    ],
)
def test_the_past_tells_one_session_from_several(
    number: int, past: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = list(interrupted_sessions._sessions(READER, Concerned(tpgs={TPG: [STEP]})))
    losses = [loss for loss in losses if loss.holder == (TPG, None)]
    more = Unlisted(IQN, 200, number, frozenset({(TPG, None)}))
    monkeypatch.setattr(unlisted, "of_target", lambda reader, wwn: more)
    (found,) = interrupted_sessions._unlisted(READER, losses)
    assert found.past.startswith(past)
