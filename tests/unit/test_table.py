# SPDX-License-Identifier: Apache-2.0
"""The table of commands that look: aligned, cut at a terminal only, safe with foreign text."""

from __future__ import annotations

import pytest

from targetcli.views.table import Column, cut, table, text_width

COLUMNS = (Column("INITIATOR", cut="start"), Column("LUNS", right=True), Column("STATE"))
ROWS = [
    ("iqn.1994-05.com.example:host1", "2", "logged in"),
    ("iqn.1994-05.com.example:h2", "12", ""),
]


def test_columns_are_aligned_and_an_empty_cell_is_a_dash() -> None:
    assert list(table(COLUMNS, ROWS)) == [
        "INITIATOR                      LUNS  STATE",
        "iqn.1994-05.com.example:host1     2  logged in",
        "iqn.1994-05.com.example:h2       12  -",
    ]


def test_no_rows_no_table() -> None:
    assert list(table(COLUMNS, [])) == []


def test_a_terminal_cuts_only_the_columns_that_may_be_cut() -> None:
    assert list(table(COLUMNS, ROWS, 33)) == [
        "INITIATOR         LUNS  STATE",
        "~m.example:host1     2  logged in",
        "~.com.example:h2    12  -",
    ]


@pytest.mark.parametrize("width", [10, 40, 80, None])
def test_a_table_that_cannot_be_narrower_is_wider(width: int | None) -> None:
    lines = list(table(COLUMNS, ROWS, width))
    assert "logged in" in lines[1] and lines[2].endswith("12  -")
    assert max(map(len, lines)) <= max(width or 80, 9 + 2 + 4 + 2 + 9)


def test_foreign_text_stays_on_its_line() -> None:
    _, line = table((Column("NAME"), Column("ALIAS")), [("a\x1b[31m\nb", "\u202ex")])
    assert line == r"a\x1b[31m\nb  \u202ex"


def test_wide_characters_take_two_columns() -> None:
    assert text_width("日本") == 4 and text_width("e\u0301") == 1
    lines = list(table((Column("A"), Column("B")), [("日本", "1"), ("abcd", "2")]))
    assert lines == ["A     B", "日本  1", "abcd  2"]
    assert cut("日本語", 5) == "日本~" and cut("日本語", 4, "start") == "~語"


def test_cut() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdef", 4) == "abc~"
    assert cut("abcdef", 4, "start") == "~def"
    assert cut("abcdef", 0) == ""


def test_columns_that_may_go_go_where_cutting_is_not_enough() -> None:
    columns = (
        Column("INITIATOR", cut="start", least=12),
        Column("PORTAL", drop=2),
        Column("AUTH", drop=1),
        Column("LUNS", right=True),
    )
    rows = [("iqn.1994-05.com.example:host1", "192.0.2.10:3260", "CHAP", "2")]

    def heads(width: int) -> list[str]:
        return next(table(columns, rows, width)).split()

    assert heads(80) == heads(41) == ["INITIATOR", "PORTAL", "AUTH", "LUNS"]
    assert heads(40) == heads(24) == ["INITIATOR", "AUTH", "LUNS"]
    assert heads(23) == heads(5) == ["INITIATOR", "LUNS"]
