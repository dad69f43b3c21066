# SPDX-License-Identifier: Apache-2.0
"""Steps that create, change and delete LUNs."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import shell_paths
from ..config.model import Lun
from ..config.shell_paths import ShellPath
from ..errors import NotFound
from ..kernel import links, paths
from ..kernel.abi import DEFAULT_GROUP
from ..kernel.configfs import ConfigfsPath
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


def create_lun(tpg_path: TpgPath, lun: Lun, storage_object: ConfigfsPath | None) -> Iterator[Step]:
    """Export the storage object at a configfs path; None if it does not exist."""
    configfs, path = _paths(tpg_path, lun.index)
    owner, name = shell_paths.storage_object(*lun.storage_object), "/".join(lun.storage_object)
    operations: tuple[Operation, ...]
    if storage_object is None:
        operations = (Fail(NotFound(f"there is no storage object {owner}")),)
    else:
        link = paths.child(configfs, lun.alias or links.default_name(configfs))
        operations = (Mkdir(configfs), Link(storage_object, link))
    subject = f"LUN {lun.index} ({name})"
    yield Step(Action.CREATE, path, "create", subject, operations, needs=(owner,))
    if lun.alua or lun.alua_group:
        yield from _lun_values(tpg_path, lun)


def _paths(tpg_path: TpgPath, index: int) -> tuple[ConfigfsPath, ShellPath]:
    return paths.lun(tpg_path.configfs, index), shell_paths.lun(tpg_path.shell, index)


def _lun_values(tpg_path: TpgPath, lun: Lun) -> Iterator[Step]:
    configfs, path = _paths(tpg_path, lun.index)
    if lun.alua_group not in (None, DEFAULT_GROUP):
        yield _join(path, configfs, lun.alua_group or "", DEFAULT_GROUP)
    for name in _LUN_ALUA_ORDER:
        value = lun.alua.get(name, "0")
        offline_changes = (
            name == "alua_tg_pt_status" and lun.alua.get("alua_tg_pt_offline", "0") != "0"
        )
        if value != "0" or offline_changes:
            yield set_step(path, name, value, "0", (Write(f"{configfs}/{name}", value, "0"),))


def _join(path: ShellPath, configfs: ConfigfsPath, group: str, before: str) -> Step:
    move = Write(f"{configfs}/alua_tg_pt_gp", group, before)
    return set_step(path, "alua_tg_pt_gp_name", group, before, (move,))


def set_lun(tpg_path: TpgPath, have: Lun, want: Lun) -> Iterator[Step]:
    """Change the target port group and secondary state of a LUN; None leaves them unchanged."""
    configfs, path = _paths(tpg_path, want.index)
    now = have.alua_group or DEFAULT_GROUP
    if want.alua_group not in (None, now) and have.alua_group is not None:
        yield _join(path, configfs, want.alua_group or "", now)
    before = {name: have.alua.get(name, "0") for name in _LUN_ALUA_ORDER}
    offline_changes = want.alua.get("alua_tg_pt_offline", "0") != before["alua_tg_pt_offline"]
    for name in _LUN_ALUA_ORDER:
        value = want.alua.get(name, "0")
        if value != before[name] or (offline_changes and name == "alua_tg_pt_status"):
            status = {"alua_tg_pt_status": before["alua_tg_pt_status"]}
            others = status if name == "alua_tg_pt_offline" else {}
            yield change(path, f"{configfs}/{name}", value, before[name], others)


def delete_lun(tpg_path: TpgPath, lun: Lun, storage_object: ConfigfsPath | None) -> Iterator[Step]:
    """Delete a LUN; its mapped LUNs must have been deleted before."""
    configfs, path = _paths(tpg_path, lun.index)
    link = f"{configfs}/{lun.alias}"
    values = [item for step in _lun_values(tpg_path, lun) for item in step.operations]
    source = storage_object or ConfigfsPath("")
    yield Step(
        Action.DELETE,
        path,
        "delete",
        f"LUN {lun.index} ({'/'.join(lun.storage_object)})",
        (CheckUnmapped(configfs), Unlink(source, link), Rmdir(configfs)),
        undo=(Mkdir(configfs), Link(source, link), *values),
    )


def discard_lun(tpg_path: TpgPath, index: int) -> Step:
    """Delete a LUN without a storage object."""
    configfs, path = _paths(tpg_path, index)
    return Step(Action.DELETE, path, "delete", f"LUN {index}", (Rmdir(configfs),))
