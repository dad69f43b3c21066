# SPDX-License-Identifier: Apache-2.0
"""One line that stands for several calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import pytest

from rtslib_ext.errors import InvalidValue, NotFound
from targetcli.command_table.command import Command, may, need
from targetcli.command_table.rows import every_row
from targetcli.language import ranges
from targetcli.tree import Node, Tree

CREATE = Command(
    "create",
    ("fileio",),
    "",
    "",
    (need("name", many=True), need("file", "file", many=True), may("size", "size")),
)
DELETE = Command("delete", ("fileio",), "", "", (need("name", "storage_object_name", many=True),))


class Folder(Node):
    """Has children by their names."""

    def __init__(self, *names: str) -> None:
        super().__init__(cast(Tree, None), "fileio")
        self.names = names

    def children(self) -> Iterator[Node]:
        yield from (Node(cast(Tree, None), name, self) for name in self.names)


def calls(*words: str, command: Command = CREATE, **named: str) -> list[tuple[list[str], Mapping]]:
    node = Folder("disk1", "disk2", "disk10", "other")
    return [(list(found), dict(more)) for found, more in ranges.calls(node, command, words, named)]


def test_a_line_without_a_range_is_one_call() -> None:
    for name in ("disk1", "[::1]", "a[1]", "a[b-c]", "a[b", "a-1,2]"):
        assert calls(name, "/f", "1M") == [([name, "/f", "1M"], {})]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("d[1-3]", "d1 d2 d3"),
        ("d[08-11]", "d08 d09 d10 d11"),
        ("d[001-002]x", "d001x d002x"),
        ("[1,5,8-9]", "1 5 8 9"),
        ("d[0-1]", "d0 d1"),
        ("d[9-11]", "d9 d10 d11"),
    ],
)
def test_ranges(typed: str, names: str) -> None:
    assert [words[0] for words, _ in calls(typed, "/f")] == names.split()


def test_ranges_go_in_step() -> None:
    found = calls("d[1-2]", file="/srv/[11-12].img", size="1M")
    assert found == [
        (["d1"], {"file": "/srv/11.img", "size": "1M"}),
        (["d2"], {"file": "/srv/12.img", "size": "1M"}),
    ]
    assert len(calls("d[1-2]", "/the/same")) == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("d[1-2]", "/f[1-3]"), r"different numbers of values: 2 \(d1 …\), 3 \(/f1 …\)"),
        (("d[3-1]", "/f"), r"reversed: write \[1-3\]"),
        (("d[1-2]-[1-2]", "/f"), "more than one range"),
        (("d[1-99999]", "/f"), f"more than {ranges.MOST} values"),
        (("d[1-3", "/f"), r"d\[1-3 is not a complete range"),
        (("d[1", "/f"), r"d\[1 is not a complete range"),
        (("d[1-3,]", "/f"), "not a complete range"),
        (("d[1-2]", "/f[1-"), r"/f\[1- is not a complete range"),
        (("d[-3]", "/f"), "not a complete range"),
    ],
)
def test_what_is_refused(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(InvalidValue, match=told):
        calls(*words)


def test_a_bracket_that_begins_no_range() -> None:
    assert calls("d[[]1-3]", "/f") == [(["d[1-3]", "/f"], {})]
    assert calls("d[[]1-3", "/f") == [(["d[1-3", "/f"], {})]
    node = Folder("d[1-3")
    assert ranges.calls(node, DELETE, ["d[1-3"], {}) == [(["d[1-3"], {})], "it exists"


def test_a_value_that_objects_cannot_share() -> None:
    (create,) = (row for row in every_row() if row.name == "create" and row.on == ("ramdisk",))
    node = Folder()
    with pytest.raises(InvalidValue, match="wwn would be the same for 2 objects") as caught:
        ranges.calls(node, create, ["disk[1-2]", "1M"], {"wwn": "12"})
    assert "wwn=NAME[1-2], or omit it" in caught.value.hint
    found = ranges.calls(node, create, ["disk[1-2]", "1M"], {"wwn": "w[1-2]"})
    assert [(words[0], named["wwn"]) for words, named in found] == [
        ("disk1", "w1"),
        ("disk2", "w2"),
    ]
    assert len(ranges.calls(node, create, ["disk1", "1M"], {"wwn": "12"})) == 1


def test_what_is_there_by_a_pattern() -> None:
    assert [words for words, _ in calls("disk*", command=DELETE)] == [
        ["disk1"],
        ["disk2"],
        ["disk10"],
    ]
    assert [words for words, _ in calls("disk?", command=DELETE)] == [["disk1"], ["disk2"]]
    assert calls("d*", "/f") == [(["d*", "/f"], {})], "a new name matches nothing"
    with pytest.raises(NotFound, match="nothing matches x"):
        calls("x*", command=DELETE)
