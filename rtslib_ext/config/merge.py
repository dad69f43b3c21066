# SPDX-License-Identifier: Apache-2.0
"""One configuration laid over another: add and change, remove nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from ..fast_dataclasses import replace
from .model import (
    AUTH_NAMES,
    AluaGroup,
    Auth,
    Config,
    FabricSettings,
    Lun,
    NodeAcl,
    StorageObject,
    Target,
    Tpg,
)

K = TypeVar("K")
V = TypeVar("V")


def over(below: Config, above: Config) -> Config:
    """What is there once ``above`` has been added to ``below``; its own values win."""
    return Config(
        storage_objects=_each(below.storage_objects, above.storage_objects, _storage_object),
        targets=_each(below.targets, above.targets, _target),
        fabrics=_each(below.fabrics, above.fabrics, _fabric),
        lu_groups={**below.lu_groups, **above.lu_groups},
    )


def _each(below: Mapping[K, V], above: Mapping[K, V], lay: Callable[[V, V], V]) -> dict[K, V]:
    both = {key: lay(below[key], item) if key in below else item for key, item in above.items()}
    return {**below, **both}


def _first(*values: V | None) -> V | None:
    return next((value for value in values if value is not None), None)


def _storage_object(below: StorageObject, above: StorageObject) -> StorageObject:
    return replace(
        above,
        wwn=_first(above.wwn, below.wwn),
        attributes={**below.attributes, **above.attributes},
        alua_groups=_each(below.alua_groups, above.alua_groups, _alua_group),
        identity={**below.identity, **above.identity},
        alias=_first(above.alias, below.alias),
        lu_group=_first(above.lu_group, below.lu_group),
        lba_map=_first(above.lba_map, below.lba_map),
    )


def _alua_group(below: AluaGroup, above: AluaGroup) -> AluaGroup:
    tag = below.tag if above.tag is None else above.tag
    return replace(above, tag=tag, settings={**below.settings, **above.settings})


def _target(below: Target, above: Target) -> Target:
    return replace(
        above,
        tpgs=_each(below.tpgs, above.tpgs, _tpg),
        parameters={**below.parameters, **above.parameters},
    )


def _tpg(below: Tpg, above: Tpg) -> Tpg:
    return replace(
        above,
        enable=_first(above.enable, below.enable),
        attributes={**below.attributes, **above.attributes},
        parameters={**below.parameters, **above.parameters},
        auth=_auth(below.auth, above.auth),
        luns=_each(below.luns, above.luns, _lun),
        portals={**below.portals, **above.portals},
        acls=_each(below.acls, above.acls, _acl),
        nexus=_first(above.nexus, below.nexus),
        files={**below.files, **above.files},
    )


def _lun(below: Lun, above: Lun) -> Lun:
    if below.storage_object != above.storage_object:
        return above
    group = _first(above.alua_group, below.alua_group)
    return replace(above, alua_group=group, alua={**below.alua, **above.alua})


def _acl(below: NodeAcl, above: NodeAcl) -> NodeAcl:
    return replace(
        above,
        mapped_luns={**below.mapped_luns, **above.mapped_luns},
        attributes={**below.attributes, **above.attributes},
        auth=_auth(below.auth, above.auth),
        tag=_first(above.tag, below.tag),
        cmdsn_depth=_first(above.cmdsn_depth, below.cmdsn_depth),
    )


def _auth(below: Auth, above: Auth) -> Auth:
    return Auth(**{name: _first(getattr(above, name), getattr(below, name)) for name in AUTH_NAMES})


def _fabric(below: FabricSettings, above: FabricSettings) -> FabricSettings:
    return FabricSettings(
        above.name,
        _auth(below.discovery_auth, above.discovery_auth),
        _first(above.discovery_enable, below.discovery_enable),
        _first(above.cpus_allowed_list, below.cpus_allowed_list),
    )
