# SPDX-License-Identifier: Apache-2.0
"""Relative target port identifiers: texts as the kernel reads them."""

from __future__ import annotations

import pytest

from rtslib_ext.kernel import rtpi


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0x10", 16),
        ("0XFFFF", 65535),
        ("16", 16),
        ("010", 8),
        ("0", 0),
        ("08", 0),
        ("0x", 0),
        ("1_0", 0),
        ("\u0663", 0),
        ("9 TPGs", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_a_number_is_read_as_by_the_kernel(text: str | None, number: int) -> None:
    assert rtpi.parse(text) == number
