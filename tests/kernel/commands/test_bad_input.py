# SPDX-License-Identifier: Apache-2.0
"""What cannot be done is told in one line that names the object, and nothing is changed."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtslib_ext.host import devices

from .. import expected
from .harness import Shell, tree

IQN = "iqn.2003-01.org.example:a"
TARGET = f"/iscsi/{IQN}"
TPG = f"{TARGET}/tpg1"
INITIATOR = "iqn.2003-01.org.example:i"
ACL = f"{TPG}/acls/{INITIATOR}"
NAA = "/loopback/naa.5001405000000001"
FILEIO, BLOCK, RAMDISK, PSCSI = (
    f"/backstores/{kind}" for kind in ("fileio", "block", "ramdisk", "pscsi")
)


@pytest.fixture
def user(shell: Shell, disks: Path) -> Shell:
    """A user of a target with one LUN, one ACL and one portal, and of a loopback target."""
    shell.ok(f"{FILEIO} create d1 {disks}/d1.img 1M wwn=abc")
    shell.ok(f"{RAMDISK} create r1 1M")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"{TPG}/luns create {FILEIO}/d1")
    shell.ok(f"{TPG}/acls create {INITIATOR}")
    shell.ok(f"/loopback create {NAA[10:]}")
    shell.ok("saveconfig")
    return shell


TYPED_WRONG = [
    # paths, commands, parameters
    ("/nosuch ls", "No such path /nosuch"),
    ("/backstores/nosuch/x create", "No such path /backstores/nosuch"),
    (f"{TPG}/luns/lun9 status", f"No such path {TPG}/luns/lun9"),
    (f"{TPG}/luns/0 status", f"No such path {TPG}/luns/0"),
    (f"{TARGET}/tpg9 enable", f"No such path {TARGET}/tpg9"),
    ("/iscsi/iqn.2003-01.org.example:b ls", "No such path /iscsi/iqn.2003-01.org.example:b"),
    ("@nosuch ls", "No such bookmark nosuch"),
    ("cd /nosuch", "No such path /nosuch"),
    ("ls nosuch", "No such path /nosuch"),
    ("frobnicate", "/: Command not found frobnicate (available: apply, backups, begin,"),
    (f"{FILEIO} enable", f"{FILEIO}: Command not found enable (it is a command of TPG)"),
    (f"{TARGET} tpg1", "Command not found tpg1 (tpg1 is a path"),
    (f"{FILEIO} create", f"{FILEIO}: Missing required parameters 'file_or_dev', 'name' (help"),
    (f"{RAMDISK} create r2", f"{RAMDISK}: Missing required parameter size"),
    (f"{RAMDISK} create r2 1M nosuch=1", f"{RAMDISK}: Unexpected keyword parameter 'nosuch'."),
    (f"{RAMDISK} create r2 1M a=1 b=2", f"{RAMDISK}: Unexpected keyword parameters 'a', 'b'."),
    (f"{RAMDISK} create r2 1M true abc more", f"{RAMDISK}: Got 5 positionnal parameters, expected"),
    (f"{TPG} enable now", f"{TPG}: Got 1 positionnal parameters, expected exactly 0."),
    (f"{RAMDISK} create r2 size=1M name=r3", f"{RAMDISK}: Duplicate parameter name."),
    ("help nosuch", "Cannot find help topic nosuch."),
    ("help ls cd", "help describes one command at a time (help ls)"),
    ("help search", "help search needs a word to look for (help search timeout)"),
    ("help search nosuchword", "Nothing contains nosuchword in its name or text"),
    ("bookmarks nosuch x", "Syntax error, see 'help bookmarks'. (show, or add, del or go"),
    ("bookmarks del nosuch", "No such bookmark nosuch."),
    ("bookmarks go nosuch", "No such bookmark nosuch."),
    ("cd", "cd needs a path here"),
    # groups and settings
    (f"{TPG} get nosuch", f"{TPG}: Unknown configuration group: nosuch (available groups: "),
    (f"{TPG} set nosuch a=1", f"{TPG}: Unknown configuration group: nosuch"),
    (f"{TPG} get attribute nosuch", f"{TPG}: No parameter 'nosuch' in group 'attribute'. (avail"),
    (f"{TPG} set attribute nosuch=1", f"{TPG}: Unknown parameter nosuch in group 'attribute'."),
    (f"{TPG} set attribute login_timeout=1000", "login_timeout takes a number from 5 to 30 s"),
    (f"{TPG} set attribute login_timeout=x", "login_timeout takes a number from 5 to 30 s"),
    (f"{TPG} set auth userid={'u' * 256}", f"{TPG}: Not setting userid! userid "),
    (f"{ACL} set auth password=NULL1", f"{ACL}: Not setting password! password must not begin"),
    (f"{TPG} set auth userid= password=x", "userid= is followed by a blank"),
    (f"{TPG} set attribute authentication", f"{TPG}: Got 2 positionnal parameters"),
    # sizes and names of storage objects
    (f"{RAMDISK} create r2 10Q", f"{RAMDISK}: Cannot interpret size, wrong format: 10Q (write"),
    (f"{RAMDISK} create r2 -1", f"{RAMDISK}: Cannot interpret size, wrong format: -1"),
    (f"{RAMDISK} create r2 0", f"{RAMDISK}: a size of 0 bytes is out of range (the minimum is"),
    (f"{RAMDISK} create r2 8E", f"{RAMDISK}: a size of 9223372036854775808 bytes is out of range"),
    (f"{RAMDISK} create r2 1E", "bytes of free memory (choose a smaller size, or a fileio"),
    (f"{RAMDISK} create r1 1M", f"{RAMDISK}: Storage object ramdisk/r1 exists (an object with"),
    (f"{RAMDISK} create a/b 1M", f"{RAMDISK}: 'a/b' is not a valid name (names cannot contain"),
    (f"{RAMDISK} create 'a b' 1M", f"{RAMDISK}: 'a b' is not a valid name"),
    (f"{RAMDISK} create .. 1M", f"{RAMDISK}: '..' is not a valid name"),
    (f"{RAMDISK} create {'n' * 256} 1M", f"{RAMDISK}: the name has more than 255 bytes"),
    (f"{RAMDISK} create r2 1M nullio=perhaps", f"{RAMDISK}: Syntax error, 'perhaps' is not true"),
    (f"{RAMDISK} create r2 1M wwn={'w' * 255}", f"{RAMDISK}: '{'w' * 255}' cannot be a unit"),
    (f"{RAMDISK} delete nosuch", f"{RAMDISK}: No storage object named nosuch."),
    (f"{FILEIO} delete r1", f"{FILEIO}: No storage object named r1."),
    ("/backstores/user create v1 1M x", "/backstores/user: the handler is missing (run it at"),
    ("/backstores/user:rbd create v1 1M x", "/backstores/user:rbd: the handler rbd does not"),
    # targets and TPGs
    ("/iscsi create nosuch", "/iscsi: WWN not valid as: iqn, naa, eui ('nosuch' is not like iqn."),
    ("/iscsi create iqn.2003-21.org.example:a", "/iscsi: WWN not valid as: iqn, naa, eui"),
    ("/iscsi create iqn.2003-01.org.example:a_b", "/iscsi: WWN not valid as: iqn, naa, eui"),
    (f"/iscsi create iqn.2003-01.org.example:{'n' * 200}", "/iscsi: WWN not valid as"),
    ("/loopback create iqn.2003-01.org.example:b", "/loopback: WWN not valid as: naa"),
    ("/loopback create naa.123", "/loopback: WWN not valid as: naa ('naa.123' is not like naa.5"),
    (f"/iscsi create {IQN.upper()}", f"{TARGET}: This Target already exists in configFS"),
    ("/iscsi delete iqn.2003-01.org.example:b", "No such Target in configfs: /sys/"),
    ("/iscsi delete nosuch", "/iscsi: WWN not valid as"),
    (f"{TARGET} create 1", f"{TPG}: This TPG already exists in configFS"),
    (f"{TARGET} create 65536", f"{TARGET}: Tag argument must be a number. (tag must be between 0"),
    (f"{TARGET} create x", f"{TARGET}: Tag argument must be a number."),
    (f"{TARGET} delete 2", "No such TPG in configfs: /sys/"),
    (f"{NAA} create 2", f"{NAA}: Command not found create"),
    # LUNs
    (f"{TPG}/luns create {FILEIO}/nosuch", f"{TPG}/luns: storage object or path not valid"),
    (f"{TPG}/luns create {FILEIO}", f"{TPG}/luns: storage object or path not valid"),
    (f"{TPG}/luns create /dev/null", f"{TPG}/luns: storage object or path not valid"),
    (f"{TPG}/luns create {FILEIO}/d1", f"{TPG}/luns: lun for storage object fileio/d1 already"),
    (f"{TPG}/luns create {RAMDISK}/r1 0", f"{TPG}/luns/lun0: This LUN already exists in configFS"),
    (f"{TPG}/luns create {RAMDISK}/r1 65536", f"{TPG}/luns: lun must be between 0 and 65535"),
    (f"{TPG}/luns create {RAMDISK}/r1 lun=-1", f"{TPG}/luns: Syntax error, '-1' is not a NUMBER."),
    (f"{TPG}/luns delete 7", f"{TPG}/luns: Invalid LUN (there is no lun7)"),
    (f"{TPG}/luns delete x", f"{TPG}/luns: Invalid LUN"),
    # ACLs and mapped LUNs
    (f"{TPG}/acls create nosuch", f"{TPG}/acls: WWN not valid as: iqn, naa, eui"),
    (f"{TPG}/acls create {INITIATOR}", f"{ACL}: This NodeACL already exists in configFS"),
    (f"{TPG}/acls delete iqn.2003-01.org.example:b", "No such NodeACL in configfs: /sys/"),
    (f"{TPG}/acls tag {INITIATOR} a.b", f"{TPG}/acls: '.' not permitted in tag names."),
    (f"{TPG}/acls tag {INITIATOR} 'a b'", f"{TPG}/acls: 'a b' is not a valid name"),
    (f"{TPG}/acls tag nosuch web", f"{TPG}/acls: wwn_or_tag nosuch not found."),
    (f"{TPG}/acls untag nosuch", f"{TPG}/acls: wwn_or_tag nosuch not found."),
    (f"{ACL} create 0 lun0", f"{ACL}/mapped_lun0: This MappedLUN already exists in configFS"),
    (f"{ACL} create x lun0", f"{ACL}: mapped_lun must be an integer"),
    (f"{ACL} create 65536 lun0", f"{ACL}: mapped_lun must be an integer (mapped_lun must be"),
    (f"{ACL} create 1 lun7", f"{TPG}/luns: LUN 7 does not exist in this TPG"),
    (f"{ACL} create 1 /nosuch", f"{ACL}: LUN, storage object, or path not valid (/nosuch is none"),
    (f"{ACL} create 1 lun0 perhaps", f"{ACL}: Syntax error, 'perhaps' is not true|false."),
    (f"{ACL} delete 7", "No such MappedLUN in configfs: /sys/"),
    (f"{ACL} delete x", f"{ACL}: Syntax error, 'x' is not a NUMBER."),
    # portals
    (f"{TPG}/portals create nosuch", f"{TPG}/portals: 'nosuch' is not an IP address (use an"),
    (f"{TPG}/portals create 256.0.0.1", f"{TPG}/portals: '256.0.0.1' is not an IP address"),
    (f"{TPG}/portals create 127.0.0.1 0", f"{TPG}/portals: ip_port must be between 1"),
    (f"{TPG}/portals create 127.0.0.1 65536", f"{TPG}/portals: ip_port must be between 1"),
    (f"{TPG}/portals create 127.0.0.1 x", f"{TPG}/portals: Syntax error, 'x' is not a NUMBER."),
    (f"{TPG}/portals create ::0", f"{TPG}/portals/[::0]:3260: This NetworkPortal already exists"),
    (f"{TPG}/portals delete ::0", f"{TPG}/portals: Missing required parameter ip_port"),
    (f"{TPG}/portals delete ::0 3261", f"{TPG}/portals: No such NetworkPortal in configfs: "),
    (f"{TPG}/portals/[::0]:3260 enable_iser maybe", f"{TPG}/portals/[::0]:3260: Syntax error, "),
    # what no line can be
    ("set global nosuch=1", "/: Unknown parameter nosuch in group 'global'. (available: auto_add_"),
    ("restoreconfig clear_existing=perhaps", "/: Syntax error, 'perhaps' is not true|false."),
]  # fmt: skip


def test_what_is_typed_wrong(user: Shell) -> None:
    for line, says in TYPED_WRONG:
        answer = user.refuses(line, says)
        assert len(answer.stderr) < 1600, line


@pytest.mark.parametrize(
    "line, place",
    [
        (f"{RAMDISK} create 'r2 1M", "this quote is not closed"),
        (f"{RAMDISK} create r2\x07 1M", "unexpected character U+0007"),
        (f"{RAMDISK} 'crea te' r2 1M", "a command is expected here"),
    ],
)
def test_line_that_cannot_be_read_is_shown_with_the_place(
    user: Shell, line: str, place: str
) -> None:
    before = tree()
    answer = user(line)
    assert (answer.exit, answer) == (1, "")
    rows = answer.stderr.splitlines()
    assert rows[0] == place or rows[0].startswith(place)
    assert rows[2].strip() == "^" and rows[1].startswith("  /backstores/ramdisk ")
    assert tree() == before


def test_nothing_is_changed_by_who_is_not_root(user: Shell) -> None:
    before = tree()
    for line in (f"{RAMDISK} create r2 1M", "saveconfig", f"{TPG} set attribute authentication=1"):
        answer = user(line, is_root=False)
        assert answer.exit == 1
        assert "This privileged command is disabled: you are not root." in answer.stderr
        assert "run it with sudo" in answer.stderr
    assert tree() == before
    assert user("ls", is_root=False).exit == 0


# -- files ----------------------------------------------------------------------------------


def test_backing_files(user: Shell, disks: Path) -> None:
    (disks / "empty").touch()
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(f"{disks}/socket")
    os.symlink("nowhere/else", disks / "dangling")
    os.symlink("d1.img", disks / "alias.img")
    no_size = "Attempting to create file for new fileio backstore, need a size"
    for words, says in (
        (f"{disks}/new.img", f"{FILEIO}: {no_size}"),
        (f"{disks}/new.img 0", f"{FILEIO}: a size of 0 bytes is out of range"),
        (f"{disks}/new.img 10X", f"{FILEIO}: Cannot interpret size, wrong format: 10X"),
        (f"{disks}/new.img 8E", f"{FILEIO}: The file size is too large (9223372036854775808"),
        (f"{disks}/new.img 1M wwn={'w' * 255}", "cannot be a unit serial number"),
        (f"{disks}/new.img 1M sparse=maybe", f"{FILEIO}: Syntax error, 'maybe' is not true|false."),
        (f"{disks}/new,img 1M", f"{FILEIO}/d2: '{disks}/new,img' has a comma or a line end"),
        (f"{disks}/{'n' * 250} 1M", f"{FILEIO}/d2: "),
        (
            f"{disks}/no/such 1M",
            f"{FILEIO}/d2: Could not open {disks}/no/such: its directory does not exist (mkdir -p ",
        ),
        (f"{disks}/dangling 1M", f"{FILEIO}/d2: {disks}/dangling already exists: a link to"),
        (f"{disks}/empty 1M", f"{FILEIO}: {disks}/empty exists and is empty"),
        (f"{disks} 1M", f"{FILEIO}: Path {disks} exists but is not a file"),
        (f"{disks}/socket 1M", f"{FILEIO}: Path {disks}/socket exists but is not a file"),
        ("/dev/null 1M", f"{FILEIO}: Path /dev/null exists but is not a file"),
        (f"{disks}/d1.img", f"{FILEIO}: storage object for {disks}/d1.img already exists: d1"),
        (
            f"{disks}/alias.img",
            f"{FILEIO}: storage object for {disks}/alias.img already exists: d1",
        ),
    ):
        user.refuses(f"{FILEIO} create d2 {words}", says, also=[disks])


def test_file_system_without_room(user: Shell, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(small)], check=True)
    try:
        user.refuses(
            f"{FILEIO} create d2 {small}/d2.img 4M sparse=false",
            f"{FILEIO}/d2: Could not expand file to 4194304 bytes: 1048576 bytes are free",
            "omit sparse=false to allocate blocks only when they are written",
            also=[small],
        )
        subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
        user.refuses(f"{FILEIO} create d2 {small}/d2.img 4K", "EROFS", also=[small])
    finally:
        subprocess.run(["umount", str(small)], check=True)


# -- devices --------------------------------------------------------------------------------


@pytest.fixture
def mounted(ram: list[str], tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A block device with a mounted file system, and where."""
    place = tmp_path / "mounted"
    place.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-F", ram[0]], check=True)
    subprocess.run(["mount", ram[0], str(place)], check=True)
    yield ram[0], place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.differs_by_kernel
def test_mounted_device(user: Shell, mounted: tuple[str, Path]) -> None:
    device, place = mounted
    held = f"device {device} is already in use: it is mounted on {place}"
    text = f"Cannot configure StorageObject because {held} (umount {place})"
    user.refuses(f"{BLOCK} create b1 {device}", f"{BLOCK}/b1: {text}")
    user.refuses(f"{FILEIO} create b1 {device}", f"{FILEIO}/b1: {text}")
    line = f"{BLOCK} create b1 {device} exclusive=false"
    if expected.value("exclusive=false opens a device that is in use"):
        assert f"it is mounted on {place}" in user.ok(line).stderr
        user.ok(f"{BLOCK} delete b1")
    else:
        user.refuses(line, f"{BLOCK}/b1: enable: the {held} (")
    user.refuses(f"{TPG}/luns create {device}", f"{BLOCK}/ram0: {text}")
    user.refuses(f"{ACL} create 5 {device}", f"{BLOCK}/ram0: {text}")
    user.refuses(
        f"{FILEIO} create d2 {place}/d2.img 100T",
        f"{FILEIO}/d2: Could not expand file to 109951162777600 bytes: the file system of {place} "
        "does not support files of this size",
        also=[place],
    )


def test_device_of_another_storage_object(user: Shell, ram: list[str]) -> None:
    user.ok(f"{BLOCK} create b1 {ram[1]}")
    user.ok(f"{FILEIO} create d2 {ram[2]}")
    user.refuses(f"{BLOCK} create b2 {ram[1]}", f"{BLOCK}/b2: ", f"{ram[1]} is already in use")
    exists = f"storage object for {ram[1]} already exists: b1"
    user.refuses(f"{FILEIO} create b2 {ram[1]}", f"{FILEIO}: {exists}")
    exists = f"storage object for {ram[2]} already exists: d2"
    user.refuses(f"{FILEIO} create b2 {ram[2]}", f"{FILEIO}: {exists}")
    user.refuses(f"{TPG}/luns create {ram[1]}", f"storage object for {ram[1]} already exists: b1")


def test_devices_that_are_none(user: Shell, disks: Path, scsi_disk: tuple[str, str]) -> None:
    user.refuses(f"{BLOCK} create b1 /dev/nosuch", f"{BLOCK}: Could not open /dev/nosuch: no such")
    user.refuses(
        f"{BLOCK} create b1 {disks}/d1.img", f"{BLOCK}: Device {disks}/d1.img is not a TYPE"
    )
    user.refuses(f"{BLOCK} create b1 /dev/null", f"{BLOCK}: Device /dev/null is not a TYPE_DISK")
    user.refuses(f"{BLOCK} create b1 {disks}", f"{BLOCK}: ")
    none = "Cannot find SCSI device by path, and dev parameter not in H:C:T:L format"
    user.refuses(f"{PSCSI} create p1 /dev/nosuch", f"{PSCSI}: {none}: /dev/nosuch (lsscsi lists")
    user.refuses(f"{PSCSI} create p1 {disks}/d1.img", f"{PSCSI}: {none}")
    user.refuses(f"{PSCSI} create p1 9:9:9:9", f"{PSCSI}: {none}: 9:9:9:9")
    user.ok(f"{PSCSI} create p1 {scsi_disk[0]}")
    user.refuses(
        f"{PSCSI} create p2 {scsi_disk[0]}", f"device {scsi_disk[0]} (SCSI {scsi_disk[1]})"
    )


def test_device_that_vanishes(
    user: Shell, ram: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between our look at it and the kernel's own."""
    device = tmp_path / "disk"

    def look_and_lose(path: str) -> bool:
        device.unlink(missing_ok=True)
        return False

    monkeypatch.setattr(devices, "is_exclusive_open", look_and_lose)
    for kind, says in (
        (BLOCK, f"enable: the device {device} does not exist (use its current name"),
        (FILEIO, f"{device} does not exist (mount its file system"),
    ):
        device.symlink_to(ram[3])
        user.refuses(f"{kind} create b1 {device}", f"{kind}/b1: {says}")
        assert not device.exists()


def test_two_runs_of_one_refused_command_say_the_same(user: Shell) -> None:
    line = f"{RAMDISK}/r1 set attribute emulate_tpu=1"
    first = user.refuses(line, "the kernel says: Generic Block Discard not supported")
    assert user.refuses(line).stderr == first.stderr
