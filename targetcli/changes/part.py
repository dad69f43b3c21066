# SPDX-License-Identifier: Apache-2.0
"""The part of a configuration that a node of the tree stands for: one target or storage object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rtslib_ext.config import shell_paths
from rtslib_ext.config.model import Config, Key
from rtslib_ext.errors import NotFound
from rtslib_ext.fast_dataclasses import replace

from ..tree import Node
from ..tree.backstores import StorageObjectNode
from ..tree.fabrics import SingleTpgNode, TargetNode

if TYPE_CHECKING:
    from rtslib_ext.plan.builder import Plan


def owner(node: Node) -> StorageObjectNode | TargetNode | SingleTpgNode | None:
    """Return the storage object or target that a node is, or that it is below; None elsewhere."""
    found: Node | None = node
    while found is not None:
        if isinstance(found, StorageObjectNode | TargetNode | SingleTpgNode):
            return found
        found = found.parent
    return None


def select(want: Config, node: Node) -> Config:
    """Return the target or storage object of a node; all of ``want`` elsewhere.

    A target includes the storage objects that it exports. Raises NotFound if it is not in ``want``.
    """
    # Imported here, as in put: sessions needs only the owner of a node.
    from rtslib_ext import restore

    found = owner(node)
    if found is None:
        return want
    key = _key(found)
    if isinstance(found, StorageObjectNode):
        if so := want.storage_objects.get(key):
            return restore.of_objects(want, {key: so})
    elif target := want.targets.get(key):
        return restore.select(replace(want, targets={key: target}), target.wwn, None)
    raise NotFound(f"the file has no {found.path}", hint="/ diff compares the whole file")


def _key(found: StorageObjectNode | TargetNode | SingleTpgNode) -> Key:
    if isinstance(found, StorageObjectNode):
        return found.plugin, found.name
    return found.fabric.name, found.name


def put(have: Config, part: Config, *, merge: bool = False) -> Config:
    """Return the running configuration with a part of it replaced by ``part``, or merged."""
    if merge:
        from rtslib_ext.config import merge as merging

        return merging.merge(have, part)
    return Config(
        storage_objects={**have.storage_objects, **part.storage_objects},
        targets={**have.targets, **part.targets},
        fabrics=have.fabrics,
        lu_groups={**have.lu_groups, **part.lu_groups},
    )


def wanted(want: Config, have: Config, node: Node) -> Config:
    """Return the configuration that differs from ``have`` only in the part of a node.

    A part that ``want`` does not have is deleted from it.
    """
    found = owner(node)
    if found is None:
        return want
    try:
        return put(have, select(want, node))
    except NotFound:
        gone = _key(found)
        if isinstance(found, StorageObjectNode):
            objects = {key: so for key, so in have.storage_objects.items() if key != gone}
            return replace(have, storage_objects=objects)
        return replace(have, targets={key: it for key, it in have.targets.items() if key != gone})


def below(plan: Plan, node: Node) -> Plan:
    """Return the changes at and below a node that stands for no part, such as /iscsi."""
    if node.parent is None or owner(node) is not None:
        return plan
    steps = tuple(step for step in plan.steps if shell_paths.is_within(step.path, node.path))
    return replace(plan, steps=steps, notes=notes(plan.notes, node))


def notes(found: Iterable[tuple[str, str]], node: Node) -> tuple[tuple[str, str], ...]:
    """Return the notes about objects at and below a node."""
    return tuple(note for note in found if shell_paths.is_within(note[0], node.path))
