# SPDX-License-Identifier: Apache-2.0
"""Create and delete logical unit groups."""

from __future__ import annotations

from rtslib_ext import naming
from rtslib_ext.errors import Exists, InvalidValue, NotFound, Unsupported
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.abi import DEFAULT_LU_GROUP
from rtslib_ext.naming import TAG_MAX
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import lu_groups

from ..changes import apply
from ..env import Env
from ..result import Result, say
from ..tree import Node


def create(env: Env, node: Node, name: str, number: int | None) -> Result:
    """Create a logical unit group."""
    naming.check_object_name(name, node.path)
    if name == DEFAULT_LU_GROUP or env.fs.is_dir(paths.lu_gp(name)):
        raise Exists(f"the logical unit group {name} already exists", path=node.path)
    holders = {text: other for other, text in Reader(env.fs).lu_groups().items()}
    if number is None:
        free = (str(number) for number in range(1, TAG_MAX + 1))
        wanted = next((text for text in free if text not in holders), "")
    else:
        wanted = str(number)
    if not wanted:
        raise Unsupported(f"all numbers from 1 to {TAG_MAX} are in use", path=node.path)
    if wanted in holders:
        raise Exists(
            f"the number {wanted} belongs to {holders[wanted]}",
            path=node.path,
            hint="omit the number to use the first free one",
        )
    apply.apply(env, [lu_groups.create(name, wanted)])
    line = f"Created LU group {name} with number {wanted}."
    return Result([line], created=f"{node.path}/{name}")


def delete(env: Env, node: Node, name: str) -> Result:
    """Delete a logical unit group."""
    if name == DEFAULT_LU_GROUP:
        raise InvalidValue(
            f"{name} cannot be deleted",
            path=node.path,
            hint="it has the storage objects that are in no other group",
        )
    reader = Reader(env.fs)
    number = reader.lu_groups().get(name)
    if number is None and not env.fs.is_dir(paths.lu_gp(name)):
        raise NotFound(f"there is no logical unit group {name}", path=node.path)
    members = reader.lu_group_members(name)
    # A group without a number has no members.
    apply.apply(env, [lu_groups.delete(name, number or "0", members)])
    return say(f"Deleted LU group {name}.")
