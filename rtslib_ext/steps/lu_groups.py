# SPDX-License-Identifier: Apache-2.0
"""Steps that make and remove logical unit groups, and put storage objects in them."""

from __future__ import annotations

from collections.abc import Iterable

from ..kernel.abi import DEFAULT_LU_GROUP, LU_GROUPS
from .context import Operation
from .operations import Mkdir, Rmdir, Write
from .step import Action, Step, set_step

_SHELL = "/backstores/lu_gps"

# The default group cannot be joined by its name, and who is told to join none is in none, with
# which the next change of its ALUA state ends the kernel (6.1; target_core_configfs.c,
# target_dev_alua_lu_gp_store; target_core_alua.c, core_alua_do_port_transition). The members of
# a group that is removed go to the default one (core_alua_free_lu_gp).
ON_THE_WAY = f"{LU_GROUPS}/on_the_way"
# The kernel takes the next number that is free.
_ANY = "0"


def create(name: str, number: str) -> Step:
    """Make a logical unit group (SPC-4 section 5.15.2.1)."""
    subject = f"LU group {name} with number {number}"
    return Step(Action.CREATE, f"{_SHELL}/{name}", "create", subject, _build(name, number))


def _build(name: str, number: str) -> tuple[Operation, ...]:
    folder = f"{LU_GROUPS}/{name}"
    return (Mkdir(folder), Write(f"{folder}/lu_gp_id", number))


def join(path: str, file: str, name: str | None, before: str | None) -> Step:
    """Move the storage object at a shell and a configfs path to another group.

    None is the default one.
    """
    undo = _into(file, before)
    if name is None:
        undo = (*undo, Rmdir(ON_THE_WAY))
    group, had = name or DEFAULT_LU_GROUP, before or DEFAULT_LU_GROUP
    return set_step(path, "alua_lu_gp", group, had, _into(file, name), undo=undo)


def _into(file: str, name: str | None) -> tuple[Operation, ...]:
    if name is not None:
        return (Write(f"{file}/alua_lu_gp", name),)
    return (
        Mkdir(ON_THE_WAY),
        Write(f"{ON_THE_WAY}/lu_gp_id", _ANY),
        Write(f"{file}/alua_lu_gp", ON_THE_WAY.rpartition("/")[2]),
        Rmdir(ON_THE_WAY),
    )


def delete(name: str, number: str, members: Iterable[str] = ()) -> Step:
    """Remove a group; its members, by their configfs paths, go to the default one."""
    again = (operation for file in members for operation in _into(file, name))
    return Step(
        Action.DELETE,
        f"{_SHELL}/{name}",
        "delete",
        f"LU group {name}",
        (Rmdir(f"{LU_GROUPS}/{name}"),),
        undo=(*_build(name, number), *again),
    )
