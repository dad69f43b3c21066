# SPDX-License-Identifier: Apache-2.0
"""Wait until something arrives at this host: a device, a mount, an IP address.

Devices are reported by udev, or by the kernel where no udev runs; pyudev reads both. Only the
services import this module.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from types import TracebackType

import pyudev

_UDEV = "/run/udev/control"
_MOUNTS = "/proc/self/mountinfo"
# linux/rtnetlink.h: RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
_ADDRESS_GROUPS = 0x10 | 0x100
# What nothing reports, such as a file that is created late.
_LOOK_SECONDS = 5.0
# Events come in bursts, and one look is enough for all.
_SETTLE_SECONDS = 0.1


class Arrivals:
    """The events of this host since it was entered.

    ``look``: seconds until it is time for a look at what has no event.
    """

    def __init__(self, look: float = _LOOK_SECONDS) -> None:
        self._look = look
        self._poll = select.poll()
        self._read: dict[int, Callable[[], object]] = {}
        self._files = ExitStack()

    def __enter__(self) -> Arrivals:
        # In a container, any of them may be refused: the others are enough.
        for source in (self._devices, self._addresses, self._mounts):
            with suppress(OSError):
                source()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._files.close()

    def _devices(self) -> None:
        source = "udev" if os.path.exists(_UDEV) else "kernel"
        monitor = pyudev.Monitor.from_netlink(pyudev.Context(), source)
        monitor.start()
        self._add(monitor.fileno(), select.POLLIN, lambda: monitor.poll(timeout=0))

    def _addresses(self) -> None:
        link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._files.callback(link.close)
        link.setblocking(False)
        link.bind((0, _ADDRESS_GROUPS))
        self._add(link.fileno(), select.POLLIN, lambda: link.recv(1 << 16))

    def _mounts(self) -> None:
        # Reports POLLPRI after a mount (proc(5), /proc/self/mounts).
        file = self._files.enter_context(open(_MOUNTS, "rb"))

        def look() -> None:
            file.seek(0)
            file.read()

        look()
        self._add(file.fileno(), select.POLLPRI, look)

    def _add(self, handle: int, events: int, read: Callable[[], object]) -> None:
        self._poll.register(handle, events)
        self._read[handle] = read

    def wait(self, seconds: float | None = None) -> None:
        """Return after an event, or after ``seconds``, or when it is time for a look."""
        end = time.monotonic() + (self._look if seconds is None else min(seconds, self._look))
        found = self._poll.poll(max(0.0, end - time.monotonic()) * 1000)
        while found and time.monotonic() < end:
            for handle, _ in found:
                # Events that were lost are events as well.
                with suppress(OSError):
                    self._read[handle]()
            found = self._poll.poll(_SETTLE_SECONDS * 1000)
