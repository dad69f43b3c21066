# SPDX-License-Identifier: Apache-2.0
"""import: the configuration of another SCSI target."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import count
from typing import cast

from rtslib_ext import foreign
from rtslib_ext.config import merge, refactor
from rtslib_ext.config.model import Config
from rtslib_ext.errors import InvalidValue
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.foreign import source
from rtslib_ext.foreign.imported import LOST, Imported

from ..changes import allowed, collector, prompt, running
from ..env import Env
from ..result import Result
from ..tree import Node
from ..views import remarks as view
from . import plan, save_files

# The remarks that an error shows of a file without a configuration.
_SHOWN = 3
LOSES = 3
"""The exit status of an import that LIO cannot express completely."""


def run(
    env: Env,
    node: Node,
    file: str,
    format: str | None,
    save: str | None,
    keep: str,
    dry_run: bool,
) -> Result:
    """Add the configuration in a file of another target, or write it to a save file."""
    path = os.path.abspath(os.path.expanduser(file))
    opened = source.opened(path, keep_serial=_keeps_serial(keep))
    kind = _format(format) if format else foreign.detect(opened.text)
    found = read(kind, opened)
    if found.config.is_empty and found.remarks:
        raise InvalidValue(
            f"{path} has no configuration in the format {kind.name}; of it: "
            f"{'; '.join(view.lines(found.remarks[:_SHOWN]))}",
            hint="check the file, or give another format=",
        )
    if save is not None:
        networks = allowed.part(found.allowed_networks, found.config)
        result = (
            Result() if dry_run else save_files.save_imported(env, save, found.config, networks)
        )
        lines = [*view.lines(found.remarks), *result.lines]
    else:
        have = running.read(env)
        found = _beside(env, have, found)
        result = _merged(env, have, found, dry_run=dry_run)
        # Before the kernel is touched, they have been shown.
        listed = [] if _announces(env, dry_run) else view.lines(found.remarks)
        lines = [*listed, *result.lines]
    return _completed(env, result, kind.name, found, lines)


def read(kind: foreign.Format, opened: source.Source) -> Imported:
    """Return the configuration in a file. Raises LioError."""
    with collector.paused():
        return kind.read(opened)


def _completed(
    env: Env, result: Result, name: str, found: Imported, lines: Sequence[str]
) -> Result:
    """Return the result of a plan or a save with the remarks and the exit status."""
    facts: dict[str, object] = {"format": name, "remarks": view.facts(found.remarks)}
    own = result.data
    env.session.report.before_plan = view.lines(found.remarks)
    env.session.report.beside_plan = facts
    result.lines = lines
    result.data = lambda: {**(cast("dict[str, object]", own()) if own else {}), **facts}
    result.status = LOSES if found.loses else 0
    return result


def _keeps_serial(keep: str) -> bool:
    if keep not in ("naa", "serial"):
        raise InvalidValue(f"keep must be naa or serial, not {keep!r}")
    return keep == "serial"


def _format(name: str) -> foreign.Format:
    if name not in foreign.FORMATS:
        raise InvalidValue(
            f"there is no format {name!r}", hint=f"use one of {', '.join(foreign.FORMATS)}"
        )
    return foreign.FORMATS[name]


def _announces(env: Env, dry_run: bool) -> bool:
    """Return True if the kernel is about to be changed, so that remarks are shown at once."""
    return not dry_run and env.session.transaction is None


def _beside(env: Env, have: Config, found: Imported) -> Imported:
    """Return an import whose allowed networks do not limit the access to other targets."""
    if not found.allowed_networks:
        return found
    from rtslib_ext.foreign import addresses

    networks = allowed.part(found.allowed_networks, found.config)
    limited = replace(found, allowed_networks=networks)
    return addresses.beside(limited, have, allowed.of_config(env, have))


def _merged(env: Env, have: Config, found: Imported, *, dry_run: bool) -> Result:
    """Plan and make the change that adds a configuration to the running one."""
    want = merge.merge(have, _apart(have, found.config))
    planned = plan.prepare(env, want, have)
    if _announces(env, dry_run):
        if not env.session.agreed:
            prompt.announce(env, view.lines(found.remarks))
        if planned.plan:
            _agree(env, found)
    found_networks = found.allowed_networks
    networks = {**allowed.running(env), **found_networks} if found_networks else None
    with allowed.changing(env, networks, dry_run=dry_run) as lines:
        return plan.carry_out(env, planned, dry_run=dry_run, beside=lines)


def _agree(env: Env, found: Imported) -> None:
    """Require --yes, or a yes at a terminal, before an import that loses something."""
    lost = [remark for remark in found.remarks if remark.severity == LOST]
    if not lost or env.options.yes:
        return
    question = f"{view.counted(lost)} cannot be expressed: see above"
    prompt.require_yes(env, [question])
    if not prompt.is_possible(env):
        # With --json the remarks were not printed.
        which = "; ".join(view.lines(lost)) if env.options.json else "see the lost ones above"
        raise InvalidValue(
            f"Refused, nothing was changed: {view.counted(lost)} cannot be expressed: {which}",
            hint="to import the rest: targetcli --yes import FILE",
        )


def _apart(have: Config, found: Config) -> Config:
    """Return the imported configuration with names that no other running storage object has."""
    taken = {*have.storage_objects, *found.storage_objects}
    for key, so in found.storage_objects.items():
        own = have.storage_objects.get(key)
        if own is None or own.backing.udev_path == so.backing.udev_path:
            continue
        numbers = (f"{so.name}_{number}" for number in count(2))
        name = next(name for name in numbers if (key[0], name) not in taken)
        taken.add((key[0], name))
        found = refactor.rename_storage_object(found, key, name)
    return found
