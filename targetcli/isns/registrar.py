# SPDX-License-Identifier: Apache-2.0
"""Keep one iSNS server up to date, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from rtslib_ext.config.printable import printable
from rtslib_ext.errors import LioError
from rtslib_ext.isns import requests
from rtslib_ext.isns.connection import SECONDS, Connection, Refused
from rtslib_ext.isns.entity import Entity
from rtslib_ext.isns.messages import ESI_NOT_AVAILABLE, Flag, Function
from rtslib_ext.isns.requests import Listening, Registered
from rtslib_ext.isns.settings import Server

from .waker import Waker

Log = Callable[[str, str], None]
"""Takes a level and a text."""
# Seconds to the next attempt after a failure: twice as long each time.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
# However often something changes, a server hears of it only so often.
_LEAST_SECONDS = 1.0
# For all that is left to do when the service stops.
_STOP_SECONDS = 3.0


class Registrar(threading.Thread):
    """Registers, verifies and renews the entity of this host with a server.

    ``entity`` returns what to register; its argument is True for a server that is reached by a
    loopback address. ``period`` is the registration period to ask for, in seconds.
    """

    def __init__(
        self,
        server: Server,
        entity: Callable[[bool], Entity],
        period: int,
        listening: Listening,
        log: Log,
    ) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.state = "not connected yet"
        self._entity, self._period, self._listening, self._log = entity, period, listening, log
        self._waker = Waker()
        self._stopped = threading.Event()
        self._verify = False
        self._failure = ""
        # The registered objects, and the target in whose name they were registered.
        self._known: Entity | None = None
        self._source = ""
        self._granted = period

    def wake(self, *, verify: bool = False) -> None:
        """Compare now; ask the server too with ``verify``."""
        self._verify = self._verify or verify
        self._waker.wake()

    def stop(self) -> None:
        """Deregister everything and end; ``join`` waits for that."""
        self._stopped.set()
        self._waker.wake()

    def run(self) -> None:
        """Keep the server up to date until ``stop``."""
        pause = _FIRST_PAUSE
        while not self._stopped.is_set():
            started = time.monotonic()
            try:
                self._connected()
            except LioError as err:
                self._failed(err)
            if time.monotonic() - started > _LONGEST_PAUSE:
                pause = _FIRST_PAUSE
            self._stopped.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _failed(self, err: LioError) -> None:
        self.state = printable(str(err))
        # Once for each reason, however often it is tried again.
        if self.state != self._failure:
            self._log("warning", f"{self.server}: {self.state}; trying again")
        self._failure = self.state

    def _connected(self) -> None:
        """Serve one connection until it ends or the service stops. Raises LioError."""
        with Connection(self.server.host, self.server.port) as link:
            # A server may have lost everything when it closed the last connection, or kept what
            # another process of this host registered.
            self._verify = True
            while not self._stopped.is_set():
                self._update(link)
                self._stopped.wait(_LEAST_SECONDS)
                self._wait(link)
            self._leave(link)

    def _wait(self, link: Connection) -> None:
        """Wait until something changes, the registration is to be renewed, or the server closes."""
        if self._waker.wait(self._granted / 3, link.socket):
            # No request is open: it closed the connection, or sends an unexpected message.
            link.expect_nothing()
        else:
            self._verify = True

    def _update(self, link: Connection) -> None:
        want = self._entity(link.is_local)
        if self._verify:
            self._verify = False
            found = self._query(link, want)
            if self._known is None or not found.has(self._known):
                self._known = self._replace(link, want, found)
        if self._known is not None and self._known != want:
            self._known = self._change(link, self._known, want)
        self._report()

    def _report(self) -> None:
        known = self._known
        number = len(known.nodes) if known else 0
        state = f"{number} {'target' if number == 1 else 'targets'} registered"
        if state != self.state:
            self._log("info", f"{self.server}: {state}")
        self.state, self._failure = state, ""

    def _query(self, link: Connection, want: Entity) -> Registered:
        """Return the registered objects. It also renews the registration."""
        source = self._source or want.source
        if not source:
            # There is no target that could send the query, and nothing to expect.
            return Registered(frozenset(), frozenset())
        with suppress(Refused):
            return requests.registered(link.ask(Function.QUERY, requests.query(want.name, source)))
        return Registered(frozenset(), frozenset())

    # -- requests ---------------------------------------------------------------------------

    def _replace(self, link: Connection, want: Entity, found: Registered) -> Entity:
        """Register everything, in place of all that is registered."""
        if self._known is not None:
            self._log("warning", f"{self.server}: the registration was lost; registering again")
        if want.nodes:
            self._register(link, want, Flag.REPLACE)
        elif found.names:
            self._deregister_all(link, want.name, min(found.names))
        return want

    def _change(self, link: Connection, known: Entity, want: Entity) -> Entity:
        if not want.nodes:
            self._deregister_all(link, want.name, self._source)
            return want
        if not known.nodes:
            self._register(link, want, Flag.REPLACE)
            return want
        # New objects first, so that its source exists in any case.
        gone = [name for name in known.nodes if name not in want.nodes]
        ports = [portal for portal in known.portals if portal not in want.portals]
        self._register(link, want)
        for attributes in requests.deregister(self._source, gone, ports):
            link.ask(Function.DEREGISTER, attributes)
        return want

    def _register(self, link: Connection, want: Entity, flags: int = 0) -> None:
        try:
            self._register_with(link, want, self._listening, flags)
        except Refused as err:
            if err.status != ESI_NOT_AVAILABLE or not self._listening.esi_seconds:
                raise
            self._log("warning", f"{self.server}: it offers no status inquiries (ESI)")
            self._listening = Listening(self._listening.scn_port)
            self._register_with(link, want, self._listening, flags)

    def _register_with(
        self, link: Connection, want: Entity, listening: Listening, flags: int
    ) -> None:
        before = self._source
        # A target that is registered speaks for the new ones.
        source = before if before and not flags else want.source
        for attributes in requests.register(want, source, self._period, listening):
            granted = requests.period_of(link.ask(Function.REGISTER, attributes, flags))
            self._granted = min(granted or self._period, self._period)
            flags = 0
        self._source = before if before in want.nodes else want.source
        if listening.scn_port and (self._source != before or source != before):
            self._hear_changes(link)

    def _hear_changes(self, link: Connection) -> None:
        try:
            link.ask(Function.SCN_REGISTER, requests.scn_register(self._source))
        except Refused as err:
            # Not needed for anything but speed.
            self._log("info", f"{self.server}: it reports no changes: {err}")

    def _deregister_all(self, link: Connection, name: str, source: str) -> None:
        link.ask(Function.DEREGISTER, requests.deregister_entity(name, source))
        self._source = ""

    def _leave(self, link: Connection) -> None:
        """Deregister everything, within a short time."""
        if self._known is None or not self._known.nodes:
            return
        link.hurry(_STOP_SECONDS)
        try:
            self._deregister_all(link, self._known.name, self._source)
            self._log("info", f"{self.server}: deregistered")
        except LioError as err:
            self._log("warning", f"{self.server}: not deregistered: {printable(str(err))}")


STOP_SECONDS = SECONDS + _STOP_SECONDS + _LEAST_SECONDS
"""How long ``join`` has to wait after ``stop``: a request may be open."""
