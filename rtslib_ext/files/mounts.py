# SPDX-License-Identifier: Apache-2.0
"""The mounted file systems (proc(5), mountinfo)."""

from __future__ import annotations

import os
import re
from contextlib import suppress

from ..fast_dataclasses import dataclass

_TABLE = "/proc/self/mountinfo"
_OF_KERNEL = frozenset(
    (
        *("proc", "sysfs", "debugfs", "tracefs", "configfs", "securityfs", "cgroup", "cgroup2"),
        *("bpf", "binfmt_misc", "efivarfs", "pstore", "nfsd", "rpc_pipefs", "selinuxfs"),
    )
)


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system.

    ``number`` is major:minor of its device, 0:… if it has none; ``point`` the directory on which it
    is mounted, ``type`` such as ext4, ``source`` a device, or what the file system takes for one.
    """

    number: str
    point: str
    type: str
    source: str


def read(table: str = _TABLE) -> list[Mount]:
    """Return the mounts in the order in which they were made; none if the table is unreadable."""
    text, found = "", []
    with suppress(OSError), open(table, encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
    for line in text.split("\n"):
        # mount ID, parent ID, major:minor, root, mount point, options, optional fields, -, type,
        # source, options of the file system
        first, _, last = line.partition(" - ")
        head, tail = first.split(), last.split()
        if len(head) > 4 and len(tail) > 1:
            found.append(Mount(head[2], unescaped(head[4]), tail[0], unescaped(tail[1])))
    return found


def of_file(path: str, mounts: list[Mount]) -> Mount | None:
    """Return the mount that a path without symbolic links is on; None if that is unknown."""
    best = None
    for mount in mounts:
        inside = os.path.join(mount.point, "")
        if f"{path}/".startswith(inside) and (best is None or len(mount.point) >= len(best.point)):
            best = mount
    return best


def unescaped(text: str) -> str:
    r"""Return a name without the escapes of proc(5): a blank is \040."""
    octets = re.sub(
        rb"\\([0-7]{3})",
        lambda match: bytes([int(match[1], 8) & 0xFF]),
        text.encode("utf-8", "surrogateescape"),
    )
    return octets.decode("utf-8", "surrogateescape")


def type_of(device: int) -> str:
    """Return the type of the file system with a device number; "" if it is not mounted."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    return next((mount.type for mount in read() if mount.number == wanted), "")


def of_kernel(status: os.stat_result) -> str:
    """Return the type of the file system of a file that the kernel generates; "" for others.

    Reading such a file may have effects: a line of /proc/kmsg can be read once. It has no size.
    """
    if status.st_size or os.major(status.st_dev):
        return ""
    found = type_of(status.st_dev)
    return found if found in _OF_KERNEL else ""
