# SPDX-License-Identifier: Apache-2.0
"""A host that is not concerned: it writes all the while others are changed, and notices nothing."""

from __future__ import annotations

import copy
import json
import mmap
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rtslib_ext import savefile
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.transaction import apply
from rtslib_ext.usage.sessions import sessions

from .conftest import INITIATOR, TARGET

SECRET = "corr3ct horse"
BLOCK = 65536
SIZE = 16 << 20
OTHER = "iqn.2003-01.org.example:other"

LINES = f"""
/backstores/ramdisk create mine {SIZE}
/backstores/ramdisk create theirs 1M
/iscsi create {TARGET}
/iscsi/{TARGET}/tpg1/luns create /backstores/ramdisk/mine
/iscsi/{TARGET}/tpg1/acls create {INITIATOR}
/iscsi/{TARGET}/tpg1 set attribute authentication=1
/iscsi/{TARGET}/tpg1/acls/{INITIATOR} set auth userid=host1 password='{SECRET}'
"""

Json = dict[str, Any]


def write_and_check(device: str, stop: str) -> None:
    """Write blocks past the page cache, read each back, until told to stop; prints how many."""
    handle = os.open(device, os.O_RDWR | os.O_DIRECT)
    written, read = mmap.mmap(-1, BLOCK), mmap.mmap(-1, BLOCK)
    count = 0
    while not os.path.exists(stop):
        place = count * BLOCK % SIZE
        written[:] = count.to_bytes(8, "big") * (BLOCK // 8)
        assert os.pwritev(handle, [written], place) == BLOCK
        assert os.preadv(handle, [read], place) == BLOCK
        assert read[:] == written[:], f"block {count}"
        count += 1
        print(count, flush=True)


@contextmanager
def writing(device: str, folder: Path) -> Iterator[Callable[[], int]]:
    """Have a process write all the while; gives how many blocks it has written and checked."""
    stop, log = folder / "stop", folder / "log"
    program = (
        "import sys; from tests.clients.test_undisturbed import *; write_and_check(*sys.argv[1:])"
    )
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", program, device, str(stop)],
            stdout=output,
            cwd=Path(__file__).parents[2],
        )

    def blocks() -> int:
        lines = log.read_text().split()
        return int(lines[-1]) if lines else 0

    yield blocks
    stop.touch()
    assert process.wait(60) == 0


def _tpg(whole: Json) -> Json:
    found: Json = whole["targets"][0]["tpgs"][0]
    return found


def another_lun(whole: Json) -> None:
    _tpg(whole)["luns"].append({"index": 5, "storage_object": "/backstores/ramdisk/theirs"})


def another_host(whole: Json) -> None:
    acl = {"node_wwn": f"{OTHER}host", "mapped_luns": [{"index": 0, "tpg_lun": 0}]}
    _tpg(whole)["node_acls"].append(acl)


def another_portal(whole: Json) -> None:
    _tpg(whole)["portals"] += [{"ip_address": "127.0.0.2", "port": 3261}]


def another_tpg(whole: Json) -> None:
    lun = {"index": 0, "storage_object": "/backstores/ramdisk/theirs"}
    portal = {"ip_address": "127.0.0.1", "port": 3262}
    whole["targets"][0]["tpgs"].append({"tag": 2, "luns": [lun], "portals": [portal]})


def another_target(whole: Json) -> None:
    whole["storage_objects"].append({"plugin": "ramdisk", "name": "new", "size": 1 << 20})
    lun = {"index": 0, "storage_object": "/backstores/ramdisk/new"}
    whole["targets"].append({"fabric": "iscsi", "wwn": OTHER, "tpgs": [{"tag": 1, "luns": [lun]}]})


def attributes(whole: Json) -> None:
    _tpg(whole)["attributes"] |= {"login_timeout": 20, "demo_mode_discovery": 0}
    _tpg(whole)["parameters"] |= {"MaxConnections": "4"}
    _tpg(whole)["node_acls"][0]["attributes"] |= {"nopin_timeout": 20}
    whole["storage_objects"][0]["attributes"] |= {"emulate_3pc": 0, "emulate_caw": 0}


def the_other_disk(whole: Json) -> None:
    whole["storage_objects"][1]["size"] = 2 << 20


CHANGES = [
    another_lun,
    another_host,
    another_portal,
    another_tpg,
    another_target,
    attributes,
    the_other_disk,
]


def test_who_is_not_concerned_notices_nothing(
    target: Callable[[str], str], log_in: Callable[..., str], tmp_path: Path
) -> None:
    target(LINES)
    disk = log_in("host1", SECRET)
    fs = ConfigFS()
    before = Reader(fs).config()
    base = json.loads(savefile.dumps(before))
    (session,) = sessions(Reader(fs))
    with writing(disk, tmp_path) as blocks:
        for change in CHANGES * 3:
            whole = copy.deepcopy(base)
            change(whole)
            wanted = savefile.loads(json.dumps(whole)).config
            for want in (wanted, before):
                _more_than(blocks, blocks())
                plan = apply.prepare(fs, want)
                assert plan.plan.steps
                apply.perform(fs, plan)
                assert not apply.differences(fs, plan)
                _more_than(blocks, blocks())
                (same,) = sessions(Reader(fs))
                assert (same.sid, same.state) == (session.sid, session.state)
        done = blocks()
    print(f"{len(CHANGES) * 6} plans, {done} blocks of {BLOCK} bytes written and read back")


def _more_than(blocks: Callable[[], int], count: int) -> None:
    """Wait until it has written on: a minute, of which its start alone may take ten seconds."""
    for _ in range(1200):
        if blocks() > count:
            return
        time.sleep(0.05)
    pytest.fail("the initiator writes no more")
