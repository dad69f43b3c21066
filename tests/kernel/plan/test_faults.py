# SPDX-License-Identifier: Apache-2.0
"""A fault at any changing call of a plan, or an interrupt: the old state is back, as told."""

from __future__ import annotations

import errno
import itertools
import os
import signal
from functools import partial
from typing import Any

import pytest

from rtslib_ext import savefile
from rtslib_ext.config.model import Config, Tpg
from rtslib_ext.errors import KernelRefused, LioError, RollbackFailed
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.kernel.configfs import ROOT, ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Action, Context, Step, targets
from rtslib_ext.steps.operations import Mkdir
from rtslib_ext.transaction import apply, clear, executor
from tests.kernel.commands.test_faults import Broken

from . import edits
from .test_pairs import reach

ERRORS = (errno.EINVAL, errno.EBUSY, errno.ENOSPC, errno.EINTR)


def state() -> str:
    """What runs, as it would be saved, and all folders: half an object is not saved."""
    folders = sorted(folder for folder, _, _ in os.walk(ROOT))
    return "\n".join([savefile.dumps(_settled(Reader(ConfigFS()).config())), *folders])


def _settled(config: Config) -> Config:
    """From 6.4 on, a TPG shows the port identifier that it had when it was enabled last."""
    targets = {
        key: replace(target, tpgs={tag: _idle(tpg) for tag, tpg in target.tpgs.items()})
        for key, target in config.targets.items()
    }
    return replace(config, targets=targets)


def _idle(tpg: Tpg) -> Tpg:
    if tpg.enable is not False:
        return tpg
    return replace(tpg, files={name: text for name, text in tpg.files.items() if name != "rtpi"})


def start() -> str:
    """Have the base configuration run, with every value known; what it is."""
    edits.make_files()
    clear.everything(ConfigFS())
    reach(ConfigFS(), edits.base())
    return state()


@pytest.mark.parametrize("name", [*edits.EDITS, *edits.LIVE])
def test_the_plan_works(configfs: object, name: str) -> None:
    """And is not empty: else the tests below would prove nothing."""
    before = start()
    fs = ConfigFS()
    first = Reader(fs).config()
    wanted = edits.wanted(name, first)
    assert apply.prepare(fs, wanted).plan.steps
    reach(fs, wanted)
    assert state() != before
    reach(fs, first)
    assert state() == before


@pytest.mark.parametrize("name", [*edits.EDITS, *edits.LIVE])
def test_every_call_refused(configfs: object, name: str) -> None:
    before = start()
    wanted = edits.wanted(name, Reader(ConfigFS()).config())
    for at, number in zip(itertools.count(1), itertools.cycle(ERRORS), strict=False):
        change = apply.prepare(ConfigFS(), wanted)
        broken = Broken(at, "refused", number)
        try:
            apply.perform(broken, change)
        except RollbackFailed as err:
            pytest.fail(f"call {at}: {err}", pytrace=False)
        except LioError as err:
            assert err.path.startswith("/"), err
        else:
            if broken.left > 0:
                break
            # An empty folder that may stay, and nothing else, can be refused without harm.
            assert not apply.differences(ConfigFS(), change)
            reach(ConfigFS(), change.have)
        assert state() == before, f"call {at}"
    assert at >= 5


def _raise(number: int, frame: object) -> None:
    """As the handler of configshell does."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("handler", [signal.default_int_handler, _raise])
@pytest.mark.parametrize("name", ["another-size", "hosts"])
def test_an_interrupt_after_every_call(
    configfs: object, request: pytest.FixtureRequest, name: str, handler: Any
) -> None:
    request.addfinalizer(partial(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT)))
    signal.signal(signal.SIGINT, handler)
    before = start()
    for at in itertools.count(1):
        change = apply.prepare(ConfigFS(), edits.edited(name))
        broken = Broken(at, "interrupted")
        try:
            apply.perform(broken, change)
        except KeyboardInterrupt:
            assert state() == before, f"call {at}"
        else:
            assert broken.left > 0
            break
    assert at >= 5


def test_what_cannot_be_switched_off_is_taken_back_all_the_same(configfs: object) -> None:
    """A TPG of the loopback fabric is always on: enabling it is undone by nothing."""
    start()
    before = state()
    fabric = FABRICS["loopback"]
    steps = [
        targets.enable(fabric, edits.NAA, 1, True),
        Step(Action.CREATE, "/nowhere", "fail", "", (Mkdir("core/alua/lu_gps/x/y"),)),
    ]
    with pytest.raises(KernelRefused):
        executor.perform(Context(ConfigFS()), steps)
    assert state() == before
