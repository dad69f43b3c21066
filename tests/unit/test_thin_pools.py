# SPDX-License-Identifier: Apache-2.0
"""Pools of thin volumes: what the kernel and zfs tell of them, and when check warns."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from rtslib_ext.checks import pools, rules
from rtslib_ext.checks.facts import Facts
from rtslib_ext.config.backing import Block
from rtslib_ext.config.model import Config, StorageObject
from rtslib_ext.host import dm_status, thin_pools
from rtslib_ext.host.device_stack import Stack
from rtslib_ext.host.dm_status import Target
from rtslib_ext.host.thin_pools import Pool, Pools

MIB = 1 << 20
# Two thin volumes of 100 MiB in a pool of 100 MiB on one disk, by their numbers.
DEVICES = {
    "253:2": ("vg0-thin1", "LVM-a1", 100, "253:1"),
    "253:3": ("vg0-thin2", "LVM-a2", 100, "253:1"),
    "253:1": ("vg0-pool0-tpool", "LVM-b-tpool", 100, "8:0"),
    "8:0": ("", "", 200, ""),
}
GOOD = "1 20/1024 {}/1000 - rw discard_passdown queue_if_no_space - 256"


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """The layers of these devices, of a sysfs of files."""
    for number, (name, uuid, size, below) in DEVICES.items():
        folder = tmp_path / "sys/dev/block" / number
        (folder / "slaves").mkdir(parents=True)
        (folder / "size").write_text(f"{size * MIB // 512}\n")
        if name:
            (folder / "dm").mkdir()
            (folder / "dm/name").write_text(f"{name}\n")
            (folder / "dm/uuid").write_text(f"{uuid}\n")
        if below:
            (folder / "slaves/x").mkdir()
            (folder / "slaves/x/dev").write_text(f"{below}\n")
    return Stack(str(tmp_path))


def asked(pool: str) -> dict[str, list[Target]]:
    """The status of the devices: 50 MiB of the first volume are mapped, 90 of the second."""
    thin = {
        number: [("thin", f"{used * 2048} 7")] for number, used in (("253:2", 50), ("253:3", 90))
    }
    return {**thin, "253:1": [("thin-pool", pool)], "8:0": []}


def test_a_pool_and_the_growth_of_its_volumes(stack: Stack) -> None:
    status, calls = asked(GOOD.format(960)), []

    def ask(number: str) -> list[Target]:
        calls.append(number)
        return status[number]

    found = Pools(stack, ask)
    (pool,) = found.below(stack.number("253:2"))
    assert (pool.name, pool.size, pool.growth) == ("/dev/vg0/pool0", 100 * MIB, 50 * MIB)
    assert (pool.free, pool.metadata, pool.trouble) == (4 * MIB, 1, "")
    assert "has 4 of 100 MiB free, and its volumes may grow by 50 MiB" in pools.problem(pool)
    assert found.below(stack.number("253:3")) == [pool] and pool.growth == 60 * MIB
    assert found.below(stack.number("253:3")) == [pool] and pool.growth == 60 * MIB
    assert found.below(stack.number("8:0")) == []
    assert sorted(calls) == sorted(set(calls))


@pytest.mark.parametrize("name", ["a", "z"])
def test_a_thin_snapshot_of_another_device(stack: Stack, tmp_path: Path, name: str) -> None:
    """It is on its pool and on that device, in any order."""
    folder = tmp_path / "sys/dev/block/253:2/slaves" / name
    folder.mkdir()
    (folder / "dev").write_text("8:0\n")
    status = asked(GOOD.format(960))
    (pool,) = Pools(stack, status.__getitem__).below(stack.number("253:2"))
    assert (pool.name, pool.growth) == ("/dev/vg0/pool0", 50 * MIB)
    assert len(stack.layers[stack.number("253:2")].below) == 2


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (GOOD.format(500), ""),
        (GOOD.format(901), "once it is full, writes fail"),
        (GOOD.format(899), ""),
        ("1 950/1000 10/1000 - rw discard_passdown queue_if_no_space -", "has used 95 % of its"),
        ("1 20/1024 1000/1000 - out_of_data_space discard_passdown - 256", "is out of data space"),
        ("1 20/1024 10/1000 - ro discard_passdown queue_if_no_space needs_check", "is read-only"),
        (
            "1 20/1024 10/1000 - rw discard_passdown queue_if_no_space needs_check",
            "need of a check",
        ),
        ("Fail", "is failed"),
        ("", ""),
        ("1 ?/? x", ""),
    ],
)
def test_when_it_warns(stack: Stack, status: str, text: str) -> None:
    for pool in Pools(stack, asked(status).__getitem__).below(stack.number("253:2")):
        found = pools.problem(pool)
        assert text in found and bool(found) == bool(text)
    assert Pools(stack, lambda _: []).below(stack.number("253:2")) == []


def test_a_pool_with_room_for_all_its_volumes_is_good() -> None:
    assert pools.problem(Pool("p", 100 * MIB, 5 * MIB, growth=5 * MIB)) == ""
    assert pools.problem(Pool("p", 100 * MIB, 5 * MIB, growth=6 * MIB))


ZFS = """\
tank\t-\t-\t24576\t990\t10
tank/thin\t500\tnone\t100\t100\t10
tank/thick\t500\t600\t100\t600\t510
"""


@pytest.fixture
def volumes(monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A pool of ZFS with a thin volume and one whose space is reserved."""

    def run(*words: str, timeout: float) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(words, 0, ZFS, "")

    monkeypatch.setattr(thin_pools.system, "run", run)
    stack = Stack()
    for name in ("thin", "thick"):
        stack.other("ZFS volume", f"/dev/zvol/tank/{name}")
    return stack


def test_a_pool_of_zfs(volumes: Stack) -> None:
    found = Pools(volumes, lambda _: [])
    (pool,) = found.below("ZFS volume /dev/zvol/tank/thick")
    assert (pool.name, pool.size, pool.free, pool.growth) == ("tank", 1000, 10, 0)
    assert found.below("ZFS volume /dev/zvol/tank/thin") == [pool] and pool.growth == 400
    assert pools.problem(pool)


def test_zfs_that_does_not_answer(volumes: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*words: str, timeout: float) -> subprocess.CompletedProcess[str]:
        raise TimeoutError

    monkeypatch.setattr(thin_pools.system, "run", run)
    assert Pools(volumes, lambda _: []).below("ZFS volume /dev/zvol/tank/thin") == []


def test_the_answer_of_the_kernel() -> None:
    """Two targets; one that does not fit into the answer is left out."""
    header = struct.pack("=3IIIIiIIIQ128s129s7x", 4, 0, 0, 16384, 312, 2, *(0,) * 5, b"", b"")
    assert len(header) == 312

    def target(following: int, kind: bytes, text: bytes) -> bytes:
        start = struct.pack("=QQiI16s", 0, 8, 0, following, kind)
        return start + text + b"\0"

    first = target(56, b"thin", b"8 7").ljust(56, b"\0")
    second = target(112, b"thin-pool", b"0 1/2 3/4").ljust(56, b"\0")
    both = header + first + second
    assert dm_status.parsed(both) == [("thin", "8 7"), ("thin-pool", "0 1/2 3/4")]
    assert dm_status.parsed(both[: 312 + 60]) == [("thin", "8 7")]
    assert dm_status.of_device("no:number") == []


def test_the_rule_names_the_objects_of_a_pool(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = {"/dev/vg0/thin1": "253:2", "/dev/vg0/thin2": "253:3", "/dev/sdz": "8:0"}
    monkeypatch.setattr(pools, "Stack", lambda: stack)
    monkeypatch.setattr(stack, "path", lambda path: stack.number(numbers[path]), raising=False)
    status = asked(GOOD.format(990))
    monkeypatch.setattr(pools, "Pools", lambda given: Pools(given, status.__getitem__))
    objects = [StorageObject(path.rpartition("/")[2], Block(path), "1") for path in numbers]
    facts = Facts(Config({so.key: so for so in objects}))
    (one,) = (rule for rule in rules.RULES if rule.name == "full-thin-pool")
    (finding,) = one.find(facts)
    assert finding.path == "/backstores/block/thin1"
    assert "which it (with /backstores/block/thin2) is on, has 1 of 100 MiB free" in finding.text
