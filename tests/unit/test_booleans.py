# SPDX-License-Identifier: Apache-2.0
"""Every place that takes a yes or no takes the same words, and no others."""

from __future__ import annotations

import pytest

from rtslib_ext import fabrics, schema
from rtslib_ext.errors import InvalidValue
from rtslib_ext.savefile.checked_json import Item, Problems
from rtslib_ext.schema import Attribute, Kind
from targetcli.command_table.command import Command, Parameter
from targetcli.command_table.rows import every_row
from targetcli.language import binding
from targetcli.preference import PREFERENCES, check_value, parse_value
from targetcli.settings.auth import DiscoveryAuth

TRUE = ("true", "yes", "on", "1", "True", "YES", "On")
FALSE = ("false", "no", "off", "0", "False", "NO", "Off")
NEITHER = ("", "2", "-1", "tru", "y", "n", "enable", "None", "true false", "01")

PARAMETERS = [(row, item) for row in every_row() for item in row.parameters if item.kind == "bool"]
SETTINGS = [
    row
    for rows in schema.GROUPS.values()
    for row in rows
    if row.kind in (Kind.BOOL, Kind.YESNO) and row.writable
]
NUMBERS = [
    row
    for rows in schema.GROUPS.values()
    for row in rows
    if row.kind is Kind.CHOICE and {value for value, _ in row.choices} == {"0", "1"}
]
FLAGS = [row for row in PREFERENCES.values() if row.kind == "bool"]


def test_there_are_some_of_each() -> None:
    assert {item.name for _, item in PARAMETERS} >= {
        "add_mapped_luns", "boolean", "clear_existing", "confirm", "exclusive", "keep_existing",
        "nullio", "readonly", "save", "sparse", "write_back", "write_protect",
    }  # fmt: skip
    assert len(SETTINGS) > 50 and len(FLAGS) > 5


@pytest.mark.parametrize(
    ("row", "item"), PARAMETERS, ids=[f"{row.run} {item.name}" for row, item in PARAMETERS]
)
def test_parameters(row: Command, item: Parameter) -> None:
    others = {other.name: "1" for other in row.parameters if other.required and other is not item}
    for words, meant in ((TRUE, True), (FALSE, False)):
        for word in words:
            assert binding.bind(row, [], {**others, item.name: word}, "/")[item.name] is meant
    for word in NEITHER:
        with pytest.raises(InvalidValue) as refusal:
            binding.bind(row, [], {**others, item.name: word}, "/")
        assert f"'{word}' is not true|false" in str(refusal.value)


@pytest.mark.parametrize(
    ("row", "item"), PARAMETERS, ids=[f"{row.run} {item.name}" for row, item in PARAMETERS]
)
def test_the_bare_name_of_a_parameter_means_true(row: Command, item: Parameter) -> None:
    words = ["1" for other in row.parameters if other.required and other.kind != "bool"]
    line = binding.with_named_flags(row, [*words, item.name], {})
    assert binding.bind(row, *line, "/")[item.name] is True


def test_a_bare_name_beside_other_values() -> None:
    rows = {row.run: row for row in every_row() if row.name != "ensure"}
    for run, words, expected in (
        (
            "restoreconfig:restoreconfig",
            ["f", "clear_existing", "t"],
            {"savefile": "f", "target": "t", "clear_existing": True},
        ),
        (
            "restoreconfig:restoreconfig",
            ["f", "keep_existing"],
            {"savefile": "f", "keep_existing": True},
        ),
        (
            "devices:create_fileio",
            ["sparse", "/f", "sparse"],
            {"name": "sparse", "file_or_dev": "/f", "sparse": True},
        ),
        (
            "luns:create",
            ["/so", "add_mapped_luns"],
            {"storage_object": "/so", "add_mapped_luns": True},
        ),
    ):
        row = rows[run]
        assert binding.bind(row, *binding.with_named_flags(row, words, {}), "/") == expected


@pytest.mark.parametrize("row", [*SETTINGS, *NUMBERS], ids=lambda row: row.name)
def test_settings(row: Attribute) -> None:
    yes, no = ("Yes", "No") if row.kind is Kind.YESNO else ("1", "0")
    assert {row.check(word) for word in TRUE} == {yes}
    assert {row.check(word) for word in FALSE} == {no}
    for word in NEITHER:
        if word != "01" or row.kind is not Kind.CHOICE:
            with pytest.raises(InvalidValue):
                row.check(word)


@pytest.mark.parametrize("row", FLAGS, ids=lambda row: row.name)
def test_preferences(row: object) -> None:
    for words, meant in ((TRUE, True), (FALSE, False)):
        for word in words:
            check_value(row, word)  # type: ignore[arg-type]
            assert parse_value("bool", word) is meant
    for word in NEITHER:
        with pytest.raises(InvalidValue):
            check_value(row, word)  # type: ignore[arg-type]


def test_save_files() -> None:
    for words, meant in ((TRUE, True), (FALSE, False)):
        for word in words:
            assert flag(word) is meant
    assert [flag(value) for value in (True, False, 1, 0)] == [True, False, True, False]
    assert [flag(value) for value in (*NEITHER, 1.0, 2, [], {})] == [None] * (len(NEITHER) + 4)


def flag(value: object) -> bool | None:
    problems = Problems()
    found = Item({"key": value}, "", problems).flag("key")
    assert (found is None) == bool(problems.reported)
    return found


def test_discovery_authentication() -> None:
    fabric = fabrics.find("iscsi")
    assert fabric
    group = DiscoveryAuth(fabric, "/iscsi")
    assert {group.check("enable", word) for word in TRUE} == {"1"}
    assert {group.check("enable", word) for word in (*FALSE, "")} == {"0"}
    for word in filter(None, NEITHER):
        with pytest.raises(InvalidValue, match="enable takes 0 or 1"):
            group.check("enable", word)
