# SPDX-License-Identifier: Apache-2.0
"""What a restore refuses before it clears anything, and the clearing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rtslib_ext.config.model import Config
from rtslib_ext.config.wording import shortened
from rtslib_ext.errors import InUse, InvalidValue, LioError
from rtslib_ext.savefile import disk
from rtslib_ext.savefile.encode import Identities
from rtslib_ext.usage import another_disk, exports

from ..changes import clearing as journals
from ..changes import running
from ..env import Env
from .clear import cleared, forget

USE = "correct its path in the file; targetcli --yes restoreconfig {}=true uses this device"


@contextmanager
def clearing(
    env: Env, path: str, part: Config | None, named: Config, want: Config, identities: Identities
) -> Iterator[list[LioError]]:
    """Delete everything, or ``part``, before a block that restores the file.

    Yields an error for each failure. A kill from here on is known (changes.clearing). ``named``
    has the storage objects that were named. Raises LioError if nothing may be cleared.
    """
    _refuse_exported(env, want, named)
    _refuse_other_disks(env, want, identities)
    with journals.replacing(env, part, lambda: disk.read(path)):
        problems = cleared(env, part)
        if part is None:
            forget(env)
        yield problems


def refuse_clearing(
    env: Env, path: str, want: Config, problems: list[LioError], *, partly: bool
) -> None:
    """Raise LioError, before anything is cleared, for a file that restores too little."""
    _refuse_useless(env, path, want, problems)
    _refuse_standby(env, want)
    if not partly:
        _refuse_owned(env, path, want)


def _refuse_standby(env: Env, want: Config) -> None:
    """Raise InUse for objects in standby, which the file would make active."""
    if not os.path.exists(env.owners):
        return
    # Imported here, as below.
    from rtslib_ext.owners import states, units

    try:
        states.refuse_standby(env.fs, env.owners, units.of_config(want).paths())
    except InUse:
        raise
    except LioError:
        # The record is damaged, and clearing is a cure.
        return


def _refuse_owned(env: Env, path: str, want: Config) -> None:
    """Raise InUse for objects of owners that a file lacks."""
    if env.options.yes or not os.path.exists(env.owners):
        return
    # Imported here: few systems have owners.
    from rtslib_ext.owners import kept

    from ..changes import owners

    try:
        known = owners.load(env)
    except LioError:
        # The record is damaged, and clearing is a cure.
        return
    lost = kept.lost(known, running.read(env), want)
    if lost:
        names = ", ".join(sorted(set(lost.values())))
        listed = shortened(sorted(lost))
        raise InUse(
            f"Refused, nothing was cleared: {path} does not have {listed}, which {names} owns",
            hint="apply keeps what has an owner; "
            "targetcli --yes restoreconfig clear_existing=true deletes it",
        )


def _refuse_useless(env: Env, path: str, want: Config, problems: list[LioError]) -> None:
    """Raise LioError, before anything is cleared, for a file with problems only."""
    if problems and want.is_empty and not env.options.yes:
        raise LioError(
            f"nothing in {path} could be used ({problems[0]}), so nothing was cleared",
            hint="give a file that saveconfig wrote; --yes clears anyway",
        )


def _refuse_other_disks(env: Env, want: Config, identities: Identities) -> None:
    """Raise LioError, before anything is cleared, if a device is not the saved one."""
    if env.options.yes:
        return
    others = another_disk.placed(want, identities) | another_disk.of_config(want, identities)
    if others:
        listed = "; ".join(f"{want.storage_objects[key].path}: {others[key]}" for key in others)
        raise InvalidValue(f"nothing was cleared: {listed}", hint=USE.format("clear_existing"))


def _refuse_exported(env: Env, want: Config, named: Config) -> None:
    """Raise InUse, before anything is cleared, for a named storage object that a LUN exports."""
    for key, export in exports.by_others(env.fs, named.storage_objects, want.targets):
        raise InUse(
            f"nothing was cleared: {export.shell} exports it",
            path=named.storage_objects[key].path,
            hint=f"apply storage_object={key[1]} changes it without deleting it",
        )
