# SPDX-License-Identifier: Apache-2.0
"""Config -> Config: one object of what runs under another name, on another device, or twice."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

from ..fast_dataclasses import replace
from . import inquiry
from .backing import Backing
from .model import Auth, Config, Lun, NodeAcl, StorageObject, Target, Tpg

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Key = tuple[str, str]


def replace_backing(config: Config, key: Key, backing: Backing) -> Config:
    """Another device or file behind a storage object, which keeps all else; raises KeyError."""
    so = replace(config.storage_objects[key], backing=backing)
    return replace(config, storage_objects={**config.storage_objects, key: so})


def rename_storage_object(config: Config, key: Key, name: str) -> Config:
    """A storage object under another name: its LUNs lead to it as before; raises KeyError.

    What it says of itself to initiators stays, also where that was its name: they make names of
    their own from it.
    """
    so = _renamed(config.storage_objects[key], name)
    targets = {
        each: _on_tpgs(target, lambda tpg: _exporting(tpg, key, so.key))
        for each, target in config.targets.items()
    }
    objects = _exchanged(config.storage_objects, key, so.key, so)
    return replace(config, storage_objects=objects, targets=targets)


def _renamed(so: StorageObject, name: str) -> StorageObject:
    named = so.attributes.get("emulate_model_alias") == "1"
    before, after = (
        inquiry.defaults(so.backing.plugin, each, named=named)["product_id"]
        for each in (so.name, name)
    )
    product = so.identity.get("product_id", before)
    others = {field: value for field, value in so.identity.items() if field != "product_id"}
    # The kernel takes no other characters from us, though it takes them from a name.
    if product != after and so.backing.has_wwn and product.isascii() and product.isprintable():
        others["product_id"] = product
    return replace(so, name=name, identity=others)


def rename_acl(config: Config, target: Key, tag: int, wwn: str, new: str) -> Config:
    """An ACL with all it has for another initiator; raises KeyError."""

    def renamed(tpg: Tpg) -> Tpg:
        acl = replace(tpg.acls[wwn], wwn=new)
        return replace(tpg, acls=_exchanged(tpg.acls, wwn, new, acl))

    return _on_tpg(config, target, tag, renamed)


def clone_acl(
    config: Config, target: Key, tag: int, wwn: str, new: str, *, credentials: bool = False
) -> Config:
    """Another initiator with the settings and mapped LUNs of one that is there; raises KeyError.

    It has no tag, and credentials only where that is asked for: initiators should not share a
    secret (RFC 7143 section 9.2.1).
    """

    def cloned(tpg: Tpg) -> Tpg:
        acl = _fresh_acl(tpg.acls[wwn])
        auth = acl.auth if credentials else Auth()
        return replace(tpg, acls={**tpg.acls, new: replace(acl, wwn=new, tag=None, auth=auth)})

    return _on_tpg(config, target, tag, cloned)


def clone_target(config: Config, key: Key, wwn: str) -> Config:
    """Another target that exports the same storage objects to the same initiators.

    Raises KeyError. Its ports get identifiers of their own: no two ports have the same relative
    target port identifier (drivers/target/target_core_tpg.c, target_tpg_register_rtpi).
    """
    found = config.targets[key]
    target = replace(_on_tpgs(found, _fresh_tpg), wwn=wwn)
    return replace(config, targets={**config.targets, target.key: target})


def _fresh_tpg(tpg: Tpg) -> Tpg:
    return replace(
        tpg,
        luns={index: replace(lun, alias=None) for index, lun in tpg.luns.items()},
        acls={wwn: _fresh_acl(acl) for wwn, acl in tpg.acls.items()},
        files={name: value for name, value in tpg.files.items() if name != "rtpi"},
    )


def _fresh_acl(acl: NodeAcl) -> NodeAcl:
    """Without the names of its links, which are random."""
    mapped = {index: replace(lun, alias=None) for index, lun in acl.mapped_luns.items()}
    return replace(acl, mapped_luns=mapped)


def _exporting(tpg: Tpg, key: Key, new: Key) -> Tpg:
    def moved(lun: Lun) -> Lun:
        return replace(lun, storage_object=new) if lun.storage_object == key else lun

    return replace(tpg, luns={index: moved(lun) for index, lun in tpg.luns.items()})


def _on_tpgs(target: Target, change: Callable[[Tpg], Tpg]) -> Target:
    return replace(target, tpgs={tag: change(tpg) for tag, tpg in target.tpgs.items()})


def _on_tpg(config: Config, key: Key, tag: int, change: Callable[[Tpg], Tpg]) -> Config:
    target = config.targets[key]
    tpgs = {**target.tpgs, tag: change(target.tpgs[tag])}
    return replace(config, targets={**config.targets, key: replace(target, tpgs=tpgs)})


def _exchanged(items: Mapping[K, V], old: K, new: K, item: V) -> dict[K, V]:
    """The same with one item under another key, at its place."""
    return {
        (new if key == old else key): (item if key == old else value)
        for key, value in items.items()
    }
