# SPDX-License-Identifier: Apache-2.0
"""Identities that are derived from names, so that all nodes of a cluster agree on them.

docs/IDENTITY.md describes the algorithm for other tools. It must never change: initiators would
take each disk for another one.
"""

from __future__ import annotations

from ..errors import InvalidValue
from ..fast_dataclasses import dataclass
from .model import Key

SPACE = "0800afbc-5134-5a24-a4f9-564d1321a8a1"
"""The name space (RFC 9562 section 5.5): UUIDv5 of the URL urn:targetcli:derived-identity:1."""
NODES = 8
"""The nodes that can share a namespace, from 1 on."""
# 8191 slots of 8 numbers: from 1 to 65528, of 16 bits. 8191 is prime.
_SLOTS = 8191
# From 1 to 254: Windows cannot use 255, and some initiators treat LUN 0 as a controller.
_LUNS = 254
LONGEST = 255


@dataclass(frozen=True, slots=True)
class Derived:
    """The identities in a namespace; ``node`` is the number of this node, 0 for none.

    Raises InvalidValue for another node or an empty namespace.
    """

    namespace: str
    node: int = 0

    def __post_init__(self) -> None:
        if not self.namespace or len(self.namespace.encode("utf-8", "replace")) > LONGEST:
            raise InvalidValue(f"a namespace has from 1 to {LONGEST} bytes")
        if not 0 <= self.node <= NODES:
            raise InvalidValue(f"the number of a node is from 1 to {NODES}, not {self.node}")

    def serial(self, key: Key) -> str:
        """Return the unit serial number of the storage object (plugin, name): a UUIDv5."""
        return _uuid5(self._space, "/".join(key))

    def lun(self, key: Key) -> int:
        """Return the LUN of a storage object, from 1 to 254."""
        return 1 + _number(self.serial(key)) % _LUNS

    def rtpi(self, fabric: str, wwn: str, tag: int) -> int:
        """Return the relative target port identifier of a TPG, 0 without a node.

        Those of two nodes are always different.
        """
        if not self.node:
            return 0
        return _number(_uuid5(self._space, f"{fabric}/{wwn}/{tag}")) % _SLOTS * NODES + self.node

    @property
    def _space(self) -> str:
        return _uuid5(SPACE, self.namespace)


def _number(uuid: str) -> int:
    """Return the last 32 bits of a UUID."""
    return int(uuid[-8:], 16)


def _uuid5(space: str, name: str) -> str:
    """Return the UUIDv5 of a name (RFC 9562 section 5.5) as text."""
    # Not with the module uuid, and only where it is needed: importing either takes long.
    from hashlib import sha1

    data = bytes.fromhex(space.replace("-", "")) + name.encode("utf-8", "surrogateescape")
    octets = bytearray(sha1(data, usedforsecurity=False).digest()[:16])
    octets[6] = octets[6] & 0x0F | 0x50
    octets[8] = octets[8] & 0x3F | 0x80
    digits = octets.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
