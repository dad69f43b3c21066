# SPDX-License-Identifier: Apache-2.0
"""Objects that a kill left incomplete: deleted, to be created again."""

from __future__ import annotations

from ..config.backing import KINDS
from ..config.model import Config, StorageObject, Tpg
from ..fabrics import FABRICS, WITH_ENABLE
from ..kernel import links, paths
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import TpgPath
from ..reading.reader import Reader
from ..steps import Context
from ..steps.operations import RemoveShared, RemoveTree, RmdirOverLuns


def remove(context: Context, document: Config) -> None:
    """Delete the objects of a document that no reader shows or that lack what only creating gives.

    These are storage objects that were not enabled or have no serial number, LUNs without a link,
    TPGs without a nexus, and logical unit groups without a number.
    """
    reader, fs = Reader(context.fs), context.fs
    for path in list(reader.storage_object_paths()):
        so = document.storage_objects.get(paths.key_of_storage_object(path) or ("", ""))
        if so is not None and _is_incomplete(reader, so, path):
            RemoveTree(path).do(context)
            RemoveShared(paths.parent(path)).do(context)
    for so in document.storage_objects.values():
        # Of an object whose creation had only begun.
        hba = next(paths.hba_candidates(*so.key))
        if fs.is_dir(hba) and not fs.directories(hba):
            RemoveShared(hba).do(context)
    for name in document.lu_groups:
        if fs.is_dir(paths.lu_gp(name)) and name not in reader.lu_groups():
            fs.rmdir(paths.lu_gp(name))
    for target in document.targets.values():
        for tpg in target.tpgs.values():
            tpg_path = TpgPath.of(FABRICS[target.fabric], target.wwn, tpg.tag)
            if fs.is_dir(tpg_path.configfs):
                _remove_of(context, reader, tpg_path, tpg)


def _is_incomplete(reader: Reader, so: StorageObject, path: ConfigfsPath) -> bool:
    if reader.fs.read_if_there(f"{path}/enable") != "1":
        return True
    # It is set in the step that creates the object, before any LUN can export it.
    return KINDS[so.backing.plugin].has_wwn and not reader.unit_serial(path)


def _remove_of(context: Context, reader: Reader, path: TpgPath, tpg: Tpg) -> None:
    fs, configfs = context.fs, path.configfs
    for acl in tpg.acls.values():
        folder = path.acl(acl.wwn)
        for index in reader.mapped_indexes(folder) if fs.is_dir(folder) else ():
            mapped = paths.mapped_lun(folder, index)
            if index in acl.mapped_luns and links.link_in(fs, mapped) is None:
                fs.rmdir(mapped)
    for index in reader.lun_indexes(configfs):
        if index in tpg.luns and links.link_in(fs, paths.lun(configfs, index)) is None:
            fs.rmdir(paths.lun(configfs, index))
    empty = not reader.lun_indexes(configfs) and not reader.acl_names(configfs)
    if empty and path.fabric.name not in WITH_ENABLE and not reader.nexus(path.fabric, configfs):
        # Its port number and its nexus are set in the step that creates it.
        RmdirOverLuns(configfs, paths.luns(configfs)).do(context)
