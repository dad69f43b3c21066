# SPDX-License-Identifier: Apache-2.0
"""pin: create ACLs for initiators that are logged in without one."""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext import naming
from rtslib_ext.config.model import Auth, MappedLun, NodeAcl
from rtslib_ext.errors import NotFound
from rtslib_ext.kernel import paths
from rtslib_ext.plan.builder import Plan
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Step, acls
from rtslib_ext.usage import sessions, unlisted

from ..changes import plans
from ..env import Env
from ..result import Result
from ..tree import Node
from ..tree.fabrics import TpgNode
from .luns import tpg_of


def pin(env: Env, node: Node, wwn: str | None, dry_run: bool) -> Result:
    """Create ACLs for initiators that are logged in without one, with the LUNs they have now.

    The session continues: target_core_tpg.c, core_tpg_add_initiator_node_acl, turns its dynamic
    node ACL into a permanent one, and target_core_device.c, core_enable_device_list_for_node,
    replaces its LUNs by the mapped LUNs, read only or not as before.
    """
    tpg = tpg_of(node)
    dynamic = list(dict.fromkeys(sessions.dynamic_initiators(Reader(env.fs), tpg.configfs)))
    names = [name for name in dynamic if _is_wwn(tpg, name)]
    others = [name for name in dynamic if name not in names] if wwn is None else []
    if wwn is not None:
        names = _selected(tpg, wwn, names)
    steps = [step for name in names for step in _steps(env, tpg, name)]
    kinds = " or ".join(tpg.fabric.wwn_types)
    notes = [
        (tpg.path, f"{name!r} is not a name of type {kinds}: it gets no ACL") for name in others
    ]
    more = unlisted.of_target(Reader(env.fs), tpg.wwn) if wwn is None and names else None
    if more and (tpg.configfs, None) in more.holders:
        text = f"the kernel does not list {more.unlisted} sessions more: repeat pin for them"
        notes.append((tpg.path, text))
    return plans.carry_out(env, Plan(tuple(steps), notes=tuple(notes)), dry_run=dry_run)


def _is_wwn(tpg: TpgNode, name: str) -> bool:
    """Return True if an initiator's name, which came over the network, is a WWN of the fabric."""
    return naming.is_name(tpg.fabric.wwn_types, name)


def _selected(tpg: TpgNode, wwn: str, dynamic: list[str]) -> list[str]:
    name = naming.as_running(tpg.fabric.wwn_types, wwn, tpg.path)
    if name not in dynamic:
        raise NotFound(
            f"{name} is not logged in without an ACL",
            path=tpg.path,
            hint="sessions marks such initiators (dynamic)",
        )
    return [name]


def _steps(env: Env, tpg: TpgNode, wwn: str) -> Iterator[Step]:
    """Yield the steps that create the ACL of one initiator."""
    reader = Reader(env.fs)
    # The next login is checked against the ACL's credentials; this one was against the TPG's.
    auth = reader.auth(paths.auth(tpg.configfs)) if tpg.fabric.has("auth") else Auth()
    # target_core_device.c, core_tpg_add_node_to_devs: disks are read only with this attribute.
    protected = tpg.attribute("demo_mode_write_protect") == "1"
    luns = {index: MappedLun(index, index, protected) for index in reader.lun_indexes(tpg.configfs)}
    # The kernel keeps the present state of write_protect: no write is needed.
    yield from acls.create_acl(
        tpg.tpg_path, NodeAcl(wwn, luns, auth=auth), lambda mapped: protected, pinned=True
    )
