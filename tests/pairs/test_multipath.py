# SPDX-License-Identifier: Apache-2.0
"""A pool moves between two hosts while an initiator writes to it through multipath.

Three kernels: both hosts of the pair, with the same disks, and the initiator, which has a path to
each of them. The host that does not serve has the LUNs in standby.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from rtslib_ext.recipes.linux import multipath_conf

from .machines import Machine, running
from .programs import ACTIVE, SIZE

pytestmark = pytest.mark.long

IQN = "iqn.2003-01.org.example:moves"
INITIATOR = "iqn.2003-01.org.example:host1"
DISKS = ["d0", "d1"]
PROGRAMS = "python3 -m tests.pairs.programs"
# What the initiator needs after both commands: multipathd looks at a failed path every 5 s. If a
# release cut commands, they would be sent again when the session is given up, after 25 s.
NOTICED = 12


def fragment(node: int) -> str:
    """The pool on one of the hosts: each has a target port group with its own identifier."""
    group = {"name": f"node{node}", "tg_pt_gp_id": node, "alua_access_type": 1}
    objects = [
        {
            "name": name,
            "plugin": "block",
            "dev": f"/dev/ubd{chr(ord('a') + number)}",
            "wwn": f"5e{number}",
            "alua_tpgs": [{**group, "alua_access_state": 0}],
        }
        for number, name in enumerate(DISKS)
    ]
    luns = [
        {
            "index": number,
            "storage_object": f"/backstores/block/{name}",
            "alua_tg_pt_gp_name": f"node{node}",
        }
        for number, name in enumerate(DISKS)
    ]
    mapped = [{"index": number, "tpg_lun": number} for number in range(len(DISKS))]
    tpg = {
        "tag": 1,
        "enable": True,
        "attributes": {"authentication": 0},
        "luns": luns,
        "portals": [{"ip_address": f"10.9.0.{node + 1}", "port": 3260}],
        "node_acls": [{"node_wwn": INITIATOR, "mapped_luns": mapped}],
    }
    target = {"fabric": "iscsi", "wwn": IQN, "tpgs": [tpg]}
    return json.dumps({"storage_objects": objects, "targets": [target]})


@pytest.fixture
def disks(tmp_path: Path) -> list[Path]:
    """The files of the disks."""
    found = [tmp_path / name for name in DISKS]
    for path in found:
        path.touch()
        os.truncate(path, SIZE)
    return found


@pytest.fixture
def machines(tmp_path: Path, disks: list[Path]) -> Iterator[dict[str, Machine]]:
    with running(tmp_path, ["host", "node1", "node2"], ["node1", "node2"], disks) as found:
        for number in (1, 2):
            node = found[f"node{number}"]
            node.run("modprobe -a target_core_mod iscsi_target_mod target_core_iblock")
            node.write("/etc/target/pairs/pool.json", fragment(number))
            node.start_in_background(
                f"{PROGRAMS} record node{number} {','.join(DISKS)} /tmp/stop", "/tmp/states"
            )
            node.run("while [[ ! -s /tmp/states ]]; do sleep 0.1; done")
        yield found


def log_in(host: Machine) -> list[str]:
    """Log in to both hosts; return the multipath devices once each has two paths."""
    host.run("modprobe -a iscsi_tcp sd_mod sg dm-multipath; mkdir -p /run/lock/iscsi /run/udev")
    host.write("/etc/iscsi/initiatorname.iscsi", f"InitiatorName={INITIATOR}")
    host.write("/etc/multipath/conf.d/lio.conf", "\n".join(multipath_conf()))
    host.run("iscsid; /lib/systemd/systemd-udevd --daemon; multipathd")
    for node in (1, 2):
        host.run(f"iscsiadm -m discovery -t sendtargets -p 10.9.0.{node + 1}")
    host.run("iscsiadm -m node -L all")
    until(lambda: paths(host) == (len(DISKS), len(DISKS)))
    return [f"/dev/mapper/{name}" for name in host.run("multipath -ll -v1").split()]


def paths(host: Machine) -> tuple[int, int]:
    """The numbers of paths that take I/O, and of those in standby."""
    said = host.run("multipath -ll")
    return said.count("active ready"), said.count("active ghost")


def until(done: Callable[[], bool], seconds: float = 60) -> None:
    """Return when something is so."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


Written = list[tuple[float, int, int]]


def written(host: Machine, number: int) -> Written:
    """What a writer has written until now: (time, place, number)."""
    assert host.run(f"cat /tmp/written{number}.error") == ""
    lines = host.run(f"cat /tmp/written{number}").split("\n")
    parts = (line.split() for line in lines if line.count(" ") == 2)
    return [(float(when), int(place), int(count)) for when, place, count in parts]


def write_on(host: Machine, more: int) -> None:
    """Return when each writer has written more blocks."""
    before = [len(written(host, number)) for number in range(len(DISKS))]
    until(
        lambda: all(
            len(written(host, number)) >= before[number] + more for number in range(len(DISKS))
        )
    )


def states(node: Machine) -> list[tuple[float, float, list[str]]]:
    """What the recorder saw: (last time of the former states, first time of these, states)."""
    lines = [line.split() for line in node.run("cat /tmp/states").splitlines()]
    return [(float(seen), float(now), found) for seen, now, found in lines_of(lines)]


def lines_of(lines: list[list[str]]) -> Iterator[tuple[str, str, list[str]]]:
    for seen, now, *found in lines:
        yield seen, now, found


def order(node: Machine, disk: int) -> list[str]:
    """The states of one disk on a host, one after the other."""
    found = [one[disk] for _, _, one in states(node)]
    return [now for before, now in pairwise(["", *found]) if now != before]


def active(node: Machine, disk: int) -> list[tuple[float, float]]:
    """The times between which one disk was active on a host, none of them too short."""
    spans, since = [], 0.0
    for seen, now, found in states(node):
        if found[disk] in ACTIVE and not since:
            since = seen
        elif found[disk] not in ACTIVE and since:
            spans.append((since, now))
            since = 0.0
    return [*spans, (since, time.time())] if since else spans


def test_no_write_is_lost(machines: dict[str, Machine], disks: list[Path]) -> None:
    host, one, other = (machines[name] for name in ("host", "node1", "node2"))
    same_clocks(machines)
    one.targetcli("takeover pool")
    other.targetcli("takeover pool --standby")
    for number, device in enumerate(log_in(host)):
        command = f"{PROGRAMS} write {device} /tmp/stop"
        host.start_in_background(command, f"/tmp/written{number}")
    write_on(host, 50)
    for source, goal in ((one, other), (other, one)):
        begun, needed = move(host, source, goal)
        longest = max(gap_after(written(host, number), begun) for number in range(len(DISKS)))
        print(f"{longest:.1f} s without I/O; release and takeover took {needed:.1f} s")
        assert longest < needed + NOTICED
    host.run("touch /tmp/stop; wait")
    assert paths(host) == (len(DISKS), len(DISKS))
    assert [order(node, 0) for node in (one, other)] == [
        ["-", "0", "2", "-", "2", "0"],
        ["-", "2", "0", "2", "-", "2"],
    ]
    for disk in range(len(DISKS)):
        spans = sorted(active(one, disk) + active(other, disk))
        assert len(spans) == 3
        assert all(end < begin for (_, end), (begin, _) in pairwise(spans)), "two writers"
    unlost(host, disks)


def move(host: Machine, source: Machine, goal: Machine) -> tuple[float, float]:
    """Move the pool, and have the source in standby again.

    Returns when it began, and how long the two commands took.
    """
    begun = time.time()
    source.targetcli("release pool --standby")
    goal.targetcli("takeover pool")
    needed = time.time() - begun
    write_on(host, 50)
    source.targetcli("takeover pool --standby")
    until(lambda: paths(host) == (len(DISKS), len(DISKS)))
    return begun, needed


def gap_after(found: Written, begun: float) -> float:
    """The longest time without a write after some moment."""
    times = [when for when, _, _ in found]
    return max(later - earlier for earlier, later in pairwise(times) if later > begun)


def unlost(host: Machine, disks: list[Path]) -> None:
    """Assert that the disks have what was written last at each place, read on this host."""
    contents = [path.read_bytes() for path in disks]
    for number in range(len(DISKS)):
        found = {place: count for _, place, count in written(host, number)}
        assert len(found) > 100
        there = [
            all(
                int.from_bytes(data[place : place + 8], "big") == count
                for place, count in found.items()
            )
            for data in contents
        ]
        # Which device is which disk depends on who was found first.
        assert any(there), "a write is lost"


def same_clocks(machines: dict[str, Machine]) -> None:
    """Assert that times of different machines can be compared."""
    for machine in machines.values():
        before = time.time()
        now = float(machine.run("echo $EPOCHREALTIME"))
        assert before - 0.05 < now < time.time() + 0.05, machine.name
