# SPDX-License-Identifier: Apache-2.0
"""Steps that create, change and delete LUNs."""

from __future__ import annotations

from collections.abc import Iterator

from .. import naming
from ..config.model import Lun
from ..errors import NotFound
from ..kernel.abi import DEFAULT_GROUP
from ..kernel.paths import TpgPath
from .context import Operation
from .operations import (
    CheckUnmapped,
    Fail,
    Link,
    Mkdir,
    Rmdir,
    Unlink,
    Write,
)
from .settings import change
from .step import Action, Step, set_step

# The order in which the ALUA state of a LUN is set: the kernel writes metadata while it changes
# the state, and changes the status too (target_core_alua.c, core_alua_set_tg_pt_secondary_state).
_LUN_ALUA_ORDER = ("alua_tg_pt_write_md", "alua_tg_pt_offline", "alua_tg_pt_status")


def create_lun(place: TpgPath, lun: Lun, storage_object: str | None) -> Iterator[Step]:
    """Export the storage object at a configfs path; None if it does not exist."""
    file = f"{place.file}/lun/lun_{lun.index}"
    path = f"{place.path}/luns/lun{lun.index}"
    name = "/".join(lun.storage_object)
    operations: tuple[Operation, ...]
    if storage_object is None:
        operations = (Fail(NotFound(f"there is no storage object /backstores/{name}")),)
    else:
        link = f"{file}/{lun.alias or naming.alias()}"
        operations = (Mkdir(file), Link(storage_object, link))
    subject = f"LUN {lun.index} ({name})"
    needs = (f"/backstores/{name}",)
    yield Step(Action.CREATE, path, "create", subject, operations, needs=needs)
    yield from _lun_values(path, file, lun)


def _lun_values(path: str, file: str, lun: Lun) -> Iterator[Step]:
    if lun.alua_group not in (None, DEFAULT_GROUP):
        yield _join(path, file, lun.alua_group or "", DEFAULT_GROUP)
    for name in _LUN_ALUA_ORDER:
        value = lun.alua.get(name, "0")
        moved = name == "alua_tg_pt_status" and lun.alua.get("alua_tg_pt_offline", "0") != "0"
        if value != "0" or moved:
            yield set_step(path, name, value, "0", (Write(f"{file}/{name}", value, "0"),))


def _join(path: str, file: str, group: str, before: str) -> Step:
    move = Write(f"{file}/alua_tg_pt_gp", group, before)
    return set_step(path, "alua_tg_pt_gp_name", group, before, (move,))


def set_lun(place: TpgPath, have: Lun, want: Lun) -> Iterator[Step]:
    """Change the target port group and secondary state of a LUN; None leaves them unchanged."""
    file = f"{place.file}/lun/lun_{want.index}"
    path = f"{place.path}/luns/lun{want.index}"
    now = have.alua_group or DEFAULT_GROUP
    if want.alua_group not in (None, now) and have.alua_group is not None:
        yield _join(path, file, want.alua_group or "", now)
    before = {name: have.alua.get(name, "0") for name in _LUN_ALUA_ORDER}
    moved = want.alua.get("alua_tg_pt_offline", "0") != before["alua_tg_pt_offline"]
    for name in _LUN_ALUA_ORDER:
        value = want.alua.get(name, "0")
        if value != before[name] or (moved and name == "alua_tg_pt_status"):
            status = {"alua_tg_pt_status": before["alua_tg_pt_status"]}
            others = status if name == "alua_tg_pt_offline" else {}
            yield change(path, f"{file}/{name}", value, before[name], others)


def delete_lun(place: TpgPath, lun: Lun, storage_object: str | None) -> Iterator[Step]:
    """Delete a LUN; its mapped LUNs must have been deleted before."""
    file = f"{place.file}/lun/lun_{lun.index}"
    path = f"{place.path}/luns/lun{lun.index}"
    link = f"{file}/{lun.alias}"
    values = [operation for step in _lun_values(path, file, lun) for operation in step.operations]
    source = storage_object or ""
    yield Step(
        Action.DELETE,
        path,
        "delete",
        f"LUN {lun.index} ({'/'.join(lun.storage_object)})",
        (CheckUnmapped(file), Unlink(source, link), Rmdir(file)),
        undo=(Mkdir(file), Link(source, link), *values),
    )


def discard_lun(place: TpgPath, index: int) -> Step:
    """Delete a LUN without a storage object."""
    file = f"{place.file}/lun/lun_{index}"
    path = f"{place.path}/luns/lun{index}"
    return Step(Action.DELETE, path, "delete", f"LUN {index}", (Rmdir(file),))
