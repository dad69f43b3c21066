# SPDX-License-Identifier: Apache-2.0
"""Serve the metrics by HTTP: on an address, or on the socket that systemd passes."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rtslib_ext.errors import LioError, reason

from .exposition import CONTENT_TYPE

Pieces = Callable[[], Iterable[bytes]]
Request = socket.socket | tuple[bytes, socket.socket]
# More clients at once are refused: each takes a thread.
_MOST_CLIENTS = 16
# The longest scrape. Prometheus gives up after 10 s unless it is configured.
_MOST_SECONDS = 60.0
# sd_listen_fds(3): the first descriptor that is passed.
_FIRST = 3
_HOME = b"<html><title>targetcli</title><a href=/metrics>Metrics</a></html>\n"


class _Handler(BaseHTTPRequestHandler):
    """Answers one client: metrics in chunks, so that one that was cut off is known to be."""

    protocol_version = "HTTP/1.1"
    server_version = "targetcli"
    sys_version = ""
    # Of a client that sends nothing, or takes nothing.
    timeout = 30
    server: Server

    def do_GET(self) -> None:
        """Answer a request."""
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._metrics()
        elif path == "/":
            self._send(200, "text/html; charset=utf-8", _HOME)
        else:
            self._send(404, "text/plain", b"only /metrics exists\n")

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _metrics(self) -> None:
        # One after the other: a scrape reads everything.
        with self.server.scraping:
            pieces = iter(self.server.pieces())
            # A failure before the first piece is still a status.
            first = next(pieces, b"")
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self._chunk(first)
            # A client that takes it slowly must not keep others waiting.
            end = time.monotonic() + self.server.seconds
            for piece in pieces:
                if time.monotonic() > end:
                    self.close_connection = True
                    return
                self._chunk(piece)
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data: bytes) -> None:
        if data:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: each scrape would be a line in the journal."""


class Server(ThreadingHTTPServer):
    """The exporter's HTTP server; ``pieces`` makes the text of one scrape."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, pieces: Pieces) -> None:
        super().__init__(listening.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.pieces = pieces
        self.scraping = threading.Lock()
        self.seconds = _MOST_SECONDS
        self._free = threading.Semaphore(_MOST_CLIENTS)

    def process_request(self, request: Request, client_address: object) -> None:
        """Serve a client in a thread of its own, unless there are too many."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Request, client_address: object) -> None:
        """Serve a client."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


def listening(address: str, port: int) -> socket.socket:
    """Return the socket that systemd passed, or else a new one. Raises LioError."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        return socket.socket(fileno=_FIRST)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family)
    except OSError as err:
        raise LioError(
            f"cannot serve on {address} port {port}: {reason(err)}",
            hint="address= and port= choose others",
        ) from err
