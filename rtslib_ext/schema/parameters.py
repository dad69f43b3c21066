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
    "Markers in the data stream, which RFC 7143 removed. The kernel stores the value and declines "
    "markers at every login: leave it unchanged."
)

TPG_PARAMETERS = (
    Attribute(
        "AuthMethod",
        Kind.CHOICE,
        "Authentication methods offered to initiators. Set the attribute authentication instead: "
        "it keeps this value consistent, without which the kernel is not safe.",
        choices=(
            ("CHAP", "user name and secret"),
            ("None", "no authentication"),
            ("KRB5", "accepted, not implemented"),
            ("SPKM1", "accepted, not implemented"),
            ("SPKM2", "accepted, not implemented"),
            ("SRP", "accepted, not implemented"),
        ),
        default="CHAP",
        fabrics=_ISCSI,
        many=True,
        source="RFC 7143 12.1; " + _KEYS,
    ),
    Attribute(
        "DataDigest",
        Kind.CHOICE,
        "Checksums of data. Set CRC32C alone to require them on networks that may corrupt data, "
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
        "Keep the PDUs of a sequence in the order of their offsets. Leave it Yes, except to test "
        "how an initiator handles other orders.",
        default="Yes",
        fabrics=_ISCSI,
        source="RFC 7143 13.18; " + _KEYS,
    ),
    Attribute(
        "DataSequenceInOrder",
        Kind.YESNO,
        "Keep the sequences of a transfer in the order of their offsets. Leave it Yes, except to "
        "test how an initiator handles other orders.",
        default="Yes",
        fabrics=_ISCSI,
        source="RFC 7143 13.19; " + _KEYS,
    ),
    Attribute(
        "DefaultTime2Retain",
        Kind.NUMBER,
        "How long a session that lost its connections is kept so that the initiator can reconnect; "
        "the smaller value of both sides applies. Lower it to end the sessions of dead hosts "
        "sooner.",
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
        "How long an initiator waits before it reconnects; the larger value of both sides applies. "
        "Lower it to reconnect sooner, raise it to avoid storms of logins.",
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
        "Highest error recovery level offered. At login the kernel replaces it with default_erl of "
        "the ACL: set that instead.",
        choices=(
            ("0", "the session is restarted"),
            ("1", "lost PDUs are sent again"),
            ("2", "a new connection replaces a lost one"),
        ),
        default="0",
        fabrics=_ISCSI,
        source="RFC 7143 13.20; drivers/target/iscsi/iscsi_target_login.c",
    ),
    Attribute(
        "FirstBurstLength",
        Kind.NUMBER,
        "Data that an initiator may send with a write before the target requests it. Raise it to "
        "save round trips on small writes; at login it is limited to MaxBurstLength.",
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
        "Checksums of headers. Set CRC32C alone to require them on networks that may corrupt data, "
        "None alone to save processor time.",
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
        "Let initiators send the first data of a write together with the command. Leave it Yes: it "
        "saves a round trip on small writes.",
        default="Yes",
        fabrics=_ISCSI,
        source="RFC 7143 13.11; " + _KEYS,
    ),
    Attribute(
        "InitialR2T",
        Kind.YESNO,
        "Require initiators to wait for a request (R2T) before they send data beyond the immediate "
        "part. No saves a round trip on writes up to FirstBurstLength, if the initiator agrees.",
        default="Yes",
        fabrics=_ISCSI,
        source="RFC 7143 13.10; " + _KEYS,
    ),
    Attribute(
        "MaxBurstLength",
        Kind.NUMBER,
        "Longest sequence of data for one request of the target. Raise it for large sequential "
        "transfers; the smaller value of both sides applies.",
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
        "TCP connections that one session may have. Most initiators use only 1: give them several "
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
        "Requests for data (R2T) of one write that may be open at once. Raise it a little for "
        "links with high latency; the smaller value of both sides applies.",
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
        "Declared as the target's limit only to initiators that declare none of their own; all "
        "others get MaxXmitDataSegmentLength. Set that instead.",
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
        "Longest data segment that an initiator may send: despite its name, the target declares it "
        "as its MaxRecvDataSegmentLength. Raise it for large writes over fast networks, lower it "
        "to save memory.",
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
        "Readable name that initiators may show beside the name of the target. Set it to identify "
        "the machine or its purpose.",
        high=255,
        default="LIO Target",
        fabrics=_ISCSI,
        without=",",
        source="RFC 7143 13.6; " + _KEYS,
    ),
    Attribute(
        "alias",
        Kind.STRING,
        "Name under which Xen shows the port. Set it to distinguish ports in the configuration of "
        "the guest.",
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
        text=f"Value of {row.name} that the session of this initiator negotiated. To change it, "
        "set the parameter of the TPG and log the initiator in again.",
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
        "Processor that completes commands. Choose one, or the current one, when a profile shows "
        "that completions move between processors.",
        low=0,
        bound="the last online processor",
        choices=(
            ("-1", "the processor that received the command"),
            ("-2", "the current processor"),
        ),
        default="-1",
        source=_WWN,
    ),
    Attribute(
        "default_complete_type",
        Kind.NUMBER,
        "Meaning of complete_type 0 of a storage object on this fabric: 1 direct, 2 queued. Read "
        "it before changing complete_type.",
        writable=False,
        since="7.1",
        source=_WWN,
    ),
    Attribute(
        "default_submit_type",
        Kind.NUMBER,
        "Meaning of submit_type 0 of a storage object on this fabric: 1 direct, 2 queued. Read it "
        "before changing submit_type.",
        writable=False,
        since="6.7",
        source=_WWN,
    ),
    Attribute(
        "direct_complete_supported",
        Kind.BOOL,
        "Whether complete_type 1 of a storage object has an effect on this fabric. Read it before "
        "changing complete_type.",
        writable=False,
        since="7.1",
        source=_WWN,
    ),
    Attribute(
        "direct_submit_supported",
        Kind.BOOL,
        "Whether submit_type 1 of a storage object has an effect on this fabric. Read it before "
        "changing submit_type.",
        writable=False,
        since="6.7",
        source=_WWN,
    ),
)

_ACL = {row.name: row for row in ACL_PARAMETERS}
_TARGET = {row.name: row for row in TARGET_PARAMETERS}


def tpg_parameter(name: str, fabric: str = "iscsi") -> Attribute | None:
    """Return a parameter of the TPGs of a fabric; None if the table has no such row."""
    rows = (row for row in TPG_PARAMETERS if row.name == name)
    return next((row for row in rows if fabric in row.fabrics), None)


def acl_parameter(name: str) -> Attribute | None:
    """Return a parameter of an ACL; None if the table has no such row."""
    return _ACL.get(name)


def target_parameter(name: str) -> Attribute | None:
    """Return a parameter of a target; None if the table has no such row."""
    return _TARGET.get(name)
