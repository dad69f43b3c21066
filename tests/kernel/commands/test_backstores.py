# SPDX-License-Identifier: Apache-2.0
"""Storage objects of every kind: made, shown, deleted."""

from __future__ import annotations

import os
import stat
import uuid
from pathlib import Path

import pytest

from rtslib_ext.kernel import paths

from .. import expected
from .conftest import Loop
from .harness import ETC, Shell, differences, files, tree, value

IQN = "iqn.2003-01.org.example:disks"
TPG = f"/iscsi/{IQN}/tpg1"


def place(shell: Shell, plugin: str, name: str) -> str:
    """The configfs path of a storage object."""
    found = paths.find_storage_object(shell.fs, plugin, name)
    assert found is not None
    return found


def serial(shell: Shell, plugin: str, name: str) -> str:
    return value(f"{place(shell, plugin, name)}/wwn/vpd_unit_serial").partition(": ")[2]


# -- fileio ---------------------------------------------------------------------------------


def test_new_file_is_made_sparse_with_a_write_back_cache(shell: Shell, disks: Path) -> None:
    file = disks / "d1.img"
    answer = shell.ok(f"/backstores/fileio create d1 {file} 10M")
    assert answer == "Created fileio d1 with size 10485760\n"
    status = file.stat()
    assert (status.st_size, status.st_blocks) == (10485760, 0)
    assert stat.S_IMODE(status.st_mode) == 0o600
    at = place(shell, "fileio", "d1")
    assert value(f"{at}/enable") == "1"
    assert value(f"{at}/udev_path") == str(file)
    assert value(f"{at}/attrib/emulate_write_cache") == "1"
    assert value(f"{at}/attrib/emulate_model_alias") == "1"
    assert value(f"{at}/wwn/product_id") == "d1"
    assert "Mode: Buffered-WCE" in value(f"{at}/info")
    assert str(uuid.UUID(serial(shell, "fileio", "d1"))) == serial(shell, "fileio", "d1")
    status_line = f"{file} (10.0MiB) write-back deactivated"
    assert shell.ok("/backstores/fileio/d1 status") == (
        f"Status for /backstores/fileio/d1: {status_line}\n"
    )


def test_every_parameter_of_fileio(shell: Shell, disks: Path) -> None:
    file = disks / "d1.img"
    answer = shell.ok(
        f"/backstores/fileio create name=d1 file_or_dev={file} size=1.5MiB "
        "write_back=false sparse=false wwn=abc-1"
    )
    assert answer.rows == ["Writing 1572864 bytes", "Created fileio d1 with size 1572864"]
    assert file.stat().st_blocks * 512 == 1572864
    at = place(shell, "fileio", "d1")
    assert serial(shell, "fileio", "d1") == "abc-1"
    assert value(f"{at}/attrib/emulate_write_cache") == "0"
    assert "Mode: O_DSYNC" in value(f"{at}/info")
    assert shell.ok("/backstores/fileio/d1 info").rows == [
        "aio: False",
        f"dev: {file}",
        "naa: naa.6001405abc1000000000000000000000",
        "name: d1",
        "plugin: fileio",
        "size: 1572864",
        "write_back: False",
        "wwid: 36001405abc1000000000000000000000",
        "wwn: abc-1",
    ]
    assert "(1.5MiB) write-thru deactivated" in shell.ok("/backstores/fileio/d1 status")


def test_existing_file_keeps_its_size_and_data(shell: Shell, disks: Path) -> None:
    file = disks / "old.img"
    file.write_bytes(b"x" * 8192)
    os.chmod(file, 0o640)
    before = files(disks)
    answer = shell.ok(f"/backstores/fileio create old {file} 1G")
    assert answer.rows == [
        f"{file} exists, using its size (8192 bytes) instead",
        "Created fileio old with size 8192",
    ]
    shell.ok("/backstores/fileio delete old")
    assert files(disks) == before
    # As in targetcli-fb, also where the size is the same.
    assert shell.ok(f"/backstores/fileio create old {file} 8K").rows == answer.rows
    assert files(disks) == before


def test_less_than_one_block_becomes_one_block(shell: Shell, disks: Path) -> None:
    (disks / "old.img").write_bytes(b"x")
    for line, said in (
        (f"fileio create f1 {disks}/new.img 1", "Created fileio f1 with size 512\n"),
        (f"fileio create f2 {disks}/old.img", "Created fileio f2 with size 512\n"),
        (
            f"fileio create f3 {disks}/new3.img 1 sparse=false",
            "Writing 512 bytes\nCreated fileio f3",
        ),
        ("ramdisk create r1 511", "Created ramdisk r1 with size 511.\n"),
    ):
        answer = shell.ok(f"/backstores/{line}")
        assert answer.startswith(said)
        assert [" bytes is less than one block, so the" in text for text in answer.asides] == [True]
    assert value(f"{place(shell, 'fileio', 'f2')}/attrib/block_size") == "512"
    assert "Size: 512 " in value(f"{place(shell, 'fileio', 'f2')}/info")
    assert "already exists" in shell.ok(f"/backstores/fileio ensure f1 {disks}/new.img 1")
    shell.refuses("/backstores/ramdisk create r2 0", "a size of 0 bytes is out of range")
    before = tree()
    shell.ok("/ saveconfig")
    shell.ok("/ clearconfig confirm=true")
    shell.ok("/ restoreconfig")
    assert differences(tree(), before) == []


def test_existing_object_is_told_in_the_words_that_clients_look_for(shell: Shell) -> None:
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.refuses(
        "/backstores/ramdisk create r1 1M", "Storage object ramdisk/r1 exists", "already exists"
    )


def test_fileio_takes_a_block_device(shell: Shell, ram: list[str]) -> None:
    assert shell.ok(f"/backstores/fileio create d1 {ram[0]} 10M").rows == [
        "Block device, size parameter ignored",
        "Note: block backstore preferred for best results",
        "Created fileio d1 with size 16777216",
    ]
    assert f"{ram[0]} (16.0MiB) write-back" in shell.ok("/backstores/fileio/d1 status")
    assert shell.ok(f"/backstores/fileio create d2 {ram[1]}").rows == [
        "Note: block backstore preferred for best results",
        "Created fileio d2 with size 16777216",
    ]


def test_names_and_files_may_have_any_letters(shell: Shell, disks: Path) -> None:
    file = disks / 'my dïsk "1".img'
    shell.ok(f"/backstores/fileio create 'größe=1' '{file}' 1M")
    assert value(f"{place(shell, 'fileio', 'größe=1')}/udev_path") == str(file)
    assert "name: größe=1" in shell.ok("/backstores/fileio/größe=1 info").rows
    assert shell.words("/backstores/fileio", "delete", "größe=1").exit == 0
    assert not any("größe" in name for name in tree("core"))


# -- block, pscsi, ramdisk ------------------------------------------------------------------


def test_block(shell: Shell, ram: list[str]) -> None:
    assert shell.ok(f"/backstores/block create b1 {ram[0]}") == (
        f"Created block storage object b1 using {ram[0]}.\n"
    )
    at = place(shell, "block", "b1")
    assert (value(f"{at}/enable"), value(f"{at}/udev_path")) == ("1", ram[0])
    assert value(f"{at}/attrib/emulate_model_alias") == "1"
    assert shell.ok("/backstores/block/b1 status").endswith(
        f": {ram[0]} (16.0MiB) write-thru deactivated\n"
    )


def test_every_parameter_of_block(shell: Shell, ram: list[str]) -> None:
    answer = shell.ok(
        f"/backstores/block create name=b1 dev={ram[0]} readonly=true wwn=abc-2 exclusive=true"
    )
    assert answer == f"Created block storage object b1 using {ram[0]}.\n"
    assert "readonly: 1" in value(f"{place(shell, 'block', 'b1')}/info")
    assert shell.ok("/backstores/block/b1 info").rows == [
        f"dev: {ram[0]}",
        "exclusive: True",
        "naa: naa.6001405abc2000000000000000000000",
        "name: b1",
        "plugin: block",
        "readonly: True",
        "write_back: False",
        "wwid: 36001405abc2000000000000000000000",
        "wwn: abc-2",
    ]
    assert "(16.0MiB) ro write-thru deactivated" in shell.ok("/backstores/block/b1 status")


@pytest.mark.differs_by_kernel
def test_kernel_without_shared_devices_is_told_of(shell: Shell, ram: list[str]) -> None:
    answer = shell.ok(f"/backstores/block create b1 {ram[0]} exclusive=false")
    shares = expected.value("exclusive=false opens a device that is in use")
    assert ("exclusive: 0" in value(f"{place(shell, 'block', 'b1')}/info")) is shares
    assert ("does not support exclusive=false" in answer.stderr) is not shares


@pytest.mark.differs_by_kernel
def test_a_shared_device_is_noticed(shell: Shell, ram: list[str]) -> None:
    """Two block objects with exclusive=false, on one device: the kernel does not say anything."""
    a1 = f"/backstores/block create a1 {ram[0]} exclusive=false"
    a2 = f"/backstores/block create a2 {ram[0]} exclusive=false"
    shell.ok(a1)
    shell.ok(f"/backstores/block create a3 {ram[1]} exclusive=false")
    if not expected.value("exclusive=false opens a device that is in use"):
        shell.refuses(a2, f"device {ram[0]} is already in use")
        return
    note = f"storage object for {ram[0]} already exists: a1 (export /backstores/block/a1"
    assert shell.ok(a2).stderr.count(note) == 1
    refusal = f"/backstores/fileio create f1 {ram[0]}"
    shell.refuses(refusal, f"storage object for {ram[0]} already exists: a")
    shell.ok(f"saveconfig {ETC}/1.json")
    shell.ok("/backstores/block delete a2")
    assert note in shell(f"diff {ETC}/1.json")
    shell.ok("/backstores/block delete a1")
    assert shell(f"diff {ETC}/1.json").count(note) == 1
    assert shell.ok(f"apply {ETC}/1.json", yes=True).count(note) == 1
    shell.ok("clearconfig confirm=true")
    assert shell.ok(f"restoreconfig {ETC}/1.json").stderr.count(note) == 1


def test_device_that_is_read_only_stays_so(shell: Shell, loop: Loop) -> None:
    device = loop(read_only=True)
    shell.ok(f"/backstores/block create b1 {device}")
    assert "(1.0MiB) ro write-thru" in shell.ok("/backstores/block/b1 status")
    shell.ok("/backstores/block delete b1")
    shell.refuses(f"/backstores/block create b1 {device} readonly=false", "/backstores/block/b1")


def test_pscsi_by_path_and_by_address(shell: Shell, scsi_disk: tuple[str, str]) -> None:
    device, address = scsi_disk
    assert shell.ok(f"/backstores/pscsi create p1 {device}").rows == [
        "Note: block backstore recommended for SCSI block devices",
        f"Created pscsi storage object p1 using {device}",
    ]
    assert shell.ok("/backstores/pscsi/p1 info").rows == [
        f"dev: {device}",
        "hba_mode: 0",
        "naa: naa.33333330000007d0",
        "name: p1",
        "plugin: pscsi",
        "wwid: 333333330000007d0",
    ]
    assert shell.ok("/backstores/pscsi/p1 status").endswith(f": {device} deactivated\n")
    shell.ok("/backstores/pscsi delete p1")
    assert shell.ok(f"/backstores/pscsi create p1 {address}") == (
        f"Created pscsi storage object p1 using {address}\n"
    )
    assert f"dev: {device}" in shell.ok("/backstores/pscsi/p1 info")


def test_ramdisk(shell: Shell) -> None:
    assert shell.ok("/backstores/ramdisk create r1 5M") == "Created ramdisk r1 with size 5M.\n"
    assert "(5.0MiB) deactivated" in shell.ok("/backstores/ramdisk/r1 status")
    answer = shell.ok("/backstores/ramdisk create name=r2 size=1T nullio=true wwn=abc-3")
    assert answer == "Created ramdisk r2 with size 1T.\n"
    assert shell.ok("/backstores/ramdisk/r2 info").rows == [
        "naa: naa.6001405abc3000000000000000000000",
        "name: r2",
        "nullio: True",
        "plugin: ramdisk",
        "size: 1099511627776",
        "wwid: 36001405abc3000000000000000000000",
        "wwn: abc-3",
    ]
    assert "nullio (1.0TiB) deactivated" in shell.ok("/backstores/ramdisk/r2 status")


def test_model_is_the_kernels_where_the_preference_says_so(shell: Shell) -> None:
    shell.ok("set global export_backstore_name_as_model=false")
    shell.ok("/backstores/ramdisk create r1 1M")
    at = place(shell, "ramdisk", "r1")
    assert value(f"{at}/attrib/emulate_model_alias") == "0"
    assert value(f"{at}/wwn/product_id") == "RAMDISK-MCP"


@pytest.mark.parametrize(
    "old, new", [("iblock", "block"), ("rd_mcp", "ramdisk"), ("rd_dr", "ramdisk")]
)
def test_old_names_of_the_kinds(shell: Shell, ram: list[str], old: str, new: str) -> None:
    what = ram[0] if new == "block" else "1M"
    shell.ok(f"/backstores/{old} create x1 {what}")
    assert shell.ok(f"/backstores/{old}/x1 status").startswith(f"Status for /backstores/{new}/x1: ")


def test_version_tells_the_kernels_backstore(shell: Shell, ram: list[str]) -> None:
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok(f"/backstores/block create b1 {ram[0]}")
    assert shell.ok("/backstores/ramdisk/r1 version") == "Backstore plugin ramdisk v5.0\n"
    assert shell.ok("/backstores/block/b1 version") == "Backstore plugin block v5.0\n"


# -- deleting -------------------------------------------------------------------------------


def test_delete_takes_luns_and_mapped_luns_along(shell: Shell, disks: Path) -> None:
    shell.ok(f"/iscsi create {IQN}")
    shell.ok("/loopback create naa.5001405000000001")
    shell.ok(f"{TPG}/acls create iqn.2003-01.org.example:i1")
    without = tree()
    shell.ok(f"/backstores/fileio create d1 {disks}/d1.img 1M")
    shell.ok(f"{TPG}/luns create /backstores/fileio/d1")
    shell.ok("/loopback/naa.5001405000000001/luns create /backstores/fileio/d1 7")
    assert "Mapped LUNs: 1" in shell.ok(f"{TPG}/acls/iqn.2003-01.org.example:i1 status")
    assert "activated" in shell.ok("/backstores/fileio/d1 status")
    data = files(disks)
    deleted = shell.ok("/backstores/fileio delete d1")
    assert deleted == "Deleted storage object d1.\n"
    assert deleted.asides == [
        f"Deleted LUN 0 of {TPG}, mapped LUNs: 1",
        "Deleted LUN 7 of /loopback/naa.5001405000000001, mapped LUNs: 0",
    ]
    assert tree() == without
    assert files(disks) == data


def test_delete_can_take_it_out_of_the_save_file(shell: Shell) -> None:
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok("/backstores/ramdisk create r2 1M")
    shell.ok("saveconfig")
    shell.ok("/backstores/ramdisk delete r1 save=false")
    assert '"name": "r1"' in Path(shell.save_file).read_text()
    shell.ok("/backstores/ramdisk create r1 1M")
    assert shell.ok("/backstores/ramdisk delete name=r1 save=true").rows == [
        f"Last 10 configs saved in {ETC}/backup/.",
        "Deleted storage object r1.",
    ]
    text = Path(shell.save_file).read_text()
    assert '"name": "r1"' not in text and '"name": "r2"' in text
    assert len(os.listdir(ETC / "backup")) == 1


def test_delete_from_no_save_file_makes_none(shell: Shell) -> None:
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok("/backstores/ramdisk delete r1 save=true")
    assert not os.path.exists(shell.save_file)


def test_no_empty_folder_stays(shell: Shell) -> None:
    before = tree("core")
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok("/backstores/ramdisk delete r1")
    assert tree("core") == before


def test_ls_of_the_kinds(shell: Shell, disks: Path) -> None:
    shell.ok(f"/backstores/fileio create d10 {disks}/d10 1M")
    shell.ok(f"/backstores/fileio create d9 {disks}/d9 1M")
    rows = shell.ok("/backstores ls").rows
    assert rows[0] == f"o- backstores {'.' * 112} [...]"
    assert rows[2].startswith("  o- fileio ...") and rows[2].endswith(" [Storage Objects: 2]")
    assert [row.split()[2] for row in rows if " o- d" in row and "default" not in row] == [
        "d9",
        "d10",
    ]
    assert {len(row) for row in rows} == {132}
