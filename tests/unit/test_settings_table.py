# SPDX-License-Identifier: Apache-2.0
"""The table of get: aligned columns that fit the terminal."""

from __future__ import annotations

import pytest

from rtslib_ext import schema
from targetcli.views.settings import Row
from targetcli.views.settings_table import Entry, table

LONG = "alpha, beta, gamma, delta, epsilon, zeta"
ENTRIES = [
    Entry(Row("caw", "0", "number", "Compare and write."), "1", "0, 1", changed=True),
    Entry(Row("depth", "128", "number", "Commands at once.", writable=False), None, "", False),
    Entry(Row("level", "alpha", "string", "One of the Greek letters."), "alpha", LONG),
]


def test_columns_are_aligned_and_a_star_marks_changes() -> None:
    assert list(table(ENTRIES, 80, described=False)) == [
        "  NAME   VALUE  DEFAULT  RANGE",
        "* caw    0      1        0, 1",
        "  depth  128    -        read-only",
        "  level  alpha  alpha    alpha, beta, gamma, delta, epsilon, zeta",
        "* differs from the default; -v shows the meaning of each setting",
    ]


def test_the_legend_explains_no_star_where_there_is_none() -> None:
    *_, legend = table(ENTRIES[1:], 80, described=False)
    assert legend == "-v shows the meaning of each setting"


def test_the_meaning_of_each() -> None:
    assert list(table(ENTRIES[:1], 40, described=True)) == [
        "  NAME  VALUE  DEFAULT  RANGE",
        "* caw   0      1        0, 1",
        "      Compare and write.",
    ]


@pytest.mark.parametrize("width", [60, 80, 132])
def test_long_cells_wrap_at_words(width: int) -> None:
    value = "iqn.2003-01.org.example:a-long-name"
    wide = [*ENTRIES, Entry(Row("path", f"{value} {value}", "string", LONG * 5), value, LONG)]
    lines = list(table(wide, width, described=True))
    assert max(map(len, lines)) <= width
    assert " ".join(lines).count("epsilon") == 7
    head = lines[0]
    for word in ("alpha, beta", "read-only"):
        (line,) = [line for line in lines if f"  {word}" in line[head.index("DEFAULT") + 8 :]][:1]
        assert line.index(word, head.index("RANGE")) == head.index("RANGE")


@pytest.mark.parametrize(
    ("row", "values"),
    [
        (schema.storage_object("emulate_caw", "block"), "0, 1"),
        (schema.storage_object("block_size", "fileio"), "512, 1024, 2048, 4096 bytes"),
        (schema.storage_object("queue_depth", "block"), "1 to hw_queue_depth commands"),
        (schema.storage_object("alua_support", "fileio"), "only 1"),
        (schema.tpg_attribute("login_timeout"), "5 to 30 seconds"),
        (schema.tpg_parameter("InitialR2T"), "Yes, No"),
        (schema.tpg_parameter("HeaderDigest"), "list of CRC32C, None"),
        (schema.tpg_parameter("TargetAlias"), "text, up to 255 bytes"),
    ],
)
def test_values_in_few_words(row: schema.Attribute, values: str) -> None:
    assert schema.values(row) == values


def test_every_setting_has_values() -> None:
    for rows in schema.GROUPS.values():
        for row in rows:
            assert schema.values(row) and "None" not in schema.values(row).replace(", None", "")
