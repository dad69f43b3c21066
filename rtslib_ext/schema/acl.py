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
        "Whether this initiator must use CHAP, which overrides its TPG. Set 0 for an initiator "
        "that cannot, 1 to protect one ACL of an open TPG.",
        choices=(("-1", "same as the TPG"), ("0", "no CHAP"), ("1", "CHAP required")),
        default="-1",
        fabrics=_ISCSI,
        source=_CONFIGFS,
    ),
    Attribute(
        "dataout_timeout",
        Kind.NUMBER,
        "How long the target waits for write data before it requests the data again or closes the "
        "connection. Raise it for slow or lossy networks.",
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
        "How often the target waits for write data before it closes the connection. It applies "
        "only with a default_erl of 1 or 2.",
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
        "Error recovery level offered to this initiator; a new ACL inherits it from its TPG. Leave "
        "it 0 unless the initiator supports and needs more.",
        choices=(
            ("0", "the session is restarted"),
            ("1", "lost PDUs are sent again"),
            ("2", "a new connection replaces a lost one"),
        ),
        fabrics=_ISCSI,
        source="RFC 7143 13.20; " + _NODE,
    ),
    Attribute(
        "nopin_response_timeout",
        Kind.NUMBER,
        "How long an initiator may take to answer a ping before its connection is closed. Raise it "
        "for overloaded hosts, lower it to detect dead ones sooner.",
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
        "How long a connection may be idle before the target pings the initiator. Lower it to "
        "detect dead hosts sooner.",
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
        "Request the data of a write in random order. Only for testing initiators, with "
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
        "Commands that this initiator may have in flight; a new ACL inherits it from "
        "default_cmdsn_depth. Raise it for busy hypervisors. A change closes the sessions of the "
        "initiator.",
        unit="commands",
        low=1,
        high=512,
        fabrics=_ISCSI,
        source=_CONFIGFS + ", drivers/target/target_core_tpg.c",
    ),
    Attribute(
        "info",
        Kind.STRING,
        "The session of this initiator, as reported by the kernel. The command sessions lists all "
        "sessions.",
        fabrics=_ISCSI,
        writable=False,
        source=_CONFIGFS,
    ),
    Attribute(
        "tag",
        Kind.STRING,
        "Name that groups ACLs; the kernel does not use it. Give several initiators the same tag "
        "to change them together; NULL removes it.",
        high=63,
        default="",
        source="drivers/target/target_core_tpg.c",
    ),
)

AUTH = (
    Attribute(
        "authenticate_target",
        Kind.BOOL,
        "Whether the target authenticates to initiators too (mutual CHAP). On when both mutual "
        "credentials are set.",
        default="0",
        fabrics=_ISCSI,
        writable=False,
        source=_CONFIGFS,
    ),
    Attribute(
        "enforce_discovery_auth",
        Kind.BOOL,
        "Require CHAP for discovery too. Turn it on where the names of targets are confidential, "
        "together with a user name and a password; it exists only for the discovery credentials.",
        default="0",
        fabrics=_ISCSI,
        source=_CONFIGFS,
    ),
    Attribute(
        "password",
        Kind.STRING,
        "Secret with which the initiator authenticates; initiators on Windows require 12 to 16 "
        "characters. " + _CHAP_TEXT,
        high=255,
        default="",
        fabrics=_ISCSI,
        source="RFC 7143 12.1.3; " + _CONFIGFS,
    ),
    Attribute(
        "password_mutual",
        Kind.STRING,
        "Secret with which the target authenticates; it must differ from password. " + _CHAP_TEXT,
        high=255,
        default="",
        fabrics=_ISCSI,
        source="RFC 7143 12.1.3; " + _CONFIGFS,
    ),
    Attribute(
        "userid",
        Kind.STRING,
        "User name that the initiator sends with its secret. " + _CHAP_TEXT,
        high=255,
        default="",
        fabrics=_ISCSI,
        source="RFC 7143 12.1.3; " + _CONFIGFS,
    ),
    Attribute(
        "userid_mutual",
        Kind.STRING,
        "User name that the target sends with its own secret (mutual CHAP). " + _CHAP_TEXT,
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
    """Return an attribute of an ACL; None if the table has no such row."""
    return _ATTRIBUTES.get(name)


def acl(name: str) -> Attribute | None:
    """Return a setting in the directory of an ACL; None if the table has no such row."""
    return _ACL.get(name)


def auth(name: str) -> Attribute | None:
    """Return a setting in an auth or discovery_auth directory; None if there is no such row."""
    return _AUTH.get(name)
