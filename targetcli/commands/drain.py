# SPDX-License-Identifier: Apache-2.0
"""Takes things away that are in use, when their initiators have left for another path."""

from __future__ import annotations

from collections.abc import Iterable

from rtslib_ext import disturbance, exports, paths, planner, reservations, startup
from rtslib_ext.errors import NotFound
from rtslib_ext.exports import Export
from rtslib_ext.plan import Plan
from rtslib_ext.reader import Reader
from rtslib_ext.steps import Step, backstores, drains

from ..env import Env
from ..nodes import Node
from ..nodes.backstores import StorageObjectNode
from ..nodes.fabrics import FabricNode
from ..result import Result
from ..views import plan as view
from . import change, disturbed
from .luns import tpg_of

_TIMEOUT = 30.0


def lun(env: Env, node: Node, lun: int, timeout: float = _TIMEOUT, dry_run: bool = False) -> Result:
    """Take a LUN away once its initiators have left."""
    tpg = tpg_of(node)
    export = Export(tpg.fabric, tpg.wwn, tpg.tag, lun)
    if not env.fs.is_dir(export.file):
        raise NotFound("Invalid LUN", path=node.path, hint=f"there is no lun{lun}")
    steps = planner.remove_lun(Reader(env.fs), export)
    return _drain(env, _path(export), [export], steps, timeout, dry_run)


def storage_object(
    env: Env, node: Node, name: str, timeout: float = _TIMEOUT, dry_run: bool = False
) -> Result:
    """Take a storage object away once its initiators have left."""
    found = node.find(name)
    so = found.read() if isinstance(found, StorageObjectNode) else None
    if so is None or not isinstance(found, StorageObjectNode):
        raise NotFound(f"No storage object named {name}.", path=node.path)
    exported = exports.of_storage_object(env.fs, found.file)
    steps = [step for item in exported for step in planner.remove_lun(Reader(env.fs), item)]
    kept = reservations.kept(startup.dbroot(env.fs), so.wwn or "")
    steps += backstores.delete(so, found.file, kept)
    return _drain(env, found.path, exported, steps, timeout, dry_run)


def target(
    env: Env, node: Node, wwn: str, timeout: float = _TIMEOUT, dry_run: bool = False
) -> Result:
    """Take a target away once its initiators have left."""
    assert isinstance(node, FabricNode)
    found = node.find(wwn)
    if found is None:
        raise NotFound(f"there is no target {wwn}", path=node.path)
    target = Reader(env.fs).target(node.fabric, found.name)
    steps = list(planner.remove_target(target, planner.homes(env.fs)))
    exported = [
        Export(node.fabric, found.name, tag, index)
        for tag, tpg in target.tpgs.items()
        for index in tpg.luns
    ]
    return _drain(env, found.path, exported, steps, timeout, dry_run)


def _drain(
    env: Env,
    path: str,
    exported: list[Export],
    removal: list[Step],
    timeout: float,
    dry_run: bool,
) -> Result:
    """Have the initiators leave, wait, take away; all of it or nothing."""
    before, after = _leaving(env, exported, {step.path for step in removal})
    waits = [drains.wait(path, [item.file for item in exported], timeout)] if exported else []
    steps = [*before, *waits, *removal, *after]
    found = disturbance.of(env.fs, steps)
    if env.collection is not None:
        # Waiting is for when it is done.
        env.collection.refuse_apart()
        steps = [*before, *removal, *after]
    if not dry_run:
        disturbed.require_yes(env, found)
        change.apply(env, steps)
    plan = Plan(tuple(steps))
    return Result(view.lines(plan, found), data=lambda: view.facts(plan, found), shows=True)


def _leaving(env: Env, exported: Iterable[Export], gone: set[str]) -> tuple[list[Step], list[Step]]:
    """The steps that have initiators leave, and those that put right what stays."""
    groups: dict[str, list[Export]] = {}
    for item in exported:
        groups.setdefault(_group(env, item), []).append(item)
    before: list[Step] = []
    after: list[Step] = []
    for group, members in groups.items():
        so = group.partition("/alua/")[0]
        every = exports.in_group(env.fs, group) if group else None
        # In an LU group the state would be that of its other members, too.
        alone = bool(so) and Reader(env.fs).lu_group(so) is None
        whole = alone and every is not None and set(every) <= set(members)
        luns = [(_path(item), item.file) for item in members]
        key = paths.key_of_storage_object(so) if so else None
        name = f"/backstores/{'/'.join(key or ())}/alua/{group.rpartition('/')[2]}"
        for step, back in drains.quiet(env.fs, group, name, whole=whole, luns=luns):
            before.append(step)
            if back and not (key and f"/backstores/{'/'.join(key)}" in gone):
                after.append(back)
    return before, after


def _group(env: Env, export: Export) -> str:
    """The configfs path of a LUN's target port group; "" where it has none."""
    link = paths.link_in(env.fs, export.file)
    text = env.fs.read_if_there(f"{export.file}/alua_tg_pt_gp") or ""
    name = text.partition("\n")[0].partition(": ")[2]
    return f"{link[1]}/alua/{name}" if link and name else ""


def _path(export: Export) -> str:
    return f"{export.place.path}/luns/lun{export.index}"
