# SPDX-License-Identifier: Apache-2.0
"""What is below a file or device, read from a /sys that a test makes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rtslib_ext.files import mounts
from rtslib_ext.host import device_mapper, device_stack, system
from rtslib_ext.host.device_stack import Stack
from rtslib_ext.usage import holders

Make = Callable[..., None]


@pytest.fixture
def host(tmp_path: Path) -> tuple[Stack, Make]:
    """A stack below a directory, and a function that makes a block device in its /sys."""
    folder = tmp_path / "sys/dev/block"
    folder.mkdir(parents=True)

    def make(
        name: str, number: str, *, of: str = "", slaves: tuple[str, ...] = (), **files: str
    ) -> None:
        place = tmp_path / "sys/block" / of / name
        texts = {"dev": number, "size": "2048", **files}
        for path, text in texts.items():
            file = place / path.replace("__", "/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{text}\n")
        for slave in slaves:
            (place / "slaves").mkdir(exist_ok=True)
            (place / "slaves" / slave).symlink_to(tmp_path / "sys/block" / slave)
        (folder / number).symlink_to(place)

    return Stack(str(tmp_path)), make


def chain(stack: Stack, top: str) -> list[str]:
    """The kinds and names from the top down, where each has one thing below it."""
    found = []
    while top:
        layer = stack.layers[top]
        found.append(f"{layer.kind} {layer.name}")
        top = layer.below[0] if layer.below else ""
    return found


def test_volume_on_a_raid_of_partitions(host: tuple[Stack, Make]) -> None:
    stack, make = host
    make("sda", "8:0", device__vendor="ATA", device__model="Disk One", device__wwid="naa.5000c5")
    make("sda1", "8:1", of="sda", partition="1")
    make("sdb", "8:16", device__model="Disk Two", serial="S2")
    make("sdb1", "8:17", of="sdb", partition="1")
    (Path(stack._sys) / "block/sda1").symlink_to("sda/sda1")
    (Path(stack._sys) / "block/sdb1").symlink_to("sdb/sdb1")
    make("md0", "9:0", slaves=("sda1", "sdb1"), md__level="raid1")
    make("dm-0", "254:0", slaves=("md0",), dm__name="vg--a-disk--1", dm__uuid="LVM-abc")
    top = stack.number("254:0")
    assert chain(stack, top) == [
        "logical volume /dev/vg-a/disk-1",
        "RAID /dev/md0",
        "partition /dev/sda1",
        "disk /dev/sda",
    ]
    assert stack.layers["block 9:0"].below == ("block 8:1", "block 8:17")
    assert stack.layers["block 9:0"].facts == {"size": 1 << 20, "type": "raid1"}
    disk = stack.layers["block 8:0"].facts
    assert disk == {"size": 1 << 20, "model": "ATA Disk One", "wwid": "naa.5000c5"}
    assert stack.layers["block 8:16"].facts["serial"] == "S2"
    assert list(stack.layers)[0] == top


@pytest.mark.parametrize(
    ("uuid", "kind"),
    [
        ("mpath-36001405", "multipath device"),
        ("CRYPT-LUKS2-a", "encrypted device"),
        ("part1-mpath-3600", "partition"),
        ("", "device-mapper device"),
    ],
)
def test_kinds_of_device_mapper(host: tuple[Stack, Make], uuid: str, kind: str) -> None:
    stack, make = host
    make("dm-1", "254:1", dm__name="web-data", dm__uuid=uuid)
    assert chain(stack, stack.number("254:1")) == [f"{kind} /dev/mapper/web-data"]


def test_loop_device_on_a_file_that_is_gone(host: tuple[Stack, Make], tmp_path: Path) -> None:
    stack, make = host
    make("loop0", "7:0", loop__backing_file=f"{tmp_path}/none (deleted)")
    kinds = [text.split(" /")[0] for text in chain(stack, stack.number("7:0"))]
    assert kinds == ["loop device", "missing"]


def test_file_down_to_the_disk(host: tuple[Stack, Make], tmp_path: Path) -> None:
    stack, make = host
    make("vda", "252:0")
    table = tmp_path / "proc/self/mountinfo"
    table.parent.mkdir(parents=True)
    point = str(tmp_path / "my srv").replace(" ", "\\040")
    table.write_text(
        "1 1 0:20 / / rw - overlay overlay rw\n"
        f"2 1 252:0 / {point} rw,noatime shared:1 - ext4 /dev/vda rw\n"
    )
    file = tmp_path / "my srv/disk.img"
    file.parent.mkdir()
    file.write_bytes(bytes(512))
    top = stack.path(str(file))
    assert chain(stack, top) == [f"file {file}", f"file system {file.parent}", "disk /dev/vda"]
    facts = stack.layers[f"file system {file.parent}"].facts
    assert facts["type"] == "ext4" and int(facts["size"]) >= int(facts["available"]) > 0
    assert stack.layers[stack.path("/")].name == "/"


def test_all_devices_of_a_btrfs(host: tuple[Stack, Make], tmp_path: Path) -> None:
    stack, make = host
    make("sdc", "8:32")
    make("sdd", "8:48")
    devices = tmp_path / "sys/fs/btrfs/uuid-1/devices"
    devices.mkdir(parents=True)
    for name in ("sdc", "sdd"):
        (devices / name).symlink_to(tmp_path / "sys/block" / name)
    table = tmp_path / "proc/self/mountinfo"
    table.parent.mkdir(parents=True)
    table.write_text(f"2 1 0:44 /sub {tmp_path} rw - btrfs /dev/sdc rw,subvol=/sub\n")
    found = stack.file_system(str(tmp_path / "x"))
    assert stack.layers[found].below == ("block 8:32", "block 8:48")


def test_pool_of_zfs(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        "tank\t1T\t1G\n\tmirror-0\t1T\n\t/dev/sda1\t-\n\t/dev/disk/by-id/wwn-0x5-part1\t-\n"
        "\tlogs\t-\n\t/dev/nvme0n1p1\t-\n"
    )
    done = subprocess.CompletedProcess((), 0, text, "")
    monkeypatch.setattr(system, "run", lambda *words, timeout: done)
    assert device_stack.pool_devices("tank") == [
        "/dev/sda1",
        "/dev/disk/by-id/wwn-0x5-part1",
        "/dev/nvme0n1p1",
    ]


def test_zpool_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "PATH", "/nowhere")
    assert device_stack.pool_devices("tank") == []


def test_a_device_below_itself_ends(host: tuple[Stack, Make]) -> None:
    stack, make = host
    make("dm-2", "254:2", dm__name="x")
    (Path(stack._sys) / "block/dm-2/slaves").mkdir()
    (Path(stack._sys) / "block/dm-2/slaves/dm-2").symlink_to(Path(stack._sys) / "block/dm-2")
    assert stack.layers[stack.number("254:2")].below == ("block 254:2",)


@pytest.mark.parametrize("path", ["/nowhere/at/all", "a\0b"])
def test_missing(path: str) -> None:
    stack = Stack()
    assert stack.layers[stack.path(path)].kind == "missing"


def test_mounts_of_this_host() -> None:
    found = mounts.read()
    mount = mounts.of_file(os.path.realpath(__file__), found)
    assert mount is not None and os.path.ismount(mount.point)
    assert mounts.of_file("/a", []) is None


@pytest.mark.parametrize(
    ("text", "name"), [(r"/a\040b", "/a b"), (r"/a\134b", r"/a\b"), (r"/\303\244", "/ä")]
)
def test_escapes_of_mounts(text: str, name: str) -> None:
    assert mounts.unescaped(text) == name


def test_the_later_of_two_mounts_on_one_directory() -> None:
    table = [mounts.Mount("8:1", "/srv", "ext4", "a"), mounts.Mount("8:2", "/srv", "xfs", "b")]
    assert mounts.of_file("/srv/x", table) == table[1]
    assert mounts.of_file("/srv2", table) is None


@pytest.mark.parametrize(
    ("label", "names"),
    [("vg-lv", ("vg", "lv")), ("v--g-l--v", ("v-g", "l-v")), ("plain", ("plain", ""))],
)
def test_names_of_lvm(label: str, names: tuple[str, str]) -> None:
    assert device_mapper.volume(label) == names


def test_holders_name_the_volume() -> None:
    found = holders._mapped("v--g-l--v", "LVM-abc")
    assert (found.kind, found.why) == ("lvm", "the LVM volume v-g/l-v uses it")
