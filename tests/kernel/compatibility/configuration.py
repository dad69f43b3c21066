# SPDX-License-Identifier: Apache-2.0
"""saveconfig, restoreconfig, clearconfig, and the file as programs read it."""

from __future__ import annotations

from .row import (
    DISK,
    DISKS,
    EMPTY,
    FILEIO,
    INITIATOR,
    IQN,
    K_DISK,
    K_TARGET,
    RAMDISK,
    SAVED,
    Row,
    like,
)

FILE = f"{DISKS}/save.json"
# As NixOS and people write it: what is not there has its default.
MINIMAL = f"""{{"storage_objects": [{{"dev": "{DISK}", "name": "d1", "plugin": "fileio",
"size": 4096, "write_back": true, "wwn": "abc"}}], "targets": [{{"fabric": "iscsi",
"wwn": "{IQN}", "tpgs": [{{"tag": 1, "enable": true, "attributes": {{"authentication": 0}},
"luns": [{{"index": 0, "storage_object": "/backstores/fileio/d1"}}],
"node_acls": [{{"node_wwn": "{INITIATOR}", "mapped_luns": [{{"index": 0, "tpg_lun": 0,
"write_protect": false}}]}}],
"portals": [{{"ip_address": "0.0.0.0", "port": 3260}}]}}]}}]}}"""

SAVING = (
    Row("saveconfig: where to", "saveconfig", f"Configuration saved to {SAVED}"),
    Row("saveconfig: another file", f"saveconfig {FILE}", f"Configuration saved to {FILE}"),
    Row("saveconfig: with savefile=", f"saveconfig savefile={FILE}",
        f"Configuration saved to {FILE}"),
    Row("saveconfig: a file as it was typed", f"saveconfig {DISKS}//save.json",
        f"Configuration saved to {DISKS}//save.json"),
    Row("saveconfig: a file in the home folder", "saveconfig ~/../var/tmp/compatibility/save.json",
        like(r"^Configuration saved to /\S+/\.\./var/tmp/compatibility/save.json$")),
    Row("saveconfig: one storage object, a file as it was typed",
        f"{FILEIO}/d1 saveconfig {DISKS}//save.json", given=(f"saveconfig {FILE}",),
        out=f"Storage Object 'fileio:d1' config saved to {DISKS}//save.json."),
    Row("saveconfig: a backup of what differs", "saveconfig",
        f"Last 10 configs saved in /etc/target/backup/.\nConfiguration saved to {SAVED}",
        given=("saveconfig", f"{RAMDISK} delete r1")),
    Row("saveconfig: no backup of the same", "saveconfig", f"Configuration saved to {SAVED}",
        given=("saveconfig", "saveconfig")),
    Row("saveconfig: no backup of other files", f"saveconfig {FILE}",
        f"Configuration saved to {FILE}",
        given=(f"saveconfig {FILE}", f"{RAMDISK} delete r1")),
    Row("saveconfig: one storage object", f"{FILEIO}/d1 saveconfig",
        f"Storage Object 'fileio:d1' config saved to {SAVED}."),
    Row("saveconfig: nothing configured", "saveconfig",
        f"Last 10 configs saved in /etc/target/backup/.\nConfiguration saved to {SAVED}",
        aside="nothing is configured, so",
        given=("saveconfig", f"/iscsi delete {IQN}", f"{RAMDISK} delete r1",
               f"{FILEIO} delete d1")),
    Row("saveconfig: right after clearconfig", "saveconfig",
        f"Last 10 configs saved in /etc/target/backup/.\nConfiguration saved to {SAVED}",
        given=("saveconfig", "clearconfig confirm=true")),
    Row("saveconfig: two files after clearconfig", "saveconfig",
        f"Last 10 configs saved in /etc/target/backup/.\nConfiguration saved to {SAVED}",
        given=("saveconfig", "clearconfig confirm=true", f"saveconfig {FILE}")),
    Row("saveconfig: clearconfig is long ago", "saveconfig", aside="nothing is configured, so",
        out=f"Last 10 configs saved in /etc/target/backup/.\nConfiguration saved to {SAVED}",
        given=("saveconfig", "clearconfig confirm=true", f"{RAMDISK} create r1 1M",
               f"{RAMDISK} delete r1")),
)  # fmt: skip

RESTORING = (
    Row("restoreconfig: where from", "restoreconfig", f"Configuration restored from {SAVED}",
        given=("saveconfig", "clearconfig confirm=true"), kernel={K_TARGET: "/", K_DISK: "/"}),
    Row("restoreconfig: another file", f"restoreconfig {FILE} clear_existing=True",
        f"Configuration restored from {FILE}", given=(f"saveconfig {FILE}",)),
    Row("restoreconfig: a file as it was typed", f"restoreconfig {DISKS}//save.json true",
        f"Configuration restored from {DISKS}//save.json", given=(f"saveconfig {FILE}",)),
    Row("restoreconfig: written by hand", f"restoreconfig {FILE}",
        f"Configuration restored from {FILE}", world=EMPTY, files={FILE: MINIMAL, DISK: "x" * 4096},
        kernel={f"{K_TARGET}/tpgt_1/np/0.0.0.0:3260": "/", f"{K_DISK}/wwn/vpd_unit_serial":
                "T10 VPD Unit Serial Number: abc"}),
    Row("restoreconfig: no file", f"restoreconfig {FILE}", err=f"Restore file {FILE} not found"),
    Row("restoreconfig: errors", f"restoreconfig {FILE}",
        err="Configuration restored, 1 recoverable errors:\n", world=EMPTY,
        files={FILE: MINIMAL.replace('"tag": 1', '"tag": 1, "nosuch": 1'), DISK: "x" * 4096},
        kernel={K_TARGET: "/"}, differs="an unknown key"),
    Row("restoreconfig: the storage object is there", "restoreconfig",
        err="storageobject 'fileio:d1' exist not restoring", given=("saveconfig",)),
    Row("restoreconfig: the target is there", "restoreconfig",
        err=f"target with wwn {IQN} exist, not restoring",
        given=("saveconfig", f"{FILEIO} delete d1", f"{RAMDISK} delete r1")),
    Row("restoreconfig: one target", f"restoreconfig target={IQN}",
        f"Configuration restored from {SAVED}", given=("saveconfig", "clearconfig confirm=true"),
        kernel={K_TARGET: "/", "core/rd_mcp_*/r1": None}, differs="`target=WWN`"),
    Row("restoreconfig: one storage object", "restoreconfig storage_object=r1",
        f"Configuration restored from {SAVED}", given=("saveconfig", "clearconfig confirm=true"),
        kernel={K_TARGET: None, "core/rd_mcp_*/r1": "/"}),
    Row("clearconfig", "clearconfig confirm=true", "All configuration cleared",
        kernel={K_TARGET: None, K_DISK: None}),
    Row("clearconfig: confirm=True", "clearconfig confirm=True", "All configuration cleared"),
    Row("clearconfig: confirm is needed", "clearconfig",
        err="As a precaution, confirm=True needs to be set", kernel={K_TARGET: "/"}),
)  # fmt: skip

ROWS = (*SAVING, *RESTORING)
