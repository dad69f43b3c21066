# SPDX-License-Identifier: Apache-2.0
"""The file /etc/target/isns.conf: lines KEY = VALUE, with the keys of target-isns and some more."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import InvalidValue
from ..fast_dataclasses import dataclass

FILE = "/etc/target/isns.conf"
OLD_FILE = "/etc/target-isns.conf"
"""The file of target-isns, which is read if the other one does not exist."""
LOG_LEVELS = ("debug", "info", "warning", "error")
_PORT = 3205
# In seconds. Below half a minute, an initiator that asks may find nothing.
_PERIOD, _PERIODS = 300, range(30, 86401)
_INTERVALS = range(10, 3601)
_MOST_SERVERS = 16
# configfs_iscsi_path is a key of target-isns for its tests.
_KEYS = (
    "isns_server",
    "isns_port",
    "log_level",
    "configfs_iscsi_path",
    "entity",
    "registration_period",
    "scn_port",
    "esi_interval",
)


@dataclass(frozen=True, slots=True)
class Server:
    """An iSNS server: its name or IP address without brackets, and its TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the file says.

    ``entity`` is the entity identifier ("": the host name), ``period`` the registration period in
    seconds, ``scn_port`` the port for state changes (0: any free one, None: none), ``esi_seconds``
    the interval of status inquiries (0: none).
    """

    servers: tuple[Server, ...]
    entity: str = ""
    log_level: str = "info"
    period: int = _PERIOD
    scn_port: int | None = 0
    esi_seconds: int = 0


def parse(text: str, name: str) -> Settings:
    """Return the settings in a text; ``name`` is that of its file. Raises InvalidValue."""
    servers: list[str] = []
    values: dict[str, str] = {}
    for line, key, value in _lines(text, name):
        if key not in _KEYS:
            known = ", ".join(_KEYS)
            raise InvalidValue(f"{name}, line {line}: unknown key {key!r}", hint=f"use {known}")
        if key == "isns_server":
            servers += value.replace(",", " ").split()
        else:
            values[key] = value
    if not servers:
        hint = f"add a line isns_server = ADDRESS to {name}"
        raise InvalidValue(f"{name} names no iSNS server", hint=hint)
    if len(servers) > _MOST_SERVERS:
        raise InvalidValue(f"{name} names {len(servers)} servers; at most {_MOST_SERVERS}")
    port = _number(values, "isns_port", range(1, 65536), _PORT, name)
    return Settings(
        tuple(dict.fromkeys(_server(server, port, name) for server in servers)),
        _entity(values.get("entity", ""), name),
        _log_level(values.get("log_level", "info"), name),
        _number(values, "registration_period", _PERIODS, _PERIOD, name),
        _scn_port(values, name),
        _number(values, "esi_interval", _INTERVALS, 0, name),
    )


def _lines(text: str, name: str) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key, separator, value = line.partition("=")
        if not separator:
            raise InvalidValue(f"{name}, line {number}: {line!r} is not KEY = VALUE")
        yield number, key.strip().lower(), value.strip()


def _server(text: str, port: int, name: str) -> Server:
    """Return the server of HOST, HOST:PORT, an IPv6 address, or [ADDRESS]:PORT."""
    host, given = text, ""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        given = rest.removeprefix(":") if rest else ""
    elif text.count(":") == 1:
        host, _, given = text.partition(":")
    if not host or not host.isprintable():
        raise InvalidValue(f"{name}: isns_server = {text!r} is not a host name or IP address")
    if not given:
        return Server(host, port)
    return Server(host, _number({"isns_server": given}, "isns_server", range(1, 65536), 0, name))


def _number(values: dict[str, str], key: str, among: range, default: int, name: str) -> int:
    text = values.get(key, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) in among):
        raise InvalidValue(
            f"{name}: {key} = {text!r} is not a number from {among[0]} to {among[-1]}"
        )
    return int(text)


def _scn_port(values: dict[str, str], name: str) -> int | None:
    if values.get("scn_port", "").lower() == "none":
        return None
    return _number(values, "scn_port", range(1, 65536), 0, name)


def _entity(text: str, name: str) -> str:
    # Bytes that are no text are not printable, and cannot be encoded.
    if not text.isprintable() or len(text.encode()) > 255:
        raise InvalidValue(f"{name}: entity = {text!r} is not a name of at most 255 bytes")
    return text


def _log_level(text: str, name: str) -> str:
    if text.lower() not in LOG_LEVELS:
        hint = f"use {', '.join(LOG_LEVELS)}"
        raise InvalidValue(f"{name}: unknown log_level {text!r}", hint=hint)
    return text.lower()
