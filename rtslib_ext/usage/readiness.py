# SPDX-License-Identifier: Apache-2.0
"""The needs of a configuration that the host does not meet yet: devices, mounts, addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ..config import shell_paths
from ..config.model import Config, Key, NodeAcl, StorageObject, Target, Tpg
from ..config.shell_paths import ShellPath
from ..fabrics import FABRICS
from ..fast_dataclasses import replace
from ..host import adapters, network, system
from ..kernel import paths
from ..kernel.configfs import ReadFS
from . import another_disk, restorable

Identities = Mapping[str, Mapping[str, str]]


class Wait(NamedTuple):
    """An object that cannot be restored yet, and what it waits for."""

    path: ShellPath
    text: str


def split(fs: ReadFS, want: Config, identities: Identities) -> tuple[Config, list[Wait]]:
    """Return the part of a configuration that can be restored now, and what the rest waits for.

    A target that does not exist yet is a part only if it is complete: initiators take a missing
    LUN for a disk that was removed. LUNs of one that exists come one by one.
    """
    late = {key: text for key, so in want.storage_objects.items() if (text := _of(so, identities))}
    waits = [Wait(want.storage_objects[key].path, text) for key, text in late.items()]
    targets = {}
    for key, target in want.targets.items():
        needs = [*_needs(target), *(late[so] for so in _exported(target) if so in late)]
        if needs and not fs.is_dir(paths.target(FABRICS[target.fabric], target.wwn)):
            waits.append(Wait(shell_paths.target(*key), needs[0]))
        else:
            targets[key] = _without(target, late.keys()) if needs else target
    objects = {key: so for key, so in want.storage_objects.items() if key not in late}
    return (replace(want, storage_objects=objects, targets=targets) if waits else want), waits


def _of(so: StorageObject, identities: Identities) -> str:
    """Return what a storage object waits for; "" if it is ready."""
    other = another_disk.of_object(so, identities.get(so.path))
    return other or restorable.problem(so.backing)


def _needs(target: Target) -> Iterator[str]:
    """Yield what a target needs for itself: its module, its adapter, the addresses of iSER."""
    fabric = FABRICS[target.fabric]
    if not system.is_loaded(fabric.module) and not system.has_module(fabric.module):
        yield f"this kernel has no module {fabric.module}"
    elif fabric.hardware and target.wwn not in adapters.hardware_wwns(fabric.name):
        yield f"no adapter has the WWN {target.wwn}"
    for tpg in target.tpgs.values():
        for portal in tpg.portals.values():
            if portal.iser and not network.has_address(portal.address.strip("[]")):
                yield _no_address(portal.address)


def addresses(config: Config) -> Iterator[Wait]:
    """Yield the portals whose address this host does not have.

    The kernel creates them nevertheless (iscsi_target_login.c, iscsit_setup_np: IP_FREEBIND), and
    serves them as soon as the address exists.
    """
    has: dict[str, bool] = {}
    for target in config.targets.values():
        for tpg in target.tpgs.values():
            owner = shell_paths.tpg(shell_paths.target(*target.key), tpg.tag)
            for name, portal in tpg.portals.items():
                address = portal.address.strip("[]")
                if address not in has:
                    has[address] = network.has_address(address)
                if not has[address]:
                    yield Wait(shell_paths.portal(owner, name), _no_address(portal.address))


def _no_address(address: str) -> str:
    return f"no interface has the address {address}"


def _exported(target: Target) -> Iterable[Key]:
    return (lun.storage_object for tpg in target.tpgs.values() for lun in tpg.luns.values())


def _without(target: Target, late: Iterable[Key]) -> Target:
    """Return a target without the LUNs of some storage objects, and their mapped LUNs."""
    tpgs = {tag: _tpg_without(tpg, frozenset(late)) for tag, tpg in target.tpgs.items()}
    return replace(target, tpgs=tpgs)


def _tpg_without(tpg: Tpg, late: frozenset[Key]) -> Tpg:
    gone = {index for index, lun in tpg.luns.items() if lun.storage_object in late}
    if not gone:
        return tpg
    luns = {index: lun for index, lun in tpg.luns.items() if index not in gone}
    acls = {wwn: _acl_without(acl, gone) for wwn, acl in tpg.acls.items()}
    return replace(tpg, luns=luns, acls=acls)


def _acl_without(acl: NodeAcl, gone: set[int]) -> NodeAcl:
    mapped = {index: lun for index, lun in acl.mapped_luns.items() if lun.tpg_lun not in gone}
    return replace(acl, mapped_luns=mapped)
