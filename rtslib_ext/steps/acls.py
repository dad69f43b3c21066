# SPDX-License-Identifier: Apache-2.0
"""Steps that create, change and delete node ACLs and mapped LUNs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .. import naming, schema
from ..config.model import Auth, MappedLun, NodeAcl
from ..kernel.abi import NO_CREDENTIAL
from ..kernel.paths import TpgPath
from .context import Operation
from .operations import (
    Link,
    Mkdir,
    Rmdir,
    RmdirOverLuns,
    Unlink,
    Write,
)
from .settings import credentials, settle
from .step import Action, Step, set_step

Protected = Callable[[MappedLun], bool]
"""Returns whether a new mapped LUN is read-only by default."""


# A new ACL inherits these from its TPG (iscsi_target_nodeattrib.c,
# iscsit_set_default_node_attribues), so they are read each time.
_INHERITED = ("default_erl",)


def create_acl(
    place: TpgPath, acl: NodeAcl, protected: Protected = lambda mapped: False
) -> Iterator[Step]:
    """Create a node ACL with its settings and mapped LUNs."""
    file = f"{place.file}/acls/{place.fabric.to_folder(acl.wwn)}"
    path = f"{place.path}/acls/{acl.wwn}"
    yield Step(Action.CREATE, path, "create", f"ACL {acl.wwn}", (Mkdir(file),))
    yield from _acl_values(place, path, file, acl)
    for mapped in acl.mapped_luns.values():
        yield create_mapped_lun(place, acl.wwn, mapped, protected=protected(mapped))


def _acl_values(place: TpgPath, path: str, file: str, acl: NodeAcl) -> Iterator[Step]:
    attributes = dict(acl.attributes)
    inherited = {name: attributes.pop(name) for name in _INHERITED if name in attributes}
    fresh = f"acl of {place.fabric.name}"
    for values, key in ((attributes, fresh), (inherited, None)):
        yield from settle(
            path,
            f"{file}/attrib",
            values,
            lambda name: schema.known("acl_attribute", name),
            key,
        )
    if acl.cmdsn_depth is not None:
        # A new ACL takes its TPG's default_cmdsn_depth.
        yield from settle(path, file, {"cmdsn_depth": acl.cmdsn_depth}, lambda _: True, None)
    if place.fabric.has("auth"):
        yield from credentials(path, f"{file}/auth", acl.auth, Auth())
    if acl.tag:
        yield set_tag(place, acl, acl.tag, "")


def set_tag(place: TpgPath, acl: NodeAcl, tag: str, before: str) -> Step:
    """Set the tag of an ACL; "" removes it."""
    file = f"{place.file}/acls/{place.fabric.to_folder(acl.wwn)}/tag"
    # target_core_fabric_configfs.c: "NULL" removes the tag, an empty write does nothing.
    write = Write(file, tag or NO_CREDENTIAL, before or NO_CREDENTIAL)
    return set_step(f"{place.path}/acls/{acl.wwn}", "tag", tag, before, (write,))


def delete_acl(place: TpgPath, acl: NodeAcl) -> Iterator[Step]:
    """Delete a node ACL; its sessions end."""
    file = f"{place.file}/acls/{place.fabric.to_folder(acl.wwn)}"
    path = f"{place.path}/acls/{acl.wwn}"
    for mapped in reversed(list(acl.mapped_luns.values())):
        yield delete_mapped_lun(place, acl.wwn, mapped)
    values = [
        operation for step in _acl_values(place, path, file, acl) for operation in step.operations
    ]
    yield Step(
        Action.DELETE,
        path,
        "delete",
        f"ACL {acl.wwn}",
        (RmdirOverLuns(file, file),),
        undo=(Mkdir(file), *values),
    )


def create_mapped_lun(
    place: TpgPath, wwn: str, mapped: MappedLun, *, protected: bool = False
) -> Step:
    """Map a LUN of the TPG to an initiator.

    ``protected``: the kernel makes it read-only by default, because its storage object is
    read-only or the TPG has prod_mode_write_protect (target_core_fabric_configfs.c,
    target_fabric_mappedlun_link).
    """
    file = f"{place.file}/acls/{place.fabric.to_folder(wwn)}/lun_{mapped.index}"
    link = f"{file}/{mapped.alias or naming.alias()}"
    protect: tuple[Operation, ...] = ()
    if mapped.write_protect != protected:
        value = str(int(mapped.write_protect))
        protect = (Write(f"{file}/write_protect", value, str(int(protected))),)
    mode = "read-only" if mapped.write_protect else "read-write"
    return Step(
        Action.CREATE,
        f"{place.path}/acls/{wwn}/mapped_lun{mapped.index}",
        "map",
        f"LUN {mapped.tpg_lun} as {mapped.index}, {mode}",
        (Mkdir(file), Link(f"{place.file}/lun/lun_{mapped.tpg_lun}", link), *protect),
        needs=(f"{place.path}/luns/lun{mapped.tpg_lun}",),
    )


def set_write_protect(place: TpgPath, wwn: str, mapped: MappedLun) -> Step:
    """Make a mapped LUN read-only or writable."""
    file = f"{place.file}/acls/{place.fabric.to_folder(wwn)}/lun_{mapped.index}/write_protect"
    path = f"{place.path}/acls/{wwn}/mapped_lun{mapped.index}"
    value, before = str(int(mapped.write_protect)), str(int(not mapped.write_protect))
    return set_step(path, "write_protect", value, before, (Write(file, value, before),))


def delete_mapped_lun(place: TpgPath, wwn: str, mapped: MappedLun) -> Step:
    """Unmap a LUN from an initiator."""
    file = f"{place.file}/acls/{place.fabric.to_folder(wwn)}/lun_{mapped.index}"
    link = f"{file}/{mapped.alias}"
    lun = f"{place.file}/lun/lun_{mapped.tpg_lun}"
    protect = Write(f"{file}/write_protect", str(int(mapped.write_protect)))
    return Step(
        Action.DELETE,
        f"{place.path}/acls/{wwn}/mapped_lun{mapped.index}",
        "unmap",
        f"LUN {mapped.tpg_lun}",
        (Unlink(lun, link), Rmdir(file)),
        undo=(Mkdir(file), Link(lun, link), protect),
    )


def discard_mapped_lun(place: TpgPath, wwn: str, index: int) -> Step:
    """Delete a mapped LUN without a LUN."""
    file = f"{place.file}/acls/{place.fabric.to_folder(wwn)}/lun_{index}"
    path = f"{place.path}/acls/{wwn}/mapped_lun{index}"
    return Step(Action.DELETE, path, "delete", f"mapped LUN {index}", (Rmdir(file),))
