# SPDX-License-Identifier: Apache-2.0
"""The requests of a target to an iSNS server, and what their responses say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..fast_dataclasses import dataclass
from .entity import Entity, Node, Portal
from .messages import (
    Attribute,
    Function,
    Malformed,
    Message,
    Tag,
    address,
    as_address,
    as_number,
    as_text,
    number,
    packed,
    text,
)

_ISCSI = 2
_TARGET = 1
# A message that is longer than this is continued by another one, which adds to the entity.
_CHUNK_BYTES = 32768
# Section 6.4.4; its bits are numbered from the left. What happens to this target itself is
# reported, and that initiators come and go.
_OWN, _REMOVED, _ADDED, _UPDATED = 0x80, 0x10, 0x08, 0x04
SCN_EVENTS = _OWN | _REMOVED | _ADDED | _UPDATED


@dataclass(frozen=True, slots=True)
class Listening:
    """Where and how the server may reach this host.

    ``scn_port`` is the TCP port for state changes and status inquiries (0: none), ``esi_seconds``
    the interval of the latter (0: none).
    """

    scn_port: int = 0
    esi_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Registered:
    """What a server knows of an entity; ``period`` is the registration period, 0 if unknown."""

    names: frozenset[str]
    portals: frozenset[Portal]
    period: int = 0

    def has(self, entity: Entity) -> bool:
        """Return True if exactly the targets and portals of an entity are registered."""
        return self.names == set(entity.nodes) and self.portals == set(entity.portals)


def register(
    entity: Entity, source: str, period: int, listening: Listening
) -> Iterator[list[Attribute]]:
    """Yield the attributes of the DevAttrReg requests that register an entity (section 5.6.5.1).

    The first one has the entity and its portals. A target is put into no portal group at the
    portals where it does not listen: a server would otherwise assume group 1 there.
    """
    key = [(Tag.NAME, text(source)), (Tag.ENTITY, text(entity.name)), (Tag.DELIMITER, b"")]
    head: list[Attribute] = [
        *key,
        (Tag.ENTITY, text(entity.name)),
        (Tag.PROTOCOL, number(_ISCSI)),
        (Tag.PERIOD, number(period)),
    ]
    found = [*head, *_portals(entity.portals, listening)]
    size = len(packed(found))
    for node in entity.nodes.values():
        more = list(_node(node, entity.portals))
        size += len(packed(more))
        if size > _CHUNK_BYTES:
            yield found
            found, size = list(head), len(packed(head)) + len(packed(more))
        found += more
    yield found


def _portals(portals: Iterable[Portal], listening: Listening) -> Iterator[Attribute]:
    for place, port in portals:
        yield Tag.PORTAL_ADDRESS, address(place)
        yield Tag.PORTAL_PORT, number(port)
        if listening.scn_port:
            if listening.esi_seconds:
                yield Tag.ESI_INTERVAL, number(listening.esi_seconds)
                yield Tag.ESI_PORT, number(listening.scn_port)
            yield Tag.SCN_PORT, number(listening.scn_port)


def _node(node: Node, portals: Iterable[Portal]) -> Iterator[Attribute]:
    yield Tag.NAME, text(node.name)
    yield Tag.NODE_TYPE, number(_TARGET)
    by_tag: dict[int, list[Portal]] = {}
    for portal in portals:
        by_tag.setdefault(node.groups.get(portal, 0), []).append(portal)
    for tag, members in sorted(by_tag.items(), reverse=True):
        # Without a value: no access through these portals (section 6.5.4).
        yield Tag.GROUP_TAG, number(tag) if tag else b""
        for place, port in members:
            yield Tag.GROUP_ADDRESS, address(place)
            yield Tag.GROUP_PORT, number(port)


def deregister_entity(name: str, source: str) -> list[Attribute]:
    """Return the attributes of the DevDereg request for a whole entity (section 5.6.5.4)."""
    return [(Tag.NAME, text(source)), (Tag.DELIMITER, b""), (Tag.ENTITY, text(name))]


def deregister(
    source: str, names: Iterable[str], portals: Iterable[Portal]
) -> Iterator[list[Attribute]]:
    """Yield the attributes of the DevDereg requests for single targets and portals."""
    for name in names:
        yield [(Tag.NAME, text(source)), (Tag.DELIMITER, b""), (Tag.NAME, text(name))]
    for place, port in portals:
        yield [
            (Tag.NAME, text(source)),
            (Tag.DELIMITER, b""),
            (Tag.PORTAL_ADDRESS, address(place)),
            (Tag.PORTAL_PORT, number(port)),
        ]


def query(entity: str, source: str) -> list[Attribute]:
    """Return the attributes of the DevAttrQry request for the objects of an entity."""
    return [
        (Tag.NAME, text(source)),
        (Tag.ENTITY, text(entity)),
        (Tag.DELIMITER, b""),
        (Tag.PERIOD, b""),
        (Tag.PORTAL_ADDRESS, b""),
        (Tag.PORTAL_PORT, b""),
        (Tag.NAME, b""),
    ]


def scn_register(source: str) -> list[Attribute]:
    """Return the attributes of the SCNReg request of a target (section 5.6.5.5)."""
    return [
        (Tag.NAME, text(source)),
        (Tag.NAME, text(source)),
        (Tag.DELIMITER, b""),
        (Tag.SCN_BITMAP, number(SCN_EVENTS)),
    ]


def registered(response: Message) -> Registered:
    """Return what the response to ``query`` says. Raises Malformed."""
    names, portals, period, place = set(), set(), 0, ""
    operating = False
    for tag, value in response.attributes:
        operating = operating or tag == Tag.DELIMITER
        if not operating or not value:
            continue
        if tag == Tag.NAME:
            names.add(as_text(value))
        elif tag == Tag.PERIOD:
            period = as_number(value)
        elif tag == Tag.PORTAL_ADDRESS:
            place = as_address(value)
        elif tag == Tag.PORTAL_PORT:
            if not place:
                raise Malformed("a port without an IP address")
            # The upper half says UDP (section 6.3.2), by which no iSCSI target listens.
            portals.add((place, as_number(value) & 0xFFFF))
    return Registered(frozenset(names), frozenset(portals), period)


def period_of(response: Message) -> int:
    """Return the registration period that the server granted; 0 if it does not say."""
    found = [value for tag, value in response.attributes if tag == Tag.PERIOD and value]
    return as_number(found[-1]) if found else 0


def answer(request: Message) -> Iterator[Attribute]:
    """Yield the attributes of the response to an SCN or ESI of a server.

    An ESI is answered with its own attributes (section 5.6.5.9), an SCN with the name of the
    target that it was sent to (section 5.6.5.8).
    """
    if request.function == Function.ESI:
        yield from request.attributes
    else:
        yield from request.attributes[:1]
