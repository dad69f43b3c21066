# SPDX-License-Identifier: Apache-2.0
"""Create and delete target port groups."""

from __future__ import annotations

from rtslib_ext import naming
from rtslib_ext.config.model import AluaGroup
from rtslib_ext.errors import Exists, InvalidValue, Unsupported
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.abi import DEFAULT_GROUP
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import backstores
from rtslib_ext.usage import exports

from ..changes import apply
from ..env import Env
from ..result import Result
from ..tree.backstores import AluaGroups


def create(env: Env, node: AluaGroups, name: str, tag: int) -> Result:
    """Create a target port group."""
    owner = node.storage_object
    naming.check_object_name(name, node.path)
    if env.fs.read_if_there(f"{paths.attributes(owner.configfs)}/alua_support") == "0":
        raise Unsupported(
            "Backend does not support ALUA setup",
            path=node.path,
            hint="the device handles ALUA itself",
        )
    if env.fs.is_dir(paths.tg_pt_gp(owner.configfs, name)):
        raise Exists("This ALUATargetPortGroup already exists in configFS", path=node.path)
    so = owner.read()
    if so is None:
        raise InvalidValue("the storage object is not configured", path=owner.path)
    for group in so.alua_groups.values():
        if group.tag == tag:
            raise Exists(f"Cannot set id to {tag}: {group.name} has it", path=node.path)
    apply.apply(env, [backstores.create_group(so, owner.configfs, AluaGroup(name, tag))])
    return Result([f"Created ALUA TPG {name}."], created=f"{node.path}/{name}")


def delete(env: Env, node: AluaGroups, name: str) -> Result:
    """Delete a target port group; prints nothing, as targetcli-fb does."""
    owner = node.storage_object
    if name == DEFAULT_GROUP:
        raise InvalidValue(
            f"Can not delete {DEFAULT_GROUP}",
            path=node.path,
            hint="it has the LUNs that are in no other group",
        )
    configfs = paths.tg_pt_gp(owner.configfs, name)
    so = owner.read()
    if so is None or not env.fs.is_dir(configfs):
        raise InvalidValue("Invalid ALUA group name", path=node.path, hint="ls lists the groups")
    group = Reader(env.fs).alua_group(configfs, name)
    members = tuple(export.configfs for export in exports.in_group(env.fs, configfs))
    apply.apply(env, [backstores.delete_group(so, owner.configfs, group, members)])
    return Result()
