# SPDX-License-Identifier: Apache-2.0
"""Merge one configuration into another: add and change, remove nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from ..fast_dataclasses import replace
from . import demo_mode
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


def merge(base: Config, patch: Config) -> Config:
    """Return ``base`` with ``patch`` merged into it; values of ``patch`` win.

    None in ``patch`` keeps the value of ``base``. Mappings are merged key by key. A LUN that
    exports another storage object is replaced.
    """
    return Config(
        storage_objects=_each(base.storage_objects, patch.storage_objects, _storage_object),
        targets=_each(base.targets, patch.targets, _target),
        fabrics=_each(base.fabrics, patch.fabrics, _fabric),
        lu_groups={**base.lu_groups, **patch.lu_groups},
    )


def _each(base: Mapping[K, V], patch: Mapping[K, V], combine: Callable[[V, V], V]) -> dict[K, V]:
    both = {key: combine(base[key], item) if key in base else item for key, item in patch.items()}
    return {**base, **both}


def _first(*values: V | None) -> V | None:
    return next((value for value in values if value is not None), None)


def _storage_object(base: StorageObject, patch: StorageObject) -> StorageObject:
    return replace(
        patch,
        wwn=_first(patch.wwn, base.wwn),
        attributes={**base.attributes, **patch.attributes},
        alua_groups=_each(base.alua_groups, patch.alua_groups, _alua_group),
        identity={**base.identity, **patch.identity},
        alias=_first(patch.alias, base.alias),
        lu_group=_first(patch.lu_group, base.lu_group),
        lba_map=_first(patch.lba_map, base.lba_map),
    )


def _alua_group(base: AluaGroup, patch: AluaGroup) -> AluaGroup:
    tag = base.tag if patch.tag is None else patch.tag
    return replace(patch, tag=tag, settings={**base.settings, **patch.settings})


def _target(base: Target, patch: Target) -> Target:
    return replace(
        patch,
        tpgs=_each(base.tpgs, patch.tpgs, _tpg),
        parameters={**base.parameters, **patch.parameters},
    )


def _tpg(base: Tpg, patch: Tpg) -> Tpg:
    return replace(
        patch,
        enable=_first(patch.enable, base.enable),
        attributes={**base.attributes, **demo_mode.closing(patch.attributes, base.attributes)},
        parameters={**base.parameters, **patch.parameters},
        auth=_auth(base.auth, patch.auth),
        luns=_each(base.luns, patch.luns, _lun),
        portals={**base.portals, **patch.portals},
        acls=_each(base.acls, patch.acls, _acl),
        nexus=_first(patch.nexus, base.nexus),
        files={**base.files, **patch.files},
    )


def _lun(base: Lun, patch: Lun) -> Lun:
    if base.storage_object != patch.storage_object:
        return patch
    group = _first(patch.alua_group, base.alua_group)
    return replace(patch, alua_group=group, alua={**base.alua, **patch.alua})


def _acl(base: NodeAcl, patch: NodeAcl) -> NodeAcl:
    return replace(
        patch,
        mapped_luns={**base.mapped_luns, **patch.mapped_luns},
        attributes={**base.attributes, **patch.attributes},
        auth=_auth(base.auth, patch.auth),
        tag=_first(patch.tag, base.tag),
        cmdsn_depth=_first(patch.cmdsn_depth, base.cmdsn_depth),
    )


def _auth(base: Auth, patch: Auth) -> Auth:
    return Auth(**{name: _first(getattr(patch, name), getattr(base, name)) for name in AUTH_NAMES})


def _fabric(base: FabricSettings, patch: FabricSettings) -> FabricSettings:
    return FabricSettings(
        patch.name,
        _auth(base.discovery_auth, patch.discovery_auth),
        _first(patch.discovery_enable, base.discovery_enable),
        _first(patch.cpus_allowed_list, base.cpus_allowed_list),
    )
