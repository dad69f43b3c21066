# SPDX-License-Identifier: Apache-2.0
"""Plans of whole configurations: made, and carried out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from rtslib_ext.config import secrets
from rtslib_ext.config.model import Config, StorageObject
from rtslib_ext.errors import InvalidValue, Unsupported
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.plan import interrupted
from rtslib_ext.plan.builder import Plan
from rtslib_ext.plan.disturbance import Disturbance
from rtslib_ext.steps import Action, Step
from rtslib_ext.transaction import apply as applying
from rtslib_ext.transaction.apply import Change, PartChange
from rtslib_ext.usage import (
    another_disk,
    beyond_fabric,
    hazards,
    ipv6,
    no_effect,
    no_portals,
    preflight,
    twins,
)

from ..changes import apply, collector, consent, part, plans, running
from ..env import Env
from ..result import Aside, Result
from ..tree import Node
from ..views import notes as note_view
from ..views import plan as view
from . import confirm, save_files

if TYPE_CHECKING:
    from rtslib_ext.savefile import Loaded


def to_file(
    env: Env, node: Node, file: str | None, have: Config | None = None
) -> tuple[Change, Loaded]:
    """Plan the change to a file, or to the part of it that a node stands for; for diff.

    Returns the change, and the contents of the file, with what has an owner.
    ``have`` is the running configuration; it is read if omitted.
    """
    loaded = save_files.load_understood(env, file)
    notes: list[tuple[str, str]] = []
    if part.owner(node) is None and env.has_owners:
        # Imported here, as below: few systems have owners.
        from ..changes import owners

        have = _saved(env) if have is None else have
        want, notes = owners.kept_by(env, have, loaded.config)
        loaded = replace(loaded, config=want)
    return with_notes(to_loaded(env, node, loaded, have), notes), loaded


def with_notes(found: Change, notes: Sequence[tuple[str, str]]) -> Change:
    """Return a change with more notes, which are (shell path, text)."""
    plan = found.plan
    return replace(found, plan=replace(plan, notes=(*plan.notes, *notes))) if notes else found


def _saved(env: Env) -> Config:
    """Return the configuration that a save would write."""
    return running.to_save(env, running.read(env), running.unrestored(env, None))


def to_loaded(env: Env, node: Node, loaded: Loaded, have: Config | None = None) -> Change:
    """Plan as to_file does, to the contents of a file."""
    if have is None:
        have = _saved(env)
    found = prepare(env, part.wanted(loaded.config, have, node), have)
    notes = [(so.path, text) for so, text in _others(loaded.config, loaded)]
    missing = running.unrestored(env, have)
    notes += [(path, "it could not be restored; a save keeps it") for path in missing.paths]
    kept = part.notes(notes, node)
    return replace(found, plan=replace(found.plan, notes=(*found.plan.notes, *kept)))


def prepare(
    env: Env, want: Config, have: Config, *, unseen: bool = False, looks: bool = True
) -> Change:
    """Plan the change to a configuration, without the parts that this host or fabric lacks.

    ``unseen`` is as for ``transaction.apply.prepare``. Without ``looks``, nothing says what new
    devices contain: that takes a process for each.
    """
    if env.prefs.get("identity_namespace"):
        # Imported here: only a pair of hosts needs it.
        from ..changes import derived

        want = derived.complete(env, have, want)
    want, unused = beyond_fabric.leave_out(want)
    want, notes = ipv6.fit(want)
    notes += unused
    with collector.paused():
        found = applying.prepare(env.fs, want, have, unseen=unseen)
    found = _with_preflight(env, found) if looks else found
    return replace(found, plan=replace(found.plan, notes=(*found.plan.notes, *notes)))


def _with_preflight(env: Env, planned: Change) -> Change:
    """Add notes about new storage objects, secrets and TPGs to a plan."""
    notes = [
        (path, str(one)) for path, one in preflight.of_config(env.fs, planned.have, planned.want)
    ]
    for find in (secrets.of_config, twins.of_config, no_portals.of_config, hazards.of_config):
        known = set(find(planned.have))
        notes += [note for note in find(planned.want) if note not in known]
    notes += no_effect.of_config(planned.want)
    return replace(planned, plan=replace(planned.plan, notes=(*planned.plan.notes, *notes)))


def _others(want: Config, loaded: Loaded) -> list[tuple[StorageObject, str]]:
    """Return the storage objects whose device is not the saved one, and the difference."""
    found = another_disk.of_config(want, loaded.identities)
    return [(want.storage_objects[key], text) for key, text in found.items()]


def with_others(env: Env, planned: Change, loaded: Loaded, *, refuse: bool) -> Change:
    """Add notes about devices that are not the saved ones to a plan.

    With ``refuse``, raises LioError if it creates a storage object on one, without --yes.
    """
    created = {step.path for step in planned.plan.steps if step.action is Action.CREATE}
    if planned.plan.creates:
        created = {so.path for so in planned.want.storage_objects.values()}
    # With a part of the file, the other objects are the running ones.
    objects = loaded.config.storage_objects
    others = [
        (so, text)
        for so, text in _others(planned.want, loaded)
        if so.path in created or objects.get(so.key) == so
    ]
    placed = another_disk.placed(planned.want, loaded.identities)
    found = [*others, *((planned.want.storage_objects[key], text) for key, text in placed.items())]
    listed = [f"{so.path}: {text}" for so, text in found if so.path in created]
    if listed and refuse and not env.options.yes:
        raise InvalidValue(
            f"Refused, nothing was changed: {'; '.join(listed)}",
            hint="correct its path in the file; targetcli --yes apply uses this device",
        )
    notes = (*planned.plan.notes, *((so.path, text) for so, text in others))
    return replace(planned, plan=replace(planned.plan, notes=notes))


def carry_out(
    env: Env,
    planned: Change,
    *,
    dry_run: bool = False,
    confirm_within: float | None = None,
    beside: Sequence[str] = (),
    claims: bool = False,
) -> Result:
    """Apply a plan, or only show it; asks or needs --yes if it interrupts initiators.

    ``beside`` are lines about changes that the caller makes beside the kernel, ``claims`` says that
    it changes owners: such a change can be confirmed without steps, too.
    """
    if not dry_run:
        confirm.refuse_another(env)
    plan = planned.plan
    disturbances = interrupted.of(env.fs, plan.steps)
    performed = not dry_run and env.session.transaction is None
    messages: list[str] = []
    waits = confirm_within is not None and bool(beside or claims)
    if (plan or waits) and not dry_run:
        consent.require_yes(env, disturbances)
        steps, messages = _reach(env, planned, confirm_within)
        plan = replace(plan, steps=tuple(steps))
    result = plans.show(env, plan, disturbances, done=performed)
    if beside or claims:
        result.data = partial(facts, plan, disturbances, beside)
    if beside and not plan:
        result.lines = note_view.lines(plan.notes) if plan.notes else []
    result.notes += beside
    if waits and not plan:
        result.notes += messages
    if plan and performed:
        left = applying.differences(env.fs, planned, lambda: _read_again(env, planned))
        result.notes += messages
        result.notes += [
            f"Note: the running configuration still differs: {line}" for line in view.entries(left)
        ]
    return result


def facts(
    plan: Plan, disturbances: Sequence[Disturbance], beside: Sequence[str]
) -> dict[str, object]:
    """Return a plan as plain values, with changes beside the kernel."""
    found = view.facts(plan, disturbances)
    values = {"setting": None, "before": None, "after": None}
    others = [
        {"action": "update", "path": "/", "text": line, **values}
        for line in beside
        if not isinstance(line, Aside)
    ]
    known = cast("list[object]", found["plan"])
    return {**found, "same": False, "plan": [*known, *others]}


def _read_again(env: Env, planned: Change) -> Config:
    """Return the running configuration, or the part of it that a plan is for."""
    return planned.read(env.fs) if isinstance(planned, PartChange) else running.read(env)


def _reach(
    env: Env, planned: Change, confirm_within: float | None
) -> tuple[Sequence[Step], list[str]]:
    """Apply a plan; return its steps and the messages."""
    transaction = env.session.transaction
    if confirm_within is None or (transaction and transaction.is_dry_run):
        return apply.reach(env, planned), []
    if transaction is not None:
        raise Unsupported(
            "a change with --confirm-within cannot be part of a transaction",
            hint="run apply --confirm-within by itself",
        )
    with confirm.within(env, planned.plan.steps, confirm_within) as messages:
        steps = apply.reach(env, planned)
    return steps, messages
