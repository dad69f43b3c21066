# SPDX-License-Identifier: Apache-2.0
"""Deleting a storage object, with what exports it, and out of the save file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial

from rtslib_ext.config.model import Config
from rtslib_ext.errors import NotFound
from rtslib_ext.kernel import setup
from rtslib_ext.plan import remove
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Step, backstores
from rtslib_ext.steps.operations import Unlink
from rtslib_ext.usage import exports, reservations
from rtslib_ext.usage.exports import Export

from ..changes import apply, consent
from ..env import Env
from ..result import Aside, Result
from ..tree import Node
from ..tree.backstores import StorageObjectNode


def storage_object(env: Env, node: Node, name: str, save: bool) -> Result:
    """Delete a storage object with the LUNs that export it."""
    found = node.find(name)
    if not isinstance(found, StorageObjectNode):
        raise NotFound(f"No storage object named {name}.", path=node.path)
    # Read first: a file that must not be written keeps the object.
    saved = _saved(env) if save and os.path.exists(env.save_file) else None
    exported = exports.of_storage_object(env.fs, found.configfs)
    steps = _removal(env, found, exported, likely=consent.may_miss(env))
    consent.ask(env, steps, [f"This deletes {text}" for text in _told(exported, steps)])
    done = apply.apply(env, steps, partial(_left, env, found)).done
    lines: list[str] = [Aside(f"Deleted {text}") for text in _told(exported, done)]
    deleted = f"Deleted storage object {name}."
    if saved is None:
        return Result([*lines, deleted])
    key = (found.plugin, name)
    later = apply.defer(
        env,
        f"take {found.path} out of {env.save_file}",
        lambda: _forgotten(env, _saved(env), key, lines, deleted),
    )
    return later or _forgotten(env, saved, key, lines, deleted)


def _removal(
    env: Env, found: StorageObjectNode, exported: Iterable[Export], *, likely: bool = False
) -> list[Step]:
    """The steps that take a storage object away with the LUNs that export it."""
    reader = Reader(env.fs)
    steps: list[Step] = []
    for export in exported:
        steps += remove.remove_lun(reader, export, likely=likely)
    so = found.read()
    if so is None:
        return [*steps, backstores.discard(found.path, found.configfs)]
    kept = reservations.kept(setup.dbroot(env.fs), so.wwn or "")
    return [*steps, *backstores.delete(so, found.configfs, kept)]


def _left(env: Env, found: StorageObjectNode) -> list[Step]:
    """The same for what is still there."""
    return _removal(env, found, exports.of_storage_object(env.fs, found.configfs))


def _told(exported: Iterable[Export], steps: Iterable[Step]) -> Iterator[str]:
    """The LUNs that steps take away, each with how many mapped LUNs lead to it."""
    operations = (item for step in steps for item in step.operations)
    hidden = Counter(item.target for item in operations if isinstance(item, Unlink))
    for item in exported:
        yield f"LUN {item.index} of {item.tpg_path.shell}, mapped LUNs: {hidden[item.configfs]}"


def _saved(env: Env) -> Config:
    """What the save file holds."""
    # Imported here: few commands of storage objects look at files.
    from .config import saved_in

    return saved_in(env.save_file)


def _forgotten(
    env: Env, saved: Config, key: tuple[str, str], lines: list[str], deleted: str
) -> Result:
    """Take a deleted storage object out of the save file; what is said of the deletion."""
    from .config import forget_storage_object

    notes, facts = forget_storage_object(env, saved, key)
    return Result([*lines, *notes, deleted], data=lambda: facts)
