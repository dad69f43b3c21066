# SPDX-License-Identifier: Apache-2.0
"""Derived identities: the values that were promised, the page that describes them, and nodes."""

from __future__ import annotations

import re
import uuid
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtslib_ext.config import derived, inquiry
from rtslib_ext.config.derived import Derived
from rtslib_ext.errors import InvalidValue

PAGE = (Path(__file__).parents[2] / "docs/IDENTITY.md").read_text()
DISKS = "iqn.2003-01.org.example:disks"
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60)


def test_the_values_never_change() -> None:
    one, two = Derived("pool1", 1), Derived("pool1", 2)
    assert one.serial(("fileio", "disk1")) == "a12b2aa2-d132-52f9-b8a4-03cfd9c3749d"
    assert one.serial(("block", "disk1")) == "4562eb9a-7f1b-5a9c-ada3-a916b9ff7077"
    assert one.serial(("fileio", "disk2")) == "65f6d71a-8207-56a4-9f11-06c69170a09f"
    assert [one.lun((kind, "disk1")) for kind in ("fileio", "block")] == [112, 50]
    assert [one.rtpi("iscsi", DISKS, tag) for tag in (1, 2)] == [39041, 31113]
    assert two.rtpi("iscsi", DISKS, 1) == 39042
    assert Derived("pool1").rtpi("iscsi", DISKS, 1) == 0
    assert inquiry.naa(one.serial(("fileio", "disk1"))) == "naa.6001405a12b2aa2d13252f9b8a403cfd"
    space = uuid.uuid5(uuid.NAMESPACE_URL, "urn:targetcli:derived-identity:1")
    assert str(space) == derived.SPACE


def test_the_page_has_them() -> None:
    rows = dict(re.findall(r"^\| (.+?) \| `?([0-9a-z.-]+)`? \|$", PAGE, re.MULTILINE))
    pool = Derived("pool1", 1)
    disk1, block1 = ("fileio", "disk1"), ("block", "disk1")
    assert rows == {
        "in the namespace `pool1`": "derived",
        "---": "---",
        "serial of `fileio/disk1`": pool.serial(disk1),
        "its NAA identifier": inquiry.naa(pool.serial(disk1)),
        "LUN of `fileio/disk1`": str(pool.lun(disk1)),
        "serial of `block/disk1`": pool.serial(block1),
        "LUN of `block/disk1`": str(pool.lun(block1)),
        f"rtpi of `iscsi/{DISKS}/1` on node 1": str(pool.rtpi("iscsi", DISKS, 1)),
        "the same on node 2": str(Derived("pool1", 2).rtpi("iscsi", DISKS, 1)),
    }


def test_the_program_of_the_page_computes_them() -> None:
    code = PAGE.partition("In Python:\n\n")[2].partition("\n\n|")[0].replace("    ", "")
    found: dict[str, object] = {}
    exec(code, found)
    pool = Derived("pool1", 1)
    assert str(found["serial"]) == pool.serial(("fileio", "disk1"))
    assert (found["lun"], found["rtpi"]) == (
        pool.lun(("fileio", "disk1")),
        pool.rtpi("iscsi", DISKS, 1),
    )


@given(NAMES, NAMES)
def test_the_serial_is_the_uuid_of_others(namespace: str, name: str) -> None:
    space = uuid.uuid5(uuid.UUID(derived.SPACE), namespace)
    found = Derived(namespace).serial(("block", name))
    assert found == str(uuid.uuid5(space, f"block/{name}"))
    assert 1 <= Derived(namespace).lun(("block", name)) <= 254


@given(st.lists(st.tuples(NAMES, st.integers(0, 65535)), min_size=2, max_size=9))
def test_the_ports_of_two_nodes_never_meet(tpgs: list[tuple[str, int]]) -> None:
    numbers = [
        {Derived("pool1", node).rtpi("iscsi", *tpg) for tpg in tpgs}
        for node in range(1, derived.NODES + 1)
    ]
    for one, other in combinations(numbers, 2):
        assert one.isdisjoint(other)
    assert all(1 <= number <= 65535 for each in numbers for number in each)


@pytest.mark.parametrize(("namespace", "node"), [("", 1), ("x" * 256, 1), ("a", 9), ("a", -1)])
def test_what_is_no_namespace_or_node(namespace: str, node: int) -> None:
    with pytest.raises(InvalidValue):
        Derived(namespace, node)
