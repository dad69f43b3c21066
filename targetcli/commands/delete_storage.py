# SPDX-License-Identifier: Apache-2.0
"""Delete a storage object, its LUNs, and its entry in the save file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

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
from ..tree.backstores import Backstore, StorageObjectNode

if TYPE_CHECKING:
    from rtslib_ext.savefile import Loaded


def storage_object(env: Env, node: Backstore, name: str, save: bool) -> Result:
    """Delete a storage object with the LUNs that export it."""
    found = node.find(name)
    if found is None:
        raise NotFound(f"No storage object named {name}.", path=node.path)
    # Read first: if the file must not be rewritten, the object is not deleted.
    saved = _saved(env) if save and os.path.exists(env.save_file) else None
    exported = exports.of_storage_object(env.fs, found.configfs)
    steps = _removal(env, found, exported, likely=consent.may_miss(env))
    before = [f"This deletes {text}" for text in _describe(exported, steps)]
    done = apply.apply(env, steps, partial(_remaining, env, found), before=before).done
    lines: list[str] = [Aside(f"Deleted {text}") for text in _describe(exported, done)]
    deleted = f"Deleted storage object {name}."
    if saved is None:
        return Result([*lines, deleted])
    key = (found.plugin, name)
    later = apply.defer(
        env,
        f"remove {found.path} from {env.save_file}",
        lambda: _delete_saved(env, _saved(env), key, lines, deleted),
    )
    return later or _delete_saved(env, saved, key, lines, deleted)


def _removal(
    env: Env, node: StorageObjectNode, exported: Iterable[Export], *, likely: bool = False
) -> list[Step]:
    """Return the steps that delete a storage object and the LUNs that export it."""
    reader = Reader(env.fs)
    steps: list[Step] = []
    for export in exported:
        steps += remove.remove_lun(reader, export, likely=likely)
    so = node.read()
    if so is None:
        return [*steps, backstores.discard(node.path, node.configfs)]
    kept = reservations.kept(setup.dbroot(env.fs), so.wwn or "")
    return [*steps, *backstores.delete(so, node.configfs, kept)]


def _remaining(env: Env, node: StorageObjectNode) -> list[Step]:
    """Return the steps for the parts that still exist, for a retry."""
    return _removal(env, node, exports.of_storage_object(env.fs, node.configfs))


def _describe(exported: Iterable[Export], steps: Iterable[Step]) -> Iterator[str]:
    """Describe the LUNs that steps delete, each with its number of mapped LUNs."""
    operations = (item for step in steps for item in step.operations)
    mapped = Counter(item.target for item in operations if isinstance(item, Unlink))
    for item in exported:
        yield f"LUN {item.index} of {item.tpg_path.shell}, mapped LUNs: {mapped[item.configfs]}"


def _saved(env: Env) -> Loaded:
    """Read the save file."""
    # Imported here: few commands of storage objects read files.
    from .save_object import saved_in

    return saved_in(env.save_file)


def _delete_saved(
    env: Env, saved: Loaded, key: tuple[str, str], lines: list[str], deleted: str
) -> Result:
    """Remove a deleted storage object from the save file; return the result of the command."""
    from .save_object import remove_storage_object

    notes, facts = remove_storage_object(env, saved, key)
    return Result([*lines, *notes, deleted], data=lambda: facts)
