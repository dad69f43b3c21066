# SPDX-License-Identifier: Apache-2.0
"""Completion without a kernel: that the table is covered, and what typing on adds to a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targetcli.command_table.command import Command, Parameter
from targetcli.command_table.rows import every_row
from targetcli.completion import COMPLETERS, KEYWORDS, MORE, Candidate, completer
from targetcli.completion.complete import continuation
from targetcli.completion.paths import free_numbers
from targetcli.language import grammar

NEW = "a name that nothing has yet is the user's to find"
SERIAL = "a serial number of the user's own"
# What a parameter that is completed by nothing is, and why.
FREE = {
    ("devices:create_fileio", "name"): NEW,
    ("devices:create_block", "name"): NEW,
    ("devices:create_pscsi", "name"): NEW,
    ("storage:create_ramdisk", "name"): NEW,
    ("storage:create_user", "name"): NEW,
    ("alua:create", "name"): NEW,
    ("lu_groups:create", "name"): NEW,
    ("rename:rename_object", "new_name"): NEW,
    ("rename:rename_this_object", "new_name"): NEW,
    ("devices:create_fileio", "wwn"): SERIAL,
    ("devices:create_block", "wwn"): SERIAL,
    ("storage:create_ramdisk", "wwn"): SERIAL,
    ("storage:create_user", "wwn"): SERIAL,
    ("identity:identity", "namespace"): "a name that two hosts agree on",
    ("storage:create_user", "cfgstring"): "only the handler knows what it could be",
    ("storage:create_user", "control"): "only the handler knows what it could be",
    ("storage:create_user", "hw_max_sectors"): "any number",
}


def why_free(row: Command, item: Parameter) -> str | None:
    """Why a parameter is completed by nothing: one of ensure for the reason of create."""
    if row.run == "ensure:run":
        (row,) = (found for found in every_row() if found.name == "create" and found.on == row.on)
        (item,) = (found for found in row.parameters if found.name == item.name)
    return FREE.get((row.run, item.name))


def parameters() -> list[tuple[Command, Parameter]]:
    return [(row, item) for row in every_row() for item in row.parameters]


@pytest.mark.parametrize(
    ("row", "item"), parameters(), ids=lambda value: getattr(value, "run", value.name)
)
def test_every_parameter_is_completed(row: Command, item: Parameter) -> None:
    has = item.kind in COMPLETERS
    why_not = why_free(row, item)
    assert has != bool(why_not), f"{row.run}: {item.name} is a {item.kind}; {why_not}"


@pytest.mark.parametrize(
    "name", dict.fromkeys([*COMPLETERS.values(), *MORE.values(), *KEYWORDS.values()])
)
def test_every_completer_is_there(name: str | tuple[str, ...]) -> None:
    assert callable(completer(name))


def test_every_open_ended_parameter_is_completed() -> None:
    rows = every_row()
    assert {row.run for row in rows if row.more or row.keywords} == set(MORE)
    assert {row.run for row in rows if row.keywords} == set(KEYWORDS)


def test_nothing_is_told_of_what_is_not_there() -> None:
    known = {(row.run, item.name) for row, item in parameters()}
    assert set(FREE) <= known
    assert set(COMPLETERS) <= {item.kind for _, item in parameters()}


@pytest.mark.parametrize(
    ("line", "value", "end", "made"),
    [
        ("/backstores/fileio/my", "/backstores/fileio/my disk", " ", "' disk' "),
        ("'/backstores/fileio/my d", "/backstores/fileio/my disk", " ", "isk' "),
        ("'/backstores/", "/backstores/fileio/", "", "fileio/"),
        ('"/a', '/a"b\\', " ", '\\"b\\\\" '),
        ("'/a", "/a'b", " ", "'\"'\"'b' "),
        ("ls ", "a=b", " ", "'a=b' "),
        ("ls ", "#a", " ", "'#a' "),
        ("ls pa", "path", "=", "th="),
        ("ls path=/is", "/iscsi/", "", "csi/"),
        ("ls path=", "", " ", " "),
    ],
)
def test_typing_on(line: str, value: str, end: str, made: str) -> None:
    context = grammar.complete_context(line, len(line))
    assert continuation(context, Candidate(value, end)) == made


WORDS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="\\"), min_size=1)


@given(st.lists(WORDS, min_size=1, max_size=3).map(" ".join), st.data())
def test_what_is_completed_is_read_as_it_was_meant(value: str, data: st.DataObject) -> None:
    """Whatever part of a value is typed, and in whatever quotes."""
    typed = value[: data.draw(st.integers(0, len(value)))]
    quote = data.draw(st.sampled_from("'\""))
    if quote in typed:
        typed = ""
    line = f"/iscsi create name={quote}{typed}"
    context = grammar.complete_context(line, len(line))
    assert (context.partial, context.quote) == (typed, quote)
    whole = line + continuation(context, Candidate(value))
    assert grammar.parse(whole).keywords == {"name": value}
    line = "/iscsi create name="
    context = grammar.complete_context(line, len(line))
    whole = line + continuation(context, Candidate(value))
    assert grammar.parse(whole).keywords == {"name": value}


@pytest.mark.parametrize(
    ("used", "low", "free"),
    [
        ([], 0, ["0"]),
        ([], 1, ["1"]),
        ([0, 1, 2], 0, ["3"]),
        ([1, 5], 0, ["0", "6"]),
        ([0, 2], 0, ["1", "3"]),
        ([0], 1, ["1"]),
    ],
)
def test_free_numbers(used: list[int], low: int, free: list[str]) -> None:
    assert free_numbers(used, low) == free
