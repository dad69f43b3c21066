# SPDX-License-Identifier: Apache-2.0
"""Hear the state changes (SCN) and answer the status inquiries (ESI) of iSNS servers.

Any host may connect, so nothing is believed: a state change makes the registrars ask their servers,
and only a few connections are open at a time, for a short time.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from rtslib_ext.config.printable import printable
from rtslib_ext.errors import LioError, reason
from rtslib_ext.isns import connection, requests
from rtslib_ext.isns.messages import Function, Message, Tag, as_text, response

from .registrar import Log

_MOST_CONNECTIONS = 8
# Of a connection: a server sends its message and reads the answer.
_SECONDS = 60.0
_IDLE_SECONDS = 10.0
_NOT_SUPPORTED, _NO_SUCH_ENTRY = 15, 9


def listening(port: int) -> socket.socket:
    """Return a socket on a port of all addresses (0: a free port). Raises LioError."""
    try:
        if socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=16
            )
        return socket.create_server(("", port), backlog=16)
    except OSError as err:
        raise LioError(
            f"cannot listen on port {port} for iSNS state changes: {reason(err)}",
            hint="set another scn_port in /etc/target/isns.conf, or scn_port = none",
        ) from err


class Listener(threading.Thread):
    """Answers servers; ``changed`` is called after each state change, ``entity`` names the host."""

    def __init__(
        self, link: socket.socket, entity: str, changed: Callable[[], None], log: Log
    ) -> None:
        super().__init__(daemon=True)
        self._link, self._entity, self._changed, self._log = link, entity, changed, log
        self._free = threading.Semaphore(_MOST_CONNECTIONS)
        self.port: int = link.getsockname()[1]

    def run(self) -> None:
        """Accept connections as long as the program runs."""
        while True:
            try:
                link = self._link.accept()[0]
            except OSError:
                # Out of descriptors, or the other side left at once.
                time.sleep(0.1)
                continue
            if self._free.acquire(blocking=False):
                threading.Thread(target=self._serve, args=(link,), daemon=True).start()
            else:
                link.close()

    def _serve(self, link: socket.socket) -> None:
        end = time.monotonic() + _SECONDS
        with link, suppress(LioError, OSError):
            try:
                while time.monotonic() < end:
                    idle = min(end, time.monotonic() + _IDLE_SECONDS)
                    self._answer(link, connection.receive(link, idle))
            finally:
                self._free.release()

    def _answer(self, link: socket.socket, message: Message) -> None:
        if message.status is not None:
            return
        status = self._status(message)
        attributes = () if status else requests.answer(message)
        link.sendall(response(message, status, attributes))
        if not status and message.function == Function.SCN:
            self._changed()

    def _status(self, message: Message) -> int:
        if message.function == Function.SCN:
            names = [as_text(value) for tag, value in message.attributes if tag == Tag.NAME]
            self._log("debug", f"state change: {printable(', '.join(names))}")
            return 0
        if message.function != Function.ESI:
            return _NOT_SUPPORTED
        names = [as_text(value) for tag, value in message.attributes if tag == Tag.ENTITY]
        self._log("debug", f"status inquiry for {printable(', '.join(names))}")
        return 0 if names == [self._entity] else _NO_SUCH_ENTRY
