# SPDX-License-Identifier: Apache-2.0
"""The ACLs of a TPG as commands. Those with one tag are changed as one, so they must be equal."""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext import schema
from rtslib_ext.config import shell_paths
from rtslib_ext.config.model import NodeAcl, Tpg
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.fabrics import Fabric
from rtslib_ext.fast_dataclasses import replace

from .call import Call, Value, auth, change, writable


def of_tpg(tpg_path: ShellPath, fabric: Fabric, tpg: Tpg) -> Iterator[Call]:
    """Yield the commands that create the ACLs of a TPG."""
    for name, members in groups(tpg).items():
        for acl in members:
            about = shell_paths.acl(tpg_path, acl.wwn)
            values: dict[str, Value] = {"wwn": acl.wwn, "add_mapped_luns": False}
            yield Call(shell_paths.acls(tpg_path), "ensure", values, 1, about=about)
            if acl.tag:
                tagged: dict[str, Value] = {"wwn_or_tag": acl.wwn, "new_tag": acl.tag}
                yield Call(shell_paths.acls(tpg_path), "tag", tagged, 2, about=about)
        yield from _settings(shell_paths.acl(tpg_path, name), fabric, members[0])


def groups(tpg: Tpg) -> dict[str, list[NodeAcl]]:
    """Return the ACLs by their tag, or by their WWN without one."""
    found: dict[str, list[NodeAcl]] = {}
    for acl in tpg.acls.values():
        found.setdefault(acl.tag or acl.wwn, []).append(acl)
    return found


def are_equal(members: list[NodeAcl]) -> bool:
    """Return True if ACLs differ in nothing but the initiator and the names of links."""
    return all(_without_names(acl) == _without_names(members[0]) for acl in members[1:])


def _without_names(acl: NodeAcl) -> NodeAcl:
    mapped = {index: replace(lun, alias=None) for index, lun in acl.mapped_luns.items()}
    return replace(acl, wwn="", mapped_luns=mapped)


def _settings(path: ShellPath, fabric: Fabric, acl: NodeAcl) -> Iterator[Call]:
    yield from change(path, "attribute", writable(acl.attributes, schema.acl_attribute))
    depth = acl.cmdsn_depth
    yield from change(path, "initiator", {} if depth is None else {"cmdsn_depth": depth})
    yield from change(path, "auth", auth(path, acl.auth) if fabric.has("auth") else {})
    for lun in acl.mapped_luns.values():
        values: dict[str, Value] = {
            "mapped_lun": lun.index,
            "tpg_lun_or_backstore": lun.tpg_lun,
            "write_protect": lun.write_protect,
        }
        yield Call(path, "ensure", values, 2, about=shell_paths.mapped_lun(path, lun.index))
