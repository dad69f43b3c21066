# SPDX-License-Identifier: Apache-2.0
"""Parts of targets that their fabric does not use: ACLs of a loopback target, for instance."""

from __future__ import annotations

from ..config import shell_paths
from ..config.model import Config, Target, Tpg
from ..config.shell_paths import ShellPath
from ..fabrics import FABRICS, Fabric
from ..fast_dataclasses import replace

Notes = list[tuple[ShellPath, str]]


def leave_out(config: Config) -> tuple[Config, Notes]:
    """Return a configuration without such parts, and a (path, note) for each TPG with some."""
    notes: Notes = []
    targets = {key: _target(target, notes) for key, target in config.targets.items()}
    return (replace(config, targets=targets) if notes else config), notes


def _target(target: Target, notes: Notes) -> Target:
    fabric = FABRICS[target.fabric]
    if fabric.has("acls") and fabric.has("nps"):
        return target
    before = len(notes)
    tpgs = {tag: _tpg(fabric, target, tpg, notes) for tag, tpg in target.tpgs.items()}
    return replace(target, tpgs=tpgs) if len(notes) > before else target


def _tpg(fabric: Fabric, target: Target, tpg: Tpg, notes: Notes) -> Tpg:
    acls = tpg.acls if fabric.has("acls") else {}
    portals = tpg.portals if fabric.has("nps") else {}
    unused = [("ACLs", len(tpg.acls) - len(acls)), ("portals", len(tpg.portals) - len(portals))]
    path = shell_paths.target(*target.key)
    if fabric.has("tpgts"):
        path = shell_paths.tpg(path, tpg.tag)
    found = [(path, f"{fabric.name} has no {what}: {n} skipped") for what, n in unused if n]
    notes += found
    return replace(tpg, acls=acls, portals=portals) if found else tpg
