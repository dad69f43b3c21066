# SPDX-License-Identifier: Apache-2.0
"""Wanted configurations in which the attributes of demo mode agree with each other."""

from __future__ import annotations

from ..config import demo_mode
from ..config.model import Config, Target, Tpg, Values
from ..fabrics import FABRICS
from ..fast_dataclasses import replace
from ..kernel import paths

_Notes = list[tuple[str, str]]


def consistent(have: Config, want: Config) -> tuple[Config, _Notes]:
    """Return ``want`` with demo mode closed completely or not at all, and (shell path, note).

    A TPG of ``have`` that ``want`` closes gets cache_dynamic_acls=0, unless ``want`` has a value
    of it. A value that the kernel does not keep is left out.
    """
    notes: _Notes = []
    targets = {
        key: _target(have.targets.get(key), target, notes) for key, target in want.targets.items()
    }
    changed = any(targets[key] is not target for key, target in want.targets.items())
    return (replace(want, targets=targets) if changed else want), notes


def _target(running: Target | None, target: Target, notes: _Notes) -> Target:
    tpgs = {}
    for tag, tpg in target.tpgs.items():
        before = running.tpgs.get(tag) if running else None
        has = before.attributes if before else {}
        tpgs[tag] = _tpg(target, tpg, has, notes)
    changed = any(tpgs[tag] is not tpg for tag, tpg in target.tpgs.items())
    return replace(target, tpgs=tpgs) if changed else target


def _tpg(target: Target, tpg: Tpg, has: Values, notes: _Notes) -> Tpg:
    attributes = demo_mode.closing(tpg.attributes, has)
    if demo_mode.is_kept(target.fabric, attributes, has):
        path = paths.shell_tpg(FABRICS[target.fabric], target.wwn, tpg.tag)
        notes.append((path, f"{demo_mode.CACHE}=0 has no effect: {demo_mode.KEPT}"))
        attributes = {name: value for name, value in attributes.items() if name != demo_mode.CACHE}
    return tpg if attributes is tpg.attributes else replace(tpg, attributes=attributes)
