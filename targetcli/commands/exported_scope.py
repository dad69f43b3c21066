# SPDX-License-Identifier: Apache-2.0
"""The LUNs at and below a node, and the storage objects that it stands for."""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext.config import shell_paths
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.kernel import links, paths
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.reading.tpg_keys import tpg_keys
from rtslib_ext.usage import exports

from ..changes import part
from ..tree import Node
from ..tree.backstores import StorageObjectNode


def luns(node: Node) -> Iterator[tuple[TpgPath, int]]:
    """Yield the LUNs at and below a node; of a storage object those that export it."""
    owner = part.owner(node)
    if isinstance(owner, StorageObjectNode):
        for export in exports.of_storage_object(node.reader.fs, owner.configfs):
            yield export.tpg_path, export.index
        return
    above = "/" if node.path.startswith(shell_paths.BACKSTORES) else node.path
    fabrics = (
        fabric
        for fabric in FABRICS.values()
        if shell_paths.is_related(shell_paths.fabric(fabric.name), above)
    )
    for key in tpg_keys(node.reader, fabrics):
        tpg = TpgPath.of(*key)
        if shell_paths.is_related(tpg.shell, above):
            yield from _of_tpg(node, tpg, above)


def _of_tpg(node: Node, tpg: TpgPath, above: str) -> Iterator[tuple[TpgPath, int]]:
    """Yield the LUNs of a TPG; below its luns, only that one."""
    for index in node.reader.lun_indexes(tpg.configfs):
        path = shell_paths.lun(tpg.shell, index)
        below = shell_paths.is_within(above, shell_paths.luns(tpg.shell))
        if not below or shell_paths.is_related(path, above):
            yield tpg, index


def storage_objects(node: Node) -> Iterator[tuple[ShellPath, ConfigfsPath]]:
    """Yield the storage objects of a node by shell path; of a target those that it exports."""
    owner = part.owner(node)
    if isinstance(owner, StorageObjectNode):
        yield shell_paths.storage_object(owner.plugin, owner.name), owner.configfs
        return
    if node.path == "/" or node.path.startswith(shell_paths.BACKSTORES):
        found = node.reader.storage_object_paths()
    else:
        found = (
            link[1]
            for tpg, index in luns(node)
            if (link := links.link_in(node.reader.fs, paths.lun(tpg.configfs, index)))
        )
    for configfs in dict.fromkeys(found):
        key = paths.key_of_storage_object(configfs)
        path = shell_paths.storage_object(*key) if key else None
        if path and (
            not node.path.startswith(shell_paths.BACKSTORES)
            or shell_paths.is_related(path, node.path)
        ):
            yield path, configfs
