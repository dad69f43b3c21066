# SPDX-License-Identifier: Apache-2.0
"""The programs of this host that listen on a TCP port."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..fast_dataclasses import dataclass
from .system import read_text

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
# include/net/tcp_states.h, TCP_LISTEN
_LISTEN = "0A"


@dataclass(frozen=True, slots=True)
class Program:
    """A listening process."""

    name: str
    pid: int

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


def on_port(port: int) -> list[Program]:
    """Return the programs that listen on a TCP port; sockets of the kernel have none."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    return [_program(pid) for pid in _processes() if sockets and _holds(pid, sockets)]


def _inodes(port: int) -> Iterator[str]:
    for table in _TABLES:
        for row in read_text(table).split("\n")[1:]:
            # Documentation/networking/proc_net_tcp.rst: number, local address, remote address,
            # state; the inode is the tenth field.
            fields = row.split()
            listens = len(fields) > 9 and fields[3] == _LISTEN
            if listens and fields[1].rpartition(":")[2] == f"{port:04X}":
                yield fields[9]


def _processes() -> list[int]:
    return sorted(int(name) for name in os.listdir("/proc") if name.isdecimal())


def _holds(pid: int, sockets: set[str]) -> bool:
    try:
        return any(os.readlink(f"/proc/{pid}/fd/{name}") in sockets for name in _files(pid))
    except OSError:
        # The process ended meanwhile, or belongs to another user.
        return False


def _files(pid: int) -> list[str]:
    return os.listdir(f"/proc/{pid}/fd")


def _program(pid: int) -> Program:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            name = file.read().strip()
    except OSError:
        return Program("a program", pid)
    return Program("".join(char if char.isprintable() else "?" for char in name), pid)
