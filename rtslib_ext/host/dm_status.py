# SPDX-License-Identifier: Apache-2.0
"""The status of the targets of a device-mapper device, by ioctl (linux/dm-ioctl.h)."""

from __future__ import annotations

import fcntl
import os
import struct

_CONTROL = "/dev/mapper/control"
# struct dm_ioctl: version, data_size, data_start, target_count, open_count, flags, event_nr,
# padding, dev, name, uuid, data.
_HEADER = struct.Struct("=3IIIIiIIIQ128s129s7x")
_VERSION = (4, 0, 0)
# _IOWR(DM_IOCTL, DM_TABLE_STATUS_CMD, struct dm_ioctl)
_TABLE_STATUS = 0xC138FD0C
# Without it a pool would first write its metadata.
_NOFLUSH = 1 << 11
# struct dm_target_spec: sector_start, length, status, next, target_type.
_TARGET = struct.Struct("=QQiI16s")
_SIZE = 1 << 14

Target = tuple[str, str]
"""The type of a target, such as thin-pool, and its status as dmsetup(8) prints it."""


def of_device(number: str) -> list[Target]:
    """Return the targets of the device major:minor; none if it is no such one, or not root asks."""
    major, _, minor = number.partition(":")
    try:
        # linux/kdev_t.h, huge_encode_dev: as st_rdev.
        device = os.makedev(int(major), int(minor))
        answer = bytearray(_SIZE)
        _HEADER.pack_into(
            answer, 0, *_VERSION, _SIZE, _HEADER.size, 0, 0, _NOFLUSH, 0, 0, device, b"", b""
        )
        handle = os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)
    except (OSError, ValueError):
        return []
    try:
        fcntl.ioctl(handle, _TABLE_STATUS, answer)
    except OSError:
        return []
    finally:
        os.close(handle)
    return parsed(bytes(answer))


def parsed(answer: bytes) -> list[Target]:
    """Return the targets in an answer of the kernel; one that did not fit is left out."""
    start, count = _HEADER.unpack_from(answer)[4:6]
    found, place = [], start
    for _ in range(count):
        if place + _TARGET.size > len(answer):
            break
        _, _, _, following, kind = _TARGET.unpack_from(answer, place)
        text = answer[place + _TARGET.size : start + following].partition(b"\0")[0]
        found.append((_text(kind.partition(b"\0")[0]), _text(text)))
        if start + following <= place:
            break
        place = start + following
    return found


def _text(data: bytes) -> str:
    return data.decode("ascii", "replace")
