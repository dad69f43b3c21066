# SPDX-License-Identifier: Apache-2.0
"""ensure: makes what is not there, leaves what is the same, refuses what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from targetcli.command_table import rows
from targetcli.commands import ensure

from .conftest import Loop
from .harness import Shell, tree

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
ACL = f"{TPG}/acls/iqn.1994-05.com.example:h"

# Where, what is made, the same in other words, and others with how those differ.
CASES = [
    ("/backstores/ramdisk", "x 1.5M", ["x 1536K", "x size=1.5MiB nullio=no"], [
        ("x 2M", "/backstores/ramdisk/x: it exists, but size is 1572864, not 2097152"),
        ("x 1.5M nullio=on", "nullio is false, not true"),
        ("x 1.5M wwn=other", ", not other"),
    ]),
    ("/backstores/ramdisk", "x 1000 wwn=abc", ["x 1000", "x 4096 wwn=abc"], []),
    ("/backstores/fileio", "x {disks}/x 1M wwn=abc", ["x {disks}/./x", "x {disks}/x 1M"], [
        ("x {disks}/y 1M", "file_or_dev is {disks}/x, not {disks}/y"),
        ("x {disks}/x 2M", "size is 1048576, not 2097152"),
        ("x {disks}/x 1M write_back=false", "write_back is true, not false"),
        ("x {disks}/x 1M wwn=abd", "wwn is abc, not abd"),
        ("x {disks}/y 2M", "not {disks}/y; size is 1048576, not 2097152"),
    ]),
    ("/backstores/fileio", "x {disks}/x 1M write_back=false", [], [
        ("x {disks}/x 1M", "write_back is false, not true"),
    ]),
    ("/backstores/fileio", "x {loop}", ["x {loop} 5G"], []),
    ("/backstores/block", "x {loop}", ["x {loop} false", "x dev={loop} exclusive=true"], [
        ("x {loop} readonly=true", "readonly is false, not true"),
        ("x /dev/loop99", "dev is {loop}, not /dev/loop99"),
    ]),
    ("/backstores/block", "x {loop} exclusive=false", ["x {loop} exclusive=false"], []),
    ("/backstores/pscsi", "x {scsi}", ["x {address}"], [
        ("x 99:0:0:0", "dev is {scsi}, not 99:0:0:0"),
    ]),
    ("/backstores/ramdisk/r1/alua", "g 4", ["name=g tag=4"], [("g 5", "tag is 4, not 5")]),
    ("/backstores/lu_gps", "g", ["g", "g 1"], [("g 5", "number is 1, not 5")]),
    ("/iscsi", "iqn.2003-01.org.example:b", ["IQN.2003-01.org.example:B"], []),
    ("/loopback", "naa.5001405123456789", ["50:01:40:51:23:45:67:89"], []),
    (f"/iscsi/{IQN}", "2", ["tpg2", "tag=2"], []),
    (f"{TPG}/luns", "/backstores/ramdisk/r2", ["/backstores/ramdisk/r2 0"], [
        ("/backstores/ramdisk/r2 1", f"{TPG}/luns/lun0: it exists, but lun is 0, not 1"),
        ("/backstores/ramdisk/r1 0", "it exports ramdisk/r2"),
    ]),
    (f"{TPG}/luns", "/backstores/ramdisk/r2 7", ["/backstores/ramdisk/r2"], []),
    (f"{TPG}/luns", "{disks}/plain", ["{disks}/plain lun=0", "/backstores/fileio/plain"], []),
    (f"{TPG}/acls", "iqn.1994-05.com.example:i", ["IQN.1994-05.com.example:I"], []),
    (ACL, "3 0", ["3 lun0", "3 /backstores/ramdisk/r1 no"], [
        ("3 0 write_protect=true", f"{ACL}/mapped_lun3: it exists, but write_protect is false"),
        ("3 /backstores/ramdisk/r2", "lun is 0, not /backstores/ramdisk/r2"),
        ("3 1", "lun is 0, not 1"),
    ]),
    (f"{TPG}/portals", "", ["::0 3260", "0.0.0.0"], []),
    (f"{TPG}/portals", "0.0.0.0", ["0.0.0.0 3260"], [("::0", "on IPv4 addresses only")]),
    (f"{TPG}/portals", "127.0.0.1 3261", ["ip_port=3261 ip_address=127.0.0.1"], []),
    (f"{TPG}/portals", "2001:db8::1", ["[2001:0db8:0::1]"], []),
]  # fmt: skip


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with two storage objects, and a TPG with a LUN and an ACL."""
    shell.ok("set global auto_add_default_portal=false auto_add_mapped_luns=false")
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok("/backstores/ramdisk create r2 1M")
    shell.ok(f"/iscsi create {IQN}")
    return shell


@pytest.mark.parametrize(("where", "made", "same", "others"), CASES)
def test_ensure(
    user: Shell, disks: Path, loop: Loop, scsi_disk: tuple[str, str],
    where: str, made: str, same: list[str], others: list[tuple[str, str]],
) -> None:  # fmt: skip
    if where == ACL:
        user.ok(f"{TPG}/luns create /backstores/ramdisk/r1")
        user.ok(f"{TPG}/acls create {ACL.rpartition('/')[2]}")
    (disks / "plain").write_bytes(bytes(1 << 20))
    names = {"disks": disks, "scsi": scsi_disk[0], "address": scsi_disk[1]}
    names["loop"] = loop() if "{loop}" in made else ""

    def words(text: str) -> str:
        for name, value in names.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    answer = user.ok(f"{where} ensure {words(made)}")
    assert answer.result and answer.result.created
    assert "Created " in answer
    before = tree()
    for text in (made, *same):
        answer = user.ok(f"{where} ensure {words(text)}")
        assert answer.rows[0].endswith(" already exists, nothing was changed.")
        assert answer.rows[0].startswith(where) and len(answer.rows) == 1
        assert answer.result and answer.result.created is None
    assert tree() == before
    for text, difference in others:
        user.refuses(f"{where} ensure {words(text)}", words(difference), "it exists, but ")


def test_what_create_refuses_is_refused(user: Shell) -> None:
    user.refuses("/iscsi ensure", "Missing required parameter wwn")
    user.refuses(f"/iscsi/{IQN} ensure", "Missing required parameter tag")
    user.refuses("/iscsi ensure nonsense", "WWN not valid")
    user.refuses(f"{TPG}/acls ensure r1", "WWN not valid")
    user.refuses("/backstores/ramdisk ensure x", "Missing required parameter size")
    user.ok("/backstores/ramdisk/r1/alua create g 4")
    user.refuses("/backstores/ramdisk/r1/alua ensure h 4", "Cannot set id to 4: g has it")
    user.refuses(f"{TPG}/luns ensure /nowhere", "storage object or path not valid")


def test_an_acl_with_its_luns(user: Shell) -> None:
    user.ok(f"{TPG}/luns create /backstores/ramdisk/r1")
    user.ok(f"{TPG}/acls ensure iqn.1994-05.com.example:h add_mapped_luns=false")
    user.refuses(f"{TPG}/acls ensure iqn.1994-05.com.example:h true", "LUN 0 is not mapped")
    user.ok(f"{ACL} create 5 0")
    user.ok(f"{TPG}/acls ensure iqn.1994-05.com.example:h true")


def test_an_acl_that_has_a_tag(user: Shell) -> None:
    user.ok(f"{TPG}/acls create iqn.1994-05.com.example:h")
    user.ok(f"{TPG}/acls tag iqn.1994-05.com.example:h rack1")
    assert "already exists" in user.ok(f"{TPG}/acls ensure iqn.1994-05.com.example:h")
    user.refuses(f"{TPG}/acls ensure rack1", "WWN not valid")


def test_every_create_has_one_with_the_same_parameters() -> None:
    every = rows.every_row()
    creates = [row for row in every if row.name == "create"]
    ensures = [row for row in every if row.name == "ensure"]
    assert [row.on for row in creates] == [row.on for row in ensures]
    assert {kind for row in creates for kind in row.on} == set(ensure._FIND)
    for create, same in zip(creates, ensures, strict=True):
        assert [item.name for item in create.parameters] == [item.name for item in same.parameters]
        assert create.changes and same.changes
        assert "\n\nExample: ensure" in same.text
