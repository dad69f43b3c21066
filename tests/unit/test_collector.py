# SPDX-License-Identifier: Apache-2.0
"""While an import is read and planned, nothing looks for garbage, and afterwards it is found."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from benchmarks import foreign as files
from rtslib_ext import foreign
from rtslib_ext.config.model import Config
from rtslib_ext.foreign.source import Source, Texts
from targetcli.changes import collector, plans
from targetcli.commands import import_

LUNS = 400


class Ring:
    """An object that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def often() -> Iterator[list[str]]:
    """The collector looks after every thousand objects; the collections are noted."""
    seen: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            seen.append(phase)

    before = gc.get_threshold()
    gc.callbacks.append(note)
    gc.set_threshold(1000)
    yield seen
    gc.set_threshold(*before)
    gc.callbacks.remove(note)


def test_import_and_plan_look_for_no_garbage(often: list[str]) -> None:
    sizes = {files.path(at, lun): 1 << 20 for at in range(LUNS // 10) for lun in range(10)}
    source = Source("/x.conf", "\n".join(files.ietd(LUNS)), Texts({}, sizes))
    gc.collect()
    often.clear()
    config = import_.read(foreign.FORMATS["ietd"], source).config
    plan = plans.between(Config(), config)
    assert len(plan.steps) > LUNS
    # What is made between the two may start one each.
    assert len(often) <= 2


def test_garbage_made_meanwhile_is_found_later() -> None:
    with collector.paused():
        assert not gc.isenabled()
        ring = weakref.ref(Ring())
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    gc.collect()
    assert ring() is None


def test_a_collector_that_rests_already_goes_on_resting() -> None:
    gc.disable()
    try:
        with collector.paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
