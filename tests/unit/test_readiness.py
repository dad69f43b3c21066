# SPDX-License-Identifier: Apache-2.0
"""What a configuration waits for: modules, and addresses and RDMA devices of iSER."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtslib_ext.config.backing import RamDisk, User
from rtslib_ext.config.model import Config, Lun, Portal, StorageObject, Target, Tpg
from rtslib_ext.host import network, system
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.usage import readiness

WWN = "iqn.2003-01.org.example:a"
TARGET = f"/iscsi/{WWN}"
DISKS = {
    so.key: so for so in (StorageObject("r", RamDisk(4096)), StorageObject("u", User("x/y", 1)))
}
LUNS = {index: Lun(index, key) for index, key in enumerate(DISKS)}


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """A host that has everything; the questions that it answers, with the answers."""
    has: dict[str, bool] = {}
    monkeypatch.setattr(system, "has_module", lambda name: has.get(name, True))
    monkeypatch.setattr(network, "has_address", lambda address: has.get(address, True))
    monkeypatch.setattr(network, "has_rdma_device", lambda: has.get("rdma", True))
    return has


def config(*portals: Portal) -> Config:
    tpg = Tpg(1, luns=LUNS, portals={portal.name: portal for portal in portals})
    return Config(DISKS, {("iscsi", WWN): Target("iscsi", WWN, {1: tpg})})


def fs(folder: Path, *, there: bool) -> ConfigFS:
    """A tree with the target, or without."""
    if there:
        (folder / "iscsi" / WWN).mkdir(parents=True)
    return ConfigFS(str(folder))


def waits(found: list[readiness.Wait]) -> list[tuple[str, str]]:
    return [(str(one.path), one.text) for one in found]


@pytest.mark.parametrize("name", ["iscsi_target_mod", "target_core_user"])
def test_module(host: dict[str, bool], tmp_path: Path, name: str) -> None:
    host[name] = False
    text = f"this kernel has no module {name}"
    ready, late = readiness.split(fs(tmp_path, there=False), config(), {})
    disk = [("/backstores/user/u", text)] if name == "target_core_user" else []
    assert waits(late) == [*disk, (TARGET, text)]
    assert [*ready.storage_objects] == [key for key in DISKS if not disk or key[0] == "ramdisk"]
    assert not ready.targets
    host[name] = True
    assert readiness.split(fs(tmp_path, there=False), config(), {}) == (config(), [])


@pytest.mark.parametrize(
    ("lacks", "text"),
    [
        ("ib_isert", "this kernel has no module ib_isert"),
        ("10.99.0.2", "no interface has the address 10.99.0.2"),
        ("rdma", "this host has no RDMA device"),
    ],
)
def test_iser(host: dict[str, bool], tmp_path: Path, lacks: str, text: str) -> None:
    """A new target waits as a whole; of one that exists, the portal alone."""
    host[lacks] = False
    plain, iser = Portal("10.99.0.1", 3260), Portal("10.99.0.2", 3260, iser=True)
    want = config(plain, iser)
    ready, late = readiness.split(fs(tmp_path, there=False), want, {})
    assert waits(late) == [(TARGET, text)] and not ready.targets
    there = fs(tmp_path, there=True)
    ready, late = readiness.split(there, want, {})
    assert waits(late) == [(f"{TARGET}/tpg1/portals/{iser.name}", text)]
    assert ready == config(plain)
    host[lacks] = True
    assert readiness.split(there, want, {}) == (want, [])


def test_plain_portals_wait_for_nothing(host: dict[str, bool], tmp_path: Path) -> None:
    """Nor does iSER on all addresses: the kernel serves a device that comes later."""
    host.update({"rdma": False, "10.99.0.1": False})
    want = config(Portal("10.99.0.1", 3260), Portal("[::0]", 3261, iser=True))
    assert readiness.split(fs(tmp_path, there=False), want, {}) == (want, [])
    assert waits([*readiness.addresses(want)]) == [
        (f"{TARGET}/tpg1/portals/10.99.0.1:3260", "no interface has the address 10.99.0.1")
    ]


def test_modules_are_looked_up_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each look reads the list of all modules, and there may be ten thousand storage objects."""
    asked: list[str] = []
    monkeypatch.setattr(system, "has_module", lambda name: not asked.append(name))
    disks = [StorageObject(f"u{number}", User("x/y", 1)) for number in range(100)]
    readiness.split(fs(tmp_path, there=False), Config({so.key: so for so in disks}), {})
    assert asked == ["target_core_user"]


@pytest.mark.parametrize("names", [None, [], ["rxe0"]])
def test_rdma_devices(tmp_path: Path, names: list[str] | None) -> None:
    folder = tmp_path / "infiniband"
    for name in names or ():
        (folder / name).mkdir(parents=True)
    if names == []:
        folder.mkdir()
    assert network.has_rdma_device(str(folder)) == bool(names)
