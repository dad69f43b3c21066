# SPDX-License-Identifier: Apache-2.0
"""The attributes of node ACLs, their other settings, and the CHAP credentials."""

from __future__ import annotations

from .attribute import Attribute, Kind

_ISCSI = ("iscsi",)
_NODE = "drivers/target/iscsi/iscsi_target_nodeattrib.c"
_CONFIGFS = "drivers/target/iscsi/iscsi_target_configfs.c"
_CHAP_TEXT = "At most 255 bytes; must not begin with NULL."

ACL_ATTRIBUTES = (
    Attribute(
        "authentication",
        Kind.CHOICE,
        "Whether this initiator must use CHAP, whatever its TPG says. Set 0 for one that cannot, "
        "1 to protect one ACL of an open TPG.",
        choices=(("-1", "as the TPG says"), ("0", "no CHAP"), ("1", "CHAP required")),
        default="-1",
        fabrics=_ISCSI,
        source=_CONFIGFS,
    ),
    Attribute(
        "dataout_timeout",
        Kind.NUMBER,
        "How long the target waits for write data it asked for before it asks again or gives the "
        "connection up. Raise it for slow or lossy lines.",
        unit="seconds",
        low=2,
        high=60,
        default="3",
        fabrics=_ISCSI,
        source=_NODE,
    ),
    Attribute(
        "dataout_timeout_retries",
        Kind.NUMBER,
        "How often write data is waited for before the connection is given up. It counts only "
        "with a default_erl of 1 or 2.",
        unit="times",
        low=1,
        high=15,
        default="5",
        fabrics=_ISCSI,
        source=_NODE + ", drivers/target/iscsi/iscsi_target_erl1.c",
    ),
    Attribute(
        "default_erl",
        Kind.CHOICE,
        "Error recovery level offered to this initiator; a new ACL takes it from its TPG. Leave "
        "it 0 unless the initiator supports and needs more.",
        choices=(
            ("0", "the session starts again"),
            ("1", "lost PDUs are sent again"),
            ("2", "a lost connection is taken over"),
        ),
        fabrics=_ISCSI,
        source="RFC 7143 13.20; " + _NODE,
    ),
    Attribute(
        "nopin_response_timeout",
        Kind.NUMBER,
        "How long an initiator may take to answer a ping before its connection is closed. Raise "
        "it for overloaded hosts, lower it to notice dead ones sooner.",
        unit="seconds",
        low=3,
        high=60,
        default="30",
        fabrics=_ISCSI,
        source=_NODE,
    ),
    Attribute(
        "nopin_timeout",
        Kind.NUMBER,
        "How long a connection may be silent before the target pings the initiator. Lower it to "
        "notice dead hosts sooner.",
        unit="seconds",
        low=3,
        high=60,
        choices=(("0", "no pings"),),
        default="15",
        fabrics=_ISCSI,
        source=_NODE,
    ),
    Attribute(
        "random_datain_pdu_offsets",
        Kind.BOOL,
        "Send the PDUs of a read in random order. Only for testing initiators, with "
        "DataPDUInOrder set to No.",
        default="0",
        fabrics=_ISCSI,
        source=_NODE,
    ),
    Attribute(
        "random_datain_seq_offsets",
        Kind.BOOL,
        "Send the sequences of a read in random order. Only for testing initiators, with "
        "DataSequenceInOrder set to No.",
        default="0",
        fabrics=_ISCSI,
        source=_NODE,
    ),
    Attribute(
        "random_r2t_offsets",
        Kind.BOOL,
        "Ask for the data of a write in random order. Only for testing initiators, with "
        "DataSequenceInOrder set to No.",
        default="0",
        fabrics=_ISCSI,
        source=_NODE,
    ),
)

ACL = (
    Attribute(
        "cmdsn_depth",
        Kind.NUMBER,
        "Commands this initiator may have in flight; a new ACL takes it from "
        "default_cmdsn_depth. Raise it for busy hypervisors. A change closes the initiator's "
        "sessions.",
        unit="commands",
        low=1,
        high=512,
        fabrics=_ISCSI,
        source=_CONFIGFS + ", drivers/target/target_core_tpg.c",
    ),
    Attribute(
        "info",
        Kind.STRING,
        "The session of this initiator, as the kernel tells it. The command sessions tells all.",
        fabrics=_ISCSI,
        writable=False,
        source=_CONFIGFS,
    ),
    Attribute(
        "tag",
        Kind.STRING,
        "Name that groups ACLs; the kernel does nothing with it. Give several initiators the "
        "same one to set them together; NULL takes it away.",
        high=63,
        default="",
        source="drivers/target/target_core_tpg.c",
    ),
)

AUTH = (
    Attribute(
        "authenticate_target",
        Kind.BOOL,
        "Whether the target proves itself to initiators too (mutual CHAP). On as soon as both "
        "mutual credentials are set.",
        default="0",
        fabrics=_ISCSI,
        writable=False,
        source=_CONFIGFS,
    ),
    Attribute(
        "enforce_discovery_auth",
        Kind.BOOL,
        "Require CHAP for discovery too. Turn it on where the names of targets are not for "
        "everybody; only the discovery credentials have it.",
        default="0",
        fabrics=_ISCSI,
        source=_CONFIGFS,
    ),
    Attribute(
        "password",
        Kind.STRING,
        "Secret the initiator proves it knows; some initiators want 12 to 16 characters. "
        + _CHAP_TEXT,
        high=255,
        default="",
        fabrics=_ISCSI,
        source="RFC 7143 12.1.3; " + _CONFIGFS,
    ),
    Attribute(
        "password_mutual",
        Kind.STRING,
        "Secret with which the target proves itself; it must differ from password. " + _CHAP_TEXT,
        high=255,
        default="",
        fabrics=_ISCSI,
        source="RFC 7143 12.1.3; " + _CONFIGFS,
    ),
    Attribute(
        "userid",
        Kind.STRING,
        "Name the initiator gives with its secret. " + _CHAP_TEXT,
        high=255,
        default="",
        fabrics=_ISCSI,
        source="RFC 7143 12.1.3; " + _CONFIGFS,
    ),
    Attribute(
        "userid_mutual",
        Kind.STRING,
        "Name the target gives with its own secret (mutual CHAP). " + _CHAP_TEXT,
        high=255,
        default="",
        fabrics=_ISCSI,
        source="RFC 7143 12.1.3; " + _CONFIGFS,
    ),
)

_ATTRIBUTES = {row.name: row for row in ACL_ATTRIBUTES}
_ACL = {row.name: row for row in ACL}
_AUTH = {row.name: row for row in AUTH}


def acl_attribute(name: str) -> Attribute | None:
    """Find an attribute of an ACL."""
    return _ATTRIBUTES.get(name)


def acl(name: str) -> Attribute | None:
    """Find a file of the ACL's own folder that holds a setting."""
    return _ACL.get(name)


def auth(name: str) -> Attribute | None:
    """Find a file of the auth folder of a TPG or ACL, or of discovery_auth."""
    return _AUTH.get(name)
