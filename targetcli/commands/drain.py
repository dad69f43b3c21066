# SPDX-License-Identifier: Apache-2.0
"""drain: delete objects in use once their initiators have switched to another path."""

from __future__ import annotations

from collections.abc import Iterable

from rtslib_ext.config import shell_paths
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.errors import NotFound
from rtslib_ext.kernel import links, paths, setup
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.plan import interrupted, remove
from rtslib_ext.plan.builder import Plan
from rtslib_ext.plan.disturbance import Disturbance
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Step, backstores, quiesce
from rtslib_ext.usage import exports, multipath, reservations
from rtslib_ext.usage.exports import Export

from ..changes import plans
from ..env import Env
from ..result import Result
from ..tree.backstores import Backstore
from ..tree.fabrics import FabricNode
from ..tree.luns import Luns
from .luns import tpg_of


def lun(env: Env, node: Luns, lun: int, timeout: float, dry_run: bool, other_paths: bool) -> Result:
    """Delete a LUN once its initiators have left."""
    tpg = tpg_of(node)
    export = Export(tpg.fabric, tpg.wwn, tpg.tag, lun)
    if not env.fs.is_dir(export.configfs):
        raise NotFound("Invalid LUN", path=node.path, hint=f"there is no lun{lun}")
    steps = remove.remove_lun(Reader(env.fs), export)
    return _drain(env, export.shell, [export], steps, timeout, dry_run, other_paths)


def storage_object(
    env: Env, node: Backstore, name: str, timeout: float, dry_run: bool, other_paths: bool
) -> Result:
    """Delete a storage object once its initiators have left."""
    found = node.find(name)
    so = found.read() if found else None
    if found is None or so is None:
        raise NotFound(f"No storage object named {name}.", path=node.path)
    exported = exports.of_storage_object(env.fs, found.configfs)
    steps = [step for item in exported for step in remove.remove_lun(Reader(env.fs), item)]
    kept = reservations.kept(setup.dbroot(env.fs), so.wwn or "")
    steps += backstores.delete(so, found.configfs, kept)
    return _drain(env, found.path, exported, steps, timeout, dry_run, other_paths)


def target(
    env: Env, node: FabricNode, wwn: str, timeout: float, dry_run: bool, other_paths: bool
) -> Result:
    """Delete a target once its initiators have left."""
    found = node.find(wwn)
    if found is None:
        raise NotFound(f"there is no target {wwn}", path=node.path)
    target = Reader(env.fs).target(node.fabric, found.name)
    steps = list(remove.remove_target(target, paths.locator(env.fs)))
    exported = list(exports.of_target(target))
    return _drain(env, found.path, exported, steps, timeout, dry_run, other_paths)


def _drain(
    env: Env,
    path: ShellPath,
    exported: list[Export],
    removal: list[Step],
    timeout: float,
    dry_run: bool,
    other_paths: bool,
) -> Result:
    """Make the initiators leave, wait, and delete; all of it or nothing.

    ``other_paths``: initiators without another path here have one through another host.
    """
    before, after = leaving(env, exported, {step.path for step in removal})
    lost = [] if other_paths else list(multipath.without_another_path(Reader(env.fs), exported))
    alone = list(dict.fromkeys(name for _, name in lost))
    luns = [item.configfs for item in exported]
    waits = [quiesce.wait(path, luns, timeout, alone)] if exported else []
    steps = [*before, *waits, *removal, *after]
    disturbances = [*interrupted.of(env.fs, steps), *(_loss(*item, steps) for item in lost)]
    if env.session.transaction is not None:
        # There is nothing to wait for before the commit.
        env.session.transaction.refuse_irreversible()
        steps = [*before, *removal, *after]
    return plans.carry_out(env, Plan(tuple(steps)), disturbances, dry_run=dry_run)


def _loss(export: Export, initiator: str, steps: list[Step]) -> Disturbance:
    """Return what an initiator suffers that has no other path to a LUN."""
    text = (
        f"{initiator} has no other path to {export.shell} through this host: its I/O would fail, "
        "and a file system on it becomes read-only"
    )
    return Disturbance("session", initiator, export.tpg_path.shell, text, by=tuple(steps))


def leaving(env: Env, exported: Iterable[Export], gone: set[str]) -> tuple[list[Step], list[Step]]:
    """Return the steps that make initiators leave, and those that restore the remaining LUNs."""
    groups: dict[ConfigfsPath, list[Export]] = {}
    for item in exported:
        groups.setdefault(_group(env, item), []).append(item)
    before: list[Step] = []
    after: list[Step] = []
    for group, members in groups.items():
        so = paths.storage_object_of(group)
        every = exports.in_group(env.fs, group) if group else []
        # In an LU group the state would change for its other members too.
        alone = bool(so) and Reader(env.fs).lu_group(so) is None
        all_luns = alone and set(every) <= set(members)
        luns = [(item.shell, item.configfs) for item in members]
        owner = shell_paths.storage_object(*(paths.key_of_storage_object(so) or ("", "")))
        name = shell_paths.tg_pt_gp(owner, paths.name_of(group))
        for step, back in quiesce.quiesce(env.fs, group, name, all_luns=all_luns, luns=luns):
            before.append(step)
            if back and owner not in gone:
                after.append(back)
    return before, after


def _group(env: Env, export: Export) -> ConfigfsPath:
    """Return the configfs path of a LUN's target port group; "" if it has none."""
    link = links.link_in(env.fs, export.configfs)
    text = env.fs.read_if_there(f"{export.configfs}/alua_tg_pt_gp") or ""
    name = text.partition("\n")[0].partition(": ")[2]
    return paths.tg_pt_gp(link[1], name) if link and name else ConfigfsPath("")
