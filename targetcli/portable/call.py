# SPDX-License-Identifier: Apache-2.0
"""A command as data: where it runs, and with which values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from rtslib_ext.config import shell_paths
from rtslib_ext.config.model import SECRET_NAMES, Auth, Values
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.fast_dataclasses import dataclass, field
from rtslib_ext.schema import Attribute
from rtslib_ext.steps import settings


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret of an object, which texts only refer to."""

    path: ShellPath
    name: str
    value: str = field(repr=False)


Value = str | int | bool | Secret


@dataclass(frozen=True, slots=True)
class Call:
    """A command at a node with its parameters; the first ``bare`` ones need no name.

    ``group`` is the group of settings of ``set``. ``about`` is the path of the object. If
    ``unless`` succeeds, it is needless, and so are those in ``then`` after it.
    """

    at: str
    command: str
    values: Mapping[str, Value] = field(default_factory=dict)
    bare: int = 0
    group: str = ""
    about: ShellPath = shell_paths.BACKSTORES
    unless: Call | None = None
    then: tuple[Call, ...] = ()


Lookup = Callable[[str], Attribute | None]


def change(
    path: ShellPath, group: str, values: Mapping[str, Value], at: str = ""
) -> Iterator[Call]:
    """Yield the command that sets settings; none without any."""
    if values:
        yield Call(at or path, "set", values, group=group, about=path)


def writable(
    values: Values, lookup: Lookup, order: Iterable[str] | None = None
) -> dict[str, Value]:
    """Return the settings that can be set, in an order that the kernel accepts."""
    rows = {name: lookup(name) for name in values}
    names = settings.ordered(values) if order is None else order
    return {name: values[name] for name in names if not (row := rows[name]) or row.writable}


def auth(path: ShellPath, found: Auth) -> dict[str, Value]:
    """Return credentials as settings: all that are managed, or none if none is set."""
    pairs = list(found.items())
    if not any(value for _, value in pairs):
        return {}
    return {
        name: Secret(path, name, value) if name in SECRET_NAMES and value else value
        for name, value in pairs
    }
