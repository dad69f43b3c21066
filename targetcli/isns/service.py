# SPDX-License-Identifier: Apache-2.0
"""The service: look at the running configuration, and let each registrar update its server."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Sequence

from rtslib_ext.config.model import Config
from rtslib_ext.errors import LioError
from rtslib_ext.host import network
from rtslib_ext.isns import entity
from rtslib_ext.isns.entity import Entity
from rtslib_ext.isns.requests import Listening
from rtslib_ext.isns.settings import LOG_LEVELS, Settings
from rtslib_ext.kernel.configfs import ReadFS
from rtslib_ext.reading import portals

from . import listener
from .registrar import STOP_SECONDS, Registrar
from .waker import Waker

# configfs reports no changes. A change by targetcli or the library signs its lock file, which
# costs one call to see; everything is read this often in any case.
_GLANCE_SECONDS = 0.5
_LOOK_SECONDS = 10.0
_LOOPBACK = ("127.0.0.1", "::1")


def entity_name(settings: Settings) -> str:
    """Return the entity identifier of this host: its name, unless the file says another one."""
    name = settings.entity or socket.gethostname()
    if name in ("", "localhost", "(none)") or not name.isprintable():
        raise LioError(
            f"the host name {name!r} cannot stand for this host",
            hint="add a line entity = NAME to the file",
        )
    return name


class Seen:
    """The configuration of this host, as it was when it was last read."""

    def __init__(self, fs: ReadFS, name: str) -> None:
        self._fs, self.name = fs, name
        self.config = Config()
        self.addresses: list[str] = []

    def look(self) -> bool:
        """Read it again; return True if it changed. Keeps the last one if that fails."""
        try:
            config = portals.targets(self._fs)
        except LioError:
            return False
        # Asking for the addresses starts a program.
        addresses = network.addresses() if entity.has_wildcard(config) else []
        changed = (config, addresses) != (self.config, self.addresses)
        self.config, self.addresses = config, addresses
        return changed

    def entity(self, local: bool) -> Entity:
        """Return the objects to register; ``local`` says whether the server is on this host."""
        addresses = [*self.addresses, *(_LOOPBACK if local and self.addresses else ())]
        return entity.of_config(self.name, self.config, addresses, local=local)


class Log:
    """Messages on standard error, where systemd takes them to the journal."""

    def __init__(self, level: str) -> None:
        self._least = LOG_LEVELS.index(level)

    def __call__(self, level: str, text: str) -> None:
        if LOG_LEVELS.index(level) >= self._least:
            print(f"{level}: {text}", file=sys.stderr, flush=True)


def serve(fs: ReadFS, settings: Settings, lock_file: str, waker: Waker) -> None:
    """Keep all servers up to date until ``waker`` wakes; then deregister everything.

    Raises LioError if it cannot begin.
    """
    log = Log(settings.log_level)
    seen = Seen(fs, entity_name(settings))
    seen.look()
    registrars: list[Registrar] = []
    reach = Listening()
    if settings.scn_port is not None:
        hearing = listener.Listener(
            listener.listening(settings.scn_port),
            seen.name,
            lambda: _wake(registrars, verify=True),
            log,
        )
        hearing.start()
        reach = Listening(hearing.port, settings.esi_seconds)
    registrars += (
        Registrar(server, seen.entity, settings.period, reach, log) for server in settings.servers
    )
    for one in registrars:
        one.start()
    try:
        _watch(seen, registrars, lock_file, waker)
    finally:
        _stop(registrars)


def _watch(seen: Seen, registrars: Sequence[Registrar], lock_file: str, waker: Waker) -> None:
    signed, last = _signed(lock_file), time.monotonic()
    while not waker.wait(_GLANCE_SECONDS):
        now, time_now = _signed(lock_file), time.monotonic()
        if now == signed and time_now - last < _LOOK_SECONDS:
            continue
        signed, last = now, time_now
        if seen.look():
            _wake(registrars)


def _signed(lock_file: str) -> int:
    """Return when the lock file was last written: at the start and the end of each change."""
    try:
        return os.stat(lock_file).st_mtime_ns
    except OSError:
        return 0


def _wake(registrars: Sequence[Registrar], *, verify: bool = False) -> None:
    for one in registrars:
        one.wake(verify=verify)


def _stop(registrars: Sequence[Registrar]) -> None:
    end = time.monotonic() + STOP_SECONDS
    for one in registrars:
        one.stop()
    for one in registrars:
        one.join(max(0.0, end - time.monotonic()))
