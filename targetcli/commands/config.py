# SPDX-License-Identifier: Apache-2.0
"""The configuration as a whole: save, restore, clear."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rtslib_ext import restore
from rtslib_ext.config.model import Config, Lun, NodeAcl, Portal, Target
from rtslib_ext.errors import InvalidValue, LioError, NotFound, RestoreIncomplete
from rtslib_ext.fast_dataclasses import dataclass, field, replace
from rtslib_ext.reading import counting
from rtslib_ext.savefile import disk
from rtslib_ext.steps import Action, Step
from rtslib_ext.steps.portals import LISTEN
from rtslib_ext.transaction.executor import Outcome

from .. import __version__, progress
from ..changes import apply, running
from ..changes.apply import WAITING
from ..env import TARGET_DIR, Env
from ..progress import Work
from ..result import Aside, Result, Warn, say, show
from ..tree import Node
from ..tree.backstores import StorageObjectNode

if TYPE_CHECKING:
    from rtslib_ext.savefile import Loaded
    from rtslib_ext.savefile.checked_json import Problem

_UNIVERSAL_PREFERENCES = f"{TARGET_DIR}/targetcli.conf"


def saveconfig(env: Env, node: Node, savefile: str) -> Result:
    """Save the running configuration."""
    if env.session.leaving and env.session.last_change == WAITING:
        raise LioError("not saved: a change waits for confirmation", hint="confirm, saveconfig")
    path = path_of(env, savefile)
    config = running.read(env)
    _keep_what_there_is(env, path, config)
    later = apply.defer(
        env, f"save the configuration to {path}", lambda: saveconfig(env, node, savefile)
    )
    if later is not None:
        return later
    lines, facts = _save(env, path, config)
    said = f"Configuration saved to {shown_path(env, savefile)}"
    return Result([*lines, said], data=lambda: facts)


def path_of(env: Env, given: str | None) -> str:
    """A save file that was given, or the usual one."""
    return os.path.abspath(shown_path(env, given))


def shown_path(env: Env, given: str | None) -> str:
    """The same as messages have it: scripts compare them with what they gave."""
    return os.path.expanduser(given) if given else env.save_file


def _save(env: Env, path: str, config: Config) -> tuple[list[str], dict[str, object]]:
    """Write a save file, with a backup of the usual one: what is said, and what --json gives."""
    # Imported here, as in load: what only clears needs no file.
    from rtslib_ext import savefile

    lines, backup = _back_up(env, path)
    written = disk.write(path, lambda: savefile.pieces(config))
    return lines, {"file": path, "written": written, "backup": backup}


def _keep_what_there_is(env: Env, path: str, config: Config) -> None:
    """An empty configuration does not take the place of anything, unless told to.

    clearconfig right before tells it: nothing else can have emptied the kernel. Leaving the
    shell does not, nor does a boot that could restore nothing.
    """
    meant = env.options.yes or (
        env.session.last_change == "clearconfig" and not env.session.leaving
    )
    if config.is_empty and not meant and _holds_something(path):
        raise LioError(
            f"nothing is configured, but {path} holds a configuration: it was left as it is",
            hint="--yes saves the empty configuration all the same",
        )


def _holds_something(path: str) -> bool:
    """What cannot be read may be a configuration with a slip of the editor in it."""
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
    """What is said of the backup, and its path where one was made."""
    if path != env.save_file:
        return [], None
    keep = _backups_to_keep(env)
    try:
        made = disk.back_up(path, keep)
    except LioError as err:
        return [Warn(err)], None
    if made is None:
        return [], None
    return [f"Last {keep} configs saved in {os.path.dirname(made)}/."], made


def _backups_to_keep(env: Env) -> int:
    """The larger of the user's number and the one that holds for all users."""
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
    """Bring up what a file holds."""
    path = path_of(env, savefile)
    loaded = load(path)
    want = restore.select(loaded.config, target, storage_object)
    partly = bool(target or storage_object)
    found = [item for item in loaded.problems if not partly or _concerns(item, want)]
    problems: list[LioError] = [InvalidValue(f"{problem}") for problem in found]
    if clear_existing and problems and want.is_empty and not env.options.yes:
        raise LioError(
            f"nothing in {path} could be used ({found[0]}), so nothing was cleared",
            hint="give a file that saveconfig wrote; --yes clears all the same",
        )
    if clear_existing and keep_existing:
        raise InvalidValue("clear_existing and keep_existing exclude each other")
    if env.session.transaction is not None:
        env.session.transaction.refuse_irreversible()
    if clear_existing:
        problems += _cleared(env, want if partly else None)
    elif not keep_existing:
        restore.conflicts(env.fs, _named(want, storage_object) if partly else want)
    if partly:
        want = restore.without_present(env.fs, want)
    with _noted(env, "restoring", lambda _: counting.wanted(want)) as noted:
        outcome = restore.restore(env.fs, want, noted.observe, keep=keep_existing, host=env.host)
        noted.made |= outcome.made
    problems += _causes(outcome)
    shown, notes = shown_path(env, savefile), [*outcome.notes, *_portal_notes(env, outcome)]
    return _restored(path, shown, problems, notes)


def _cleared(env: Env, part: Config | None = None) -> list[LioError]:
    """Take everything away, or what ``part`` has; what could not be taken away.

    Where somebody is there who may want it back, it is read before; a service that stops is not
    held up by that. What cannot be read goes all the same.
    """
    have = None
    if env.session.several or env.on_terminal:
        with suppress(LioError):
            have = running.read(env)
    with _noted(env, "clearing", lambda done: done + counting.running(env.fs)) as noted:
        if part is None:
            return _causes(restore.clear(env.fs, noted.observe, have, host=env.host))
        return _causes(restore.clear_part(env.fs, part, noted.observe, have, host=env.host))


@dataclass(slots=True)
class _Noted:
    """What was changed, and the shared folders that were made."""

    work: Work
    changed: list[Step] = field(default_factory=list)
    made: set[str] = field(default_factory=set)

    def observe(self, step: Step) -> None:
        """Note a step that was done; an object that was made or taken away is a piece of work."""
        self.changed.append(step)
        if step.action is not Action.UPDATE:
            self.work.count()


@contextmanager
def _noted(env: Env, what: str, total: progress.Total) -> Iterator[_Noted]:
    """Note what is changed, also where an interrupt ends it."""
    with progress.work(env, what, total) as work:
        noted = _Noted(work)
        try:
            yield noted
        finally:
            apply.note(env, noted.changed, noted.made)


def _restored(
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
    """What the kernel does not say of the portals that were made."""
    from .portals import notes

    found = []
    for step in outcome.done:
        if step.verb == LISTEN:
            address, _, port = step.subject.rpartition(":")
            texts = notes(env, Portal(address, int(port)))
            found += [(step.path, text.removeprefix("Note: ")) for text in texts]
    return found


def _concerns(problem: Problem, want: Config) -> bool:
    """Whether a problem in the file is one of what is to be restored, or of what it exports."""
    owner = problem.owner
    if owner is None or owner in want.targets or owner in want.storage_objects:
        return True
    tpgs = (tpg for target in want.targets.values() for tpg in target.tpgs.values())
    return any(lun.storage_object == owner for tpg in tpgs for lun in tpg.luns.values())


def _named(want: Config, storage_object: str | None) -> Config:
    """What was asked for by name; a target's storage objects may be there already."""
    found = restore.select(want, None, storage_object) if storage_object else Config()
    return replace(want, storage_objects=found.storage_objects)


def load(path: str) -> Loaded:
    """Read a save file or a backup of one."""
    from rtslib_ext import savefile

    return savefile.loads(disk.read(path), path)


def _causes(outcome: Outcome) -> list[LioError]:
    """An error for each object that could not be made, or not taken away, as it should."""
    causes = []
    for failure in outcome.failures:
        failure.error.path = failure.error.path or failure.step.path
        failure.error.prefix(failure.step.text)
        causes.append(failure.error)
    for step in outcome.skipped:
        if step.action is Action.CREATE:
            causes.append(NotFound(f"{step.text}: what it needs is missing", path=step.path))
    return causes


def _line(cause: LioError) -> str:
    path = f"{cause.path}: " if cause.path else ""
    hint = f" ({cause.hint})" if cause.hint else ""
    return f"{path}{cause}{hint}, skipped"


def clearconfig(env: Env, node: Node, confirm: bool) -> Result:
    """Take the whole running configuration away."""
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
    """The version of this program."""
    facts = {"name": "targetcli", "version": __version__}
    return show([f"targetcli version {__version__}"], lambda: facts)


# -- one storage object in a save file ------------------------------------------------------


def save_storage_object(env: Env, node: Node, savefile: str) -> Result:
    """Save a storage object and the first target that exports it; keep the rest of the file."""
    assert isinstance(node, StorageObjectNode)
    path = path_of(env, savefile)
    saved = saved_in(path)
    now = running.read(env)
    key = (node.plugin, node.name)
    if key not in now.storage_objects:
        raise LioError(
            "it was never enabled, so there is nothing to save",
            path=node.path,
            hint="delete it and create it anew",
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


def forget_storage_object(
    env: Env, saved: Config, key: tuple[str, str]
) -> tuple[list[str], dict[str, object]]:
    """Take a deleted storage object out of the save file, with the LUNs that exported it.

    Gives what is said of the backup, and what --json gives of the saving.
    """
    objects = {found: so for found, so in saved.storage_objects.items() if found != key}
    targets = {found: _without(target, key) for found, target in saved.targets.items()}
    return _save(env, env.save_file, replace(saved, storage_objects=objects, targets=targets))


def saved_in(path: str) -> Config:
    """What a file holds that is to be changed; raises LioError where that would lose something."""
    if not os.path.exists(path):
        return Config()
    loaded = load(path)
    if loaded.problems:
        # Writing it again would lose what was not understood.
        raise LioError(
            f"{path} has parts that are not understood: {loaded.problems[0]}",
            hint="mend it, or save the whole configuration with saveconfig",
        )
    return loaded.config


def _exports(target: Target, key: tuple[str, str]) -> bool:
    luns = (lun for tpg in target.tpgs.values() for lun in tpg.luns.values())
    return any(lun.storage_object == key for lun in luns)


def _without(target: Target, key: tuple[str, str]) -> Target:
    """A target without the LUNs that export a storage object, and their mapped LUNs."""
    tpgs = {}
    for tag, tpg in target.tpgs.items():
        luns = {index: lun for index, lun in tpg.luns.items() if lun.storage_object != key}
        acls = {wwn: _only_mapping(acl, luns) for wwn, acl in tpg.acls.items()}
        tpgs[tag] = replace(tpg, luns=luns, acls=acls)
    return replace(target, tpgs=tpgs)


def _only_mapping(acl: NodeAcl, luns: dict[int, Lun]) -> NodeAcl:
    mapped = {index: lun for index, lun in acl.mapped_luns.items() if lun.tpg_lun in luns}
    return replace(acl, mapped_luns=mapped)
