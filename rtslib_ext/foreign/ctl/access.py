# SPDX-License-Identifier: Apache-2.0
"""The groups of ctl.conf: initiators, users, and the addresses on which targets listen."""

from __future__ import annotations

import re

from ... import naming
from ...fast_dataclasses import dataclass, field
from ..builder import Builder
from ..imported import Place
from ..statements import Statement
from ..words import shown

_TYPES = ("none", "deny", "chap", "chap-mutual")
_BRACKETS = re.compile(r"\[([^\]]*)\](?::(.*))?")


User = tuple[Place, str, str | None, str | None, str | None]


@dataclass(slots=True)
class AuthGroup:
    """The initiators that may log in, by name or address, and the users for CHAP.

    ``kind`` is none, deny, chap or chap-mutual; "" as long as neither a type nor a user is given.
    ``users`` are (place, user, secret, mutual user, mutual secret); a secret is None if the file
    hides it.
    """

    name: str
    kind: str = ""
    users: list[User] = field(default_factory=list)
    initiators: list[tuple[Place, str]] = field(default_factory=list)
    addresses: list[tuple[Place, str]] = field(default_factory=list)

    @property
    def denies(self) -> bool:
        """Return True if no initiator may log in."""
        return self.kind in ("", "deny") or (self.kind != "none" and not self.users)

    @property
    def needs_login(self) -> bool:
        """Return True if CHAP is required."""
        return bool(self.users)


@dataclass(slots=True)
class PortalGroup:
    """Addresses to listen on: ``portals`` are (place, address, port, iSER); its ``tag`` of TPG.

    ``at`` is None if the file does not describe it: then it is all addresses.
    """

    name: str
    portals: list[tuple[Place, str, int, bool]] = field(default_factory=list)
    tag: int | None = None
    auth_group: str = "default"
    is_foreign: bool = False
    offload: bool = False
    filter: str = "none"
    at: Place | None = None


AUTH_KEYS = ("auth-type", "chap", "chap-mutual", "initiator-name", "initiator-portal")


def auth_group(builder: Builder, block: Statement) -> AuthGroup:
    """Return an auth-group. Raises ParseError."""
    group = AuthGroup(block.name)
    for one in block.body or ():
        add_auth(builder, group, one)
    return group


def add_auth(builder: Builder, group: AuthGroup, one: Statement) -> None:
    """Add a statement of an auth-group, or of a target with rules of its own. Raises ParseError."""
    at = Place(builder.source.path, one.line)
    match one.key:
        case "auth-type":
            if one.name not in _TYPES:
                known = ", ".join(_TYPES)
                raise builder.source.wrong(one.line, f"expected one of {known} after auth-type")
            group.kind = one.name
        case "chap" | "chap-mutual":
            if group.users and group.kind != one.key:
                text = "expected chap or chap-mutual entries in one group, not both"
                raise builder.source.wrong(one.line, text)
            group.kind = one.key
            user, secret, *mutual = one.words[1:]
            back = mutual if mutual else (None, None)
            group.users.append((at, user, _known(secret), back[0], _known(back[1])))
        case "initiator-name":
            group.initiators.append((at, one.name))
        case "initiator-portal":
            group.addresses.append((at, one.name))
        case "host-nqn" | "host-address":
            builder.lost(at, f"{one.key} is left out: LIO has no NVMe")
        case _:
            builder.unknown(at, one.key)
    if one.key.startswith("initiator-") and group.kind == "":
        # ctld: without a type, names and addresses alone decide, without CHAP.
        group.kind = "none"


def _known(secret: str | None) -> str | None:
    """Return a secret; None for the word in its place in the ctl.conf.shadow of TrueNAS."""
    return None if secret == "REDACTED" else secret


def portal_group(builder: Builder, block: Statement) -> PortalGroup:
    """Return a portal-group. Raises ParseError."""
    group = PortalGroup(block.name, at=Place(builder.source.path, block.line))
    for one in block.body or ():
        _add_portal(builder, group, one)
    return group


def _add_portal(builder: Builder, group: PortalGroup, one: Statement) -> None:
    at = Place(builder.source.path, one.line)
    match one.key:
        case "listen" | "listen-iser":
            address, port = _address(builder, one)
            group.portals.append((at, address, port, one.key == "listen-iser"))
        case "discovery-auth-group":
            group.auth_group = one.name
        case "discovery-filter":
            group.filter = one.name
        case "foreign":
            group.is_foreign = True
        case "tag":
            group.tag = number(builder, one)
        case "offload":
            group.offload = one.name == "cxgbei"
            if not group.offload:
                builder.lost(at, f"offload {one.name} is lost: LIO has cxgbit alone")
        case "redirect":
            builder.lost(at, "redirect is lost: LIO does not redirect logins")
        case "option":
            builder.note(at, f"option {shown(one.name, '')} has no effect in LIO")
        case "dscp" | "pcp":
            builder.note(at, f"{one.key} has no effect in LIO", "mark packets with nft instead")
        case _:
            builder.unknown(at, one.key)


def _address(builder: Builder, one: Statement) -> tuple[str, int]:
    """Return address and port as ctld splits them."""
    text = one.name
    found = _BRACKETS.fullmatch(text)
    if found:
        address, port = found[1], found[2]
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
    else:
        address, port = text, None
    if port in (None, ""):
        return address, naming.ISCSI_PORT
    if not re.fullmatch(r"[0-9]{1,5}", port or "") or not 0 < int(port or 0) < 65536:
        raise builder.source.wrong(one.line, f"expected a port from 1 to 65535 in {text}")
    return address, int(port or 0)


_SIZE = re.compile(r"(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})([bkmgtpeBKMGTPE]?)")
_POWERS = {letter: power for power, letter in enumerate("bkmgtpe")}


def number(builder: Builder, one: Statement) -> int:
    """Return a number as expand_number(3) reads it: 64k are 65536. Raises ParseError."""
    found = _SIZE.fullmatch(one.name)
    if found is None:
        raise builder.source.wrong(one.line, f"expected a number after {one.key}")
    digits, suffix = found.groups()
    octal = len(digits) > 1 and digits.startswith("0") and digits.isdecimal()
    try:
        value = int(digits, 8) if octal else int(digits, 0)
    except ValueError:
        raise builder.source.wrong(one.line, f"expected a number after {one.key}") from None
    return value << 10 * _POWERS[suffix.lower() or "b"]
