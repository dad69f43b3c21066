# SPDX-License-Identifier: Apache-2.0
"""Lists in messages, of which many names are only counted, and numbers of things."""

from __future__ import annotations

import pytest

from rtslib_ext.config.wording import counted, shortened


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b", "c"], "a, b, c"),
        (["a", "b", "c", "d"], "a, b, c and 1 more"),
    ],
)
def test_many_names_are_counted(names: list[str], text: str) -> None:
    assert shortened(names) == text


def test_commands_are_joined_by_other_words() -> None:
    shown = shortened(["a", "b", "c"], 2, separator=", then ", last=", then ")
    assert shown == "a, then b, then 1 more"


def test_one_thing_is_singular() -> None:
    assert [counted(number, "LUN") for number in (0, 1, 2)] == ["0 LUNs", "1 LUN", "2 LUNs"]
