# SPDX-License-Identifier: Apache-2.0
"""Which device is another one than the saved one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtslib_ext.host import disk_identity
from rtslib_ext.host.disk_identity import difference, lasting_name, read


@pytest.mark.parametrize(
    ("saved", "found", "differs"),
    [
        ({}, {"wwid": "a"}, ""),
        ({"wwid": "a"}, {}, ""),
        ({"wwid": "a", "size": "2"}, {"wwid": "a", "size": "1"}, ""),
        ({"wwid": "a"}, {"wwid": "b"}, "its wwid is b, and was a"),
        ({"serial": "a"}, {"serial": "b"}, "its serial is b, and was a"),
        ({"wwid": "a", "partition": "1"}, {"wwid": "a", "partition": "2"}, "its partition is 2"),
        ({"size": "2"}, {"size": "1"}, "its size is 1 bytes, and was 2 bytes"),
        ({"size": "1"}, {"size": "2"}, ""),
        ({"size": "1"}, {"wwid": "b", "size": "1"}, ""),
    ],
)
def test_difference(saved: dict[str, str], found: dict[str, str], differs: str) -> None:
    text = difference(saved, found)
    assert text.startswith(differs) and bool(text) is bool(differs)


def test_what_is_no_device_has_no_identity() -> None:
    assert read("/dev/null") == read("/nosuch") == {}


def test_lasting_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_identity, "_BY_ID", str(tmp_path))
    assert lasting_name("/dev/sdzz") == ""
    for name in ("ata-DISK_1", "wwn-0x5000", "scsi-35000"):
        (tmp_path / name).symlink_to("/dev/sdzz")
    assert lasting_name("/dev/sdzz") == f"{tmp_path}/wwn-0x5000"
    assert lasting_name("/dev/sdzy") == lasting_name("/dev/mapper/x") == ""
    monkeypatch.setattr(disk_identity, "_BY_ID", "/nosuch")
    assert lasting_name("/dev/sdzz") == ""
