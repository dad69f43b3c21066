# SPDX-License-Identifier: Apache-2.0
"""The object that a configfs path belongs to."""

from __future__ import annotations

import pytest

from rtslib_ext.kernel import objects

IQN = "iqn.2003-01.org.example:a"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("", "/"),
        ("core", "/"),
        ("core/alua/lu_gps/g/members", "/backstores/lu_gps/g"),
        ("core/fileio_0", "/"),
        ("core/nosuch_0/disk", "/"),
        ("core/fileio_0/disk/attrib/block_size", "/backstores/fileio/disk"),
        ("core/rd_mcp_7/disk/alua/g/tg_pt_gp_id", "/backstores/ramdisk/disk/alua/g"),
        ("iscsi", "/iscsi"),
        ("iscsi/discovery_auth/userid", "/iscsi"),
        (f"iscsi/{IQN}", f"/iscsi/{IQN}"),
        (f"iscsi/{IQN}/fabric_statistics/iscsi_instance/sessions", f"/iscsi/{IQN}"),
        (f"iscsi/{IQN}/tpgt_1/enable", f"/iscsi/{IQN}/tpg1"),
        (f"iscsi/{IQN}/tpgt_1/lun/lun_7/link", f"/iscsi/{IQN}/tpg1/luns/lun7"),
        (f"iscsi/{IQN}/tpgt_1/lun", f"/iscsi/{IQN}/tpg1"),
        (f"iscsi/{IQN}/tpgt_1/np/[::0]:3260/iser", f"/iscsi/{IQN}/tpg1/portals/[::0]:3260"),
        (f"iscsi/{IQN}/tpgt_1/acls/{IQN}/auth/userid", f"/iscsi/{IQN}/tpg1/acls/{IQN}"),
        (f"iscsi/{IQN}/tpgt_1/acls/{IQN}/lun_3/x", f"/iscsi/{IQN}/tpg1/acls/{IQN}/mapped_lun3"),
        ("loopback/naa.5001405000000001/tpgt_1/nexus", "/loopback/naa.5001405000000001"),
        (
            "qla2xxx/21:00:00:24:ff:31:4c:48/tpgt_1/lun/lun_0",
            "/qla2xxx/naa.21000024ff314c48/luns/lun0",
        ),
    ],
)
def test_the_object_of_a_path(path: str, shown: str) -> None:
    assert objects.shell_path(path) == shown
