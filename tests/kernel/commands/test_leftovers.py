# SPDX-License-Identifier: Apache-2.0
"""What killed processes and other tools leave behind: shown, left alone, taken away."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .harness import ETC, TARGET, Shell, tree

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
FILE = f"iscsi/{IQN}/tpgt_1"


def make(*folders: str) -> None:
    for folder in folders:
        (TARGET / folder).mkdir(parents=True)


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with a target, and objects that were not made to their end."""
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"{TPG}/acls create iqn.2003-01.org.example:i")
    make("core/rd_mcp_5/half", "core/fileio_77/half", "core/iblock_3/half", "core/pscsi_3/half")
    make("core/user_3/half", "core/fileio_78")
    make(f"{FILE}/lun/lun_3", f"{FILE}/acls/iqn.2003-01.org.example:i/lun_4")
    return shell


def test_storage_objects_that_are_not_configured(user: Shell) -> None:
    rows = user.ok("/backstores ls").rows
    half = [row for row in rows if " half ." in row]
    assert len(half) == 4 and all(row.endswith(" [NOT CONFIGURED]") for row in half)
    path = "/backstores/ramdisk/half"
    assert user.ok(f"{path} status") == f"Status for {path}: NOT CONFIGURED\n"
    assert user.ok(f"{path} info") == ""
    user.refuses(f"{path} saveconfig", f"{path}: it was never enabled, so there is nothing to")
    user.refuses(f"{path}/alua create g1 1", f"{path}: the storage object is not configured")
    user.refuses("/backstores/ramdisk create half 1M", "Storage object ramdisk/half exists")
    user.refuses(f"{TPG}/luns create {path}", "cannot port link")
    user.ok("saveconfig")
    assert "half" not in (ETC / "saveconfig.json").read_text()
    for plugin in ("ramdisk", "fileio", "block", "pscsi", "user"):
        assert user.ok(f"/backstores/{plugin} delete half") == "Deleted storage object half.\n"
    assert not any("half" in name for name in tree("core"))


def test_luns_that_lead_nowhere(user: Shell) -> None:
    assert user.ok(f"{TPG}/luns/lun3 status").endswith(": BROKEN STORAGE LINK\n")
    acl = f"{TPG}/acls/iqn.2003-01.org.example:i"
    assert user.ok(f"{acl}/mapped_lun4 status").endswith(": BROKEN LUN LINK\n")
    assert user.ok(f"{acl}/mapped_lun4 info") == "index: 4\n"
    user.refuses(f"{TPG}/luns create /backstores/ramdisk/r1 3", "This LUN already exists")
    assert user.ok(f"{TPG}/luns create /backstores/ramdisk/r1").rows[0] == "Created LUN 0."
    assert user.ok(f"{acl} delete 4") == "Deleted Mapped LUN 4.\n"
    assert user.ok(f"{TPG}/luns delete 3") == "Deleted LUN 3.\n"


@pytest.mark.parametrize(
    "line",
    [
        f"/iscsi delete {IQN}",
        f"/iscsi/{IQN} delete 1",
        f"{TPG}/acls delete iqn.2003-01.org.example:i",
        "clearconfig confirm=true",
    ],
)
def test_they_are_in_nobodys_way(user: Shell, line: str) -> None:
    user.ok(line)
    assert not (TARGET / FILE / "acls/iqn.2003-01.org.example:i").exists()
    if line.startswith("clear"):
        assert [path.name for path in (TARGET / "core").iterdir()] == ["alua"]


def test_targets_of_other_tools(shell: Shell) -> None:
    shell.ok(f"/iscsi create {IQN}")
    names = ["iqn.2003-01.org.example:a_b", "IQN.2003-01.ORG.EXAMPLE:C"]
    make(*(f"iscsi/{name}/tpgt_1" for name in names))
    make(f"iscsi/{names[0]}/tpgt_1/acls/iqn.2003-01.org.example:i_j")
    rows = shell.ok("ls /iscsi 1").rows
    assert [row.split()[1] for row in rows[1:]] == sorted([IQN, *names])
    assert shell.ok(f"/iscsi/{names[0]} status").endswith(": INVALID WWN\n")
    acls = f"/iscsi/{names[0]}/tpg1/acls"
    answer = shell.ok(f"{acls} delete iqn.2003-01.org.example:i_j")
    assert answer == "Deleted Node ACL iqn.2003-01.org.example:i_j.\n"
    for name in names:
        assert shell.ok(f"/iscsi delete {name}") == f"Deleted Target {name}.\n"
    assert shell.ok("/iscsi status").endswith(": Targets: 1\n")


def test_what_is_no_target(shell: Shell) -> None:
    shell.ok(f"/iscsi create {IQN}")
    shell.ok("/loopback create")
    for name in ("discovery_auth", "cpus_allowed_list", "tpgt_1"):
        shell.refuses(f"/iscsi/{name} status", f"No such path /iscsi/{name}")
        shell.refuses(f"/iscsi delete {name}", "WWN not valid as")
    for fabric, name in (("qla2xxx", "x"), ("sbp", "eui.")):
        shell.refuses(f"/{fabric}/{name} status", f"No such path /{fabric}/{name}")


def test_storage_object_in_a_folder_of_another_tool(shell: Shell, disks: Path) -> None:
    """Older tools count their folders from 0."""
    file = disks / "d1.img"
    file.write_bytes(bytes(1 << 20))
    make("core/fileio_0/d1")
    at = TARGET / "core/fileio_0/d1"
    (at / "control").write_text(f"fd_dev_name={file},fd_dev_size={1 << 20}")
    (at / "udev_path").write_text(str(file))
    (at / "enable").write_text("1")
    shell.refuses(
        f"/backstores/fileio create d1 {disks}/other 1M", "Storage object fileio/d1 exists"
    )
    shell.refuses(
        f"/backstores/fileio create d2 {file}", f"storage object for {file} already exists"
    )
    shell.ok(f"/iscsi create {IQN}")
    assert shell.ok(f"{TPG}/luns create /backstores/fileio/d1") == "Created LUN 0.\n"
    assert shell.ok("/backstores/fileio/d1 status").endswith("(1.0MiB) write-thru activated\n")
    assert shell.ok("/backstores/fileio delete d1").rows[-1] == "Deleted storage object d1."
    assert not at.parent.exists() and os.path.getsize(file) == 1 << 20


def test_delete_keeps_an_object_when_the_file_is_not_understood(shell: Shell) -> None:
    shell.ok("/backstores/ramdisk create r1 1M")
    (ETC / "saveconfig.json").write_text('{"targets": [], "mine": 1}')
    shell.refuses(
        "/backstores/ramdisk delete r1 save=true", "has entries that are not understood: mine"
    )
