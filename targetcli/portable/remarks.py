# SPDX-License-Identifier: Apache-2.0
"""What the commands of this program cannot express of a configuration."""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext import naming
from rtslib_ext.config import secrets, shell_paths
from rtslib_ext.config.backing import FileIO
from rtslib_ext.config.model import Config, StorageObject, Target, Tpg
from rtslib_ext.errors import InvalidValue
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.foreign.imported import CHANGED, LOST, Remark, of_object
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.abi import NO_CREDENTIAL
from rtslib_ext.plan import build
from rtslib_ext.steps.acls import Protected

from . import initiators


def of_config(config: Config) -> Iterator[Remark]:
    """Yield the parts that commands create differently, or not at all."""
    for so in config.storage_objects.values():
        yield from _storage_object(so)
    read_only = build.read_only(config)
    for target in config.targets.values():
        path = shell_paths.target(*target.key)
        if not target.tpgs:
            yield of_object(LOST, path, "a target without TPGs is not created")
        for tpg in target.tpgs.values():
            yield from _tpg(target, tpg)
            yield from _protected(target, tpg, build.protected(tpg, read_only))
    for path, text in secrets.of_config(config):
        yield of_object(LOST, path, f"{text}: set refuses them", secrets.EQUAL_HINT)


def _storage_object(so: StorageObject) -> Iterator[Remark]:
    try:
        naming.check_object_name(so.name, so.path)
    except InvalidValue:
        yield of_object(LOST, so.path, "create refuses this name", "rename it")
    if isinstance(so.backing, FileIO) and so.backing.aio:
        text = "asynchronous I/O is a setting of save files only; its file is used without"
        yield of_object(LOST, so.path, text, "restore it with restoreconfig")


def _tpg(target: Target, tpg: Tpg) -> Iterator[Remark]:
    path = paths.shell_tpg(FABRICS[target.fabric], target.wwn, tpg.tag)
    for name, members in initiators.groups(tpg).items():
        about = shell_paths.acl(path, name)
        if members[0].tag and ("." in name or name.startswith(NO_CREDENTIAL)):
            yield of_object(LOST, about, "the command tag refuses this tag", "give it another tag")
        if not initiators.are_equal(members):
            text = f"ACLs of one tag are written with the settings of {members[0].wwn}"
            yield of_object(CHANGED, about, text, "give the others a tag of their own")


def _protected(target: Target, tpg: Tpg, is_protected: Protected) -> Iterator[Remark]:
    """Yield the writable mapped LUNs that the kernel creates read-only."""
    path = paths.shell_tpg(FABRICS[target.fabric], target.wwn, tpg.tag)
    for acl in tpg.acls.values():
        for mapped in acl.mapped_luns.values():
            if not mapped.write_protect and is_protected(mapped):
                about = shell_paths.mapped_lun(shell_paths.acl(path, acl.wwn), mapped.index)
                yield of_object(CHANGED, about, "the kernel makes it read-only, as its LUN is")
