# SPDX-License-Identifier: Apache-2.0
"""Listen to the messages about user-backed storage objects, as tcmu-runner does.

Messages: linux/genetlink.h, and linux/target_core_user.h: family TCM-USER, group config. The kernel
waits only for listeners that announce an answer (target_core_user.c,
tcmu_kern_cmd_reply_supported).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

_GENERIC, _CONTROL, _GET_FAMILY, _REQUEST = 16, 16, 3, 1
_NAME, _GROUPS, _GROUP_ID = 2, 7, 2
_SOL_NETLINK, _ADD_MEMBERSHIP = 270, 1


@contextmanager
def listening(family: str = "TCM-USER") -> Iterator[socket.socket]:
    """Yield a socket in the group."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _GENERIC) as listener:
        listener.bind((0, 0))
        name = family.encode() + b"\0"
        attribute = struct.pack("HH", 4 + len(name), _NAME) + name + bytes(-len(name) % 4)
        body = struct.pack("BBH", _GET_FAMILY, 1, 0) + attribute
        listener.send(struct.pack("IHHII", 16 + len(body), _CONTROL, _REQUEST, 1, 0) + body)
        answer = _attributes(listener.recv(65536)[20:])
        (group,) = _attributes(answer[_GROUPS]).values()
        (number,) = struct.unpack("I", _attributes(group)[_GROUP_ID])
        listener.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, number)
        yield listener


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("HH", data)
        found[kind & 0x3FFF] = data[4:length]
        data = data[length + (-length % 4) :]
    return found
