# SPDX-License-Identifier: Apache-2.0
"""Input without an end is not read until the memory is full."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from rtslib_ext.errors import InvalidValue, ParseError
from targetcli import batch, session


def test_a_line_that_is_too_long_is_refused_as_a_whole() -> None:
    stream = io.StringIO("x" * (3 * session._LONGEST_LINE) + " delete\npwd\n")
    first = stream.readline(session._LONGEST_LINE)
    with pytest.raises(ParseError, match="the line has more than 1,048,576 characters"):
        session._parse(stream, first)
    assert session._parse(stream, stream.readline(session._LONGEST_LINE)).command == "pwd"


@pytest.mark.parametrize("length", [-2, -1, 0, 1])
def test_a_line_of_about_the_limit(length: int) -> None:
    stream = io.StringIO(" " * (session._LONGEST_LINE + length - 3) + "pwd\nls\n")
    try:
        session._parse(stream, stream.readline(session._LONGEST_LINE))
    except ParseError:
        assert length >= -1
    assert stream.readline() == "ls\n"


def test_a_batch_has_a_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(batch, "_MOST_CHARACTERS", 10)
    assert batch._read(io.StringIO("pwd\nls\n123"), "FILE") == ["pwd", "ls", "123"]
    with pytest.raises(InvalidValue, match="FILE has more than 10 characters"):
        batch._read(io.StringIO("pwd\nls\n1234"), "FILE")
