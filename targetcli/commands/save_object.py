# SPDX-License-Identifier: Apache-2.0
"""saveconfig of one storage object: its entry in a save file, and the rest of the file kept."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rtslib_ext.config import shell_paths
from rtslib_ext.config.model import Config, Lun, NodeAcl, Target
from rtslib_ext.errors import LioError
from rtslib_ext.fast_dataclasses import replace

from ..changes import apply, running
from ..env import Env
from ..result import Result
from ..tree.backstores import StorageObjectNode
from . import save_files

if TYPE_CHECKING:
    from rtslib_ext.savefile import Loaded


def save_storage_object(env: Env, node: StorageObjectNode, savefile: str) -> Result:
    """Save a storage object and the first target that exports it; keep the rest of the file."""
    path = save_files.path_of(env, savefile)
    saved = saved_in(path)
    now = running.read(env)
    key = (node.plugin, node.name)
    if key not in now.storage_objects:
        raise LioError(
            "it was never enabled, so there is nothing to save",
            path=node.path,
            hint="delete it and create it again",
        )
    missing = running.unrestored(env, now)
    kept = running.to_save(env, now, missing)
    if key not in kept.storage_objects:
        raise LioError(
            "it moves between the hosts of a pair, so no save file has it",
            path=node.path,
            hint="the fragment of its owner has it: owners lists the owners",
        )
    first = next((item for item in kept.targets.values() if key in item.exported()), None)
    targets = {**saved.config.targets, **({first.key: first} if first else {})}
    later = apply.defer(
        env, f"save {node.path} to {path}", lambda: save_storage_object(env, node, savefile)
    )
    if later is not None:
        return later
    objects = {**saved.config.storage_objects, key: kept.storage_objects[key]}
    config = replace(saved.config, storage_objects=objects, targets=targets)
    identities = {
        **saved.identities,
        **missing.identities,
        **save_files.identities_of([now.storage_objects[key]]),
    }
    owners = save_files.owners_in(env, config, saved.owners)
    marks = _marked(missing.paths, config)
    lines, facts = save_files.write(
        env, path, config, marks, identities, owners=owners, kept=saved.allowed
    )
    shown = save_files.shown_path(env, savefile)
    line = f"Storage Object '{key[0]}:{key[1]}' config saved to {shown}."
    notes = save_files.not_restorable([now.storage_objects[key]], facts)
    return Result([*lines, line, *notes], data=lambda: facts)


def _marked(missing: Sequence[str], config: Config) -> list[str]:
    """Return the paths of missing objects that are in a configuration."""
    objects = {so.path for so in config.storage_objects.values()}
    targets = {shell_paths.target(*key) for key in config.targets}
    return [
        path
        for path in missing
        if "/".join(path.split("/")[:4]) in objects or "/".join(path.split("/")[:3]) in targets
    ]


def remove_storage_object(
    env: Env, saved: Loaded, key: tuple[str, str]
) -> tuple[list[str], dict[str, object]]:
    """Remove a deleted storage object from the save file, with the LUNs that exported it.

    Returns the messages about the backup, and the facts for --json.
    """
    have = saved.config
    objects = {found: so for found, so in have.storage_objects.items() if found != key}
    targets = {found: _without(target, key) for found, target in have.targets.items()}
    config = replace(have, storage_objects=objects, targets=targets)
    marks = _marked(saved.unrestored, config)
    owners = save_files.owners_in(env, config, saved.owners)
    return save_files.write(
        env,
        env.save_file,
        config,
        marks,
        saved.identities,
        owners=owners,
        kept=saved.allowed,
    )


def saved_in(path: str) -> Loaded:
    """Read a save file that is to be rewritten; raises LioError if that would lose data."""
    from rtslib_ext.savefile import Loaded

    if not os.path.exists(path):
        return Loaded(Config(), ())
    loaded = save_files.load(path)
    if loaded.problems:
        # Rewriting the file would lose the entries that are not understood.
        raise LioError(
            f"{path} has entries that are not understood: {loaded.problems[0]}",
            hint="correct it, or save the whole configuration with saveconfig",
        )
    return loaded


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
