# SPDX-License-Identifier: Apache-2.0
"""Steps that make, change and remove LUNs, portals, node ACLs and mapped LUNs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .. import naming, schema
from ..errors import NotFound
from ..files import DEFAULT_GROUP
from ..model import Auth, Lun, MappedLun, NodeAcl, Portal
from ..place import Place
from .operations import (
    Attempt,
    CheckUnmapped,
    Link,
    Mkdir,
    Operation,
    Refuse,
    Rmdir,
    RmdirOverLuns,
    Unlink,
    Write,
)
from .step import Action, Step
from .values import change, credentials, settle

Protected = Callable[[MappedLun], bool]
"""Whether a mapped LUN is read only when it is made."""

# A LUN's state is set in this order: the kernel writes metadata as it changes the state, and
# changes the status with it (target_core_alua.c, core_alua_set_tg_pt_secondary_state).
_LUN_ALUA_ORDER = ("alua_tg_pt_write_md", "alua_tg_pt_offline", "alua_tg_pt_status")

# A new ACL takes these from its TPG (iscsi_target_nodeattrib.c,
# iscsit_set_default_node_attribues), so they are looked at each time.
_INHERITED = ("default_erl",)


def create_lun(place: Place, lun: Lun, storage_object: str | None) -> Iterator[Step]:
    """Export the storage object at a configfs path; None when it is nowhere."""
    file = f"{place.file}/lun/lun_{lun.index}"
    path = f"{place.path}/luns/lun{lun.index}"
    name = "/".join(lun.storage_object)
    operations: tuple[Operation, ...]
    if storage_object is None:
        operations = (Refuse(NotFound(f"there is no storage object /backstores/{name}")),)
    else:
        link = f"{file}/{lun.alias or naming.alias()}"
        operations = (Mkdir(file), Link(storage_object, link))
    text = f"export {name} as LUN {lun.index}"
    yield Step(Action.CREATE, path, text, operations, needs=(f"/backstores/{name}",))
    yield from _lun_values(path, file, lun)


def _lun_values(path: str, file: str, lun: Lun) -> Iterator[Step]:
    if lun.alua_group not in (None, DEFAULT_GROUP):
        yield Step(
            Action.UPDATE,
            path,
            f"set alua_tg_pt_gp_name={lun.alua_group}",
            (Write(f"{file}/alua_tg_pt_gp", lun.alua_group or "", DEFAULT_GROUP),),
        )
    for name in _LUN_ALUA_ORDER:
        value = lun.alua.get(name, "0")
        moved = name == "alua_tg_pt_status" and lun.alua.get("alua_tg_pt_offline", "0") != "0"
        if value != "0" or moved:
            yield Step(
                Action.UPDATE,
                path,
                f"set {name}={value}",
                (Write(f"{file}/{name}", value, "0"),),
            )


def set_lun(place: Place, have: Lun, want: Lun) -> Iterator[Step]:
    """Move a LUN to another target port group or secondary state; None stays as it is."""
    file = f"{place.file}/lun/lun_{want.index}"
    path = f"{place.path}/luns/lun{want.index}"
    now = have.alua_group or DEFAULT_GROUP
    if want.alua_group not in (None, now) and have.alua_group is not None:
        move = Write(f"{file}/alua_tg_pt_gp", want.alua_group or "", now)
        yield Step(Action.UPDATE, path, f"set alua_tg_pt_gp_name={want.alua_group}", (move,))
    before = {name: have.alua.get(name, "0") for name in _LUN_ALUA_ORDER}
    moved = want.alua.get("alua_tg_pt_offline", "0") != before["alua_tg_pt_offline"]
    for name in _LUN_ALUA_ORDER:
        value = want.alua.get(name, "0")
        if value != before[name] or (moved and name == "alua_tg_pt_status"):
            status = {"alua_tg_pt_status": before["alua_tg_pt_status"]}
            others = status if name == "alua_tg_pt_offline" else {}
            yield change(path, f"{file}/{name}", value, before[name], others)


def delete_lun(place: Place, lun: Lun, storage_object: str | None) -> Iterator[Step]:
    """Stop exporting; no mapped LUN may lead to it any more."""
    file = f"{place.file}/lun/lun_{lun.index}"
    path = f"{place.path}/luns/lun{lun.index}"
    link = f"{file}/{lun.alias}"
    values = [operation for step in _lun_values(path, file, lun) for operation in step.operations]
    source = storage_object or ""
    yield Step(
        Action.DELETE,
        path,
        f"delete LUN {lun.index} ({'/'.join(lun.storage_object)})",
        (CheckUnmapped(file), Unlink(source, link), Rmdir(file)),
        undo=(Mkdir(file), Link(source, link), *values),
    )


def discard_lun(place: Place, index: int) -> Step:
    """Remove a LUN to which nothing is connected."""
    file = f"{place.file}/lun/lun_{index}"
    path = f"{place.path}/luns/lun{index}"
    return Step(Action.DELETE, path, f"delete LUN {index}", (Rmdir(file),))


def create_portal(place: Place, portal: Portal) -> Iterator[Step]:
    """Listen on an address."""
    file = f"{place.file}/np/{portal.name}"
    path = f"{place.path}/portals/{portal.name}"
    yield Step(Action.CREATE, path, f"listen on {portal.name}", (Mkdir(file),))
    if portal.iser:
        yield set_portal_flag(place, portal, "iser", True)
    if portal.offload:
        yield set_portal_flag(place, portal, "offload", True)


def attempt_portal(place: Place, portal: Portal) -> Step:
    """Listen on an address if that can be had; the outcome's notes tell when it cannot."""
    path = f"{place.path}/portals/{portal.name}"
    make = Attempt(Mkdir(f"{place.file}/np/{portal.name}"), path)
    return Step(Action.CREATE, path, f"listen on {portal.name}", (make,))


def set_portal_flag(place: Place, portal: Portal, flag: str, on: bool) -> Step:
    """Switch iSER, or the offload of a network card, on or off for a portal."""
    # The only offload there is (drivers/target/iscsi/cxgbit).
    name = "cxgbit" if flag == "offload" else flag
    file = f"{place.file}/np/{portal.name}/{name}"
    return Step(
        Action.UPDATE,
        f"{place.path}/portals/{portal.name}",
        f"set {flag}={on}",
        (Write(file, str(int(on)), str(int(not on))),),
    )


def delete_portal(place: Place, portal: Portal) -> Step:
    """Stop listening on an address."""
    file = f"{place.file}/np/{portal.name}"
    flags: list[Operation] = []
    if portal.iser:
        flags.append(Write(f"{file}/iser", "0", "1"))
    if portal.offload:
        flags.append(Write(f"{file}/cxgbit", "0", "1"))
    again = [flag.inverse() for flag in reversed(flags)]
    return Step(
        Action.DELETE,
        f"{place.path}/portals/{portal.name}",
        f"stop listening on {portal.name}",
        (*flags, Rmdir(file)),
        undo=(Mkdir(file), *(operation for operation in again if operation)),
    )


def create_acl(
    place: Place, acl: NodeAcl, protected: Protected = lambda mapped: False
) -> Iterator[Step]:
    """Admit an initiator, with its settings and mapped LUNs."""
    file = f"{place.file}/acls/{place.fabric.to_folder(acl.wwn)}"
    path = f"{place.path}/acls/{acl.wwn}"
    yield Step(Action.CREATE, path, f"admit initiator {acl.wwn}", (Mkdir(file),))
    yield from _acl_values(place, path, file, acl)
    for mapped in acl.mapped_luns.values():
        yield create_mapped_lun(place, acl.wwn, mapped, protected=protected(mapped))


def _acl_values(place: Place, path: str, file: str, acl: NodeAcl) -> Iterator[Step]:
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


def set_tag(place: Place, acl: NodeAcl, tag: str, before: str) -> Step:
    """Give an ACL a tag, or take it away with ""."""
    file = f"{place.file}/acls/{place.fabric.to_folder(acl.wwn)}/tag"
    # target_core_fabric_configfs.c: "NULL" takes the tag away, an empty write does nothing.
    return Step(
        Action.UPDATE,
        f"{place.path}/acls/{acl.wwn}",
        f"set tag={tag}" if tag else "take the tag away",
        (Write(file, tag or "NULL", before or "NULL"),),
    )


def delete_acl(place: Place, acl: NodeAcl) -> Iterator[Step]:
    """Refuse an initiator from now on; its sessions end."""
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
        f"refuse initiator {acl.wwn}",
        (RmdirOverLuns(file, file),),
        undo=(Mkdir(file), *values),
    )


def create_mapped_lun(
    place: Place, wwn: str, mapped: MappedLun, *, protected: bool = False
) -> Step:
    """Show a LUN of the TPG to an initiator; ``protected`` is what it is when it is made.

    That is so where its storage object is read only, or the TPG has prod_mode_write_protect
    (target_core_fabric_configfs.c, target_fabric_mappedlun_link).
    """
    file = f"{place.file}/acls/{place.fabric.to_folder(wwn)}/lun_{mapped.index}"
    link = f"{file}/{mapped.alias or naming.alias()}"
    protect: tuple[Operation, ...] = ()
    if mapped.write_protect != protected:
        value = str(int(mapped.write_protect))
        protect = (Write(f"{file}/write_protect", value, str(int(protected))),)
    mode = "read only" if mapped.write_protect else "read and write"
    return Step(
        Action.CREATE,
        f"{place.path}/acls/{wwn}/mapped_lun{mapped.index}",
        f"map LUN {mapped.tpg_lun} as {mapped.index}, {mode}",
        (Mkdir(file), Link(f"{place.file}/lun/lun_{mapped.tpg_lun}", link), *protect),
        needs=(f"{place.path}/luns/lun{mapped.tpg_lun}",),
    )


def set_write_protect(place: Place, wwn: str, mapped: MappedLun) -> Step:
    """Let an initiator write to a mapped LUN, or keep it from that."""
    file = f"{place.file}/acls/{place.fabric.to_folder(wwn)}/lun_{mapped.index}/write_protect"
    path = f"{place.path}/acls/{wwn}/mapped_lun{mapped.index}"
    on = mapped.write_protect
    text = "make it read only" if on else "make it writable"
    return Step(Action.UPDATE, path, text, (Write(file, str(int(on)), str(int(not on))),))


def delete_mapped_lun(place: Place, wwn: str, mapped: MappedLun) -> Step:
    """Hide a LUN from an initiator."""
    file = f"{place.file}/acls/{place.fabric.to_folder(wwn)}/lun_{mapped.index}"
    link = f"{file}/{mapped.alias}"
    lun = f"{place.file}/lun/lun_{mapped.tpg_lun}"
    protect = Write(f"{file}/write_protect", str(int(mapped.write_protect)))
    return Step(
        Action.DELETE,
        f"{place.path}/acls/{wwn}/mapped_lun{mapped.index}",
        f"hide LUN {mapped.tpg_lun} from {wwn}",
        (Unlink(lun, link), Rmdir(file)),
        undo=(Mkdir(file), Link(lun, link), protect),
    )


def discard_mapped_lun(place: Place, wwn: str, index: int) -> Step:
    """Remove a mapped LUN that leads nowhere."""
    file = f"{place.file}/acls/{place.fabric.to_folder(wwn)}/lun_{index}"
    path = f"{place.path}/acls/{wwn}/mapped_lun{index}"
    return Step(Action.DELETE, path, f"delete mapped LUN {index}", (Rmdir(file),))
