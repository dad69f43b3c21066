# SPDX-License-Identifier: Apache-2.0
"""The identifier that the kernel derives from a serial number."""

from __future__ import annotations

import pytest

from rtslib_ext.config.inquiry import naa


@pytest.mark.parametrize(
    ("serial", "company", "identifier"),
    [
        ("", "", ""),
        ("disk-a", "", "naa.6001405da" + "0" * 23),
        ("disk-abc", "", "naa.6001405dabc" + "0" * 21),
        ("DISKABC", "0x001405", "naa.6001405dabc" + "0" * 21),
        ("zzz", "", "naa.6001405" + "0" * 25),
        ("g1", "0xabcdef", "naa.6abcdef1" + "0" * 24),
        ("12345678-1234-1234-1234-123456789012", "", "naa.6001405" + "1234567812341234123412345"),
    ],
)
def test_naa(serial: str, company: str, identifier: str) -> None:
    assert naa(serial, company) == identifier
