# SPDX-License-Identifier: Apache-2.0
"""What is found on a device or file before it becomes a storage object, with the real things."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import ETC, Shell, tree
from .test_questions import ASKED, Terminal, at_terminal

BLOCK, FILEIO = "/backstores/block", "/backstores/fileio"
HELD = "Cannot configure StorageObject because "
Run = Callable[[str], str]
LVM = "--config 'activation{udev_sync=0 udev_rules=0} global{locking_type=0}'"


def sh(line: str) -> str:
    """Run a line of the host's shell."""
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def clean(ram: list[str]) -> Iterator[list[str]]:
    """Devices with nothing on them, before and afterwards."""
    _clean(ram)
    yield ram
    _clean(ram)


def _clean(devices: list[str]) -> None:
    for device in devices[:2]:
        sh(f"wipefs -qaf {device}; dd if=/dev/zero of={device} bs=1M count=1 status=none")


@pytest.fixture
def after() -> Iterator[Callable[[str], None]]:
    """Lines to run at the end, the last one first."""
    lines: list[str] = []
    yield lines.append
    for line in reversed(lines):
        sh(line)


def findings(shell: Shell, line: str, **options: object) -> list[dict[str, str]]:
    """What --json tells of a create."""
    answer = shell(line, json=True, **options)
    document = json.loads(answer)
    assert document["ok"], answer.stderr
    found: list[dict[str, str]] = document["data"]["findings"]
    for one in found:
        text = f"{one['text']} ({one['help']})" if one["help"] else one["text"]
        assert f"Note: {text}" in document["messages"]
    return found


# -- what is on it --------------------------------------------------------------------------


def put(device: str, offset: int, data: bytes) -> None:
    """Write something on a device."""
    with open(device, "r+b") as file:
        file.seek(offset)
        file.write(data)


def raid_member(device: str) -> None:
    """The superblock 1.2 of a RAID of one disk (linux/raid/md_p.h, struct mdp_superblock_1)."""
    block = bytearray(4096)
    struct.pack_into("<III", block, 0, 0xA92B4EFC, 1, 0)
    block[16:32] = bytes(range(16))
    block[32:40] = b"host:md0"
    # level 1, one disk; data_offset, data_size, super_offset in sectors
    struct.pack_into("<IIQII", block, 72, 1, 0, 32000, 0, 1)
    struct.pack_into("<QQQ", block, 128, 64, 32000, 8)
    total = sum(struct.unpack_from("<64I", block)) + 0
    struct.pack_into("<I", block, 216, (total & 0xFFFFFFFF) + (total >> 32) & 0xFFFFFFFF)
    put(device, 4096, bytes(block))


def zfs_member(file: str) -> None:
    """The first label of a member of the pool tank, 64 MiB at least (OpenZFS, vdev_label.c)."""

    def text(value: str) -> bytes:
        data = value.encode()
        return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)

    def pair(name: str, kind: int, value: bytes) -> bytes:
        body = text(name) + struct.pack(">II", kind, 1) + value
        return struct.pack(">II", len(body) + 8, len(body) + 8) + body

    # An nvlist as XDR: 8 is a number of 64 bits, 9 a string.
    values = pair("name", 9, text("tank")) + pair("pool_guid", 8, struct.pack(">Q", 99))
    put(file, 16 << 10, b"\1\1\0\0" + struct.pack(">II", 0, 1) + values + bytes(8))
    for number in range(16):
        uberblock = struct.pack("<QQQQQ", 0x00BAB10C, 5000, 4, 1, 1)
        put(file, (128 << 10) + number * 1024, uberblock)


def bsd_swap(device: str) -> None:
    sh(f"mkswap -L spare {device}")


def ext4(device: str) -> None:
    sh(f"mkfs.ext4 -qF -L 'my data' {device}")


def dos(device: str) -> None:
    """A master boot record with two partitions of 1 MiB."""
    rows = (struct.pack("<8xII", start, 2048) for start in (2048, 4096))
    put(device, 446, b"".join(row[:4] + b"\x83" + row[5:] for row in rows))
    put(device, 510, b"\x55\xaa")


def gpt(device: str) -> None:
    """Both headers of a GUID partition table and its one partition (UEFI, chapter 5)."""
    sectors = int(sh(f"blockdev --getsz {device}"))
    linux = "a2a0d0ebe5b9334487c068b6b72699c7"
    entry = struct.pack("<16s16sQQQ", bytes.fromhex(linux), bytes(range(16)), 2048, 4095, 0)
    entries = entry.ljust(128 * 128, b"\0")
    # Where a header is, where the other one, and the table of each.
    for here, other, table in ((1, sectors - 1, 2), (sectors - 1, 1, sectors - 33)):
        usable = struct.pack("<QQQQ16s", here, other, 34, sectors - 34, bytes(16))
        rest = usable + struct.pack("<QIII", table, 128, 128, zlib.crc32(entries))
        blank = struct.pack("<8sIIII", b"EFI PART", 1 << 16, 92, 0, 0) + rest
        header = struct.pack("<8sIIII", b"EFI PART", 1 << 16, 92, zlib.crc32(blank), 0) + rest
        put(device, here * 512, header)
        put(device, table * 512, entries)
    put(device, 446, struct.pack("<4xB3xII", 0xEE, 1, sectors - 1))
    put(device, 510, b"\x55\xaa")


def bcache(device: str) -> None:
    """A backing device: offset, version, magic, its own number and that of the cache."""
    magic = bytes.fromhex("c68573f64e1a45ca8265f57f48ba6d81")
    block = struct.pack("<QQQ16s16s16s", 0, 8, 1, magic, bytes(range(16)), bytes(range(16)))
    put(device, 4096, block.ljust(512, b"\0"))


def lvm(device: str) -> None:
    sh(f"pvcreate -q {LVM} {device}")


def luks(device: str) -> None:
    """A header of LUKS1: magic, version."""
    put(device, 0, b"LUKS\xba\xbe\x00\x01" + b"aes".ljust(32, b"\0"))


SIGNATURES = {
    "filesystem": (ext4, "an ext4 file system called my data"),
    "swap": (bsd_swap, "swap space called spare"),
    "dos": (dos, "a partition table (dos)"),
    "gpt": (gpt, "a partition table (gpt)"),
    "bcache": (bcache, "a part of a bcache"),
    "lvm": (lvm, "an LVM physical volume"),
    "md": (raid_member, "a member of a Linux RAID called host:md0"),
    "luks": (luks, "an encrypted volume (LUKS)"),
}


@pytest.mark.parametrize("kind", SIGNATURES)
def test_what_is_on_a_device_is_told(shell: Shell, clean: list[str], kind: str) -> None:
    make, text = SIGNATURES[kind]
    make(clean[0])
    for create in (f"{BLOCK} create b1 {clean[0]}", f"{FILEIO} create f1 {clean[0]}"):
        found = findings(shell, create)
        told = "partitions" if kind in ("dos", "gpt") else kind
        assert (found[0]["kind"], found[0]["text"]) == (told, f"{clean[0]} contains {text}")
        if "fileio" not in create:
            shell.ok(f"{BLOCK} delete b1")


def test_a_member_of_a_zfs_pool(shell: Shell, disks: Path) -> None:
    file = disks / "z.img"
    sh(f"truncate -s 64M {file}")
    zfs_member(str(file))
    (note,) = shell.ok(f"{FILEIO} create f1 {file}").asides
    assert note == f"Note: {file} contains a member of a ZFS pool called tank"


def test_xfs_in_a_file(shell: Shell, disks: Path) -> None:
    file = disks / "x.img"
    sh(f"truncate -s 320M {file} && mkfs.xfs -q -L vol {file}")
    made = shell.ok(f"{FILEIO} create f1 {file}")
    assert made.asides == [f"Note: {file} contains an xfs file system called vol"]
    assert len(made.rows) == 1 and made.startswith("Created fileio f1")


def test_nothing_is_said_of_an_empty_device(shell: Shell, clean: list[str]) -> None:
    assert findings(shell, f"{BLOCK} create b1 {clean[0]}") == []


def test_a_message_below_its_level_is_not_shown(shell: Shell, clean: list[str]) -> None:
    ext4(clean[0])
    shell.ok("set global loglevel_console=error")
    assert shell.ok(f"{BLOCK} create b1 {clean[0]}") == ""


# -- insisting ------------------------------------------------------------------------------


def test_at_a_terminal_what_is_on_it_is_asked_about(shell: Shell, clean: list[str]) -> None:
    ext4(clean[0])
    line, before = f"{BLOCK} create b1 {clean[0]}", tree()
    text = f"{clean[0]} contains an ext4 file system called my data"
    said = at_terminal(shell, line, Terminal("n\n"))
    assert (said.exit, said.stdout) == (1, "")
    assert text in said.stderr and ASKED in said.stderr
    assert tree() == before
    said = at_terminal(shell, line, Terminal("y\n"))
    created = f"Created block storage object b1 using {clean[0]}.\n"
    assert (said.exit, said.stdout) == (0, created)
    shell.ok(f"{BLOCK} delete b1")
    said = at_terminal(shell, line, Terminal(), yes=True)
    assert (said.exit, said.stdout) == (0, created)
    assert said.stderr.startswith(f"Note: {text}") and said.stderr.count("\n") == 1


@pytest.fixture
def looped(disks: Path, after: Callable[[str], None]) -> tuple[Path, str]:
    """A file with a file system that is mounted by way of a loop device."""
    sh("modprobe loop")
    file, place = disks / "fs.img", disks / "mnt"
    place.mkdir()
    sh(f"truncate -s 8M {file} && mkfs.ext4 -qF {file}")
    device = sh(f"losetup --find --show {file}").strip()
    after(f"losetup --detach {device}")
    sh(f"mount {device} {place}")
    after(f"umount {place}")
    return file, device


def test_a_file_that_is_mounted_is_for_who_insists(shell: Shell, looped: tuple[Path, str]) -> None:
    file, device = looped
    line = f"{FILEIO} create f1 {file}"
    place = f"{file.parent}/mnt"
    shell.refuses(
        line,
        f"{FILEIO}/f1: {HELD}{file} is used as {device}, and it is mounted on {place}",
        f"(umount {place}; to proceed: targetcli --yes …)",
    )
    said = at_terminal(shell, line, Terminal("\n"))
    assert said.exit == 1 and f"it is mounted on {place} (umount {place})" in said.stderr
    assert [one["kind"] for one in findings(shell, line, yes=True)] == ["mounted", "filesystem"]


def test_a_loop_device_that_nobody_uses_is_a_note(shell: Shell, looped: tuple[Path, str]) -> None:
    file, device = looped
    sh(f"umount {file.parent}/mnt")
    try:
        note = shell.ok(f"{FILEIO} create f1 {file}").asides[0]
    finally:
        shell("clearconfig confirm=true")
        sh(f"mount {device} {file.parent}/mnt")
    assert note == f"Note: {file} is used as {device} (losetup --detach {device})"


# -- another storage object -----------------------------------------------------------------


def test_the_same_file_by_other_names(shell: Shell, disks: Path) -> None:
    file = disks / "d1.img"
    shell.ok(f"{FILEIO} create d1 {file} 1M")
    (disks / "soft").symlink_to(file)
    (disks / "hard").hardlink_to(file)
    for name in (file, disks / "soft", disks / "hard"):
        shell.refuses(f"{FILEIO} create d2 {name}", f"storage object for {name} already exists: d1")


def test_a_loop_device_over_the_file_of_another(shell: Shell, disks: Path) -> None:
    file = disks / "d1.img"
    shell.ok(f"{FILEIO} create d1 {file} 1M")
    device = sh(f"losetup --find --show {file}").strip()
    try:
        text = f"{BLOCK}/b1: {HELD}storage object for {device} already exists: d1, on {file}"
        shell.refuses(f"{BLOCK} create b1 {device}", text, "--yes")
        assert findings(shell, f"{BLOCK} create b1 {device}", yes=True)[0]["kind"] == "backstore"
        shell.ok(f"{BLOCK} delete b1")
    finally:
        sh(f"losetup --detach {device}")


def test_the_device_of_a_fileio_object(shell: Shell, clean: list[str]) -> None:
    shell.ok(f"{FILEIO} create f1 {clean[0]}")
    text = f"storage object for {clean[0]} already exists: f1"
    shell.refuses(f"{BLOCK} create b1 {clean[0]}", text, f"export {FILEIO}/f1")
    shell.ok(f"{BLOCK} create b1 {clean[1]}")


def test_a_partition_of_the_disk_of_another(
    shell: Shell, disks: Path, after: Callable[[str], None]
) -> None:
    file = disks / "p.img"
    sh(f"truncate -s 8M {file}")
    dos(str(file))
    device = sh(f"losetup --partscan --find --show {file}").strip()
    after(f"losetup --detach {device}")
    name = os.path.basename(device)
    for part in ("p1", "p2"):
        number = Path(f"/sys/block/{name}/{name}{part}/dev").read_text().strip()
        sh(f"[ -b {device}{part} ] || mknod {device}{part} b {number.replace(':', ' ')}")
    shell.ok(f"{FILEIO} create f1 {device}p1")
    found = f"already exists: f1, on {device}p1"
    shell.refuses(f"{BLOCK} create b1 {device}", f"storage object for {device} {found}")
    shell.ok(f"{BLOCK} create b2 {device}p2")
    shell.ok("clearconfig confirm=true")


# -- who holds it ---------------------------------------------------------------------------


def table(device: str) -> str:
    return f"0 $(blockdev --getsz {device}) linear {device} 0"


def test_lvm(shell: Shell, clean: list[str], after: Callable[[str], None]) -> None:
    sh("modprobe dm-mod")
    sh(f"vgcreate -q {LVM} my-group {clean[0]}")
    after(f"vgremove -qf {LVM} my-group")
    sh(f"lvcreate -q {LVM} -Zn -L 4M -n one-disk my-group")
    after(f"vgchange -q {LVM} -an my-group")
    shell.refuses(
        f"{BLOCK} create b1 {clean[0]}",
        f"{HELD}device {clean[0]} is already in use: the LVM volume my-group/one-disk uses it",
        "(export /dev/my-group/one-disk, or deactivate its volume group: vgchange -an my-group)",
    )
    sh(f"vgchange -q {LVM} -an my-group")
    assert findings(shell, f"{BLOCK} create b1 {clean[0]}")[0]["kind"] == "lvm"
    shell.ok(f"{BLOCK} delete b1")


def test_multipath(shell: Shell, clean: list[str], after: Callable[[str], None]) -> None:
    sh("modprobe -a dm-multipath dm-round-robin")
    paths = f"0 32768 multipath 2 queue_mode bio 0 1 1 round-robin 0 1 1 {clean[0]} 1"
    sh(f"dmsetup create mpatha --noudevsync --uuid mpath-3600 --table '{paths}'")
    after("dmsetup remove --noudevsync mpatha")
    for create in (f"{BLOCK} create b1 {clean[0]}", f"{FILEIO} create f1 {clean[0]}"):
        shell.refuses(
            create, "it is a path of the multipath device mpatha", "(export /dev/mapper/mpatha, or"
        )


def test_a_path_whose_multipath_device_is_not_there(
    shell: Shell, clean: list[str], after: Callable[[str], None]
) -> None:
    """As udev keeps it of a device that multipath claims; udev itself need not run for that."""
    status = os.stat(clean[0])
    entry = f"/run/udev/data/b{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    sh(f"mkdir -p /run/udev/data; test ! -e {entry} || cp {entry} {entry}.kept")
    after(f"rm {entry}; test ! -e {entry}.kept || mv {entry}.kept {entry}")
    for value, claimed in (("1", True), ("0", False)):
        sh(f"printf 'I:1\nE:ID_FS_TYPE=\nE:DM_MULTIPATH_DEVICE_PATH={value}\n' >{entry}")
        line = f"{BLOCK} create b1 {clean[0]}"
        if claimed:
            shell.refuses(line, "a path of a multipath device that does not exist yet", "--yes")
        else:
            assert findings(shell, line) == []
    shell.ok(f"{BLOCK} delete b1")


@pytest.mark.parametrize(
    ("uuid", "says"),
    [
        ("CRYPT-LUKS2-1-held", "the encrypted device held uses it"),
        ("x", "the device-mapper device held uses it"),
    ],
)
def test_device_mapper(
    shell: Shell, clean: list[str], after: Callable[[str], None], uuid: str, says: str
) -> None:
    sh("modprobe dm-mod")
    sh(f'dmsetup create held --noudevsync --uuid {uuid} --table "{table(clean[0])}"')
    after("dmsetup remove --noudevsync held")
    shell.refuses(f"{BLOCK} create b1 {clean[0]}", says)


def test_raid(shell: Shell, clean: list[str], after: Callable[[str], None]) -> None:
    sh("modprobe raid1")
    sh("echo md7 >/sys/module/md_mod/parameters/new_array")
    folder = "/sys/block/md7/md"
    numbers = [Path(f"/sys/block/{os.path.basename(one)}/dev").read_text() for one in clean[:2]]
    for file, text in (
        ("level", "raid1"),
        ("raid_disks", "2"),
        ("component_size", "8192"),
        *(("new_dev", number) for number in numbers),
        *((f"dev-{os.path.basename(clean[slot])}/slot", str(slot)) for slot in (0, 1)),
        ("array_state", "active"),
    ):
        Path(folder, file).write_text(text)
    after(f"echo clear >{folder}/array_state")
    shell.refuses(
        f"{BLOCK} create b1 {clean[1]}",
        f"device {clean[1]} is already in use: the RAID /dev/md7 uses it",
        "mdadm --stop /dev/md7",
    )


def test_zfs(shell: Shell, disks: Path, after: Callable[[str], None]) -> None:
    """Its module holds devices as a program does that cannot be seen: one of another container."""
    file = disks / "z.img"
    sh(f"modprobe loop; truncate -s 64M {file}")
    zfs_member(str(file))
    device = sh(f"losetup --find --show {file}").strip()
    after(f"losetup --detach {device}")
    words = [sys.executable, "-m", "targetcli", BLOCK, "create", "b1", device]
    handle = os.open(device, os.O_RDONLY | os.O_EXCL)
    try:
        alone = ["unshare", "--pid", "--fork", "--mount-proc", *words]
        done = subprocess.run(alone, capture_output=True, text=True)
    finally:
        os.close(handle)
    assert (done.returncode, done.stdout) == (1, "")
    assert "it is a member of a ZFS pool called tank (zpool export tank)" in done.stderr


def test_swap_and_a_mount(
    shell: Shell, clean: list[str], disks: Path, after: Callable[[str], None]
) -> None:
    bsd_swap(clean[0])
    sh(f"swapon {clean[0]}")
    after(f"swapoff {clean[0]}")
    ext4(clean[1])
    sh(f"mount {clean[1]} {disks}")
    after(f"umount {disks}")
    for kind in (BLOCK, FILEIO):
        shell.refuses(f"{kind} create x1 {clean[0]}", "it is swap space in use", "swapoff ")
        shell.refuses(f"{kind} create x1 {clean[1]}", f"it is mounted on {disks}", "umount ")


# -- where it is ----------------------------------------------------------------------------


def test_a_file_in_memory(shell: Shell, tmp_path: Path) -> None:
    for line in (
        f"{FILEIO} create d1 {tmp_path}/d1.img 1M",
        f"{FILEIO} create d1 {tmp_path}/d1.img",
    ):
        assert findings(shell, line) == [
            {
                "kind": "memory",
                "text": f"{tmp_path}/d1.img is in memory (tmpfs) and lost at a reboot",
                "help": None,
            }
        ]
        shell.ok(f"{FILEIO} delete d1")


def test_more_than_there_is_room_for(
    shell: Shell, clean: list[str], disks: Path, after: Callable[[str], None]
) -> None:
    ext4(clean[0])
    sh(f"mount {clean[0]} {disks}")
    after(f"umount {disks}")
    after("for so in /sys/kernel/config/target/core/fileio_*/*/; do rmdir $so; done")
    free = os.statvfs(disks).f_bavail * os.statvfs(disks).f_frsize
    assert findings(shell, f"{FILEIO} create d1 {disks}/d1.img 1M") == []
    (note,) = shell.ok(f"{FILEIO} create d2 {disks}/d2.img 1G").asides
    assert note.startswith(f"Note: {disks}/d2.img may grow by {1 << 30} bytes, and its file system")
    assert int(note.split(" has ")[1].split()[0]) <= free


def test_a_file_on_a_lun_of_this_host(
    shell: Shell, disks: Path, after: Callable[[str], None]
) -> None:
    sh("modprobe sd_mod")
    shell.ok("/backstores/ramdisk create r1 8M")
    shell.ok("/loopback create naa.5001405000000001")
    shell.ok("/loopback/naa.5001405000000001/luns create /backstores/ramdisk/r1")
    find = "grep -l LIO-ORG /sys/block/sd*/device/vendor"
    device = sh(f"until {find} >/dev/null; do sleep 0.1; done; {find}").split("/")[3]
    sh(f"until [ -b /dev/{device} ]; do sleep 0.1; done")
    ext4(f"/dev/{device}")
    after("cd /sys/kernel/config/target/loopback/naa*/tpgt_1/lun/lun_0 && unlink $(find -type l)")
    sh(f"mount /dev/{device} {disks}")
    after(f"umount {disks}")
    after("rmdir /sys/kernel/config/target/core/fileio_*/d1")
    found = findings(shell, f"{FILEIO} create d1 {disks}/d1.img 1M")
    assert [(one["kind"], one["text"]) for one in found] == [
        ("loopback", f"{disks}/d1.img is on a LUN of LIO")
    ]


def test_read_only(shell: Shell, clean: list[str], after: Callable[[str], None]) -> None:
    sh(f"blockdev --setro {clean[0]}")
    after(f"blockdev --setrw {clean[0]}")
    assert [one["kind"] for one in findings(shell, f"{BLOCK} create b1 {clean[0]}")] == [
        "read-only"
    ]
    shell.ok(f"{BLOCK} delete b1")
    assert findings(shell, f"{BLOCK} create b1 {clean[0]} readonly=true") == []


# -- plans ----------------------------------------------------------------------------------


def test_a_plan_tells_of_new_storage_objects_only(
    shell: Shell, clean: list[str], disks: Path, after: Callable[[str], None]
) -> None:
    shell.ok(f"{BLOCK} create b1 {clean[0]}")
    shell.ok("saveconfig")
    saved = f"{ETC}/saveconfig.json"
    shell.ok("clearconfig confirm=true")
    ext4(clean[0])
    note = f"Note: {BLOCK}/b1: {clean[0]} contains an ext4 file system called my data"
    assert [row[: len(note)] for row in shell("diff").rows if row.startswith("Note")] == [note]
    assert any(row.startswith(note) for row in shell.ok(f"apply {saved} --dry-run").rows)
    assert any(row.startswith(note) for row in shell.ok(f"apply {saved}").rows)
    assert shell.ok("diff") == "No differences\n"
    shell.ok("clearconfig confirm=true")
    sh(f"mount {clean[0]} {disks}")
    after(f"umount {disks}")
    rows = shell("diff").rows
    assert any(f"is already in use: it is mounted on {disks} (umount" in row for row in rows)
    shell.refuses(f"apply {saved}", f"it is mounted on {disks}")
