# SPDX-License-Identifier: Apache-2.0
"""libiscsi's initiator: what each of several hosts sees, and with which secrets."""

from __future__ import annotations

import os
import string
import subprocess
import time
from collections.abc import Callable

import pytest

from .conftest import TARGET

HOST = "iqn.2003-01.org.example:host2"
TPG = f"/iscsi/{TARGET}/tpg1"

STORE = f"""
/backstores/ramdisk create disk1 8M wwn=6f1f2b3c-0001
/backstores/ramdisk create disk2 16M
/iscsi create {TARGET}
{TPG}/luns create /backstores/ramdisk/disk1
{TPG}/luns create /backstores/ramdisk/disk2
"""

# CHAP of the tools' library takes what stands in the environment as it is.
EVERY_CHARACTER = string.printable[:94] + " "


def tool(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of libiscsi's tools."""
    secrets = {f"LIBISCSI_CHAP_{name}": value for name, value in environment.items()}
    return subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **secrets},
    )


def url(lun: int | str = "", host: str = "127.0.0.1") -> str:
    """Where a LUN is."""
    return f"iscsi://{host}:3260/{TARGET}/{lun}"


def test_an_unknown_host_is_refused(target: Callable[[str], str]) -> None:
    target(STORE)
    assert tool("iscsi-inq", "-i", HOST, url(0)).returncode != 0


def test_demo_mode_shows_all_luns_to_everybody(target: Callable[[str], str]) -> None:
    target(
        STORE
        + f"{TPG} set attribute generate_node_acls=1 demo_mode_write_protect=0 "
        + "authentication=0 cache_dynamic_acls=1\n"
    )
    assert TARGET in tool("iscsi-ls", "-i", HOST, "iscsi://127.0.0.1:3260").stdout
    sizes = [tool("iscsi-readcapacity16", "-i", HOST, url(lun)).stdout for lun in (0, 1)]
    assert "Total size:8388608" in sizes[0]
    assert "Total size:16777216" in sizes[1]


def test_a_non_optimized_port_delays_nothing(target: Callable[[str], str]) -> None:
    """The help of nonop_delay_msecs says so."""
    target(
        STORE
        + f"{TPG} set attribute generate_node_acls=1 authentication=0 cache_dynamic_acls=1\n"
        + "/backstores/ramdisk/disk1/alua/default_tg_pt_gp "
        + "set alua nonop_delay_msecs=10000 alua_access_state=1\n"
    )
    before = time.monotonic()
    assert "Total size:8388608" in tool("iscsi-readcapacity16", "-i", HOST, url(0)).stdout
    assert time.monotonic() - before < 10


def test_a_mapped_lun_has_its_own_number(target: Callable[[str], str]) -> None:
    target(
        STORE
        + f"{TPG}/acls create {HOST} add_mapped_luns=false\n"
        + f"{TPG}/acls/{HOST} create 7 lun1\n"
    )
    said = tool("iscsi-readcapacity16", "-i", HOST, url(7)).stdout
    assert "Total size:16777216" in said
    # Every target answers at LUN 0; there is nothing at 1.
    assert tool("iscsi-readcapacity16", "-i", HOST, url(1)).returncode != 0


def test_the_backstore_is_seen_by_name_and_serial(target: Callable[[str], str]) -> None:
    target(STORE + f"{TPG}/acls create {HOST}\n")
    assert "disk1" in tool("iscsi-inq", "-i", HOST, url(0)).stdout
    page = tool("iscsi-inq", "-e", "1", "-c", "128", "-i", HOST, url(0)).stdout
    assert "6f1f2b3c-0001" in page


@pytest.mark.parametrize("level", ["acl", "tpg"])
def test_a_secret_of_every_character(target: Callable[..., str], level: str) -> None:
    quoted = EVERY_CHARACTER.replace("\\", "\\\\").replace('"', '\\"')
    where = f"{TPG}/acls/{HOST}" if level == "acl" else TPG
    lines = STORE + f"{TPG} set attribute authentication=1\n"
    if level == "acl":
        lines += f"{TPG}/acls create {HOST}\n"
    else:
        lines += f"{TPG} set attribute generate_node_acls=1 cache_dynamic_acls=1\n"
    credentials = f'{where} set auth userid=host2 password="{quoted}"\n'
    target(lines + credentials, note="initiators on Windows accept only 12 to 16")
    right = {"USERNAME": "host2", "PASSWORD": EVERY_CHARACTER}
    assert tool("iscsi-inq", "-i", HOST, url(0), **right).returncode == 0
    wrong = {**right, "PASSWORD": EVERY_CHARACTER[:-2]}
    assert tool("iscsi-inq", "-i", HOST, url(0), **wrong).returncode != 0


def test_an_ipv6_portal(target: Callable[..., str]) -> None:
    target(
        STORE
        + f"{TPG}/portals delete ::0 3260\n"
        + f"{TPG}/portals create ::1\n"
        + f"{TPG}/acls create {HOST}\n",
        note="is enabled and has no portal",
    )
    assert tool("iscsi-inq", "-i", HOST, url(0, host="[::1]")).returncode == 0
    assert tool("iscsi-inq", "-i", HOST, url(0)).returncode != 0
