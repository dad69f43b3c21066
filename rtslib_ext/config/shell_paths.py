# SPDX-License-Identifier: Apache-2.0
"""Shell paths: how users name objects, and errors, plans and save files with them.

The path of a TPG, on which those below it build, is ``kernel.paths.TpgPath.shell``: it depends on
the fabric.
"""

from __future__ import annotations

from typing import NewType

ShellPath = NewType("ShellPath", str)
"""A path in the tree of the shell, ``/backstores/fileio/disk`` for instance."""

BACKSTORES = ShellPath("/backstores")
LU_GROUPS = ShellPath("/backstores/lu_gps")


def is_within(path: str, above: str) -> bool:
    """Return True for ``above`` itself and for every path below it."""
    return path == above or path.startswith(f"{above.rstrip('/')}/")


def is_related(path: str, other: str) -> bool:
    """Return True if a path is above, at or below another."""
    return is_within(path, other) or is_within(other, path)


def backstore(plugin: str) -> ShellPath:
    """Return the path of a kind of backstore."""
    return ShellPath(f"/backstores/{plugin}")


def storage_object(plugin: str, name: str) -> ShellPath:
    """Return the path of a storage object; save files name it so, too."""
    return ShellPath(f"/backstores/{plugin}/{name}")


def tg_pt_gp(storage_object: ShellPath, name: str) -> ShellPath:
    """Return the path of a target port group."""
    return ShellPath(f"{storage_object}/alua/{name}")


def lu_gp(name: str) -> ShellPath:
    """Return the path of a logical unit group."""
    return ShellPath(f"/backstores/lu_gps/{name}")


def fabric(name: str) -> ShellPath:
    """Return the path of a fabric."""
    return ShellPath(f"/{name}")


def target(fabric: str, wwn: str) -> ShellPath:
    """Return the path of a target."""
    return ShellPath(f"/{fabric}/{wwn}")


def tpg(target: ShellPath, tag: int) -> ShellPath:
    """Return the path of a TPG of a fabric that has several TPGs in a target."""
    return ShellPath(f"{target}/tpg{tag}")


def luns(tpg: ShellPath) -> ShellPath:
    """Return the path of the LUNs of a TPG."""
    return ShellPath(f"{tpg}/luns")


def lun(tpg: ShellPath, index: int) -> ShellPath:
    """Return the path of a LUN."""
    return ShellPath(f"{tpg}/luns/lun{index}")


def portals(tpg: ShellPath) -> ShellPath:
    """Return the path of the portals of a TPG."""
    return ShellPath(f"{tpg}/portals")


def portal(tpg: ShellPath, name: str) -> ShellPath:
    """Return the path of a portal, which is named ADDRESS:PORT."""
    return ShellPath(f"{tpg}/portals/{name}")


def acls(tpg: ShellPath) -> ShellPath:
    """Return the path of the node ACLs of a TPG."""
    return ShellPath(f"{tpg}/acls")


def acl(tpg: ShellPath, name: str) -> ShellPath:
    """Return the path of a node ACL, by its WWN or tag."""
    return ShellPath(f"{tpg}/acls/{name}")


def mapped_lun(acl: ShellPath, index: int) -> ShellPath:
    """Return the path of a mapped LUN."""
    return ShellPath(f"{acl}/mapped_lun{index}")
