# SPDX-License-Identifier: Apache-2.0
"""What check and status know of the running configuration, or of a file."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from rtslib_ext.checks.facts import DifferingFragment, Facts, Files
from rtslib_ext.config.model import Config
from rtslib_ext.errors import LioError
from rtslib_ext.files import trusted
from rtslib_ext.reading.links_reader import LinksReader
from rtslib_ext.savefile import disk
from rtslib_ext.transaction import journal as journals
from rtslib_ext.transaction.lock import holder

from ..changes import allowed, running
from ..env import Env
from ..tree import Node
from . import save_files

if TYPE_CHECKING:
    from rtslib_ext.savefile import Loaded
    from rtslib_ext.savefile.unrestored import Unrestored

_NO_DAMAGE = ("", "")


def of_running(env: Env, node: Node) -> Facts:
    """Return the facts of the running configuration; raises LioError."""
    have, reader = running.read_by(env, LinksReader)
    missing, damaged = _unrestored(env, have)
    unsaved, saved, damaged_file = _compared(env, node, have, missing)
    unfinished = journals.find(env.journal)
    # A change in progress has a journal, too.
    cut = unfinished if unfinished is not None and holder(env.lock_file) is None else None
    return Facts(
        have,
        env.fs,
        reader.objects,
        reader.broken(),
        saved,
        unsaved,
        missing.paths,
        running.CURE,
        damaged,
        str(cut or ""),
        _files(env.save_file),
        fragments=_fragments(env),
        differing_fragments=partial(_differing, env),
        deleted_fragments=partial(_deleted, env),
        open_portals=allowed.problem(env),
        moving=_moving(env),
        damaged_file=damaged_file,
        unrestored_why=_why(env, missing),
    )


def _why(env: Env, missing: Unrestored) -> dict[str, str]:
    """Return what objects that could not be restored wait for, by shell path."""
    if not missing:
        return {}
    # Imported here: usually nothing is missing.
    from rtslib_ext.usage import readiness

    waits = readiness.split(env.fs, missing.part, missing.identities)[1]
    return {one.path: one.text for one in waits}


def _moving(env: Env) -> frozenset[str]:
    """Return the shell paths of what moves between hosts."""
    if not env.has_owners:
        return frozenset()
    # Imported here: few systems have owners.
    from rtslib_ext.owners import record

    # A damaged record stops the commands that change it.
    with suppress(LioError):
        names = record.moving(env.owners)
        return frozenset(path for path, name in record.load(env.owners).items() if name in names)
    return frozenset()


def _fragments(env: Env) -> list[tuple[str, str]]:
    """Return the problems of the fragments of owners: (file, text)."""
    if not os.path.isdir(env.fragments):
        return []
    # Imported here: few systems have fragments.
    from . import fragment_files

    return fragment_files.problems(env)


def _differing(env: Env) -> list[DifferingFragment]:
    # Imported here, like the next: status does not look at it.
    from . import fragment_findings

    return fragment_findings.differing(env)


def _deleted(env: Env) -> list[tuple[str, str, int]]:
    from . import fragment_findings

    return fragment_findings.gone(env)


def _unrestored(env: Env, have: Config) -> tuple[Unrestored, tuple[str, str]]:
    """Return the objects that could not be restored, and (text, cure) if that is not known."""
    from rtslib_ext.savefile import unrestored as records

    try:
        return running.unrestored(env, have), ("", "")
    except records.DamagedRecord as err:
        return records.Unrestored(), (str(err), err.hint)


def of_file(env: Env, given: str) -> Facts:
    """Return the facts of a file; raises LioError."""
    path = save_files.readable(env, given)
    loaded = save_files.load_given(env, path)
    files = None if trusted.is_inherited(path) else Files((path,), (os.path.dirname(path),))
    return Facts(loaded.config, saved=loaded, files=files)


def _files(save_file: str) -> Files:
    """Return the save file and its backups, and their directories."""
    folder = disk.backup_folder(save_file)
    return Files((save_file, *disk.backups(folder)), (os.path.dirname(save_file), folder))


def _compared(
    env: Env, node: Node, have: Config, missing: Unrestored
) -> tuple[tuple[int | None, str], Loaded | None, tuple[str, str]]:
    """Return (number of changes since the save file or None, note or ""), and the file's contents.

    They are None if the file is what saveconfig would write, as it usually is: comparing the texts
    takes less time than parsing one. The third is the damage of the file, if any, and its cure.
    """
    path = env.save_file
    if not os.path.exists(path):
        if have.is_empty:
            return (0, ""), None, _NO_DAMAGE
        text = f"{path} does not exist: nothing is restored at boot (saveconfig)"
        return (None, text), None, _NO_DAMAGE
    try:
        if _is_saved(env, path, have, missing):
            return (0, ""), None, _NO_DAMAGE
    except LioError as err:
        # A record beside the configuration is damaged.
        return (None, f"{err}: {err.hint}"), None, _NO_DAMAGE
    # Imported here: usually there is nothing to compare.
    from ..views import changes
    from . import plan

    loaded = None
    try:
        loaded = save_files.load_given(env, path)
        save_files.require_understood(loaded, path)
        # What a save would write: it keeps what could not be restored.
        found = plan.to_loaded(env, node, loaded, running.to_save(env, have, missing)).plan
    except LioError as err:
        return (None, ""), loaded, _damaged(env, have, err, loaded)
    number = len(changes.of_plan(found))
    text = "diff shows the unsaved changes, saveconfig keeps them, apply returns to the file"
    if have.is_empty:
        # As after a stop of the service: to save that would empty the file.
        text = "nothing is configured, restoreconfig restores the saved configuration"
    return (number, text if number else ""), loaded, _NO_DAMAGE


def _damaged(env: Env, have: Config, err: LioError, loaded: Loaded | None) -> tuple[str, str]:
    """Return why the save file cannot be used, as one line, and what helps.

    What runs is the best copy; after a boot with a damaged file nothing runs, and to save that
    would lose the configuration.
    """
    cures = []
    if loaded is not None:
        cures.append("correct the file")
    if not have.is_empty:
        without = " without these entries" if loaded is not None else ""
        cures.append(f"saveconfig writes the running configuration to it{without}")
    elif cure := save_files.from_backup(env):
        cures.append(cure)
    return str(err).partition("\n")[0], "; or ".join(cures or ["correct the file"])


def _is_saved(env: Env, path: str, have: Config, missing: Unrestored) -> bool:
    """Return True if saveconfig would write what the file has."""
    from rtslib_ext import savefile

    config = running.to_save(env, have, missing)
    own = save_files.identities_of(have.storage_objects.values())
    identities = {**missing.identities, **own}
    owners = save_files.owners_in(env, config)
    return disk.holds(
        path, lambda: savefile.pieces(config, missing.paths, identities=identities, owners=owners)
    )
