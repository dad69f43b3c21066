# SPDX-License-Identifier: Apache-2.0
"""IP addresses of this host."""

from __future__ import annotations

import errno
import os

from ..errors import LioError
from .system import run

NO_IPV6 = "this host has no IPv6"


def has_ipv6() -> bool:
    """Return False if the kernel has no IPv6: no such module, or ipv6.disable=1.

    Opening a socket loads the module, as the kernel's own sock_create does.
    """
    import socket

    try:
        socket.socket(socket.AF_INET6, socket.SOCK_STREAM).close()
    except OSError as err:
        return err.errno != errno.EAFNOSUPPORT
    return True


def has_address(address: str) -> bool:
    """Return True if an interface of this host has an IP address."""
    import socket

    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError as err:
        return err.errno != errno.EADDRNOTAVAIL
    return True


def has_rdma_device(folder: str = "/sys/class/infiniband") -> bool:
    """Return True if this host has an RDMA device, of InfiniBand, RoCE or iWARP."""
    return os.path.isdir(folder) and bool(os.listdir(folder))


def is_served_on_ipv6(port: int) -> bool:
    """Return True if a TCP port of the address :: is in use."""
    import socket

    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(("::", port))
    except OSError:
        return True
    return False


def addresses() -> list[str]:
    """Return the IP addresses of this host's interfaces, without loopback and link-local ones."""
    import json

    try:
        done = run("ip", "-json", "address")
        links = json.loads(done.stdout or "[]")
    except (LioError, ValueError):
        return []
    entries = (info for link in links for info in link.get("addr_info", ()))
    return [info["local"] for info in entries if info.get("scope") == "global"]
