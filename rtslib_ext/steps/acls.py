# SPDX-License-Identifier: Apache-2.0
"""Steps that create, change and delete node ACLs and mapped LUNs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..config import shell_paths
from ..config.model import Auth, MappedLun, NodeAcl
from ..config.shell_paths import ShellPath
from ..kernel import links, paths
from ..kernel.abi import NO_CREDENTIAL
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import TpgPath
from .context import Operation
from .demo_luns import DropDemoLuns
from .operations import (
    Link,
    Mkdir,
    Rmdir,
    RmdirOverLuns,
    Unlink,
    Write,
)
from .settings import credentials, ensure_values, known
from .step import Action, Step, set_step

Protected = Callable[[MappedLun], bool]
"""Returns whether a new mapped LUN is read-only by default."""


# A new ACL inherits these from its TPG (iscsi_target_nodeattrib.c,
# iscsit_set_default_node_attribues), so they are read each time.
_INHERITED = ("default_erl",)


def create_acl(
    tpg_path: TpgPath,
    acl: NodeAcl,
    protected: Protected = lambda mapped: False,
    *,
    new_tpg: bool = False,
    pinned: bool = False,
) -> Iterator[Step]:
    """Create a node ACL with its settings and mapped LUNs.

    ``new_tpg``: no initiator can have logged in yet. ``pinned``: it is logged in without an
    ACL, and keeps its LUNs; the mapped LUNs must be all of the TPG's.
    """
    configfs, path = _paths(tpg_path, acl.wwn)
    drop = () if new_tpg else (_drop_demo_luns(configfs, acl, pinned=pinned),)
    yield Step(Action.CREATE, path, "create", f"ACL {acl.wwn}", (Mkdir(configfs), *drop))
    yield from _acl_values(tpg_path, acl)
    for mapped in acl.mapped_luns.values():
        yield create_mapped_lun(tpg_path, acl.wwn, mapped, protected=protected(mapped))


def _drop_demo_luns(configfs: ConfigfsPath, acl: NodeAcl, *, pinned: bool = False) -> Operation:
    kept = {
        str(mapped.index): "" if pinned else str(int(mapped.write_protect))
        for mapped in acl.mapped_luns.values()
        if mapped.index == mapped.tpg_lun
    }
    return DropDemoLuns(configfs, kept, pinned)


def _paths(tpg_path: TpgPath, wwn: str) -> tuple[ConfigfsPath, ShellPath]:
    return tpg_path.acl(wwn), shell_paths.acl(tpg_path.shell, wwn)


def _mapped_paths(tpg_path: TpgPath, wwn: str, index: int) -> tuple[ConfigfsPath, ShellPath]:
    configfs, path = _paths(tpg_path, wwn)
    return paths.mapped_lun(configfs, index), shell_paths.mapped_lun(path, index)


def _acl_values(tpg_path: TpgPath, acl: NodeAcl) -> Iterator[Step]:
    configfs, path = _paths(tpg_path, acl.wwn)
    attributes = dict(acl.attributes)
    inherited = {name: attributes.pop(name) for name in _INHERITED if name in attributes}
    kind = f"acl of {tpg_path.fabric.name}"
    for values, key in ((attributes, kind), (inherited, None)):
        yield from ensure_values(
            path,
            paths.attributes(configfs),
            values,
            known("acl_attribute"),
            key,
        )
    if acl.cmdsn_depth is not None:
        # A new ACL takes its TPG's default_cmdsn_depth.
        yield from ensure_values(
            path, configfs, {"cmdsn_depth": acl.cmdsn_depth}, lambda _: True, None
        )
    if tpg_path.fabric.has("auth"):
        yield from credentials(path, paths.auth(configfs), acl.auth, Auth())
    if acl.tag:
        yield set_tag(tpg_path, acl, acl.tag, "")


def set_tag(tpg_path: TpgPath, acl: NodeAcl, tag: str, before: str) -> Step:
    """Set the tag of an ACL; "" removes it."""
    configfs, path = _paths(tpg_path, acl.wwn)
    # target_core_fabric_configfs.c: "NULL" removes the tag, an empty write does nothing.
    write = Write(f"{configfs}/tag", tag or NO_CREDENTIAL, before or NO_CREDENTIAL)
    return set_step(path, "tag", tag, before, (write,))


def delete_acl(tpg_path: TpgPath, acl: NodeAcl) -> Iterator[Step]:
    """Delete a node ACL; its sessions end."""
    configfs, path = _paths(tpg_path, acl.wwn)
    for mapped in reversed(list(acl.mapped_luns.values())):
        yield delete_mapped_lun(tpg_path, acl.wwn, mapped)
    values = [item for step in _acl_values(tpg_path, acl) for item in step.operations]
    yield Step(
        Action.DELETE,
        path,
        "delete",
        f"ACL {acl.wwn}",
        (RmdirOverLuns(configfs, configfs),),
        undo=(Mkdir(configfs), _drop_demo_luns(configfs, acl), *values),
    )


def create_mapped_lun(
    tpg_path: TpgPath, wwn: str, mapped: MappedLun, *, protected: bool = False
) -> Step:
    """Map a LUN of the TPG to an initiator.

    ``protected``: the kernel makes it read-only by default, because its storage object is
    read-only or the TPG has prod_mode_write_protect (target_core_fabric_configfs.c,
    target_fabric_mappedlun_link).
    """
    configfs, path = _mapped_paths(tpg_path, wwn, mapped.index)
    lun = paths.lun(tpg_path.configfs, mapped.tpg_lun)
    link = paths.child(configfs, mapped.alias or links.default_name(configfs))
    protect: tuple[Operation, ...] = ()
    if mapped.write_protect != protected:
        value = str(int(mapped.write_protect))
        protect = (Write(f"{configfs}/write_protect", value, str(int(protected))),)
    mode = "read-only" if mapped.write_protect else "read-write"
    return Step(
        Action.CREATE,
        path,
        "map",
        f"LUN {mapped.tpg_lun} as {mapped.index}, {mode}",
        (Mkdir(configfs), Link(lun, link), *protect),
        needs=(shell_paths.lun(tpg_path.shell, mapped.tpg_lun),),
    )


def set_write_protect(tpg_path: TpgPath, wwn: str, mapped: MappedLun) -> Step:
    """Make a mapped LUN read-only or writable."""
    configfs, path = _mapped_paths(tpg_path, wwn, mapped.index)
    value, before = str(int(mapped.write_protect)), str(int(not mapped.write_protect))
    write = Write(f"{configfs}/write_protect", value, before)
    return set_step(path, "write_protect", value, before, (write,))


def end_sessions(tpg_path: TpgPath, wwn: str, depth: str) -> Step:
    """End the sessions of an initiator with a TPG; ``depth`` is the cmdsn_depth of its ACL.

    Another depth ends them (iscsi_target_tpg.c, iscsit_tpg_set_initiator_node_queue_depth).
    """
    configfs, path = _paths(tpg_path, wwn)
    file = f"{configfs}/cmdsn_depth"
    # It is between 1 and 512 commands (target_core_tpg.c, core_tpg_set_initiator_node_queue_depth).
    other = str(int(depth) - 1 or 2)
    operations = (Write(file, other, depth), Write(file, depth, other))
    return Step(Action.UPDATE, path, "end", "its sessions", operations)


def delete_mapped_lun(tpg_path: TpgPath, wwn: str, mapped: MappedLun) -> Step:
    """Unmap a LUN from an initiator."""
    configfs, path = _mapped_paths(tpg_path, wwn, mapped.index)
    link = f"{configfs}/{mapped.alias}"
    lun = paths.lun(tpg_path.configfs, mapped.tpg_lun)
    protect = Write(f"{configfs}/write_protect", str(int(mapped.write_protect)))
    return Step(
        Action.DELETE,
        path,
        "unmap",
        f"LUN {mapped.tpg_lun}",
        (Unlink(lun, link), Rmdir(configfs)),
        undo=(Mkdir(configfs), Link(lun, link), protect),
    )


def discard_mapped_lun(tpg_path: TpgPath, wwn: str, index: int) -> Step:
    """Delete a mapped LUN without a LUN."""
    configfs, path = _mapped_paths(tpg_path, wwn, index)
    return Step(Action.DELETE, path, "delete", f"mapped LUN {index}", (Rmdir(configfs),))
