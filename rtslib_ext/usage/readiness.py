# SPDX-License-Identifier: Apache-2.0
"""The needs of a configuration that the host does not meet yet: devices, mounts, addresses."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Set
from typing import NamedTuple

from ..config import shell_paths, without_luns
from ..config.model import Config, Key, Portal, StorageObject, Target, Tpg
from ..config.shell_paths import ShellPath
from ..fabrics import FABRICS
from ..fast_dataclasses import replace
from ..host import adapters, network, system
from ..kernel import paths
from ..kernel.configfs import ReadFS
from . import another_disk, restorable

# drivers/target/iscsi/iscsi_target_configfs.c, lio_target_np_iser_store
_ISER = "ib_isert"

Identities = Mapping[str, Mapping[str, str]]


class Wait(NamedTuple):
    """An object that cannot be restored yet, and what it waits for."""

    path: ShellPath
    text: str


def split(fs: ReadFS, want: Config, identities: Identities) -> tuple[Config, list[Wait]]:
    """Return the part of a configuration that can be restored now, and what the rest waits for.

    A target that does not exist yet is a part only if it is complete: initiators take a missing
    LUN for a disk that was removed. LUNs and portals of one that exists come one by one.
    """
    lacking = frozenset(name for name in _modules(want) if not system.has_module(name))
    late = {
        key: text
        for key, so in want.storage_objects.items()
        if (text := _of_object(so, identities, lacking))
    }
    waits = [Wait(want.storage_objects[key].path, text) for key, text in late.items()]
    targets = {}
    for key, target in want.targets.items():
        portals = list(_late_portals(target, lacking))
        if not fs.is_dir(paths.target(FABRICS[target.fabric], target.wwn)):
            needs = [*_needs(target, lacking), *(wait.text for wait in portals)]
            needs += [late[so] for so in target.exported() if so in late]
            if needs:
                waits.append(Wait(shell_paths.target(*key), needs[0]))
                continue
        waits += portals
        targets[key] = _without(target, late.keys(), {wait.path for wait in portals})
    objects = {key: so for key, so in want.storage_objects.items() if key not in late}
    return (replace(want, storage_objects=objects, targets=targets) if waits else want), waits


def _modules(want: Config) -> set[str]:
    """Return the kernel modules that a configuration needs."""
    found = {so.backing.module for so in want.storage_objects.values()} - {""}
    found |= {FABRICS[target.fabric].module for target in want.targets.values()}
    portals = (portal for _, portal in _portals(want.targets.values()))
    return found | {_ISER for portal in portals if portal.iser}


def _of_object(so: StorageObject, identities: Identities, lacking: Container[str]) -> str:
    """Return what a storage object waits for; "" if it is ready."""
    if so.backing.module in lacking:
        return _no_module(so.backing.module)
    other = another_disk.of_object(so, identities.get(so.path))
    return other or restorable.problem(so.backing)


def _needs(target: Target, lacking: Container[str]) -> Iterator[str]:
    """Yield what a target needs for itself: its module, its adapter."""
    fabric = FABRICS[target.fabric]
    if fabric.module in lacking:
        yield _no_module(fabric.module)
    elif fabric.hardware and target.wwn not in adapters.hardware_wwns(fabric.name):
        yield f"no adapter has the WWN {target.wwn}"


def _late_portals(target: Target, lacking: Container[str]) -> Iterator[Wait]:
    """Yield the portals that the kernel would refuse now: iSER needs an address, and RDMA.

    On all addresses it serves a device that comes later (isert, listening through rdma_cm).
    """
    for path, portal in _portals([target]):
        if not portal.iser:
            continue
        if _ISER in lacking:
            yield Wait(path, _no_module(_ISER))
        elif portal.is_wildcard:
            continue
        elif not network.has_address(portal.address.strip("[]")):
            yield Wait(path, _no_address(portal.address))
        elif not network.has_rdma_device():
            yield Wait(path, "this host has no RDMA device")


def _portals(targets: Iterable[Target]) -> Iterator[tuple[ShellPath, Portal]]:
    for target in targets:
        for tpg in target.tpgs.values():
            owner = shell_paths.tpg(shell_paths.target(*target.key), tpg.tag)
            for name, portal in tpg.portals.items():
                yield shell_paths.portal(owner, name), portal


def addresses(config: Config) -> Iterator[Wait]:
    """Yield the portals whose address this host does not have.

    The kernel creates them nevertheless (iscsi_target_login.c, iscsit_setup_np: IP_FREEBIND), and
    serves them as soon as the address exists.
    """
    has: dict[str, bool] = {}
    for path, portal in _portals(config.targets.values()):
        address = portal.address.strip("[]")
        if address not in has:
            has[address] = network.has_address(address)
        if not has[address]:
            yield Wait(path, _no_address(portal.address))


def _no_module(name: str) -> str:
    return f"this kernel has no module {name}"


def _no_address(address: str) -> str:
    return f"no interface has the address {address}"


def _without(target: Target, late: Set[Key], portals: Container[str]) -> Target:
    """Return a target without the LUNs of some storage objects and their mapped LUNs, and portals.

    ``portals`` are shell paths.
    """
    target = without_luns.target(target, late)
    if not portals:
        return target
    path = shell_paths.target(*target.key)
    tpgs = {
        tag: replace(tpg, portals=dict(_others(tpg, shell_paths.tpg(path, tag), portals)))
        for tag, tpg in target.tpgs.items()
    }
    return replace(target, tpgs=tpgs)


def _others(tpg: Tpg, path: ShellPath, portals: Container[str]) -> Iterator[tuple[str, Portal]]:
    for name, portal in tpg.portals.items():
        if shell_paths.portal(path, name) not in portals:
            yield name, portal
