# SPDX-License-Identifier: Apache-2.0
"""Writing authentication, and enabling a TPG, change AuthMethod: what is planned is reached."""

from __future__ import annotations

import random
from itertools import combinations, product

import pytest

from rtslib_ext import restore
from rtslib_ext.config.model import Auth, Config, Target, Tpg
from rtslib_ext.errors import LioError
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps.operations import Fail
from rtslib_ext.steps.step import set_step
from rtslib_ext.transaction import apply, clear

from .harness import Shell

KEY = ("iscsi", "iqn.2003-01.org.example:a")
FOLDER = f"iscsi/{KEY[1]}/tpgt_1"
# authentication, AuthMethod, and whether the TPG is enabled.
State = tuple[str, str, bool]
METHODS = ("CHAP", "CHAP,None", "None,CHAP", "None")
STATES = list(product(("0", "1"), METHODS, (False, True)))


def config(state: State) -> Config:
    authentication, method, enable = state
    tpg = Tpg(
        1,
        enable,
        attributes={"authentication": authentication},
        parameters={"AuthMethod": method},
        auth=Auth("", "", "", ""),
    )
    return Config(targets={KEY: Target(*KEY, {1: tpg})})


def reached(fs: ConfigFS) -> State:
    """Return the state in the kernel."""
    files = ("attrib/authentication", "param/AuthMethod", "enable")
    authentication, method, enable = (fs.read(f"{FOLDER}/{name}") for name in files)
    return authentication, method, enable == "1"


def reach(fs: ConfigFS, want: Config) -> None:
    apply.perform(fs, apply.prepare(fs, want))


def fail(fs: ConfigFS, want: Config) -> None:
    """Perform the change with a step at its end that fails."""
    change = apply.prepare(fs, want)
    broken = set_step("/", "x", "y", None, (Fail(LioError("no")),))
    plan = replace(change.plan, steps=(*change.plan.steps, broken))
    with pytest.raises(LioError, match="no"):
        apply.perform(fs, replace(change, plan=plan))


def planned(fs: ConfigFS, want: Config) -> list[str]:
    return [str(step) for step in apply.prepare(fs, want).plan.steps]


@pytest.mark.parametrize("state", STATES, ids=str)
def test_a_new_tpg(configfs: object, state: State) -> None:
    fs = ConfigFS()
    reach(fs, config(state))
    assert (reached(fs), planned(fs, config(state))) == (state, [])
    saved = Reader(fs).config()
    clear.everything(fs)
    assert restore.restore(fs, saved).failures == []
    assert (reached(fs), planned(fs, saved)) == (state, [])


@pytest.mark.parametrize("count", (10, pytest.param(None, marks=pytest.mark.long)))
def test_from_each_state_to_each_and_back(configfs: object, count: int | None) -> None:
    """Also if it fails; in make test for some pairs."""
    fs = ConfigFS()
    states = [state for state in STATES if state[1] != "None,CHAP"]
    pairs = random.Random(3).sample(found := list(combinations(states, 2)), count or len(found))
    for pair in pairs:
        reach(fs, config(pair[0]))
        for one, other in (pair, reversed(pair)):
            fail(fs, config(other))
            assert reached(fs) == one, (one, other)
            reach(fs, config(other))
            assert (reached(fs), planned(fs, config(other))) == (other, []), (one, other)


def test_undo_of_disable(shell: Shell) -> None:
    reach(shell.fs, config(("1", "CHAP,None", True)))
    shell.ok(f"/iscsi/{KEY[1]}/tpg1 disable")
    shell.ok("/ undo")
    assert reached(shell.fs) == ("1", "CHAP,None", True)


@pytest.mark.parametrize("method", METHODS)
def test_set(shell: Shell, method: str) -> None:
    """The kernel takes None out, and undo puts it back."""
    reach(shell.fs, config(("0", method, True)))
    shell.ok(f"/iscsi/{KEY[1]}/tpg1 set attribute authentication=1")
    assert reached(shell.fs) == ("1", "CHAP", True)
    shell.ok(f"/iscsi/{KEY[1]}/tpg1 set parameter AuthMethod={method}")
    assert reached(shell.fs) == ("1", method, True)
    shell.ok("/ undo")
    if method != "CHAP":
        assert reached(shell.fs) == ("1", "CHAP", True)
        shell.ok("/ undo")
    assert reached(shell.fs) == ("0", method, True)
