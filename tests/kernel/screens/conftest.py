# SPDX-License-Identifier: Apache-2.0
"""A user of one target with two LUNs and an ACL."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..commands.harness import Shell

TARGET = "/iscsi/iqn.2003-01.org.example:disks"
TPG = f"{TARGET}/tpg1"
HOST = "iqn.1994-05.com.example:host1"
ACL = f"{TPG}/acls/{HOST}"


@pytest.fixture
def user(configfs: object, tmp_path: Path) -> Shell:
    """A user of the target."""
    shell = Shell(tmp_path / "home")
    shell.ok("/backstores/ramdisk create r1 1M wwn=11111111-1111-1111-1111-111111111111")
    shell.ok("/backstores/ramdisk create r2 2M wwn=22222222-2222-2222-2222-222222222222")
    shell.ok(f"/iscsi create {TARGET.rpartition('/')[2]}")
    shell.ok(f"{TPG}/luns create /backstores/ramdisk/r1")
    shell.ok(f"{TPG}/luns create /backstores/ramdisk/r2")
    shell.ok(f"{TPG}/acls create {HOST}")
    return shell
