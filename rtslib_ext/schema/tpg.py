# SPDX-License-Identifier: Apache-2.0
"""The attributes of target portal groups (TPG/attrib), by fabric, and their other settings."""

from __future__ import annotations

from .attribute import Attribute, Kind

_ISCSI = ("iscsi",)
_FIBRE = ("qla2xxx", "efct")
_NEXUS = ("loopback", "vhost", "xen-pvscsi")
_TPG = "drivers/target/iscsi/iscsi_target_tpg.c"
_FIBRE_SOURCE = "drivers/scsi/qla2xxx/tcm_qla2xxx.c, drivers/scsi/elx/efct/efct_lio.c"
_SRPT = "drivers/infiniband/ulp/srpt/ib_srpt.c"
_SBP = "drivers/target/sbp/sbp_target.c"

_PROT_TYPES = (
    ("0", "none"),
    ("1", "guard, application and reference tag"),
    ("3", "guard and application tag"),
)
_PROT_TEXT = (
    "Protection information (T10 PI) offered to initiators for storage objects that have none "
    "themselves. "
)
_DEMO_TEXT = (
    "Accept initiators without an ACL (demo mode); the kernel creates one for each. Only for "
    "closed networks and boot farms. "
)
_CACHE_TEXT = "Keep the ACLs of initiators in demo mode after they log out. "
_DEMO_RO_TEXT = (
    "Make every LUN read-only for initiators in demo mode. Turn it off only if every host that can "
    "reach the target may write. "
)
_PROD_RO_TEXT = (
    "Make newly mapped LUNs read-only for initiators with an ACL. Turn it on for exports that must "
    "not be written; it does not affect existing mappings."
)

TPG_ATTRIBUTES = (
    Attribute(
        "authentication",
        Kind.BOOL,
        "Require CHAP at login. Turn it off only if the network itself keeps strangers out; the "
        "kernel then adds None to AuthMethod, and removes it again with 1.",
        default="1",
        fabrics=_ISCSI,
        source=_TPG,
    ),
    Attribute(
        "cache_dynamic_acls",
        Kind.BOOL,
        _CACHE_TEXT + "The kernel sets it together with generate_node_acls, and keeps 1 while that "
        "is on; setting generate_node_acls=0 sets 0 here too.",
        default="0",
        fabrics=_ISCSI,
        source=_TPG,
    ),
    Attribute(
        "cache_dynamic_acls",
        Kind.BOOL,
        _CACHE_TEXT + "Turn it off when many initiators come and go.",
        default="1",
        fabrics=_FIBRE,
        source=_FIBRE_SOURCE,
    ),
    Attribute(
        "default_cmdsn_depth",
        Kind.NUMBER,
        "Commands that an initiator may have in flight, inherited by new ACLs (cmdsn_depth). Raise "
        "it for fast storage and busy hypervisors.",
        unit="commands",
        low=1,
        high=512,
        default="64",
        fabrics=_ISCSI,
        source=_TPG,
    ),
    Attribute(
        "default_erl",
        Kind.CHOICE,
        "Error recovery level that new ACLs inherit. Leave it 0 unless the initiator supports and "
        "needs more; almost none does.",
        choices=(
            ("0", "the session is restarted"),
            ("1", "lost PDUs are sent again"),
            ("2", "a new connection replaces a lost one"),
        ),
        default="0",
        fabrics=_ISCSI,
        source="RFC 7143 13.20; " + _TPG,
    ),
    Attribute(
        "demo_mode_discovery",
        Kind.BOOL,
        "Show the target in discovery to initiators without an ACL. Turn it off to hide it from "
        "them; demo mode shows it anyway.",
        default="1",
        fabrics=_ISCSI,
        source="drivers/target/iscsi/iscsi_target.c",
    ),
    Attribute(
        "demo_mode_login_only",
        Kind.BOOL,
        "Let initiators in demo mode log in without access to LUNs. Turn it off to give them all "
        "LUNs.",
        default="1",
        fabrics=_FIBRE,
        source=_FIBRE_SOURCE,
    ),
    Attribute(
        "demo_mode_write_protect",
        Kind.BOOL,
        _DEMO_RO_TEXT + "It applies to sessions that begin after the change.",
        default="1",
        fabrics=(*_ISCSI, *_FIBRE),
        source="drivers/target/target_core_tpg.c",
    ),
    Attribute(
        "fabric_prot_type",
        Kind.CHOICE,
        _PROT_TEXT + "On iSCSI it applies only with t10_pi and iSER.",
        choices=_PROT_TYPES,
        default="0",
        fabrics=("iscsi", "loopback", "vhost"),
        source=_TPG + ", drivers/target/loopback/tcm_loop.c, drivers/vhost/scsi.c",
    ),
    Attribute(
        "generate_node_acls",
        Kind.BOOL,
        _DEMO_TEXT + "It turns cache_dynamic_acls on, and CHAP then uses the credentials of the "
        "TPG.",
        default="0",
        fabrics=_ISCSI,
        source=_TPG,
    ),
    Attribute(
        "generate_node_acls",
        Kind.BOOL,
        _DEMO_TEXT + "It is on for a new TPG of these fabrics: turn it off once ACLs exist.",
        default="1",
        fabrics=_FIBRE,
        source=_FIBRE_SOURCE,
    ),
    Attribute(
        "jam_host",
        Kind.BOOL,
        "Drop commands on purpose, to test initiators. Only kernels built for debugging have it.",
        default="0",
        fabrics=("qla2xxx",),
        source="drivers/scsi/qla2xxx/tcm_qla2xxx.c",
    ),
    Attribute(
        "login_keys_workaround",
        Kind.BOOL,
        "Tolerate initiators that leave login keys unanswered, as some boot ROMs do. Turn it off "
        "only for an initiator that has problems with it.",
        default="1",
        fabrics=_ISCSI,
        source="drivers/target/iscsi/iscsi_target_parameters.c",
    ),
    Attribute(
        "login_timeout",
        Kind.NUMBER,
        "Time limit of a login. Kept for old configurations: the kernel shows it and always waits "
        "15 seconds.",
        unit="seconds",
        low=5,
        high=30,
        default="15",
        fabrics=_ISCSI,
        source=_TPG + ", drivers/target/iscsi/iscsi_target_login.c",
    ),
    Attribute(
        "max_logins_per_lun",
        Kind.NUMBER,
        "Initiators that may use a LUN at once. Raise it only for clusters that can share the LUN "
        "safely.",
        unit="logins",
        low=1,
        high=127,
        default="1",
        fabrics=("sbp",),
        source=_SBP,
    ),
    Attribute(
        "max_reconnect_timeout",
        Kind.NUMBER,
        "How long an initiator may take to reconnect after a bus reset. Raise it for slow ones.",
        unit="seconds",
        low=1,
        high=32767,
        default="5",
        fabrics=("sbp",),
        source=_SBP,
    ),
    Attribute(
        "mgt_orb_timeout",
        Kind.NUMBER,
        "How long an initiator should wait for a management request. Raise it when logins time "
        "out.",
        unit="half seconds",
        low=1,
        high=127,
        default="15",
        fabrics=("sbp",),
        source=_SBP,
    ),
    Attribute(
        "netif_timeout",
        Kind.NUMBER,
        "How long a network interface may be down. Kept for old configurations: the kernel shows "
        "it and does not use it.",
        unit="seconds",
        low=2,
        high=15,
        default="2",
        until="6.6",
        fabrics=_ISCSI,
        source=_TPG,
    ),
    Attribute(
        "prod_mode_write_protect",
        Kind.BOOL,
        _PROD_RO_TEXT,
        default="0",
        fabrics=(*_ISCSI, *_FIBRE),
        source="drivers/target/target_core_fabric_configfs.c",
    ),
    Attribute(
        "session_deletion_wait",
        Kind.BOOL,
        "Wait for the end of a session before its logout is answered. Turn it off when logouts "
        "hang.",
        default="1",
        fabrics=("efct",),
        source="drivers/scsi/elx/efct/efct_lio.c",
    ),
    Attribute(
        "srp_max_rdma_size",
        Kind.NUMBER,
        "Longest single RDMA transfer. Raise it for large sequential transfers.",
        unit="bytes",
        low=65536,
        high=16777216,
        default="65536",
        fabrics=("srpt",),
        source=_SRPT,
    ),
    Attribute(
        "srp_max_rsp_size",
        Kind.NUMBER,
        "Longest response, including sense data. Raise it when initiators lack sense data.",
        unit="bytes",
        low=40,
        high=1024,
        default="256",
        fabrics=("srpt",),
        source=_SRPT,
    ),
    Attribute(
        "srp_sq_size",
        Kind.NUMBER,
        "Entries in the send queue of a connection. Raise it for many concurrent commands, within "
        "the limit of the adapter.",
        unit="entries",
        low=4,
        high=65535,
        default="4096",
        fabrics=("srpt",),
        source=_SRPT,
    ),
    Attribute(
        "t10_pi",
        Kind.BOOL,
        "Offer protection information (T10 PI) to iSER initiators. Turn it on when the adapter "
        "and the initiator support it; TCP never does.",
        default="0",
        fabrics=_ISCSI,
        source="drivers/infiniband/ulp/isert/ib_isert.c",
    ),
    Attribute(
        "tpg_enabled_sendtargets",
        Kind.BOOL,
        "Hide the TPG in discovery while it is disabled. Turn it off only for initiators that must "
        "find it before it is enabled.",
        default="1",
        fabrics=_ISCSI,
        source="drivers/target/iscsi/iscsi_target.c",
    ),
    Attribute(
        "use_srq",
        Kind.BOOL,
        "Share one receive queue among all connections, which saves memory with many initiators. A "
        "change logs all initiators out.",
        default="0",
        fabrics=("srpt",),
        source=_SRPT,
    ),
)

TPG = (
    Attribute(
        "address",
        Kind.STRING,
        "Address of the LUNs of the TPG on this host: HOST:CHANNEL:TARGET. lsscsi lists the disks "
        "below it.",
        fabrics=("loopback",),
        writable=False,
        source="drivers/target/loopback/tcm_loop.c",
    ),
    Attribute(
        "directory_id",
        Kind.STRING,
        "Identifier of the unit directory in the configuration ROM: up to 24 bits in hexadecimal, "
        "or implementation. Set it when an initiator identifies targets by it.",
        high=16,
        default="implementation",
        fabrics=("sbp",),
        source=_SBP,
    ),
    Attribute(
        "dynamic_sessions",
        Kind.STRING,
        "The initiators that are logged in without an ACL (demo mode). Create ACLs for those that "
        "may stay before you set generate_node_acls=0.",
        fabrics=(*_ISCSI, "qla2xxx"),
        writable=False,
        source="drivers/target/target_core_transport.c, target_show_dynamic_sessions",
    ),
    Attribute(
        "fabric_prot_type",
        Kind.CHOICE,
        _PROT_TEXT + "Choose one only when the adapter supports it.",
        choices=_PROT_TYPES,
        default="0",
        fabrics=("qla2xxx",),
        source="drivers/scsi/qla2xxx/tcm_qla2xxx.c",
    ),
    Attribute(
        "nexus",
        Kind.STRING,
        "Name of the initiator that the TPG serves: this host, or a guest. A new TPG gets one; it "
        "can be changed while the TPG has no LUNs.",
        high=255,
        fabrics=_NEXUS,
        source="drivers/target/loopback/tcm_loop.c, drivers/vhost/scsi.c, "
        "drivers/xen/xen-scsiback.c",
    ),
    Attribute(
        "rtpi",
        Kind.NUMBER,
        "Relative target port identifier, by which initiators and persistent reservations "
        "distinguish ports. A TPG gets the lowest free one when it is enabled, or, if it cannot be "
        "(loopback, vhost, tcm_fc), the highest one when it is created. Set it if it must be the "
        "same on every node of a cluster: only a number that was set is saved.",
        low=1,
        high=65535,
        choices=(("0", "the kernel chooses"),),
        live=False,
        fixed="the TPG is enabled",
        since="6.4",
        source="drivers/target/target_core_fabric_configfs.c",
    ),
    Attribute(
        "transport_status",
        Kind.CHOICE,
        "Whether the disks of the TPG respond to this host. Set offline to test how a program "
        "handles the loss of its disks.",
        choices=(("online", "they respond"), ("offline", "every command fails")),
        default="online",
        fabrics=("loopback",),
        source="drivers/target/loopback/tcm_loop.c",
    ),
)


def tpg_attribute(name: str, fabric: str = "iscsi") -> Attribute | None:
    """Return an attribute of the TPGs of a fabric; None if the table has no such row."""
    return _find(TPG_ATTRIBUTES, name, fabric)


def tpg_attributes(fabric: str = "iscsi") -> tuple[Attribute, ...]:
    """Return the attributes of the TPGs of a fabric."""
    return tuple(row for row in TPG_ATTRIBUTES if fabric in row.fabrics)


def tpg(name: str, fabric: str = "iscsi") -> Attribute | None:
    """Return a setting in the directory of a TPG; None if the table has no such row."""
    return _find(TPG, name, fabric)


def _find(rows: tuple[Attribute, ...], name: str, fabric: str) -> Attribute | None:
    found = (row for row in rows if row.name == name)
    return next((row for row in found if not row.fabrics or fabric in row.fabrics), None)
