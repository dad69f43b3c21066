# SPDX-License-Identifier: Apache-2.0
"""A transaction of command lines: preferences in it, trials of a line, what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtslib_ext.errors import LioError, Unsupported
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.plan.builder import Plan
from targetcli.changes import plans, running
from targetcli.changes.transaction import Transaction
from targetcli.env import Env
from targetcli.prefs import Preferences


@pytest.fixture
def env(tmp_path: Path) -> Env:
    return Env(Preferences.load(tmp_path), fs=ConfigFS("/nonexistent"))


@pytest.mark.parametrize("trial", [False, True])
def test_a_preference_holds_for_the_following_lines_only(
    env: Env, trial: bool, tmp_path: Path
) -> None:
    before = env.prefs
    transaction = Transaction.begin(env) if trial else Transaction.for_batch(env)
    if trial:
        transaction.start_trial()
    env.prefs.set("tree_show_root", False)
    assert not env.prefs.flag("tree_show_root")
    if trial:
        transaction.end_trial()
    transaction.close()
    assert env.prefs is before
    assert env.prefs.flag("tree_show_root")
    assert not list(tmp_path.iterdir())


def test_a_preference_is_changed_when_a_batch_is_done(env: Env) -> None:
    transaction = Transaction.for_batch(env)
    transaction.set_preference("set", lambda prefs: prefs.set("tree_show_root", False))
    transaction.close()
    assert env.prefs.flag("tree_show_root")
    for _, action in transaction._later:
        action()
    assert not env.prefs.flag("tree_show_root")


def test_a_trial_of_a_line_ends_with_it(env: Env) -> None:
    transaction = Transaction.begin(env)
    transaction.start_trial()
    assert (transaction.is_trial, transaction.is_dry_run, transaction.asks) == (True, True, False)
    assert not env.session.logs
    transaction.end_trial()
    assert (transaction.is_trial, transaction.is_dry_run, transaction.asks) == (False, False, True)
    assert transaction.prefs is None


@pytest.mark.parametrize(
    ("is_dry_run", "batch", "refused"),
    [(True, None, False), (True, "-", True), (False, None, True), (False, "-", True)],
)
def test_what_takes_effect_at_once_is_only_shown_by_itself(
    env: Env, is_dry_run: bool, batch: str | None, refused: bool
) -> None:
    env.options.batch = batch
    transaction = Transaction.for_dry_run(env) if is_dry_run else Transaction.begin(env)
    if refused:
        with pytest.raises(Unsupported, match="takes effect at once"):
            transaction.refuse_irreversible()
    else:
        transaction.refuse_irreversible()


def test_a_plan_is_shown_as_data_and_not_as_messages(env: Env) -> None:
    """For --json: its lines are the same once more."""
    assert plans.show(env, Plan()).shows


def test_a_damaged_record_of_what_a_change_replaced_can_be_removed(
    env: Env, tmp_path: Path
) -> None:
    env.journal = f"{tmp_path}/journal"
    (tmp_path / "unrestored-7.json").write_text("[1")
    with pytest.raises(LioError, match="unrestored-7.json is damaged") as raised:
        running.undo_record(env, 7)
    assert raised.value.hint == "remove it"
