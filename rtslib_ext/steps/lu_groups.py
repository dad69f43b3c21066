# SPDX-License-Identifier: Apache-2.0
"""Steps that create and delete logical unit groups, and change their members."""

from __future__ import annotations

from collections.abc import Iterable

from ..config import shell_paths
from ..config.shell_paths import ShellPath
from ..kernel import paths
from ..kernel.abi import DEFAULT_LU_GROUP
from ..kernel.configfs import ConfigfsPath
from .context import Operation
from .operations import Mkdir, Rmdir, Write
from .step import Action, Step, set_step

# A storage object cannot join the default group by name. So it joins a temporary group that is
# then removed: the members of a removed group go to the default one (target_core_alua.c,
# core_alua_free_lu_gp), so the object is in a group at all times.
TEMPORARY_GROUP = paths.lu_gp("on_the_way")
SETTING = "alua_lu_gp"
"""The subject of a step that moves a storage object to a group."""
# The kernel chooses the next free number.
_ANY = "0"


def create(name: str, number: str) -> Step:
    """Create a logical unit group (SPC-4 section 5.15.2.1)."""
    subject = f"LU group {name} with number {number}"
    path = shell_paths.lu_gp(name)
    return Step(Action.CREATE, path, "create", subject, _build(name, number))


def _build(name: str, number: str) -> tuple[Operation, ...]:
    folder = paths.lu_gp(name)
    return (Mkdir(folder), Write(f"{folder}/lu_gp_id", number))


def join(path: ShellPath, configfs: ConfigfsPath, name: str | None, before: str | None) -> Step:
    """Move the storage object at a shell and a configfs path to a group; None: the default one."""
    undo = _into(configfs, before)
    if name is None:
        undo = (*undo, Rmdir(TEMPORARY_GROUP))
    group, had = name or DEFAULT_LU_GROUP, before or DEFAULT_LU_GROUP
    return set_step(path, SETTING, group, had, _into(configfs, name), undo=undo)


def _into(configfs: ConfigfsPath, name: str | None) -> tuple[Operation, ...]:
    if name is not None:
        return (Write(f"{configfs}/alua_lu_gp", name),)
    return (
        Mkdir(TEMPORARY_GROUP),
        Write(f"{TEMPORARY_GROUP}/lu_gp_id", _ANY),
        Write(f"{configfs}/alua_lu_gp", paths.name_of(TEMPORARY_GROUP)),
        Rmdir(TEMPORARY_GROUP),
    )


def delete(name: str, number: str, members: Iterable[ConfigfsPath] = ()) -> Step:
    """Delete a group; its members (configfs paths) go to the default one."""
    rejoin = (operation for member in members for operation in _into(member, name))
    return Step(
        Action.DELETE,
        shell_paths.lu_gp(name),
        "delete",
        f"LU group {name}",
        (Rmdir(paths.lu_gp(name)),),
        undo=(*_build(name, number), *rejoin),
    )
