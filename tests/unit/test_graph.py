# SPDX-License-Identifier: Apache-2.0
"""The graph from initiators to disks: folded, searched, written as text, dot and SVG."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from graphs import HOST, TPG, example, pictured

from rtslib_ext.graph import lookup, model, wwid
from rtslib_ext.graph.fold import Folded, between, fold, natural
from rtslib_ext.graph.model import Graph, Vertex
from targetcli.sizes import format_size
from targetcli.views import dot, layout, svg
from targetcli.views import map as view

NAA = "naa.600140512345678901234567890abcde"
SERIAL = "12345678-9012-3456-7890-abcdefabcdef"


def text(graph: Graph) -> list[str]:
    return list(view.lines(fold(graph), format_size))


def groups(folded: Folded) -> list[str]:
    return [f"{group.kind} {len(group.members)}" for group in folded.groups.values()]


# -- fold -------------------------------------------------------------------------------------


def test_few_objects_are_shown_one_by_one() -> None:
    assert all(len(group.members) == 1 for group in fold(example(2, 2)).groups.values())


def test_equal_objects_are_one() -> None:
    folded = fold(example(200, 2))
    assert sorted(set(groups(folded))) == [
        "LUN 200",
        "disk 1",
        "initiator 1",
        "logical volume 200",
        "mapped LUN 200",
        "session 1",
        "storage object 200",
    ]
    assert set(folded.edges.values()) == {"", "1:1", "all"}
    assert folded.edges["lun0", "so0"] == "1:1"


def test_each_host_with_its_own_lun() -> None:
    folded = fold(example(50, 50, own=True))
    assert {group.kind: len(group.members) for group in folded.groups.values()} == {
        "disk": 1,
        "storage object": 50,
        "logical volume": 50,
        "LUN": 50,
        "initiator": 50,
        "session": 50,
        "mapped LUN": 50,
    }
    assert folded.edges[f"initiator {HOST}0", "session 0"] == "1:1"


def test_what_differs_is_not_folded() -> None:
    graph = example(10, 1)
    one = graph.vertices[f"{TPG}/acls/{HOST}0/mapped_lun3"]
    graph.vertices[one.id] = Vertex(
        one.id, one.kind, one.name, one.path, {**one.facts, "write_protect": True}
    )
    folded = fold(graph)
    luns = sorted(len(group.members) for group in folded.groups.values() if group.kind == model.LUN)
    # The storage object and volume of the LUN differ from the others, too.
    assert luns == [1, 9]


def test_two_disks_are_never_one() -> None:
    graph = example(4, 1)
    for number in range(8):
        graph.add(Vertex(f"block 9:{number}", "disk", f"/dev/sd{number}"))
    assert [group.kind for group in fold(graph).groups.values()].count("disk") == 9


def test_many_disks_are_folded_like_the_rest() -> None:
    graph = example(200, 2)
    for number in range(200):
        disk = graph.add(Vertex(f"block 9:{number}", "disk", f"/dev/sd{number}"))
        graph.connect(f"block 254:{number}", disk)
    assert len(fold(graph).groups) == 10
    assert len(fold(graph, 1000).groups) == len(graph.vertices)


def test_names_of_a_group() -> None:
    assert between(["lun0"]) == "lun0"
    assert between(["lun0", "lun1", "lun9"]) == "lun0 ... lun9 (3)"
    assert between(["a", "a"]) == "a (2)"
    assert sorted(["lun10", "lun2"], key=natural) == ["lun2", "lun10"]


# -- through ----------------------------------------------------------------------------------


def test_what_breaks_with_a_disk() -> None:
    graph = example(3, 2)
    graph.add(Vertex("block 8:16", "disk", "/dev/sdb"))
    part = graph.through(["block 254:1"])
    names = {vertex.name for vertex in part.vertices.values()}
    assert {"/dev/sda", "/dev/vg0/d1", "block/d1", "lun1", f"{HOST}0", f"{HOST}1"} <= names
    assert not names & {"lun0", "block/d0", "/dev/sdb"}
    assert [portal.address for portal in part.portals] == ["192.0.2.100"]


# -- lookup -----------------------------------------------------------------------------------

WORDS = {
    "/backstores/block/d1": "so1",
    f"{TPG}/luns/lun1": "lun1",
    f"{TPG}/acls/{HOST}0": "session 0",
    f"{TPG}/portals/192.0.2.100:3260": "lun0",
    "192.0.2.100": "lun0",
    "192.0.2.100:3260": "lun0",
    "192.0.2.1": "session 1",
    "::ffff:192.0.2.1": "",
    f"{HOST}1": f"initiator {HOST}1",
    f"{HOST}1".upper(): f"initiator {HOST}1",
    "host1": f"initiator {HOST}1",
    "t1": f"initiator {HOST}1",
    "alias1": "session 1",
    "d1": "so1",
    "block/d1": "so1",
    "disks": "lun0",
    "WD-42": "block 8:0",
    "60014051234567890123456789000001": "so1",
    "360014051234567890123456789000001": "so1",
    "naa.60014051234567890123456789000001": "so1",
    "NAA.60014051234567890123456789000001": "so1",
    "wwn-0x60014051234567890123456789000001": "so1",
    "/dev/disk/by-id/wwn-0x60014051234567890123456789000001": "so1",
    "scsi-360014051234567890123456789000001-part1": "so1",
    "dm-uuid-mpath-360014051234567890123456789000001": "so1",
    "60:01:40:51:23:45:67:89:01:23:45:67:89:00:00:01": "so1",
    "vml.020000000060014051234567890123456789000001424c4f434b20": "so1",
    "c0t60014051234567890123456789000001d0": "so1",
    b"60014051234567890123456789000001".hex(): "so1",
    "89000001": "so1",
    "nothing": "",
    "0001": "",
    "/no/such/file": "",
}


@pytest.mark.parametrize(("word", "found"), WORDS.items())
def test_word(word: str, found: str) -> None:
    result = lookup.find(example(2, 2), word)
    assert (found in [one for each in result for one in each.vertices]) == bool(found), result
    assert all(each.exact for each in result) == (word != "89000001")


def test_word_that_is_part_of_several() -> None:
    found = lookup.find(example(2, 2), "600140512345")
    assert [one.what for one in found] == [
        f"/backstores/block/d{number} is a storage object with the identifier "
        f"naa.60014051234567890123456789{number:06x}"
        for number in range(2)
    ]


def test_forms_of_an_identifier() -> None:
    assert wwid.forms(NAA) == {
        "multipath": "3600140512345678901234567890abcde",
        "by_id": "wwn-0x600140512345678901234567890abcde",
        "vmware": NAA,
        "windows": "600140512345678901234567890ABCDE",
    }
    assert wwid.forms("") == {}
    assert all(wwid.is_in(NAA, form) for form in wwid.forms(NAA).values())


@pytest.mark.parametrize(
    ("word", "matches"),
    [
        (SERIAL, True),
        (f"scsi-SLIO-ORG_disk1_{SERIAL}", True),
        (SERIAL.replace("-", ""), True),
        (f"x{SERIAL[:-1]}y", False),
        ("12345678", False),
    ],
)
def test_serial_numbers(word: str, matches: bool) -> None:
    assert wwid.is_in(SERIAL, word) is matches


# -- views ------------------------------------------------------------------------------------


def test_text_of_two_luns() -> None:
    assert text(example(1, 1)) == [
        f"{'/backstores/block/d0':50}1.0GiB, 360014051234567890123456789000000",
        f"  seen as  {TPG}/luns/lun0",
        f"           `- {HOST}0 (t0)  mapped_lun0, logged in from 192.0.2.0",
        "  is on    /dev/vg0/d0                            logical volume",
        "           `- /dev/sda                            disk, 1.0TiB",
    ]


def test_text_of_200_luns_is_as_short() -> None:
    lines = text(example(200, 2))
    assert len(lines) == 6
    assert lines[0].split("  ")[0] == "/backstores/block/d0 ... d199 (200)"


def test_text_of_what_is_not_connected() -> None:
    graph = example(1, 0)
    graph.add(Vertex("i", model.INITIATOR, f"{HOST}9"))
    graph.add(Vertex("l", model.LUN, "lun7", f"{TPG}/luns/lun7", {"tpg": TPG, "exports": False}))
    graph.add(Vertex("s", model.STORAGE_OBJECT, "ramdisk/r", "/backstores/ramdisk/r"))
    lines = text(graph)
    assert "  seen as  nothing: no LUN exports it" in lines
    assert f"{TPG}/luns/lun7 exports nothing: its link is broken" in lines
    assert lines[-2:] == ["initiators without a LUN", f"  {HOST}9"]


def test_names_from_outside_do_nothing_to_a_terminal() -> None:
    graph = example(1, 0)
    graph.add(Vertex("i", model.INITIATOR, 'evil\x1b[2J</title><script>"&\n'))
    for form in (view.lines, dot.lines, svg.lines):
        whole = "\n".join(form(fold(graph), format_size))
        assert "\x1b" not in whole
    assert "<script>" not in whole
    ElementTree.fromstring("\n".join(svg.lines(fold(graph), format_size)))


def test_dot() -> None:
    whole = "\n".join(dot.lines(fold(example(5, 1, logged_in=False)), format_size))
    assert whole.startswith("digraph target {") and whole.endswith("}")
    assert re.search(r'n\d+ -> n\d+ \[label="all", style=dashed\];', whole)
    assert 'label="lun0 ... lun4 (5)' in whole


def boxes(graph: Graph) -> list[tuple[float, float, float, float]]:
    root = ElementTree.fromstring("\n".join(svg.lines(fold(graph), format_size)))
    space = "{http://www.w3.org/2000/svg}"
    found = []
    for group in root.iter(f"{space}g"):
        box = group.findall(f"{space}rect")[-1]
        found.append(tuple(float(box.get(name, 0)) for name in ("x", "y", "width", "height")))
    return found  # type: ignore[return-value]


@pytest.mark.parametrize(
    "graph", [example(2, 2), example(3, 12), example(200, 3), example(3, 3, own=True)]
)
def test_boxes_of_a_drawing_do_not_overlap(graph: Graph) -> None:
    found = boxes(graph)
    assert len(found) == len(fold(graph).groups)
    for number, (x, y, width, height) in enumerate(found):
        assert x >= 0 and y >= 0
        for other_x, other_y, other_width, other_height in found[:number]:
            beside = x + width <= other_x or other_x + other_width <= x
            assert beside or y + height <= other_y or other_y + other_height <= y


def test_columns_of_a_drawing() -> None:
    folded = fold(example(2, 2, logged_in=False))
    places = layout.layout(folded, dict.fromkeys(folded.groups, 30.0)).places
    columns = {
        folded.groups[key].kind: place.column for key, place in places.items() if place.group
    }
    assert columns == {
        "initiator": 0,
        "mapped LUN": 2,
        "LUN": 3,
        "storage object": 4,
        "logical volume": 5,
        "disk": 6,
    }
    # An edge that passes the column of the sessions bends there.
    assert sum(not place.group for place in places.values()) == 4


def test_drawing_of_nothing() -> None:
    whole = "\n".join(svg.lines(fold(Graph()), format_size))
    assert "Nothing is configured." in whole
    ElementTree.fromstring(whole)


def test_picture_of_the_readme() -> None:
    """To draw it anew: write this text to the file."""
    whole = "\n".join(svg.lines(fold(pictured()), format_size)) + "\n"
    assert (Path(__file__).parents[2] / "docs/map.svg").read_text() == whole


def test_drawing_in_words() -> None:
    root = ElementTree.fromstring("\n".join(svg.lines(fold(example(2, 1)), format_size)))
    assert root.get("role") == "img"
    assert root.findtext("{http://www.w3.org/2000/svg}desc") == (
        "1 initiator, 1 session, 2 mapped LUNs, 2 LUNs, 2 storage objects, 1 disk, "
        "2 logical volumes."
    )
