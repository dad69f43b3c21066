# SPDX-License-Identifier: Apache-2.0
"""Serve the metrics by HTTP: on an address, or on the socket that systemd passes."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from rtslib_ext.errors import InvalidValue, LioError, reason

from .exposition import CONTENT_TYPE

Pieces = Callable[[], Iterable[bytes]]
Request = socket.socket | tuple[bytes, socket.socket]
# More clients at once are refused: each takes a thread.
_MOST_CLIENTS = 16
# For a scrape, and again for its client to take the text. Prometheus gives up after 10 s unless it
# is configured.
_MOST_SECONDS = 60.0
_PART = 1 << 16
# sd_listen_fds(3): the first descriptor that is passed.
_FIRST = 3
_HOME = b"<html><title>targetcli</title><a href=/metrics>Metrics</a></html>\n"


class _Handler(BaseHTTPRequestHandler):
    """Answers one client, which knows from Content-Length whether it got everything."""

    protocol_version = "HTTP/1.1"
    server_version = "targetcli"
    sys_version = ""
    # Of a client that sends nothing, or a request slowly.
    timeout = 30
    server: Server

    def handle_one_request(self) -> None:
        """Receive a request, all of it within the time-out, and answer it."""
        self._receiving = threading.Timer(self.timeout, self._stop_receiving)
        self._receiving.daemon = True
        self._receiving.start()
        try:
            super().handle_one_request()
        finally:
            self._receiving.cancel()

    def _stop_receiving(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)

    def do_GET(self) -> None:
        """Answer a request."""
        self._receiving.cancel()
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._metrics()
        elif path == "/":
            self._send(200, "text/html; charset=utf-8", _HOME)
        else:
            self._send(404, "text/plain", b"only /metrics exists\n")

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self._begin(status, kind, len(body))
        self.wfile.write(body)

    def _begin(self, status: int, kind: str, size: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def _metrics(self) -> None:
        try:
            # One after the other: a scrape reads everything. A client that takes its time
            # gets the text afterwards, so that it keeps no other one waiting.
            with self.server.scraping:
                size, packed = _packed(self.server.pieces(), self.server.seconds)
        except (LioError, OSError) as err:
            self._send(500, "text/plain; charset=utf-8", f"{reason(err)}\n".encode())
            return
        self._begin(200, CONTENT_TYPE, size)
        end = time.monotonic() + self.server.seconds
        for part in _unpacked(packed):
            self.connection.settimeout(max(0.001, end - time.monotonic()))
            self.wfile.write(part)
        self.connection.settimeout(self.timeout)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: each scrape would be a line in the journal."""


def _packed(pieces: Iterable[bytes], seconds: float) -> tuple[int, list[bytes]]:
    """Return the size of a text and the text, compressed, as several clients may wait for theirs.

    Raises LioError if that takes too long.
    """
    size, found, packer = 0, list[bytes](), zlib.compressobj(1)
    end = time.monotonic() + seconds
    for piece in pieces:
        size += len(piece)
        found.append(packer.compress(piece))
        if time.monotonic() > end:
            raise LioError(f"reading everything takes longer than {seconds:g} s")
    return size, [*found, packer.flush()]


def _unpacked(packed: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a compressed text in parts."""
    unpacker = zlib.decompressobj()
    for data in packed:
        while data:
            yield unpacker.decompress(data, _PART)
            data = unpacker.unconsumed_tail
    yield unpacker.flush()


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

    def handle_error(self, request: Request, client_address: object) -> None:
        """Say in one line why a scrape failed; nothing about a client that left."""
        if not isinstance(error := sys.exc_info()[1], OSError):
            print(f"A scrape failed: {error!r}", file=sys.stderr, flush=True)

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
    if not address:
        raise InvalidValue("address is empty", hint="address=0.0.0.0 serves on all addresses")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family)
    except OSError as err:
        # Python adds the address, which stands here already.
        why = reason(err).partition(" (while")[0]
        raise LioError(
            f"cannot serve on {address} port {port}: {why}",
            hint="address= and port= choose others",
        ) from err
