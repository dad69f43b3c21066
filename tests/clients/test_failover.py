# SPDX-License-Identifier: Apache-2.0
"""A target moves between two hosts while an initiator writes: takeover and release.

The hosts are two network namespaces with their own files and records, one after the other on one
kernel. Their disks are the same, as on shared storage; the address of the target moves. Beside it,
the agents iSCSITarget and iSCSILogicalUnit of Debian's resource-agents move a tenth of the LUNs:
for each they start 137 processes, five of which are targetcli, and the user-mode kernel needs
twenty to thirty times as long for a process as the host. They run targetcli of this repository,
which starts faster than targetcli-fb.
"""

from __future__ import annotations

import json
import mmap
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import INITIATOR, Run

CHECKOUT = Path(__file__).parents[2]
IQN = "iqn.2003-01.org.example:moves"
ADDRESS, HOST = "10.9.0.10", "10.9.0.1"
LUNS = 100
AGENT_LUNS = int(os.environ.get("AGENT_LUNS", LUNS // 10))
BLOCK, SIZE = 4096, 1 << 20
OCF_ROOT = Path(os.environ.get("OCF_ROOT", "/usr/lib/ocf"))

pytestmark = pytest.mark.long

TIMES: list[float] = []
"""The time without I/O of the first test."""


class Node:
    """A host of the pair; ``number`` is 1 or 2."""

    def __init__(self, number: int, folder: Path) -> None:
        self.name, self.link, self.folder = f"node{number}", f"n{number}", folder / f"node{number}"
        for name in ("etc/pr", "etc/alua", "etc/pairs", "run", "tmp"):
            (self.folder / name).mkdir(parents=True)
        for words in (
            f"ip netns add {self.name}",
            f"ip link add {self.link} type veth peer name eth0 netns {self.name}",
            f"ip link set {self.link} master pair0 up",
            f"ip -n {self.name} link set eth0 up",
            f"ip -n {self.name} link set lo up",
        ):
            subprocess.run(words.split(), check=True)

    def run(self, *words: str | Path, **variables: str) -> None:
        """Run a program with the files, the records and the network of this host."""
        binds = "".join(
            f"mount --bind {self.folder}/{name} {place}; "
            for name, place in (("etc", "/etc/target"), ("run", "/run/targetcli"))
        )
        script = f'{binds} exec nsenter --net=/run/netns/{self.name} "$@"'
        # The agents set preferences, which are not for the tests that follow.
        always = {"PYTHONPATH": str(CHECKOUT), "TARGETCLI_HOME": f"{self.folder}/home"}
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-ec", script, "sh", *words],
            env={**os.environ, **always, **variables},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"

    def targetcli(self, *words: str) -> None:
        self.run(sys.executable, "-m", "targetcli", *words)

    def address(self, action: str) -> None:
        """Add or delete the address of the target; the others notice, as by gratuitous ARP."""
        words = ["ip", "-n", self.name, "address", action, f"{ADDRESS}/24", "dev", "eth0"]
        subprocess.run(words, check=True)
        subprocess.run(["ip", "neigh", "flush", "dev", "pair0"], check=True)


@pytest.fixture
def nodes(target: Callable[..., str], tmp_path: Path) -> Iterator[list[Node]]:
    """Two hosts with the same disks, and a network between them and the initiator."""
    size = f"rd_size={SIZE // 1024}"
    subprocess.run(["modprobe", "brd", f"rd_nr={LUNS}", size], check=True)
    subprocess.run(["modprobe", "-a", "veth", "bridge"], check=True)
    Path("/run/targetcli").mkdir(exist_ok=True)
    for words in (
        "ip link add pair0 type bridge",
        f"ip address add {HOST}/24 dev pair0",
        "ip link set pair0 up",
    ):
        subprocess.run(words.split(), check=True)
    found = [Node(number, tmp_path) for number in (1, 2)]
    yield found
    for node in found:
        # A namespace goes later than its name: a socket of the target may still hold it.
        subprocess.run(["ip", "link", "delete", node.link], check=True)
        subprocess.run(["ip", "netns", "delete", node.name], check=True)
    subprocess.run(["ip", "link", "delete", "pair0"], check=True)


def fragment() -> str:
    """The disks, and the target with the address that moves."""
    objects = [
        {"name": f"d{number}", "plugin": "block", "dev": f"/dev/ram{number}", "wwn": f"5e{number}"}
        for number in range(LUNS)
    ]
    luns = [
        {"index": number, "storage_object": f"/backstores/block/d{number}"}
        for number in range(LUNS)
    ]
    mapped = [{"index": number, "tpg_lun": number} for number in range(LUNS)]
    tpg = {
        "tag": 1,
        "enable": True,
        "attributes": {"authentication": 0},
        "luns": luns,
        "portals": [{"ip_address": ADDRESS, "port": 3260}],
        "node_acls": [{"node_wwn": INITIATOR, "mapped_luns": mapped}],
    }
    target = {"fabric": "iscsi", "wwn": IQN, "tpgs": [tpg]}
    return json.dumps({"storage_objects": objects, "targets": [target]})


def write(device: str, stop: str) -> None:
    """Write blocks past the page cache until told to stop; print time, place and value of each."""
    handle, buffer = os.open(device, os.O_RDWR | os.O_DIRECT), mmap.mmap(-1, BLOCK)
    count = 0
    while not os.path.exists(stop):
        count += 1
        place = count * BLOCK % SIZE
        buffer[:] = count.to_bytes(8, "big") * (BLOCK // 8)
        assert os.pwritev(handle, [buffer], place) == BLOCK
        print(time.monotonic(), place, count, flush=True)


Written = list[tuple[float, int, int]]


@contextmanager
def writing(device: str, folder: Path) -> Iterator[Callable[[], Written]]:
    """Have a process write all the while; gives what it has written."""
    stop, log = folder / "stop", folder / "log"
    program = "import sys; from tests.clients.test_failover import *; write(*sys.argv[1:])"
    with log.open("w") as output:
        words = [sys.executable, "-c", program, device, str(stop)]
        process = subprocess.Popen(words, stdout=output, cwd=CHECKOUT)

    def written() -> Written:
        lines = log.read_text().split("\n")[:-1]
        parts = (line.split() for line in lines)
        return [(float(when), int(place), int(count)) for when, place, count in parts]

    yield written
    stop.touch()
    assert process.wait(120) == 0, "the initiator got an I/O error"


def disk() -> str:
    """The device of LUN 0 of the target, once it exists."""
    for _ in range(600):
        found = [*Path("/dev/disk/by-path").glob(f"*{IQN}-lun-0")] or [
            Path("/dev", device.name)
            for device in Path("/sys/block").glob("sd*")
            if (device / "device").resolve().name.endswith(":0")
            and "session" in str((device / "device").resolve())
        ]
        if found:
            return str(found[0])
        time.sleep(0.1)
    raise TimeoutError("LUN 0 did not appear")


def moved(
    nodes: Sequence[Node],
    iscsiadm: Run,
    folder: Path,
    start: Callable[[Node], None],
    stop: Callable[[Node], None],
) -> float:
    """Move the target while an initiator writes; return the longest time without I/O in seconds.

    Asserts that no write was lost and none failed.
    """
    one, other = nodes
    start(one)
    one.address("add")
    iscsiadm("-m", "discovery", "-t", "sendtargets", "-p", ADDRESS)
    # I/O waits for the other host, however busy the machine of the test is.
    setting = "node.session.timeo.replacement_timeout"
    iscsiadm("-m", "node", "-T", IQN, "-o", "update", "-n", setting, "-v", "7200")
    iscsiadm("-m", "node", "-T", IQN, "-l")
    with writing(disk(), folder) as written:
        more_than(written, 50)
        begun = time.monotonic()
        one.address("delete")
        stop(one)
        stopped = time.monotonic()
        start(other)
        print(f"stop {stopped - begun:.1f} s, start {time.monotonic() - stopped:.1f} s")
        other.address("add")
        more_than(written, len(written()) + 50)
    found = written()
    iscsiadm("-m", "node", "-u")
    times = [when for when, _, _ in found]
    with open("/dev/ram0", "rb", buffering=0) as device:
        for place, count in {place: count for _, place, count in found}.items():
            device.seek(place)
            assert device.read(8) == count.to_bytes(8, "big"), f"lost write {count}"
    stop(other)
    other.address("delete")
    return max(later - earlier for earlier, later in zip(times, times[1:], strict=False))


def more_than(written: Callable[[], Written], number: int) -> None:
    """Wait until the initiator has written more blocks."""
    for _ in range(6000):
        if len(written()) > number:
            return
        time.sleep(0.1)
    pytest.fail("the initiator writes no more")


def test_no_write_is_lost(nodes: list[Node], iscsiadm: Run, tmp_path: Path) -> None:
    for node in nodes:
        (node.folder / "etc/pairs/pool.json").write_text(fragment())

    def start(node: Node) -> None:
        node.targetcli("takeover", "pool")

    def stop(node: Node) -> None:
        node.targetcli("release", "pool")

    seconds = moved(nodes, iscsiadm, tmp_path, start, stop)
    TIMES.append(seconds)
    print(f"{LUNS} LUNs moved: {seconds:.1f} s without I/O")
    assert seconds < 120


def test_beside_the_agents_of_pacemaker(nodes: list[Node], iscsiadm: Run, tmp_path: Path) -> None:
    """The goal is half of the time that the agents take."""
    program = tmp_path / "bin" / "targetcli"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m targetcli "$@"\n')
    program.chmod(0o755)

    def agent(node: Node, name: str, action: str, instance: str, **values: str) -> None:
        variables = {f"OCF_RESKEY_{key}": value for key, value in values.items()}
        node.run(
            OCF_ROOT / "resource.d" / "heartbeat" / name,
            action,
            OCF_ROOT=str(OCF_ROOT),
            OCF_RESOURCE_INSTANCE=instance,
            HA_RSCTMP=str(node.folder / "tmp"),
            PATH=f"{program.parent}:{os.environ['PATH']}",
            **variables,
        )

    def target_of(node: Node, action: str) -> None:
        portals = f"{ADDRESS}:3260"
        agent(node, "iSCSITarget", action, "t", implementation="lio-t", iqn=IQN, portals=portals)

    def lun_of(node: Node, action: str, number: int) -> None:
        values = {"lun": str(number), "path": f"/dev/ram{number}", "scsi_sn": f"5e{number}"}
        agent(
            node,
            "iSCSILogicalUnit",
            action,
            f"d{number}",
            implementation="lio-t",
            target_iqn=IQN,
            **values,
        )

    def start(node: Node) -> None:
        target_of(node, "start")
        for number in range(AGENT_LUNS):
            lun_of(node, "start", number)

    def stop(node: Node) -> None:
        for number in range(AGENT_LUNS):
            lun_of(node, "stop", number)
        target_of(node, "stop")

    seconds = moved(nodes, iscsiadm, tmp_path, start, stop)
    print(f"{AGENT_LUNS} LUNs moved by the agents: {seconds:.1f} s without I/O")
    assert not TIMES or TIMES[0] <= 0.5 * seconds
