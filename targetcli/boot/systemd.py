# SPDX-License-Identifier: Apache-2.0
"""Messages to systemd, which started this process."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress

# An exited process is unknown to systemd: wait until it has read its messages.
_BARRIER_SECONDS = 5.0


def show(text: str) -> None:
    """Show a text as the status of the service, where ``systemctl status`` has it."""
    # A line end would begin another value for systemd.
    notify(f"STATUS={text if text.isprintable() else ascii(text)}")


def notify(text: str, handles: Sequence[int] = ()) -> None:
    """Send a message to systemd, if it started this process (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.connect(address)
        socket.send_fds(link, [text.encode(errors="backslashreplace")], handles)


def barrier() -> None:
    """Wait until systemd has read all messages (sd_notify_barrier(3))."""
    # Imported here: it is the last thing that a process does.
    import select

    read, write = os.pipe()
    notify("BARRIER=1", [write])
    os.close(write)
    select.select([read], [], [], _BARRIER_SECONDS)
    os.close(read)
