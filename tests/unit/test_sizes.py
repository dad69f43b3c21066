# SPDX-License-Identifier: Apache-2.0
"""Sizes as typed and as shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtslib_ext.errors import InvalidValue
from targetcli.command_table.table import commands_of
from targetcli.language import binding, grammar
from targetcli.sizes import format_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("512", 512),
        ("512b", 512),
        ("512B", 512),
        ("512 bytes", 512),
        ("1 byte", 1),
        ("10k", 10240),
        ("10K", 10240),
        ("1kB", 1024),
        ("1KiB", 1024),
        ("1KIB", 1024),
        ("5Mi", 5 << 20),
        ("10M", 10 << 20),
        ("1gb", 1 << 30),
        ("1Gib", 1 << 30),
        ("2t", 2 << 40),
        ("3P", 3 << 50),
        ("1EiB", 1 << 60),
        ("1.5 TiB", 3 << 39),
        (" 1.5G ", 3 << 29),
        ("0.3k", 307),
        ("0001", 1),
        ("1ib", 1),  # as fb, which strips every i
    ],
)
def test_parse_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    ["", " ", "b", "k", "-1", "+1", "1.5", "1.5b", ".5G", "1.G", "1,5G", "1|", "10|b", "1e3", "1z",
     "1kk", "1 k b", "0x10", "١", "1_0", "G1", "9" * 5000, "1i", "1 ibytes"],
)  # fmt: skip
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        parse_size(text)
    assert refused.value.message == f"Cannot interpret size, wrong format: {text}"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0KiB"),
        (1048575, "1024.0KiB"),  # as fb
        (10 << 20, "10.0MiB"),
        (1536 << 20, "1.5GiB"),
        (1 << 40, "1.0TiB"),
        (1023 << 50, "1023.0PiB"),
        (1 << 60, "1.0EiB"),
        (4096 << 60, "4096.0EiB"),
    ],
)
def test_format_size(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(0, 1 << 63))
def test_what_is_shown_can_be_typed(size: int) -> None:
    assert abs(parse_size(format_size(size)) - size) <= size * 0.06


@given(st.integers(0, 10**18), st.sampled_from(["", "k", "M", "gB", "TiB"]))
def test_whole_numbers_are_exact(number: int, unit: str) -> None:
    power = " kmgt".index(unit[:1].lower() or " ")
    assert parse_size(f"{number}{unit}") == number * 1024**power


def _bound(path: str, words: str) -> dict[str, object]:
    line = grammar.parse(f"{path} create {words}")
    command = commands_of(path.strip("/"))["create"]
    return binding.bind(command, line.positional, line.keywords, path)


@pytest.mark.parametrize(
    ("path", "words", "size"),
    [
        ("/fileio", "d /srv/d 1.5 TiB", 3 << 39),
        ("/fileio", "d /srv/d 10 G false", 10 << 30),
        ("/fileio", "d /srv/d 512 bytes", 512),
        ("/fileio", "d /srv/d size=1.5 TiB", 3 << 39),
        ("/fileio", "d /srv/d size=1.5 TiB write_back=no", 3 << 39),
        ("/fileio", "name=d file_or_dev=/srv/d size=2 MB", 2 << 20),
        ("/fileio", "d G size=5", 5),
        ("/fileio", "G K 5", 5),
        ("/ramdisk", "r 1.5 M", "1.5M"),
        ("/ramdisk", "r 1 G true", "1G"),
        ("/ramdisk", "r size=1 G", "1G"),
        ("/user", "v 10G pool/v", 10 << 30),
        # G may be what the handler is told.
        ("/user", "v 10 G", 10),
    ],
)
def test_a_size_may_be_two_words(path: str, words: str, size: object) -> None:
    values = _bound(path, words)
    assert values["size"] == size
    assert ("write_back" in values) is ("false" in words or "write_back" in words)
    assert ("nullio" in values) is ("true" in words)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/fileio", "d /srv/d 1.5"),
        ("/fileio", "d /srv/d 1G G"),
        ("/fileio", "d /srv/d 1 Gx"),
        ("/fileio", "d /srv/d size=1G G"),
        ("/fileio", "d /srv/d G 1"),
        ("/ramdisk", "r 1 G M"),
    ],
)
def test_two_words_that_are_no_size(path: str, words: str) -> None:
    with pytest.raises(InvalidValue):
        _bound(path, words)
