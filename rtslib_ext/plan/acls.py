# SPDX-License-Identifier: Apache-2.0
"""Steps for the node ACLs and mapped LUNs of an existing TPG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .. import schema
from ..config import shell_paths
from ..config.model import MappedLun, NodeAcl, Tpg
from ..fast_dataclasses import replace
from ..kernel import paths
from ..kernel.paths import TpgPath
from ..steps import Step, acls
from ..steps.settings import change, credentials
from . import build
from .builder import PlanBuilder
from .settings import complete, set_values

Recreated = Mapping[int, str]
"""LUNs of the TPG that are recreated, with the reasons."""


def unmap_luns(
    builder: PlanBuilder, tpg_path: TpgPath, have: Tpg, want: Tpg, recreate: Recreated
) -> None:
    """Delete the ACLs and mapped LUNs that are not wanted or whose LUN is deleted."""
    for wwn, acl in have.acls.items():
        wanted = want.acls.get(wwn)
        if wanted is None:
            builder.remove += acls.delete_acl(tpg_path, acl)
            continue
        for mapped in acl.mapped_luns.values():
            if _is_removed(mapped, wanted, want, recreate):
                builder.remove.append(acls.delete_mapped_lun(tpg_path, wwn, mapped))


def _is_removed(mapped: MappedLun, wanted: NodeAcl, want: Tpg, recreate: Recreated) -> bool:
    then = wanted.mapped_luns.get(mapped.index)
    if then is None or then.tpg_lun != mapped.tpg_lun:
        return True
    return mapped.tpg_lun in recreate or mapped.tpg_lun not in want.luns


def change_acls(
    builder: PlanBuilder, tpg_path: TpgPath, have: Tpg, want: Tpg, recreate: Recreated
) -> None:
    """Create the missing ACLs and change the existing ones."""
    after = replace(want, attributes={**have.attributes, **want.attributes})
    protected = build.protected(after, builder.read_only)
    for wwn, acl in want.acls.items():
        running = have.acls.get(wwn)
        if running is None:
            builder.create += acls.create_acl(tpg_path, acl, protected)
            continue
        builder.create += _values(builder, tpg_path, running, acl)
        for mapped in acl.mapped_luns.values():
            builder.create += _mapped(builder, tpg_path, running, wwn, mapped, protected, recreate)


def _mapped(
    builder: PlanBuilder,
    tpg_path: TpgPath,
    have: NodeAcl,
    wwn: str,
    mapped: MappedLun,
    protected: acls.Protected,
    recreate: Recreated,
) -> Iterator[Step]:
    running = have.mapped_luns.get(mapped.index)
    if running is None:
        yield acls.create_mapped_lun(tpg_path, wwn, mapped, protected=protected(mapped))
    elif running.tpg_lun != mapped.tpg_lun or mapped.tpg_lun in recreate:
        path = shell_paths.mapped_lun(shell_paths.acl(tpg_path.shell, wwn), mapped.index)
        renumbered = f"LUN: {running.tpg_lun} -> {mapped.tpg_lun}"
        builder.replaced[path] = recreate.get(mapped.tpg_lun, renumbered)
        named = replace(mapped, alias=mapped.alias or running.alias)
        yield acls.create_mapped_lun(tpg_path, wwn, named, protected=protected(mapped))
    elif running.write_protect != mapped.write_protect:
        yield acls.set_write_protect(tpg_path, wwn, mapped)


def _values(
    builder: PlanBuilder, tpg_path: TpgPath, have: NodeAcl, want: NodeAcl
) -> Iterator[Step]:
    configfs, path = tpg_path.acl(want.wwn), shell_paths.acl(tpg_path.shell, want.wwn)
    yield from set_values(
        builder,
        path,
        paths.attributes(configfs),
        have.attributes,
        want.attributes,
        lambda name: schema.known("acl_attribute", name),
    )
    if want.cmdsn_depth is not None and have.cmdsn_depth != want.cmdsn_depth:
        before = have.cmdsn_depth or ""
        yield change(path, f"{configfs}/cmdsn_depth", want.cmdsn_depth, before, {})
    if tpg_path.fabric.has("auth"):
        auth = complete(want.auth)
        yield from credentials(path, paths.auth(configfs), auth, complete(have.auth))
    if (have.tag or "") != (want.tag or ""):
        yield acls.set_tag(tpg_path, want, want.tag or "", have.tag or "")
