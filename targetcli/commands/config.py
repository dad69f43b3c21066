# SPDX-License-Identifier: Apache-2.0
"""saveconfig, restoreconfig and clearconfig."""

from __future__ import annotations

import os
import re
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING

from rtslib_ext import restore
from rtslib_ext.config.model import Config, Lun, NodeAcl, Portal, Target
from rtslib_ext.errors import InvalidValue, LioError, NotFound, RestoreIncomplete
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.reading import counting
from rtslib_ext.savefile import disk
from rtslib_ext.steps import Action
from rtslib_ext.steps.portals import LISTEN
from rtslib_ext.transaction.executor import Outcome
from rtslib_ext.transaction.lock import LastChange

from .. import __version__
from ..changes import apply, running
from ..changes.apply import Recorder
from ..env import TARGET_DIR, Env
from ..progress import Total
from ..result import Aside, Result, Warn, say, show
from ..tree import Node
from ..tree.backstores import StorageObjectNode

if TYPE_CHECKING:
    from rtslib_ext.savefile import Loaded
    from rtslib_ext.savefile.checked_json import Problem

_UNIVERSAL_PREFERENCES = f"{TARGET_DIR}/targetcli.conf"


def saveconfig(env: Env, node: Node, savefile: str) -> Result:
    """Save the running configuration."""
    if env.session.leaving and env.session.last_change is LastChange.UNCONFIRMED:
        raise LioError(
            "not saved: a change is waiting for confirmation", hint="confirm, then saveconfig"
        )
    path = path_of(env, savefile)
    config = running.read(env)
    _refuse_overwriting(env, path, config)
    later = apply.defer(
        env, f"save the configuration to {path}", lambda: saveconfig(env, node, savefile)
    )
    if later is not None:
        return later
    lines, facts = _save(env, path, config)
    saved = f"Configuration saved to {shown_path(env, savefile)}"
    return Result([*lines, saved], data=lambda: facts)


def path_of(env: Env, given: str | None) -> str:
    """Return the absolute path of the given save file, or of the default one."""
    return os.path.abspath(shown_path(env, given))


def shown_path(env: Env, given: str | None) -> str:
    """Return the path as messages show it: scripts compare it with the one they passed."""
    return os.path.expanduser(given) if given else env.save_file


def _save(env: Env, path: str, config: Config) -> tuple[list[str], dict[str, object]]:
    """Write a save file, and back up the default one: (messages, facts for --json)."""
    # Imported here, as in load: clearconfig needs no file.
    from rtslib_ext import savefile

    lines, backup = _back_up(env, path)
    written = disk.write(path, lambda: savefile.pieces(config))
    return lines, {"file": path, "written": written, "backup": backup}


def _refuse_overwriting(env: Env, path: str, config: Config) -> None:
    """Raise LioError if an empty configuration would overwrite a saved one.

    It may after clearconfig, or with --yes. Leaving the shell is no reason: the kernel may be empty
    because nothing was restored at boot.
    """
    intended = env.options.yes or (
        env.session.last_change is LastChange.CLEARED and not env.session.leaving
    )
    if config.is_empty and not intended and _has_content(path):
        raise LioError(
            f"nothing is configured, but {path} contains a configuration: it was not overwritten",
            hint="--yes saves the empty configuration anyway",
        )


def _has_content(path: str) -> bool:
    """Return True if a file may hold a configuration; one with a syntax error may."""
    try:
        if not os.path.getsize(path):
            return False
        loaded = load(path)
    except OSError:
        return False
    except LioError:
        return True
    return bool(loaded.problems) or not loaded.config.is_empty


def _back_up(env: Env, path: str) -> tuple[list[str], str | None]:
    """Back up the default save file: (messages, the backup's path or None)."""
    if path != env.save_file:
        return [], None
    keep = _backups_to_keep(env)
    try:
        backup = disk.back_up(path, keep)
    except LioError as err:
        return [Warn(err)], None
    if backup is None:
        return [], None
    return [f"Last {keep} configs saved in {os.path.dirname(backup)}/."], backup


def _backups_to_keep(env: Env) -> int:
    """Return the larger of the user's number of backups and the system-wide one."""
    found = [str(env.prefs.get("max_backup_files") or "")]
    try:
        with open(_UNIVERSAL_PREFERENCES, encoding="utf-8") as file:
            found += re.findall(r"^max_backup_files\s*=\s*(\d+)", file.read(), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        pass
    return max((int(text) for text in found if text.isdigit()), default=10)


def restoreconfig(
    env: Env,
    node: Node,
    savefile: str,
    clear_existing: bool,
    target: str | None,
    storage_object: str | None,
    keep_existing: bool,
) -> Result:
    """Restore a saved configuration."""
    path = path_of(env, savefile)
    loaded = load(path)
    want = restore.select(loaded.config, target, storage_object)
    partly = bool(target or storage_object)
    found = [item for item in loaded.problems if not partly or _concerns(item, want)]
    problems: list[LioError] = [InvalidValue(f"{problem}") for problem in found]
    if clear_existing and problems and want.is_empty and not env.options.yes:
        raise LioError(
            f"nothing in {path} could be used ({found[0]}), so nothing was cleared",
            hint="give a file that saveconfig wrote; --yes clears anyway",
        )
    if clear_existing and keep_existing:
        raise InvalidValue("clear_existing and keep_existing cannot be combined")
    if env.session.transaction is not None:
        env.session.transaction.refuse_irreversible()
    if clear_existing:
        problems += _cleared(env, want if partly else None)
    elif not keep_existing:
        restore.conflicts(env.fs, _named(want, storage_object) if partly else want)
    if partly:
        want = restore.without_present(env.fs, want)
    with _recording(env, "restoring", lambda _: counting.wanted(want)) as recorder:
        outcome = restore.restore(env.fs, want, recorder.observe, keep=keep_existing, host=env.host)
        recorder.made |= outcome.made
    problems += _causes(outcome)
    shown, notes = shown_path(env, savefile), [*outcome.notes, *_portal_notes(env, outcome)]
    return _restore_result(path, shown, problems, notes)


def _cleared(env: Env, part: Config | None = None) -> list[LioError]:
    """Delete the whole configuration, or ``part`` of it; return an error for each failure.

    If a user may undo it, it is read first; a service that stops does not wait for
    that. What cannot be read is deleted anyway.
    """
    have = None
    if env.session.several or env.on_terminal:
        with suppress(LioError):
            have = running.read(env)
    with _recording(env, "clearing", lambda done: done + counting.running(env.fs)) as recorder:
        if part is None:
            return _causes(restore.clear(env.fs, recorder.observe, have, host=env.host))
        return _causes(restore.clear_part(env.fs, part, recorder.observe, have, host=env.host))


def _recording(env: Env, what: str, total: Total) -> AbstractContextManager[Recorder]:
    """Record changes that an error or an interrupt does not undo."""
    return apply.recording(env, what, total, partial=True, objects_only=True)


def _restore_result(
    path: str, shown: str, problems: list[LioError], notes: list[tuple[str, str]]
) -> Result:
    facts = {
        "file": path,
        "complete": not problems,
        "notes": [{"path": owner, "text": text} for owner, text in notes],
    }
    lines = [f"{owner}: {text}" for owner, text in notes]
    if not problems:
        asides = [Aside(f"Note: {text}") for text in lines]
        return Result([f"Configuration restored from {shown}", *asides], data=lambda: facts)
    head = f"Configuration restored, {len(problems)} recoverable errors:"
    text = "\n".join([head, *map(_line, problems)])
    failure = RestoreIncomplete(text, causes=problems, hint="\n".join(lines))
    return Result(failures=[failure], data=lambda: facts)


def _portal_notes(env: Env, outcome: Outcome) -> list[tuple[str, str]]:
    """Return (path, note) for problems of new portals that the kernel does not report."""
    from .portals import notes

    found = []
    for step in outcome.done:
        if step.verb == LISTEN:
            address, _, port = step.subject.rpartition(":")
            texts = notes(env, Portal(address, int(port)))
            found += [(step.path, text.removeprefix("Note: ")) for text in texts]
    return found


def _concerns(problem: Problem, want: Config) -> bool:
    """Return True if a problem in the file affects the objects to restore, or one they export."""
    owner = problem.owner
    if owner is None or owner in want.targets or owner in want.storage_objects:
        return True
    tpgs = (tpg for target in want.targets.values() for tpg in target.tpgs.values())
    return any(lun.storage_object == owner for tpg in tpgs for lun in tpg.luns.values())


def _named(want: Config, storage_object: str | None) -> Config:
    """Return the named objects; the storage objects of a named target may exist already."""
    found = restore.select(want, None, storage_object) if storage_object else Config()
    return replace(want, storage_objects=found.storage_objects)


def load(path: str) -> Loaded:
    """Read a save file or a backup; raises LioError."""
    from rtslib_ext import savefile

    return savefile.loads(disk.read(path), path)


def _causes(outcome: Outcome) -> list[LioError]:
    """Return an error for each object that could not be created or deleted as planned."""
    causes = []
    for failure in outcome.failures:
        failure.error.path = failure.error.path or failure.step.path
        failure.error.prefix(failure.step.text)
        causes.append(failure.error)
    for step in outcome.skipped:
        if step.action is Action.CREATE:
            causes.append(NotFound(f"{step.text}: an object it needs is missing", path=step.path))
    return causes


def _line(cause: LioError) -> str:
    path = f"{cause.path}: " if cause.path else ""
    hint = f" ({cause.hint})" if cause.hint else ""
    return f"{path}{cause}{hint}, skipped"


def clearconfig(env: Env, node: Node, confirm: bool) -> Result:
    """Delete the whole running configuration."""
    if not confirm:
        raise InvalidValue(
            "As a precaution, confirm=True needs to be set", hint="clearconfig confirm=true"
        )
    if env.session.transaction is not None:
        env.session.transaction.refuse_irreversible()
    problems = _cleared(env)
    if problems:
        text = "\n".join(["the configuration could not be cleared:", *map(_line, problems)])
        raise RestoreIncomplete(text, causes=problems)
    return say("All configuration cleared")


def version(env: Env, node: Node) -> Result:
    """Show the version of this program."""
    facts = {"name": "targetcli", "version": __version__}
    return show([f"targetcli version {__version__}"], lambda: facts)


# -- one storage object in a save file ------------------------------------------------------


def save_storage_object(env: Env, node: StorageObjectNode, savefile: str) -> Result:
    """Save a storage object and the first target that exports it; keep the rest of the file."""
    path = path_of(env, savefile)
    saved = saved_in(path)
    now = running.read(env)
    key = (node.plugin, node.name)
    if key not in now.storage_objects:
        raise LioError(
            "it was never enabled, so there is nothing to save",
            path=node.path,
            hint="delete it and create it again",
        )
    targets = dict(saved.targets)
    for found_key, found in now.targets.items():
        if _exports(found, key):
            targets[found_key] = found
            break
    later = apply.defer(
        env, f"save {node.path} to {path}", lambda: save_storage_object(env, node, savefile)
    )
    if later is not None:
        return later
    objects = {**saved.storage_objects, key: now.storage_objects[key]}
    lines, facts = _save(env, path, replace(saved, storage_objects=objects, targets=targets))
    shown = shown_path(env, savefile)
    line = f"Storage Object '{key[0]}:{key[1]}' config saved to {shown}."
    return Result([*lines, line], data=lambda: facts)


def remove_storage_object(
    env: Env, saved: Config, key: tuple[str, str]
) -> tuple[list[str], dict[str, object]]:
    """Remove a deleted storage object from the save file, with the LUNs that exported it.

    Returns the messages about the backup, and the facts for --json.
    """
    objects = {found: so for found, so in saved.storage_objects.items() if found != key}
    targets = {found: _without(target, key) for found, target in saved.targets.items()}
    return _save(env, env.save_file, replace(saved, storage_objects=objects, targets=targets))


def saved_in(path: str) -> Config:
    """Return the configuration in a save file; raises LioError if rewriting it would lose data."""
    if not os.path.exists(path):
        return Config()
    loaded = load(path)
    if loaded.problems:
        # Rewriting the file would lose the entries that are not understood.
        raise LioError(
            f"{path} has entries that are not understood: {loaded.problems[0]}",
            hint="correct it, or save the whole configuration with saveconfig",
        )
    return loaded.config


def _exports(target: Target, key: tuple[str, str]) -> bool:
    luns = (lun for tpg in target.tpgs.values() for lun in tpg.luns.values())
    return any(lun.storage_object == key for lun in luns)


def _without(target: Target, key: tuple[str, str]) -> Target:
    """Return a target without the LUNs that export a storage object, and their mapped LUNs."""
    tpgs = {}
    for tag, tpg in target.tpgs.items():
        luns = {index: lun for index, lun in tpg.luns.items() if lun.storage_object != key}
        acls = {wwn: _only_mapping(acl, luns) for wwn, acl in tpg.acls.items()}
        tpgs[tag] = replace(tpg, luns=luns, acls=acls)
    return replace(target, tpgs=tpgs)


def _only_mapping(acl: NodeAcl, luns: dict[int, Lun]) -> NodeAcl:
    mapped = {index: lun for index, lun in acl.mapped_luns.items() if lun.tpg_lun in luns}
    return replace(acl, mapped_luns=mapped)
