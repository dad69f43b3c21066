# SPDX-License-Identifier: Apache-2.0
"""A part of a configuration that stands for all of it: of equal objects, the first one."""

from __future__ import annotations

import re

from ..fast_dataclasses import fields, replace
from .model import Config, Key, Lun, MappedLun, NodeAcl, StorageObject, Target, Tpg, Values

# The kernel stores such a text unchanged; of others it may remove blanks or cut them off.
_PLAIN = re.compile(r"[\w./:+=@-]{1,200}")


def sample(config: Config) -> Config:
    """Return the objects of a new configuration in which the kernel could have changed a value.

    Objects are equal if everything that was written is the same text, apart from plain names. An
    object whose values depend on its device stands for itself only. Settings of fabrics and
    logical unit groups are all there.
    """
    return _Sample().of(config)


class _Sample:
    """Keeps the first object of each kind."""

    def __init__(self) -> None:
        self._seen: set[object] = set()
        self._read_only: set[Key] = set()

    def of(self, config: Config) -> Config:
        objects_of = config.storage_objects.items()
        self._read_only = {key for key, so in objects_of if getattr(so.backing, "readonly", False)}
        objects = {
            key: so for key, so in config.storage_objects.items() if self._is_first(self._kind(so))
        }
        targets = {
            key: found for key, item in config.targets.items() if (found := self._target(item))
        }
        return replace(config, storage_objects=objects, targets=targets)

    def _is_first(self, kind: object) -> bool:
        if kind in self._seen:
            return False
        self._seen.add(kind)
        return True

    def _kind(self, so: StorageObject) -> object:
        backing = so.backing
        on_device = backing.udev_path.startswith("/dev/")
        named = so.attributes.get("emulate_model_alias") == "1"
        if named or so.lu_group or not backing.defaults_key(on_device=on_device):
            return so.key
        values = (getattr(backing, item.name) for item in fields(backing) if item.name != "dev")
        groups = ((one.name, one.tag, _texts(one.settings)) for one in so.alua_groups.values())
        return (
            type(backing),
            *values,
            _odd(backing.udev_path),
            _odd(so.wwn),
            _odd(so.alias),
            so.lba_map,
            *map(_texts, (so.attributes, so.identity)),
            *groups,
        )

    def _target(self, target: Target) -> Target | None:
        tpgs = {
            tag: found
            for tag, tpg in target.tpgs.items()
            if (found := self._tpg(target.fabric, tpg))
        }
        first = self._is_first((target.fabric, _texts(target.parameters)))
        return replace(target, tpgs=tpgs) if tpgs or first else None

    def _tpg(self, fabric: str, tpg: Tpg) -> Tpg | None:
        acls = {
            wwn: found for wwn, acl in tpg.acls.items() if (found := self._acl(fabric, tpg, acl))
        }
        mapped = {one.tpg_lun for acl in acls.values() for one in acl.mapped_luns.values()}
        luns = {
            index: lun
            for index, lun in tpg.luns.items()
            if self._is_first(_kind_of_lun(fabric, lun)) or index in mapped
        }
        portals = {
            name: portal
            for name, portal in tpg.portals.items()
            if self._is_first((fabric, "portal", portal.iser, portal.offload))
        }
        settings = (tpg.attributes, tpg.parameters, dict(tpg.auth.items()), tpg.files)
        first = self._is_first((fabric, tpg.enable, tpg.nexus, *map(_texts, settings)))
        if not (first or acls or luns or portals):
            return None
        return replace(tpg, luns=luns, portals=portals, acls=acls)

    def _acl(self, fabric: str, tpg: Tpg, acl: NodeAcl) -> NodeAcl | None:
        mapped = {
            index: one
            for index, one in acl.mapped_luns.items()
            if self._is_first((fabric, "mapped", *self._kind_of_mapped(tpg, one)))
        }
        settings = (acl.attributes, dict(acl.auth.items()))
        kind = (fabric, "acl", acl.cmdsn_depth, acl.tag, *map(_texts, settings))
        return replace(acl, mapped_luns=mapped) if self._is_first(kind) or mapped else None

    def _kind_of_mapped(self, tpg: Tpg, mapped: MappedLun) -> tuple[object, ...]:
        """Return what the kernel makes its write protection of."""
        lun = tpg.luns.get(mapped.tpg_lun)
        read_only = lun is not None and lun.storage_object in self._read_only
        return mapped.write_protect, read_only, tpg.attributes.get("prod_mode_write_protect")


def _kind_of_lun(fabric: str, lun: Lun) -> object:
    return fabric, "lun", lun.storage_object[0], lun.alua_group, _texts(lun.alua)


def _odd(text: str | None) -> str | None:
    """Return a text that the kernel may change; "" for others."""
    return "" if text is None or _PLAIN.fullmatch(text) else text


def _texts(values: Values) -> object:
    return frozenset(values.items())
