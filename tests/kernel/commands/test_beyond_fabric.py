# SPDX-License-Identifier: Apache-2.0
"""ACLs in a loopback target: the kernel allows them, though nothing uses them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from .harness import TARGET, Shell

NAA = "naa.5001405000000001"
LOOPBACK = f"/loopback/{NAA}"
TPG = TARGET / "loopback" / NAA / "tpgt_1"
HOST = "naa.5001405000000002"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with a loopback target whose LUN another tool mapped in an ACL."""
    subprocess.run(["modprobe", "tcm_loop"], check=True)
    shell.ok("/backstores/ramdisk create r 1M")
    shell.ok(f"/loopback create {NAA}")
    shell.ok(f"{LOOPBACK}/luns create /backstores/ramdisk/r")
    mapped = TPG / "acls" / HOST / "lun_0"
    mapped.mkdir(parents=True)
    (mapped / "by-hand").symlink_to(TPG / "lun/lun_0")
    return shell


def test_all_of_it_is_cleared(user: Shell) -> None:
    assert user.ok("clearconfig confirm=true") == "All configuration cleared\n"
    assert not TPG.exists() and not list((TARGET / "core").glob("*/r"))


@pytest.mark.parametrize(
    "line",
    [f"/loopback delete {NAA}", f"{LOOPBACK}/luns delete 0", "/backstores/ramdisk delete r"],
)
def test_deleted_before_what_it_uses(user: Shell, line: str) -> None:
    user.ok(line)
    assert not list(TPG.glob("acls/*/lun_0"))
    user.ok("undo")
    assert (TPG / "acls" / HOST / "lun_0").is_dir()


def test_skipped_at_restore(user: Shell, tmp_path: Path) -> None:
    file = tmp_path / "save.json"
    user.ok(f"saveconfig {file}")
    document = json.loads(file.read_text())
    (tpg,) = document["targets"][0]["tpgs"]
    assert [acl["node_wwn"] for acl in tpg["node_acls"]] == [HOST]
    answer = user.ok(f"restoreconfig {file} clear_existing=true")
    assert answer.asides == [f"Note: {LOOPBACK}: loopback has no ACLs: 1 skipped"]
    assert (TPG / "lun/lun_0").is_dir() and not (TPG / "acls" / HOST).exists()


def test_shown_and_deleted_by_name(user: Shell) -> None:
    rows = [row.lstrip("| ") for row in user.ok(f"{LOOPBACK} ls").rows]
    assert any(
        row.startswith("o- acls ") and "[ACLs: 1, loopback uses none]" in row for row in rows
    )
    assert any(row.startswith(f"o- {HOST} ") and "[Mapped LUNs: 1]" in row for row in rows)
    assert "lun0 ramdisk/r (rw)" in user.ok(f"{LOOPBACK}/acls/{HOST}/mapped_lun0 status")
    user.ok(f"{LOOPBACK}/acls/{HOST} info")
    user.refuses(f"{LOOPBACK}/acls create {NAA}", f"{LOOPBACK}/acls", "loopback uses no ACLs")
    user.ok(f"{LOOPBACK}/acls delete {HOST}")
    assert not (TPG / "acls" / HOST).exists() and (TPG / "lun/lun_0").is_dir()
    assert "acls" not in user.ok(f"{LOOPBACK} ls")
    user.ok("undo")
    assert (TPG / "acls" / HOST / "lun_0").is_dir()


def test_mapped_lun_of_it_is_deleted_by_name(user: Shell) -> None:
    user.ok(f"{LOOPBACK}/acls/{HOST} delete 0")
    assert (TPG / "acls" / HOST).is_dir() and not list(TPG.glob("acls/*/lun_0"))
