# SPDX-License-Identifier: Apache-2.0
"""Each node with its commands, their parameters in order, and its groups of settings."""

from __future__ import annotations

from dataclasses import dataclass

from .row import ACL, BLOCK, FILEIO, LOOPBACK, NAA, PSCSI, RAMDISK, TARGET, TPG, USER

WORLD = (
    f"/loopback create {NAA}",
    f"{USER} create v1 1M pool/v1",
)
EVERYWHERE = """
ls [path] [depth]
cd [path]
pwd
get [group] [parameter...]
set [group] [parameter=value...]
help [topic]
bookmarks action [bookmark]
exit
refresh
status
"""


@dataclass(frozen=True, slots=True)
class NodeRow:
    """A node: what it has besides what every node has."""

    path: str
    commands: str = ""
    groups: tuple[str, ...] = ()


NODES = (
    NodeRow("/", """
        saveconfig [savefile]
        restoreconfig [savefile] [clear_existing] [target] [storage_object]
        clearconfig [confirm]
        sessions [action] [sid]
        version"""),
    NodeRow("/backstores"),
    NodeRow(PSCSI, "create name dev\ndelete name [save]"),
    NodeRow(RAMDISK, "create name size [nullio] [wwn]\ndelete name [save]"),
    NodeRow(FILEIO, """
        create name file_or_dev [size] [write_back] [sparse] [wwn]
        delete name [save]"""),
    NodeRow(BLOCK, "create name dev [readonly] [wwn] [exclusive]\ndelete name [save]"),
    NodeRow(USER, """
        create name size cfgstring [wwn] [hw_max_sectors] [control]
        changemedium name size cfgstring
        delete name [save]"""),
    NodeRow(f"{FILEIO}/d1", "saveconfig [savefile]\nversion\ninfo", ("attribute",)),
    NodeRow(f"{USER}/v1", "saveconfig [savefile]\nversion\ninfo", ("attribute",)),
    NodeRow(f"{FILEIO}/d1/alua", "create name tag\ndelete name"),
    NodeRow(f"{FILEIO}/d1/alua/default_tg_pt_gp", "info", ("alua",)),
    NodeRow("/iscsi", "create [wwn]\ndelete wwn\ninfo\nversion", ("discovery_auth",)),
    NodeRow("/loopback", "create [wwn]\ndelete wwn\ninfo\nversion"),
    NodeRow("/vhost", "create [wwn]\ndelete wwn\ninfo\nversion"),
    NodeRow("/xen-pvscsi", "create [wwn]\ndelete wwn\ninfo\nversion"),
    NodeRow(TARGET, "create [tag]\ndelete tag\ninfo", ("parameter",)),
    NodeRow(TPG, "enable\ndisable\ninfo", ("attribute", "parameter", "auth")),
    NodeRow(LOOPBACK, "enable\ndisable\ninfo"),
    NodeRow(f"{LOOPBACK}/luns", "create storage_object [lun] [add_mapped_luns]\ndelete lun"),
    NodeRow(f"{TPG}/luns", "create storage_object [lun] [add_mapped_luns]\ndelete lun"),
    NodeRow(f"{TPG}/luns/lun0", "info", ("alua",)),
    NodeRow(f"{TPG}/acls", """
        create wwn [add_mapped_luns]
        delete wwn
        tag wwn_or_tag new_tag
        untag wwn_or_tag"""),
    NodeRow(ACL, """
        create mapped_lun tpg_lun_or_backstore [write_protect]
        delete mapped_lun
        info""", ("attribute", "parameter", "auth")),
    NodeRow(f"{ACL}/mapped_lun0", "info"),
    NodeRow(f"{TPG}/portals", """
        create [ip_address] [ip_port]
        delete ip_address ip_port"""),
    NodeRow(f"{TPG}/portals/[::0]:3260", "enable_iser boolean\nenable_offload boolean\ninfo"),
)  # fmt: skip

# What stands under DEFAULT VALUES of its help.
DEFAULTS = {
    "/ saveconfig": {"savefile": "/etc/target/saveconfig.json"},
    "/ restoreconfig": {"savefile": "/etc/target/saveconfig.json", "clear_existing": "False"},
    "/ sessions": {"action": "list"},
}

# Whether each can be written. One is only shown by targetcli-fb.
ALUA_DIFFERS = "`get alua` of an ALUA group"
ALUA = {
    "alua_access_state": True, "alua_access_status": True, "alua_access_type": True,
    "alua_support_active_nonoptimized": True, "alua_support_active_optimized": True,
    "alua_support_offline": True, "alua_support_standby": True,
    "alua_support_transitioning": True, "alua_support_unavailable": True,
    "alua_write_metadata": True, "implicit_trans_secs": True, "nonop_delay_msecs": True,
    "preferred": True, "trans_delay_msecs": True,
    "alua_support_lba_dependent": True, "members": False, "tg_pt_gp_id": False,
}  # fmt: skip
