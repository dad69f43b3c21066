# SPDX-License-Identifier: Apache-2.0
"""Settings and target port groups of existing objects that a restore could not set or create.

A setting is named by the shell path of its object and the subject of the step that sets it, such
as ``/backstores/fileio/disk1/emulate_tpu``; a target port group by its shell path.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping
from typing import Any, TypeVar

from ..config import shell_paths
from ..config.model import (
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
from ..config.shell_paths import ShellPath
from ..fabrics import FABRICS
from ..fast_dataclasses import replace
from ..kernel.abi import DEFAULT_GROUP
from ..kernel.paths import TpgPath

K = TypeVar("K")
V = TypeVar("V")

Settings = Mapping[ShellPath, Mapping[str, str]]
"""Names and values of settings by the shell path of their object."""

_DISCOVERY = "discovery_auth enable"
# The fields of each class that are settings. With a name: one value, which a step sets under that
# name. Without one: a mapping, or credentials.
_FIELDS: dict[type, dict[str, str | None]] = {
    StorageObject: {
        "attributes": None,
        "identity": None,
        "alias": "alias",
        "lu_group": "alua_lu_gp",
        "lba_map": "lba_map",
    },
    AluaGroup: {"settings": None},
    Lun: {"alua_group": "alua_tg_pt_gp_name", "alua": None},
    NodeAcl: {"attributes": None, "auth": None, "tag": "tag", "cmdsn_depth": "cmdsn_depth"},
    Tpg: {"attributes": None, "parameters": None, "files": None, "auth": None, "nexus": "nexus"},
    Target: {"parameters": None},
    FabricSettings: {
        "discovery_auth": None,
        "discovery_enable": _DISCOVERY,
        "cpus_allowed_list": "cpus_allowed_list",
    },
}


def name(path: str, setting: str) -> ShellPath:
    """Return the name of a setting."""
    return ShellPath(f"{path}/{setting}")


def settings(config: Config) -> Settings:
    """Return the settings of all objects."""
    return {path: _settings(item) for path, item in _objects(config)}


def names(config: Config) -> set[str]:
    """Return the names of all settings and target port groups of a configuration."""
    groups = {
        shell_paths.tg_pt_gp(so.path, group)
        for so in config.storage_objects.values()
        for group in so.alua_groups
    }
    return groups | _by_name(config).keys()


def find(want: Config, have: Config, among: Container[str]) -> dict[str, str]:
    """Return those of ``among`` that differ from ``want`` in existing objects.

    The values are the running ones; "" for a missing target port group.
    """
    want = _same_objects(want, have)
    running = {**_without_fabrics(want), **settings(have)}
    found: dict[str, str] = {}
    for path, wanted in settings(want).items():
        now = running.get(path)
        if now is None:
            if path in among and _owner_of_group(path) in running:
                found[path] = ""
            continue
        for setting, value in wanted.items():
            one = name(path, setting)
            if one in among and now.get(setting, "") != value:
                found[one] = now.get(setting, "")
    return found


def remaining(want: Config, have: Config, instead: Mapping[str, str]) -> set[str]:
    """Return the names of settings and groups that are still not as in ``want``.

    ``instead`` are all of them with the values that the restore left; a setting with another
    value was changed since, on purpose.
    """
    found = find(want, have, instead)
    return {one for one, value in found.items() if value == instead[one]}


def _without_fabrics(want: Config) -> Settings:
    """Return the settings that fabrics have at first, when their module is loaded."""
    return {shell_paths.fabric(name): {_DISCOVERY: str(False)} for name in want.fabrics}


def superseded(record: Config, want: Config, names: Collection[str]) -> set[str]:
    """Return those settings for which ``want`` has another value than ``record``."""
    recorded, wanted = _by_name(record), _by_name(want)
    return {one for one in names if one in wanted and wanted[one] != recorded.get(one)}


def _by_name(config: Config) -> dict[str, str]:
    return {
        name(path, setting): value
        for path, values in settings(config).items()
        for setting, value in values.items()
    }


def _owner_of_group(path: str) -> str:
    """Return the path of the storage object of a target port group; "" for other paths."""
    owner, alua, _ = path.rpartition("/alua/")
    return owner if alua else ""


def _same_objects(want: Config, have: Config) -> Config:
    """Return ``want`` without the objects in whose place the running configuration has others.

    These are storage objects with another serial number, and LUNs of another storage object.
    """
    objects = {
        key: so
        for key, so in want.storage_objects.items()
        if so.wwn is None or have.storage_objects.get(key, so).wwn == so.wwn
    }

    def of_tpg(target: Target, tpg: Tpg) -> Tpg:
        running = have.targets.get(target.key, target).tpgs.get(tpg.tag, tpg).luns
        luns = {
            index: lun
            for index, lun in tpg.luns.items()
            if running.get(index, lun).storage_object == lun.storage_object
        }
        return replace(tpg, luns=luns)

    targets = {
        key: replace(target, tpgs={tag: of_tpg(target, tpg) for tag, tpg in target.tpgs.items()})
        for key, target in want.targets.items()
    }
    return replace(want, storage_objects=objects, targets=targets)


# -- the settings of objects ------------------------------------------------------------------


def _objects(config: Config) -> Iterator[tuple[ShellPath, object]]:
    """Yield all objects that have settings, with their shell paths."""
    for fabric in config.fabrics.values():
        yield shell_paths.fabric(fabric.name), fabric
    for so in config.storage_objects.values():
        yield so.path, so
        for group in so.alua_groups.values():
            yield shell_paths.tg_pt_gp(so.path, group.name), group
    for target in config.targets.values():
        yield shell_paths.target(*target.key), target
        for tpg in target.tpgs.values():
            path = _path(target, tpg)
            yield path, tpg
            for lun in tpg.luns.values():
                yield shell_paths.lun(path, lun.index), lun
            for acl in tpg.acls.values():
                yield shell_paths.acl(path, acl.wwn), acl


def _path(target: Target, tpg: Tpg) -> ShellPath:
    return TpgPath.of(FABRICS[target.fabric], target.wwn, tpg.tag).shell


def _settings(item: object) -> dict[str, str]:
    found: dict[str, str] = {}
    for field, setting in _FIELDS[type(item)].items():
        value = getattr(item, field)
        if setting is None:
            found.update(value.items())
        elif value is not None:
            found[setting] = str(value)
    if isinstance(item, Lun):
        found.setdefault("alua_tg_pt_gp_name", DEFAULT_GROUP)
    return found


# -- a part of a configuration ------------------------------------------------------------------


def part(config: Config, names: Container[str]) -> Config:
    """Return those settings and groups only, with the objects around them."""
    objects = {key: _storage_object(so, names) for key, so in config.storage_objects.items()}
    return Config(
        storage_objects=_present(objects),
        targets=_present({key: _target(item, names) for key, item in config.targets.items()}),
        fabrics=_present(
            {
                key: _only(item, shell_paths.fabric(item.name), names)
                for key, item in config.fabrics.items()
            }
        ),
    )


def _storage_object(so: StorageObject, names: Container[str]) -> StorageObject | None:
    groups = {}
    for group in so.alua_groups.values():
        path = shell_paths.tg_pt_gp(so.path, group.name)
        groups[group.name] = group if path in names else _only(group, path, names)
    return _only(so, so.path, names, alua_groups=_present(groups))


def _target(target: Target, names: Container[str]) -> Target | None:
    tpgs = _present({tag: _tpg(target, tpg, names) for tag, tpg in target.tpgs.items()})
    return _only(target, shell_paths.target(*target.key), names, tpgs=tpgs)


def _tpg(target: Target, tpg: Tpg, names: Container[str]) -> Tpg | None:
    path = _path(target, tpg)
    luns = {i: _only(lun, shell_paths.lun(path, i), names) for i, lun in tpg.luns.items()}
    acls = {
        wwn: _only(acl, shell_paths.acl(path, wwn), names, mapped_luns={})
        for wwn, acl in tpg.acls.items()
    }
    return _only(
        replace(tpg, enable=False, portals={}),
        path,
        names,
        luns=_present(luns),
        acls=_present(acls),
    )


def _only(item: V, path: ShellPath, names: Container[str], **inside: Mapping[Any, Any]) -> V | None:
    """Return an object with those of its settings, and the objects ``inside``; None without any."""
    changes: dict[str, Any] = dict(inside)
    for field, setting in _FIELDS[type(item)].items():
        value = getattr(item, field)
        if setting is not None:
            changes[field] = value if name(path, setting) in names else None
            continue
        chosen = {key: text for key, text in value.items() if name(path, key) in names}
        changes[field] = Auth(**chosen) if isinstance(value, Auth) else chosen
    if not any(map(_is_set, changes.values())):
        return None
    result: V = replace(item, **changes)  # type: ignore[type-var]
    return result


def _is_set(value: object) -> bool:
    if isinstance(value, Auth):
        return any(True for _ in value.items())
    return bool(value) if isinstance(value, Mapping) else value is not None


def _present(values: Mapping[K, V | None]) -> dict[K, V]:
    return {key: value for key, value in values.items() if value is not None}
