# SPDX-License-Identifier: Apache-2.0
"""Counters and rates of an object under the names that users see."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from ..fast_dataclasses import dataclass
from .columns import COLUMNS, COUNTER, INDEX, TARGET
from .counters import LOGIN_FAILURES, Row, login_failures
from .rates import Rate

REFUSED = "refused_logins"
_RAW = frozenset((*LOGIN_FAILURES.values(), "negotiate_fails"))
PER_SECOND = "_per_second"
_REFUSED = {
    "unknown_initiator": "refused_unknown_initiator",
    "wrong_secret": "refused_wrong_secret",
    "negotiation": "refused_negotiation",
    "other": "refused_other",
    "redirected": "redirected_logins",
}

Value = int | float | None


@dataclass(frozen=True, slots=True)
class Facts:
    """An object and its values by name.

    ``values``: each column of the kind, but for those of LOGIN_FAILURES; a target has
    ``refused_logins`` instead, and ``refused_KIND`` and ``redirected_logins``, each login once.
    With rates, each counter also has NAME_per_second. ``storage_object`` is that of a LUN, ""
    for other kinds. ``restarted`` as of a Rate.
    """

    kind: str
    path: str
    storage_object: str
    values: Mapping[str, Value]
    restarted: bool = False


@cache
def names(kind: str, *, rates: bool) -> tuple[str, ...]:
    """Return the names of the values of a kind, in their order."""
    columns = [
        column
        for column in COLUMNS[kind]
        if column.form != INDEX and not (kind == TARGET and column.name in _RAW)
    ]
    found = [column.name for column in columns]
    if kind == TARGET:
        found += [REFUSED, *_REFUSED.values()]
    if rates:
        found += [f"{column.name}{PER_SECOND}" for column in columns if column.form == COUNTER]
    return tuple(found)


def of(row: Row, storage_object: str = "", rate: Rate | None = None) -> Facts:
    """Return the facts of a row, and of its rates."""
    values: dict[str, Value] = {}
    for name in names(row.kind, rates=rate is not None):
        if rate and name.endswith(PER_SECOND):
            values[name] = rate.value(name.removesuffix(PER_SECOND))
        else:
            values[name] = row.value(name)
    if row.kind == TARGET:
        found = login_failures(row)
        values.update({name: found[kind] for kind, name in _REFUSED.items()})
        values[REFUSED] = sum(found.values()) - found["redirected"]
    return Facts(row.kind, row.path, storage_object, values, bool(rate and rate.restarted))
