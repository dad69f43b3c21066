# SPDX-License-Identifier: Apache-2.0
"""The parameters of TPGs and ACLs (the keys of RFC 7143) and of targets."""

from __future__ import annotations

from ..fast_dataclasses import replace
from .attribute import Attribute, Kind

_ISCSI = ("iscsi",)
_KEYS = "drivers/target/iscsi/iscsi_target_parameters.c"
_WWN = "drivers/target/target_core_fabric_configfs.c"
_DIGESTS = (("CRC32C", "a checksum with every PDU"), ("None", "no checksum"))
_LONGEST = 16777215
_MARKER_TEXT = (
    "Markers in the data stream, which RFC 7143 dropped. The kernel keeps the value and turns "
    "markers down at every login: leave it alone."
)

TPG_PARAMETERS = (
    Attribute(
        "AuthMethod",
        Kind.CHOICE,
        "How initiators may prove who they are. Set the attribute authentication instead: it "
        "keeps this in step, and None alone here confuses the kernel (it writes out of bounds) "
        "when authentication is turned on again.",
        choices=(
            ("CHAP", "user name and secret"),
            ("None", "no proof"),
            ("KRB5", "taken, not implemented"),
            ("SPKM1", "taken, not implemented"),
            ("SPKM2", "taken, not implemented"),
            ("SRP", "taken, not implemented"),
        ),
        default="CHAP",
        fabrics=_ISCSI,
        many=True,
        source="RFC 7143 12.1; " + _KEYS,
    ),
    Attribute(
        "DataDigest",
        Kind.CHOICE,
        "Checksums over data. Put CRC32C alone to require them on networks that may damage data, "
        "None alone to save processor time.",
        choices=_DIGESTS,
        default="CRC32C,None",
        fabrics=_ISCSI,
        many=True,
        source="RFC 7143 13.1; " + _KEYS,
    ),
    Attribute(
        "DataPDUInOrder",
        Kind.YESNO,
        "Keep the PDUs of a sequence in the order of their offsets. Leave it Yes unless an "
        "initiator is tested for disorder.",
        default="Yes",
        fabrics=_ISCSI,
        source="RFC 7143 13.18; " + _KEYS,
    ),
    Attribute(
        "DataSequenceInOrder",
        Kind.YESNO,
        "Keep the sequences of a transfer in the order of their offsets. Leave it Yes unless an "
        "initiator is tested for disorder.",
        default="Yes",
        fabrics=_ISCSI,
        source="RFC 7143 13.19; " + _KEYS,
    ),
    Attribute(
        "DefaultTime2Retain",
        Kind.NUMBER,
        "How long a session that lost its connections is kept for its initiator's return; the "
        "smaller offer of both sides counts. Lower it to be rid of dead hosts' sessions sooner.",
        unit="seconds",
        low=0,
        high=3600,
        default="20",
        fabrics=_ISCSI,
        source="RFC 7143 13.16; " + _KEYS,
    ),
    Attribute(
        "DefaultTime2Wait",
        Kind.NUMBER,
        "How long an initiator waits before it connects again; the larger offer of both sides "
        "counts. Lower it for a quick return, raise it against storms of logins.",
        unit="seconds",
        low=0,
        high=3600,
        default="2",
        fabrics=_ISCSI,
        source="RFC 7143 13.15; " + _KEYS,
    ),
    Attribute(
        "ErrorRecoveryLevel",
        Kind.CHOICE,
        "Highest error recovery level offered. At login the kernel puts default_erl of the ACL "
        "in its place: set that instead.",
        choices=(
            ("0", "the session starts again"),
            ("1", "lost PDUs are sent again"),
            ("2", "a lost connection is taken over"),
        ),
        default="0",
        fabrics=_ISCSI,
        source="RFC 7143 13.20; drivers/target/iscsi/iscsi_target_login.c",
    ),
    Attribute(
        "FirstBurstLength",
        Kind.NUMBER,
        "Data an initiator may send unasked with a write. Raise it to save round trips on small "
        "writes; at login it is cut to MaxBurstLength.",
        unit="bytes",
        low=512,
        high=_LONGEST,
        default="65536",
        fabrics=_ISCSI,
        source="RFC 7143 13.14; " + _KEYS,
    ),
    Attribute(
        "HeaderDigest",
        Kind.CHOICE,
        "Checksums over headers. Put CRC32C alone to require them on networks that may damage "
        "data, None alone to save processor time.",
        choices=_DIGESTS,
        default="CRC32C,None",
        fabrics=_ISCSI,
        many=True,
        source="RFC 7143 13.1; " + _KEYS,
    ),
    Attribute(
        "IFMarkInt",
        Kind.STRING,
        _MARKER_TEXT,
        high=255,
        default="Reject",
        fabrics=_ISCSI,
        without=",",
        source="RFC 7143 13.25; " + _KEYS,
    ),
    Attribute(
        "IFMarker",
        Kind.YESNO,
        _MARKER_TEXT,
        default="No",
        fabrics=_ISCSI,
        source="RFC 7143 13.25; " + _KEYS,
    ),
    Attribute(
        "ImmediateData",
        Kind.YESNO,
        "Let initiators put the first data of a write into its command. Leave it Yes: it saves a "
        "round trip on small writes.",
        default="Yes",
        fabrics=_ISCSI,
        source="RFC 7143 13.11; " + _KEYS,
    ),
    Attribute(
        "InitialR2T",
        Kind.YESNO,
        "Make initiators wait to be asked for data beyond the immediate part. No saves a round "
        "trip on writes up to FirstBurstLength, when the initiator agrees.",
        default="Yes",
        fabrics=_ISCSI,
        source="RFC 7143 13.10; " + _KEYS,
    ),
    Attribute(
        "MaxBurstLength",
        Kind.NUMBER,
        "Longest run of data between two requests of the target. Raise it for large sequential "
        "transfers; the smaller offer of both sides counts.",
        unit="bytes",
        low=512,
        high=_LONGEST,
        default="262144",
        fabrics=_ISCSI,
        source="RFC 7143 13.13; " + _KEYS,
    ),
    Attribute(
        "MaxConnections",
        Kind.NUMBER,
        "TCP connections one session may have. Most initiators use only 1: give them several "
        "sessions and multipath instead.",
        unit="connections",
        low=1,
        high=65535,
        default="1",
        fabrics=_ISCSI,
        source="RFC 7143 13.2; " + _KEYS,
    ),
    Attribute(
        "MaxOutstandingR2T",
        Kind.NUMBER,
        "Requests for data of one write the target may have open. Raise it a little for long "
        "lines; the smaller offer of both sides counts.",
        unit="requests",
        low=1,
        high=65535,
        default="1",
        fabrics=_ISCSI,
        source="RFC 7143 13.17; " + _KEYS,
    ),
    Attribute(
        "MaxRecvDataSegmentLength",
        Kind.NUMBER,
        "Told as the target's limit only to initiators that name no limit of their own; all "
        "others are told MaxXmitDataSegmentLength. Set that instead.",
        unit="bytes",
        low=512,
        high=_LONGEST,
        default="8192",
        fabrics=_ISCSI,
        source="RFC 7143 13.12; " + _KEYS,
    ),
    Attribute(
        "MaxXmitDataSegmentLength",
        Kind.NUMBER,
        "Longest data segment an initiator may send: despite its name the target declares it as "
        "its MaxRecvDataSegmentLength. Raise it for large writes over fast networks, lower it to "
        "save memory.",
        unit="bytes",
        low=512,
        high=_LONGEST,
        default="262144",
        fabrics=_ISCSI,
        source="LIO's own; " + _KEYS,
    ),
    Attribute(
        "OFMarkInt",
        Kind.STRING,
        _MARKER_TEXT,
        high=255,
        default="Reject",
        fabrics=_ISCSI,
        without=",",
        source="RFC 7143 13.25; " + _KEYS,
    ),
    Attribute(
        "OFMarker",
        Kind.YESNO,
        _MARKER_TEXT,
        default="No",
        fabrics=_ISCSI,
        source="RFC 7143 13.25; " + _KEYS,
    ),
    Attribute(
        "TargetAlias",
        Kind.STRING,
        "Name for people that initiators may show beside the target's. Set it to say which "
        "machine or use this is.",
        high=255,
        default="LIO Target",
        fabrics=_ISCSI,
        without=",",
        source="RFC 7143 13.6; " + _KEYS,
    ),
    Attribute(
        "alias",
        Kind.STRING,
        "Name under which Xen shows the port. Set it to tell ports apart in the guest's "
        "configuration.",
        high=31,
        fabrics=("xen-pvscsi",),
        source="drivers/xen/xen-scsiback.c",
    ),
)

_NEGOTIATED = (
    "DataPDUInOrder",
    "DataSequenceInOrder",
    "DefaultTime2Retain",
    "DefaultTime2Wait",
    "ErrorRecoveryLevel",
    "FirstBurstLength",
    "ImmediateData",
    "InitialR2T",
    "MaxBurstLength",
    "MaxConnections",
    "MaxOutstandingR2T",
)

ACL_PARAMETERS = tuple(
    replace(
        row,
        text=f"What this initiator's session agreed on for {row.name}. To change it, set the "
        "TPG's parameter and let the initiator log in again.",
        default="No Active iSCSI Session",
        writable=False,
        source="drivers/target/iscsi/iscsi_target_configfs.c",
    )
    for row in TPG_PARAMETERS
    if row.name in _NEGOTIATED
)

TARGET_PARAMETERS = (
    Attribute(
        "cmd_completion_affinity",
        Kind.NUMBER,
        "The processor that finishes commands. Pin it, or let the current one do it, when a "
        "profile shows that completions wander between processors.",
        low=0,
        bound="the last online processor",
        choices=(("-1", "the one the command came in on"), ("-2", "the current one")),
        default="-1",
        source=_WWN,
    ),
    Attribute(
        "default_complete_type",
        Kind.NUMBER,
        "What complete_type 0 of a storage object means for this fabric: 1 direct, 2 queued. "
        "Read it before changing that.",
        writable=False,
        since="7.1",
        source=_WWN,
    ),
    Attribute(
        "default_submit_type",
        Kind.NUMBER,
        "What submit_type 0 of a storage object means for this fabric: 1 direct, 2 queued. Read "
        "it before changing that.",
        writable=False,
        since="6.7",
        source=_WWN,
    ),
    Attribute(
        "direct_complete_supported",
        Kind.BOOL,
        "Whether complete_type 1 of a storage object has an effect on this fabric. Read it "
        "before changing that.",
        writable=False,
        since="7.1",
        source=_WWN,
    ),
    Attribute(
        "direct_submit_supported",
        Kind.BOOL,
        "Whether submit_type 1 of a storage object has an effect on this fabric. Read it before "
        "changing that.",
        writable=False,
        since="6.7",
        source=_WWN,
    ),
)

_ACL = {row.name: row for row in ACL_PARAMETERS}
_TARGET = {row.name: row for row in TARGET_PARAMETERS}


def tpg_parameter(name: str, fabric: str = "iscsi") -> Attribute | None:
    """Find a parameter of a fabric's TPGs."""
    rows = (row for row in TPG_PARAMETERS if row.name == name)
    return next((row for row in rows if fabric in row.fabrics), None)


def acl_parameter(name: str) -> Attribute | None:
    """Find a parameter of an ACL."""
    return _ACL.get(name)


def target_parameter(name: str) -> Attribute | None:
    """Find a parameter of a target."""
    return _TARGET.get(name)
