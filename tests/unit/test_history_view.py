# SPDX-License-Identifier: Apache-2.0
"""The table of the history, at terminals of any width."""

from __future__ import annotations

import pytest

from targetcli.audit.actor import Actor
from targetcli.audit.history import Record
from targetcli.views import history
from targetcli.views.wrap import wrap_path

COMMANDS = (
    "/iscsi/iqn.2003-01.org.example:a/tpg1/acls/iqn.2003-01.org.example:host1 "
    "set auth userid=x password=***",
    "/ clearconfig confirm=true",
    f"/backstores/ramdisk create {'x' * 200} 1M",
)


def records() -> list[Record]:
    who = Actor("root", "alice", "/dev/pts/0")
    return [
        Record(number, 0.0, who, command, (), 1, ()) for number, command in enumerate(COMMANDS, 1)
    ]


def test_without_a_terminal_each_change_is_one_line() -> None:
    rows = history.table(records())
    assert len(rows) == 1 + len(COMMANDS)
    assert [row.endswith(f"  {text}") for row, text in zip(rows[1:], COMMANDS, strict=True)]
    assert not any("\n" in row for row in rows)


@pytest.mark.parametrize("width", [80, 100, 132])
def test_commands_are_wrapped_below_themselves(width: int) -> None:
    head, *lines = history.table(records(), width)
    start = head.index("COMMAND")
    assert all(len(line) <= width for line in lines)
    found: list[str] = []
    for line in lines:
        if line[:start].isspace():
            found[-1] += line[start:]
        else:
            found.append(line[start:])
    for text, command in zip(found, COMMANDS, strict=True):
        assert text.replace(" ", "") == command.replace(" ", "")


def test_a_narrow_terminal_leaves_some_room() -> None:
    _, *lines = history.table(records(), 30)
    second = next(place for place, line in enumerate(lines) if place and not line[0].isspace())
    first = lines[:second]
    assert "/backstores/ramdisk" not in first[0] and len(first) < 12


def test_lines_end_after_a_blank_or_a_slash() -> None:
    assert wrap_path(COMMANDS[0], 33) == [
        "/iscsi/iqn.2003-01.org.example:a/",
        "tpg1/acls/",
        "iqn.2003-01.org.example:host1 set",
        "auth userid=x password=***",
    ]
    assert wrap_path("abcdefgh", 3) == ["abc", "def", "gh"]
    assert wrap_path(COMMANDS[0], None) == [COMMANDS[0]]
