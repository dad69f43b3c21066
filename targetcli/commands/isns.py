# SPDX-License-Identifier: Apache-2.0
"""isns: register iSCSI targets with iSNS servers; show the registered objects."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rtslib_ext.config.printable import printable
from rtslib_ext.config.wording import counted
from rtslib_ext.errors import InvalidValue, LioError, NotFound, reason
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.files import trusted
from rtslib_ext.isns import requests
from rtslib_ext.isns.connection import Connection, Refused
from rtslib_ext.isns.entity import Entity, Portal
from rtslib_ext.isns.messages import Function
from rtslib_ext.isns.requests import Registered
from rtslib_ext.isns.settings import FILE, OLD_FILE, Server, Settings, parse
from rtslib_ext.kernel.configfs import ConfigFS

from ..env import Env
from ..isns import service
from ..isns.waker import Waker
from ..result import Result, say, show
from ..tree import Node

_LONGEST_FILE = 65536
# A user waits for the answer.
_SECONDS = 3.0
_NOTHING = Registered(frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a server knows of this host, beside what it should know; or why it does not answer."""

    server: Server
    entity: Entity
    found: Registered = _NOTHING
    problem: str = ""

    @property
    def is_complete(self) -> bool:
        return not self.problem and self.found.has(self.entity)

    @property
    def missing(self) -> list[str]:
        names = [name for name in self.entity.nodes if name not in self.found.names]
        ports = [one for one in self.entity.portals if one not in self.found.portals]
        return [*names, *map(_portal, ports)]

    @property
    def extra(self) -> list[str]:
        names = sorted(self.found.names - set(self.entity.nodes))
        ports = sorted(self.found.portals - set(self.entity.portals))
        return [*map(printable, names), *map(_portal, ports)]


def isns(env: Env, node: Node, action: str, file: str | None) -> Result:
    """Show the objects that servers have and should have, or keep them up to date."""
    if action not in ("status", "show", "serve"):
        raise InvalidValue(f"{action!r} is not status, show or serve")
    settings = _settings(file, optional=action == "show")
    if action == "serve":
        with _stopped_by_signals() as waker:
            # Its own, as it outlives everything that one command reads.
            service.serve(ConfigFS(), settings, env.lock_file, waker)
        return say()
    seen = service.Seen(env.fs, service.entity_name(settings))
    seen.look()
    if action == "show":
        return _show(seen.entity(True))
    return _status([_ask(server, seen) for server in settings.servers])


def _settings(file: str | None, *, optional: bool) -> Settings:
    """Read the file; that of target-isns stands in for it if there is no other.

    If it is ``optional``, there may be none.
    """
    name = os.path.abspath(file) if file else FILE
    if not file and not os.path.exists(FILE) and os.path.exists(OLD_FILE):
        name = OLD_FILE
    try:
        data = trusted.read(name, _LONGEST_FILE)
    except FileNotFoundError as err:
        if optional and not file:
            return Settings(())
        raise NotFound(
            f"{name} does not exist", hint=f"echo isns_server = ADDRESS > {name} names a server"
        ) from err
    except OSError as err:
        raise LioError(f"cannot read {name}: {reason(err)}") from err
    return parse(data.decode(errors="replace"), name)


@contextmanager
def _stopped_by_signals() -> Iterator[Waker]:
    """Yield what SIGTERM and Ctrl-C wake, so that everything is deregistered before the end."""
    waker = Waker()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: waker.wake()) for number in numbers]
    try:
        yield waker
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


# -- showing ------------------------------------------------------------------------------


def _show(entity: Entity) -> Result:
    lines = [f"{entity.name}: {counted(len(entity.nodes), 'target')}"]
    for one in entity.nodes.values():
        lines.append(f"  {one.name}")
        lines += (f"    {_portal(at)} in group {tag}" for at, tag in sorted(one.groups.items()))
    if not entity.nodes:
        lines.append("  no target has an enabled TPG with a portal on an address of this host")
    return show(lines, lambda: _facts(entity))


def _facts(entity: Entity) -> dict[str, object]:
    return {
        "entity": entity.name,
        "targets": [
            {
                "name": one.name,
                "portals": [
                    {"address": at[0], "port": at[1], "group": tag}
                    for at, tag in sorted(one.groups.items())
                ],
            }
            for one in entity.nodes.values()
        ],
    }


def _ask(server: Server, seen: service.Seen) -> _Answer:
    try:
        with Connection(server.host, server.port, _SECONDS) as link:
            entity = seen.entity(link.is_local)
            # Each query names a target as its sender.
            source = entity.source or f"iqn.2003-01.org.linux-iscsi.{entity.name}"
            try:
                response = link.ask(Function.QUERY, requests.query(entity.name, source))
            except Refused:
                return _Answer(server, entity)
            return _Answer(server, entity, requests.registered(response))
    except LioError as err:
        return _Answer(server, seen.entity(False), problem=printable(str(err)))


def _status(answers: list[_Answer]) -> Result:
    lines = [line for one in answers for line in _lines(one)]

    def data() -> object:
        return {
            "entity": answers[0].entity.name,
            "servers": [
                {
                    "server": str(one.server),
                    "complete": one.is_complete,
                    "problem": one.problem,
                    "targets": sorted(map(printable, one.found.names)),
                    "portals": [_portal(portal) for portal in sorted(one.found.portals)],
                    "period": one.found.period,
                    "missing": one.missing,
                    "extra": one.extra,
                }
                for one in answers
            ],
        }

    result = show(lines, data)
    result.status = 0 if all(one.is_complete for one in answers) else 1
    return result


def _lines(one: _Answer) -> Iterable[str]:
    if one.problem:
        yield f"{one.server}: {one.problem}"
        return
    targets = counted(len(one.found.names), "target")
    period = f"; expires after {one.found.period} s without a message" if one.found.period else ""
    portals = counted(len(one.found.portals), "portal")
    yield f"{one.server}: {targets} and {portals} registered for {one.entity.name}{period}"
    yield from (f"  not registered: {name}" for name in one.missing)
    yield from (f"  registered, but not configured or not enabled: {name}" for name in one.extra)


def _portal(portal: Portal) -> str:
    address, port = portal
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
