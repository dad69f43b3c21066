# SPDX-License-Identifier: Apache-2.0
"""The part of a configuration whose objects exist, or whose objects are not named."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import TypeVar

from ..config import shell_paths
from ..config.model import Config, NodeAcl, Target, Tpg
from ..config.shell_paths import ShellPath
from ..fabrics import FABRICS
from ..fast_dataclasses import replace
from ..kernel.paths import TpgPath

K = TypeVar("K")
V = TypeVar("V")


def existing(document: Config, have: Config) -> Config:
    """Return the part of a document whose objects exist."""
    return Config(
        _common(document.storage_objects, have.storage_objects, lambda so, _: so),
        _common(document.targets, have.targets, _existing_target),
        document.fabrics,
        _common(document.lu_groups, have.lu_groups, lambda number, _: number),
    )


def _existing_target(target: Target, have: Target) -> Target:
    return replace(target, tpgs=_common(target.tpgs, have.tpgs, _existing_tpg))


def _existing_tpg(tpg: Tpg, have: Tpg) -> Tpg:
    luns = {
        index: lun
        for index, lun in tpg.luns.items()
        if index in have.luns and have.luns[index].storage_object == lun.storage_object
    }
    return replace(
        tpg,
        # Of a TPG that existed before, the document has only the new objects.
        enable=tpg.enable or None,
        luns=luns,
        portals=_common(tpg.portals, have.portals, lambda portal, _: portal),
        acls=_common(tpg.acls, have.acls, _existing_acl),
    )


def _existing_acl(acl: NodeAcl, have: NodeAcl) -> NodeAcl:
    return replace(acl, mapped_luns=_common(acl.mapped_luns, have.mapped_luns, lambda one, _: one))


def _common(
    wanted: Mapping[K, V], running: Mapping[K, V], combine: Callable[[V, V], V]
) -> dict[K, V]:
    return {key: combine(item, running[key]) for key, item in wanted.items() if key in running}


def top(document: Config) -> frozenset[str]:
    """Return the shell paths of the storage objects, targets and LU groups of a document."""
    return frozenset(
        (
            *(so.path for so in document.storage_objects.values()),
            *(shell_paths.target(*key) for key in document.targets),
            *map(shell_paths.lu_gp, document.lu_groups),
        )
    )


def without(have: Config, gone: Container[str]) -> Config:
    """Return a configuration without the objects of these shell paths."""
    targets = (item for key, item in have.targets.items() if shell_paths.target(*key) not in gone)
    return replace(
        have,
        storage_objects={k: so for k, so in have.storage_objects.items() if so.path not in gone},
        targets={target.key: _target_without(target, gone) for target in targets},
        lu_groups={k: v for k, v in have.lu_groups.items() if shell_paths.lu_gp(k) not in gone},
    )


def _target_without(target: Target, gone: Container[str]) -> Target:
    fabric = FABRICS[target.fabric]
    found = {
        tag: (TpgPath.of(fabric, target.wwn, tag).shell, tpg) for tag, tpg in target.tpgs.items()
    }
    kept = {tag: _tpg_without(*item, gone) for tag, item in found.items() if item[0] not in gone}
    return replace(target, tpgs=kept)


def _tpg_without(path: ShellPath, tpg: Tpg, gone: Container[str]) -> Tpg:
    acls = {
        wwn: replace(
            acl,
            mapped_luns={
                index: mapped
                for index, mapped in acl.mapped_luns.items()
                if shell_paths.mapped_lun(shell_paths.acl(path, wwn), index) not in gone
            },
        )
        for wwn, acl in tpg.acls.items()
        if shell_paths.acl(path, wwn) not in gone
    }
    return replace(
        tpg,
        luns={k: v for k, v in tpg.luns.items() if shell_paths.lun(path, k) not in gone},
        portals={k: v for k, v in tpg.portals.items() if shell_paths.portal(path, k) not in gone},
        acls=acls,
    )
