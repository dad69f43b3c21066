# SPDX-License-Identifier: Apache-2.0
"""Config -> Config: rename or clone an object, or replace its backing."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

from ..fast_dataclasses import replace
from . import inquiry
from .backing import Backing
from .model import Auth, Config, Key, Lun, NodeAcl, StorageObject, Target, Tpg

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def replace_backing(config: Config, key: Key, backing: Backing) -> Config:
    """Return the configuration with another backing for a storage object.

    All else is kept. Raises KeyError if there is no such storage object.
    """
    so = replace(config.storage_objects[key], backing=backing)
    return replace(config, storage_objects={**config.storage_objects, key: so})


def rename_storage_object(config: Config, key: Key, name: str) -> Config:
    """Return the configuration with a storage object renamed, and its LUNs adapted.

    Its INQUIRY data stay, even if the product was derived from the name: initiators build device
    names from them. Raises KeyError if there is no such storage object.
    """
    so = _renamed(config.storage_objects[key], name)
    targets = {
        each: _on_tpgs(target, lambda tpg: _reexported(tpg, key, so.key))
        for each, target in config.targets.items()
    }
    objects = _rekeyed(config.storage_objects, key, so.key, so)
    return replace(config, storage_objects=objects, targets=targets)


def _renamed(so: StorageObject, name: str) -> StorageObject:
    named = so.attributes.get("emulate_model_alias") == "1"
    before, after = (
        inquiry.defaults(so.backing.plugin, each, named=named)["product_id"]
        for each in (so.name, name)
    )
    product = so.identity.get("product_id", before)
    others = {field: value for field, value in so.identity.items() if field != "product_id"}
    # The kernel accepts only these characters in a write, though any in an object's name.
    if product != after and so.backing.has_wwn and product.isascii() and product.isprintable():
        others["product_id"] = product
    return replace(so, name=name, identity=others)


def rename_acl(config: Config, target: Key, tag: int, wwn: str, new: str) -> Config:
    """Return the configuration with an ACL and its settings moved to another initiator.

    Raises KeyError if there is no such target, TPG or ACL.
    """

    def renamed(tpg: Tpg) -> Tpg:
        acl = replace(tpg.acls[wwn], wwn=new)
        return replace(tpg, acls=_rekeyed(tpg.acls, wwn, new, acl))

    return _on_tpg(config, target, tag, renamed)


def clone_acl(
    config: Config, target: Key, tag: int, wwn: str, new: str, *, credentials: bool = False
) -> Config:
    """Return the configuration with a copy of an ACL for another initiator.

    The copy has the settings and mapped LUNs, but no tag, and credentials only if ``credentials``:
    initiators should not share a secret (RFC 7143 section 9.2.1). Raises KeyError if there is no
    such target, TPG or ACL.
    """

    def cloned(tpg: Tpg) -> Tpg:
        acl = _without_aliases(tpg.acls[wwn])
        auth = acl.auth if credentials else Auth()
        return replace(tpg, acls={**tpg.acls, new: replace(acl, wwn=new, tag=None, auth=auth)})

    return _on_tpg(config, target, tag, cloned)


def clone_target(config: Config, key: Key, wwn: str) -> Config:
    """Return the configuration with another target for the same LUNs and initiators.

    Its ports get new identifiers: a relative target port identifier must be unique
    (drivers/target/target_core_tpg.c, target_tpg_register_rtpi). Raises KeyError if there is no
    such target.
    """
    target = replace(_on_tpgs(config.targets[key], _copied_tpg), wwn=wwn)
    return replace(config, targets={**config.targets, target.key: target})


def _copied_tpg(tpg: Tpg) -> Tpg:
    return replace(
        tpg,
        luns={index: replace(lun, alias=None) for index, lun in tpg.luns.items()},
        acls={wwn: _without_aliases(acl) for wwn, acl in tpg.acls.items()},
        files={name: value for name, value in tpg.files.items() if name != "rtpi"},
    )


def _without_aliases(acl: NodeAcl) -> NodeAcl:
    """Return the ACL without the random names of its links."""
    mapped = {index: replace(lun, alias=None) for index, lun in acl.mapped_luns.items()}
    return replace(acl, mapped_luns=mapped)


def _reexported(tpg: Tpg, key: Key, new: Key) -> Tpg:
    def to_new(lun: Lun) -> Lun:
        return replace(lun, storage_object=new) if lun.storage_object == key else lun

    return replace(tpg, luns={index: to_new(lun) for index, lun in tpg.luns.items()})


def _on_tpgs(target: Target, change: Callable[[Tpg], Tpg]) -> Target:
    return replace(target, tpgs={tag: change(tpg) for tag, tpg in target.tpgs.items()})


def _on_tpg(config: Config, key: Key, tag: int, change: Callable[[Tpg], Tpg]) -> Config:
    target = config.targets[key]
    tpgs = {**target.tpgs, tag: change(target.tpgs[tag])}
    return replace(config, targets={**config.targets, key: replace(target, tpgs=tpgs)})


def _rekeyed(items: Mapping[K, V], old: K, new: K, item: V) -> dict[K, V]:
    """Return the mapping with one item under another key, at the same position."""
    return {
        (new if key == old else key): (item if key == old else value)
        for key, value in items.items()
    }
