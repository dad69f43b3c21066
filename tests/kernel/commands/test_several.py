# SPDX-License-Identifier: Apache-2.0
"""One line for many objects: all of them or none, one entry in the history, linear."""

from __future__ import annotations

import io
import json
import socket
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from rtslib_ext.kernel.configfs import ConfigFS
from targetcli import session
from targetcli.changes.transaction import Transaction
from targetcli.language import grammar

from .harness import Shell, tree
from .test_questions import Terminal, at_terminal

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
HOST = "iqn.1994-05.com.example:host"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with a target without a portal, and twelve storage objects."""
    shell.ok("set global auto_add_default_portal=false")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok("/backstores/ramdisk create disk[1-12] 4K nullio=true")
    return shell


def names(shell: Shell, path: str) -> list[str]:
    """The nodes below a path, in order."""
    lines = shell.ok(f"ls {path} 1").rows[1:]
    return [line.split("o- ")[1].split()[0] for line in lines]


def test_storage_objects_by_a_range(user: Shell, disks: Path) -> None:
    assert names(user, "/backstores/ramdisk") == [f"disk{number}" for number in range(1, 13)]
    answer = user.ok(f"/backstores/fileio create f[08-10] {disks}/f[08-10].img 1M")
    assert [line.split()[2] for line in answer.rows] == ["f08", "f09", "f10"]
    assert sorted(item.name for item in disks.iterdir()) == ["f08.img", "f09.img", "f10.img"]
    assert len(user.ok("/backstores/fileio delete f*").rows) == 3
    assert names(user, "/backstores/fileio") == []


def test_luns_of_what_is_there(user: Shell) -> None:
    user.ok(f"{TPG}/acls create {HOST}[1-2]")
    answer = user.ok(f"{TPG}/luns create /backstores/ramdisk/disk*")
    created = [line for line in answer.rows if line.startswith("Created LUN") and "->" not in line]
    assert created == [f"Created LUN {number}." for number in range(12)]
    assert user.ok(f"ls {TPG}/luns/lun9").rows[0].count("[ramdisk/disk10 ") == 1
    assert names(user, f"{TPG}/acls/{HOST}2") == [f"mapped_lun{number}" for number in range(12)]
    user.ok(f"{TPG}/luns delete [2-4]")
    user.ok(f"{TPG}/luns delete lun1?")
    left = [0, 1, 5, 6, 7, 8, 9]
    assert names(user, f"{TPG}/luns") == [f"lun{number}" for number in left]
    assert names(user, f"{TPG}/acls/{HOST}1") == [f"mapped_lun{number}" for number in left]
    user.ok(f"{TPG}/luns create /backstores/ramdisk/disk[3-4]")
    assert names(user, f"{TPG}/luns")[:4] == ["lun0", "lun1", "lun2", "lun3"]


def test_mapped_luns_portals_targets_and_tpgs(user: Shell) -> None:
    user.ok(f"{TPG}/luns create /backstores/ramdisk/disk[1-3] add_mapped_luns=false")
    user.ok(f"{TPG}/acls create {HOST} add_mapped_luns=false")
    user.ok(f"{TPG}/acls/{HOST} create [10-12] lun[0-2]")
    assert names(user, f"{TPG}/acls/{HOST}") == ["mapped_lun10", "mapped_lun11", "mapped_lun12"]
    user.ok(f"{TPG}/acls/{HOST} delete mapped_lun1?")
    assert names(user, f"{TPG}/acls/{HOST}") == []
    user.ok(f"{TPG}/portals create 127.0.0.1 [3261-3263]")
    user.ok(f"{TPG}/portals create [::1] 3270")
    assert len(names(user, f"{TPG}/portals")) == 4
    user.ok(f"{TPG}/portals delete 127.0.0.1 [3261-3262]")
    assert names(user, f"{TPG}/portals") == ["127.0.0.1:3263", "[::1]:3270"]
    user.ok("/iscsi create iqn.2003-01.org.example:t[1-3]")
    user.ok("/iscsi/iqn.2003-01.org.example:t1 create [2-4]")
    assert len(names(user, "/iscsi/iqn.2003-01.org.example:t1")) == 4
    user.ok("/iscsi delete iqn.2003-01.org.example:t?")
    assert names(user, "/iscsi") == [IQN]


def test_groups_with_their_tags(user: Shell) -> None:
    disk = "/backstores/ramdisk/disk1"
    user.ok(f"{disk}/alua create g[1-2] [16-17]")
    assert names(user, f"{disk}/alua") == ["default_tg_pt_gp", "g1", "g2"]
    user.refuses(f"{disk}/alua create h[1-2] 18", "18")
    user.ok("/backstores/lu_gps create cluster[1-3]")
    assert names(user, "/backstores/lu_gps")[-3:] == ["cluster1", "cluster2", "cluster3"]


def test_all_or_none(user: Shell, disks: Path) -> None:
    user.refuses("/backstores/ramdisk create new[1-3] 4Q", "4Q")
    user.refuses("/backstores/ramdisk create disk[10-14] 4K", "ramdisk/disk10 exists")
    # Of the last one alone it can be told that it is no file.
    (disks / "f3.img").mkdir()
    user.refuses(f"/backstores/fileio create f[1-3] {disks}/f[1-3].img 1M", "f3", also=[disks])
    user.refuses(f"{TPG}/luns delete [0-2]", "Invalid LUN")
    user.refuses("/backstores/ramdisk delete x*", "nothing matches x*")


def test_the_kernel_refuses_the_last_one(user: Shell) -> None:
    with socket.create_server(("127.0.0.1", 3263)):
        user.refuses(f"{TPG}/portals create 127.0.0.1 [3261-3263]", "3263")


def test_one_change_is_taken_back_as_one(user: Shell) -> None:
    before = tree()
    user.ok(f"{TPG}/luns create /backstores/ramdisk/disk*")
    assert "luns create" in user.ok("history").rows[-1]
    user.ok("undo")
    assert tree() == before


def test_in_a_collection(user: Shell) -> None:
    env = user.env()
    Transaction.begin(env)
    for line in ("create y[1-3] 4K", "create y[3-5] 4K", "delete y[2-3]"):
        session.run_line(env, partial(grammar.parse, f"/backstores/ramdisk {line}"))
    assert "ramdisk/y3 exists" in cast(io.StringIO, env.stderr).getvalue()
    assert "y1" not in names(user, "/backstores/ramdisk")
    session.run_line(env, partial(grammar.parse, "commit"))
    found = [name for name in names(user, "/backstores/ramdisk") if name.startswith("y")]
    assert found == ["y1"], "of the line that was refused nothing is left"


def test_it_is_asked_once(user: Shell) -> None:
    user.ok(f"{TPG}/luns create /backstores/ramdisk/disk[1-3]")
    answer = at_terminal(user, "/backstores/ramdisk delete disk[1-3]", Terminal("n\n"))
    assert answer.exit == 1 and answer.stderr.count("This deletes LUN") == 3
    answer = at_terminal(user, "/backstores/ramdisk delete disk[1-3]", Terminal("y\n"))
    assert answer.exit == 0 and answer.stdout.count("Deleted storage object") == 3


def test_json_tells_what_was_made(user: Shell) -> None:
    document = json.loads(user.ok("/backstores/ramdisk create z[1-2] 4K", json=True))
    made = [item["path"] for item in document["changes"] if item["action"] == "create"]
    assert made == ["/backstores/ramdisk/z1", "/backstores/ramdisk/z2"]


def test_the_cost_is_linear(user: Shell) -> None:
    user.ok(f"{TPG}/acls create {HOST}")
    costs = {}
    for first, number in ((1000, 50), (2000, 150)):
        user.fs = ConfigFS()
        user.ok(f"/backstores/ramdisk create d[{first}-{first + number - 1}] 4K")
        user.ok(f"{TPG}/luns create /backstores/ramdisk/d{str(first)[0]}*")
        costs[number] = user.fs.total_calls
    assert 2.9 < costs[150] / costs[50] < 3.1, costs
