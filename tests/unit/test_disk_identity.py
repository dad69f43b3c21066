# SPDX-License-Identifier: Apache-2.0
"""Which device is another one than the saved one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtslib_ext.host import devices, disk_identity
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
        ({"name": "a"}, {"name": "b"}, "its name is b, and was a"),
        ({"file": "/a", "size": "1"}, {"file": "/b", "size": "1"}, "its file is /b, and was /a"),
        ({"size": "1"}, {"file": "/b", "size": "1"}, ""),
        (
            {"wwid": "a", "partition": "1", "partuuid": "p"},
            {"wwid": "a", "partition": "1", "partuuid": "q"},
            "its partuuid is q, and was p",
        ),
        (
            {"wwid": "a", "partition": "1", "partuuid": "p"},
            {"wwid": "a", "partition": "2", "partuuid": "p"},
            "",
        ),
        ({"partuuid": "p", "size": "2"}, {"partuuid": "p", "size": "1"}, ""),
        ({"size": "2"}, {"size": "1"}, "its size is 1 bytes, and was 2 bytes"),
        ({"size": "1"}, {"size": "2"}, ""),
        ({"size": "1"}, {"wwid": "b", "size": "1"}, ""),
        ({"mount": "/srv", "size": "2"}, {"mount": "/srv", "size": "2"}, ""),
        ({"mount": "/srv", "size": "2"}, {"mount": "/srv", "size": "0"}, "its size is 0 bytes"),
        ({"mount": "/srv", "size": "2"}, {"mount": "/", "size": "2"}, "the file system /srv is"),
        ({"mount": "/srv/a"}, {"mount": "/srv"}, "the file system /srv/a is not mounted"),
        ({"mount": "/srv"}, {"mount": "/srv/a"}, ""),
        ({"mount": "/srv"}, {"mount": "/srv2"}, ""),
        (
            {"mount": "/srv", "filesystem": "u"},
            {"mount": "/srv", "filesystem": "v"},
            "its filesystem is v, and was u",
        ),
        ({"mount": "/srv", "filesystem": "u"}, {"mount": "/srv"}, ""),
    ],
)
def test_difference(saved: dict[str, str], found: dict[str, str], differs: str) -> None:
    text = difference(saved, found)
    assert text.startswith(differs) and bool(text) is bool(differs)


@pytest.mark.parametrize(
    ("path", "counts"), [("/dev/sdb", True), ("/dev/loop1", True), ("/dev/zvol/a/b", False)]
)
def test_larger_disk_at_a_counted_name(path: str, counts: bool) -> None:
    text = difference({"size": "1"}, {"size": "2"}, path)
    assert text == ("its size is 2 bytes, and was 1 bytes" if counts else "")
    assert difference({"wwid": "a", "size": "1"}, {"wwid": "a", "size": "2"}, path) == ""


def test_what_is_no_device_has_no_identity(tmp_path: Path) -> None:
    assert read("/dev/null") == read("/dev/nosuch") == read(str(tmp_path)) == {}


def test_identity_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "f"
    missing = read(str(file))
    assert missing["mount"] in (str(tmp_path), *map(str, tmp_path.parents))
    file.write_bytes(b"12")
    assert read(str(file)) == {**missing, "size": "2"}
    link = tmp_path / "link"
    link.symlink_to("f")
    assert read(str(link)) == read(str(file))


@pytest.fixture
def sysfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a disk in sysfs; its partition, and /dev/null in udev's database, too."""
    for name, text in (("p1/partition", "1"), ("p1/uevent", "DEVTYPE=partition"), ("wwid", "")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    monkeypatch.setattr(disk_identity, "_folder", lambda path: str(tmp_path / "p1"))
    monkeypatch.setattr(devices, "_UDEV", str(tmp_path))
    return tmp_path


def test_identity_of_a_partition(sysfs: Path) -> None:
    assert read("/dev/null") == {"partition": "1"}
    (sysfs / "wwid").write_text("naa.5\n")
    (sysfs / "b1:3").write_text("E:ID_PART_ENTRY_UUID=AB-01\nE:ID_FS_UUID=no\n")
    assert read("/dev/null") == {"wwid": "naa.5", "partition": "1", "partuuid": "ab-01"}
    (sysfs / "p1/uevent").write_text("DEVTYPE=partition\nPARTUUID=cd-02\n")
    assert read("/dev/null")["partuuid"] == "cd-02"


def test_identity_of_mapped_devices(sysfs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_identity, "_folder", lambda path: str(sysfs))
    (sysfs / "dm").mkdir()
    (sysfs / "dm/name").write_text("vg-lv\n")
    assert read("/dev/null") == {"name": "vg-lv"}
    (sysfs / "dm/uuid").write_text("LVM-1\n")
    assert read("/dev/null") == {"wwid": "LVM-1"}


def test_identity_of_a_loop_device(sysfs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_identity, "_folder", lambda path: str(sysfs))
    (sysfs / "loop").mkdir()
    (sysfs / "loop/backing_file").write_text("/srv/a b.img\n")
    assert read("/dev/null") == {"file": "/srv/a b.img"}


def test_identity_of_a_raid(sysfs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_identity, "_folder", lambda path: str(sysfs))
    (sysfs / "md").mkdir()
    assert read("/dev/null") == {}
    (sysfs / "b1:3").write_text("E:MD_UUID=a:b\n")
    assert read("/dev/null") == {"wwid": "a:b"}
    (sysfs / "md/uuid").write_text("c-d\n")
    assert read("/dev/null") == {"wwid": "c-d"}


def test_lasting_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_identity, "_BY_ID", str(tmp_path))
    assert lasting_name("/dev/sdzz") == ""
    for name in ("ata-DISK_1", "wwn-0x5000", "scsi-35000"):
        (tmp_path / name).symlink_to("/dev/sdzz")
    assert lasting_name("/dev/sdzz") == f"{tmp_path}/wwn-0x5000"
    assert lasting_name("/dev/sdzy") == lasting_name("/dev/mapper/x") == ""
    monkeypatch.setattr(disk_identity, "_BY_ID", "/nosuch")
    assert lasting_name("/dev/sdzz") == ""
