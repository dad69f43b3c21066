# SPDX-License-Identifier: Apache-2.0
"""apply: change the running configuration to that in a file, to a part of it, or to a fragment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rtslib_ext import restore
from rtslib_ext.config import merge as merging
from rtslib_ext.config.model import Config
from rtslib_ext.errors import InvalidValue
from rtslib_ext.steps.step import changed
from rtslib_ext.transaction.apply import Change

from ..changes import allowed, part, running
from ..env import Env
from ..result import Result
from ..tree import Node
from . import fragment_files, owned, plan, save_files

if TYPE_CHECKING:
    from rtslib_ext.firewall.allowed import Allowed
    from rtslib_ext.savefile import Loaded

Notes = Sequence[tuple[str, str]]
_NO_NOTES: Notes = ()


def apply(
    env: Env,
    node: Node,
    file: str | None,
    merge: bool,
    target: str | None,
    storage_object: str | None,
    dry_run: bool,
    confirm_within: float | None,
    owner: str | None,
    adopt: bool,
    remove: bool,
) -> Result:
    """Change the running configuration to that in a file, or to a part of it.

    With ``owner``, and for a file in the directory of fragments, only what that owner has.
    """
    if owner or adopt or remove or _is_fragment(env, file):
        _refuse_part(merge or target or storage_object or node.parent)
        return owned.apply(env, file, owned.How(owner, adopt, remove, dry_run, confirm_within))
    partly = bool(target or storage_object or part.owner(node))
    _refuse_whole(node, partly=partly)
    have = running.read(env)
    loaded = save_files.load_understood(env, file)
    if partly:
        chosen = _chosen(node, loaded.config, target, storage_object)
        want, notes = part.put(have, chosen, merge=merge), _NO_NOTES
    else:
        want, notes = _whole(env, have, loaded.config, merge=merge, is_saved=file is None)
    # The steps of a dry run are shown, those of a change to be confirmed are turned round.
    unseen = not dry_run and confirm_within is None and env.session.transaction is None
    planned = plan.with_notes(plan.prepare(env, want, have, unseen=unseen), notes)
    planned = plan.with_others(env, planned, loaded, refuse=not dry_run)
    if not dry_run:
        _refuse_standby(env, planned)
    networks = networks_after(env, loaded, planned, keep=merge or partly)
    with allowed.changing(env, networks, dry_run=dry_run) as lines:
        result = plan.carry_out(
            env, planned, dry_run=dry_run, confirm_within=confirm_within, beside=lines
        )
    if not dry_run:
        whole = confirm_within is None and not (merge or partly)
        _records(env, loaded, planned, whole=whole)
    return result


def _refuse_whole(node: Node, *, partly: bool) -> None:
    if not partly and node.parent is not None:
        raise InvalidValue(
            f"this would apply the whole file, not only {node.path}",
            hint="/ apply applies all of it, PATH/apply that target or storage object",
        )


def _refuse_part(given: object) -> None:
    if given:
        raise InvalidValue("a fragment is applied whole", hint="/ apply FILE --owner NAME")


def _refuse_standby(env: Env, planned: Change) -> None:
    """Raise InUse for objects in standby here: a whole file leaves them alone, a part does not."""
    if env.has_owners:
        # Imported here, as below: few systems have owners.
        from rtslib_ext.owners import states

        states.refuse_standby(env.fs, env.owners, changed(planned.plan.steps))


def _chosen(node: Node, config: Config, target: str | None, storage_object: str | None) -> Config:
    """Return the part of a file that is applied: one object by its name, or by the node."""
    if target or storage_object:
        return restore.select(config, target, storage_object)
    return part.select(config, node)


def _whole(
    env: Env, have: Config, want: Config, *, merge: bool, is_saved: bool
) -> tuple[Config, Notes]:
    """Return the configuration that applying a whole file leads to, and notes.

    ``is_saved``: it is the save file, which a reload of the service applies.
    """
    texts: Sequence[str] = ()
    if is_saved:
        want, texts = fragment_files.without_pairs(env, want, have)
    left_out = [("/", text) for text in texts]
    if merge:
        return merging.merge(have, want), left_out
    if not env.has_owners:
        return want, left_out
    # Imported here, as below: few systems have owners.
    from ..changes import owners

    want, notes = owners.kept_by(env, have, want)
    return want, [*notes, *left_out]


def networks_after(
    env: Env, loaded: Loaded, planned: Change, *, keep: bool = False
) -> Allowed | None:
    """Return the allowed networks of portals afterwards; None if they do not change."""
    networks = allowed.part(loaded.allowed, planned.want)
    if not allowed.exists(env):
        return networks or None
    if keep:
        return {**allowed.running(env), **networks} if networks else None
    if not env.has_owners:
        return networks
    # Imported here, as above.
    from ..changes import owners

    return owners.kept_networks(env, planned.have, networks)


def _records(env: Env, loaded: Loaded, planned: Change, *, whole: bool) -> None:
    """Keep the records true after an apply: the unrestored objects, and the owners."""
    if whole and env.session.transaction is not None:
        env.session.transaction.follow(lambda: running.set_unrestored(env))
    elif whole:
        # The file has the wanted configuration now: an earlier one does not count.
        running.set_unrestored(env)
    if loaded.owners:
        # Imported here: few files have owners.
        from ..changes import owners

        # No file changes the owner of an object.
        owners.restored(env, loaded.owners, planned.want, keep=True)


def _is_fragment(env: Env, file: str | None) -> bool:
    """Return True for the directory of fragments, another directory, or a file in the first."""
    if file is None:
        return False
    path = save_files.path_of(env, file)
    return os.path.isdir(path) or fragment_files.is_inside(env, path)
