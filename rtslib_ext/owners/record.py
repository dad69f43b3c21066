# SPDX-License-Identifier: Apache-2.0
"""The record of the owners: a JSON file in ``/run``, as long-lived as the running configuration.

``owners`` has the owner of each shell path. A path without an object is a name that its owner
holds: of an object that could not be restored, or that another program deleted. While a fragment
is applied, ``unfinished`` has the owners ``before`` and ``after``, for recovery from a kill, and
likewise those that move.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from itertools import chain
from typing import Any

from ..errors import InvalidValue, LioError, reason
from ..files import atomic, completed, trusted
from . import units

Owners = Mapping[str, str]
"""The names of owners by the shell paths of their objects."""

# Of a hundred thousand objects it has less.
_MOST_BYTES = 64 << 20


def load(path: str) -> dict[str, str]:
    """Return the owners; none without a record, or if this user cannot read it.

    Raises LioError if it is damaged.
    """
    return _read(path)[0]


def unfinished(path: str) -> tuple[dict[str, str], dict[str, str]] | None:
    """Return the owners before and after an apply that was killed; None without one."""
    found = _read(path)[1]
    return (found["before"], found["after"]) if found else None


def starting(path: str) -> str:
    """Return the owner whose objects a takeover is about to serve, or was when it was killed."""
    return str(_value(path).get("unfinished", {}).get("starting", ""))


def moving(path: str) -> frozenset[str]:
    """Return the owners whose objects move between hosts: no save file has these objects."""
    return frozenset(_value(path).get("moving", ()))


def set_moving(path: str, owner: str, *, moves: bool) -> None:
    """Record whether the objects of an owner move between hosts. Raises LioError."""
    value = _value(path) or {"owners": {}}
    _write(path, {**value, "moving": _moving(value, owner, moves)})


def _moving(value: Mapping[str, Any], owner: str, moves: bool | None) -> list[str]:
    """Return the owners that move, once one moves or not; None: as before."""
    names = set(value.get("moving", ()))
    if moves is not None:
        names = names | {owner} if moves else names - {owner}
    return sorted(names)


def store(path: str, owners: Owners) -> None:
    """Write the record, or remove it if there are no owners. Raises LioError."""
    _write(path, {"owners": dict(owners), "moving": _value(path).get("moving", [])})


@contextmanager
def claiming(
    path: str, after: Owners, owner: str = "", moves: bool | None = None, *, serves: bool = False
) -> Iterator[None]:
    """Replace the record around the change of a block; a kill within it is recovered from.

    ``moves``: whether the objects of ``owner`` move between hosts from then on; None: as before.
    Until the change is complete, no save file has those of either case. ``serves``: this host is
    about to serve them (``starting``).
    """
    value = _value(path)
    owners = load(path)
    before = {"owners": owners, "moving": sorted(value.get("moving", ()))}
    then = {"owners": dict(after), "moving": _moving(value, owner, moves)}
    if before == then and not serves:
        yield
        return
    both = {
        "owners": {**owners, **after},
        "moving": sorted({*before["moving"], *then["moving"]}),
    }
    moving = [before["moving"], then["moving"]]
    unfinished = {"before": owners, "after": dict(after), "moving": moving}
    if serves:
        unfinished["starting"] = owner
    completed.forget(path)
    _write(path, {**both, "unfinished": unfinished})
    try:
        yield
    except BaseException:
        # It may be one after the steps, such as Ctrl-C.
        _write(path, then if completed.is_there(path) else before)
        raise
    _write(path, then)
    # That of the networks, if they changed too, was ended before.
    completed.forget(path)


def finish(path: str, *, done: bool) -> None:
    """End an unfinished record: as after the change, or as before it. Raises LioError."""
    value = _value(path)
    found = value["unfinished"]
    # Older versions have no such key.
    moving = found.get("moving", [value.get("moving", [])] * 2)[done]
    _write(path, {"owners": found["after" if done else "before"], "moving": moving})


def without_deleted(owners: Owners, gone: Set[str]) -> dict[str, str]:
    """Return the owners without those of deleted objects, which are shell paths, and below them."""
    return {path: owner for path, owner in owners.items() if not at_or_above(path) & gone}


def at_or_above(path: str) -> set[str]:
    """Return a path with those of the objects around it."""
    words = path.split("/")
    return {"/".join(words[:length]) for length in range(2, len(words) + 1)}


def _write(path: str, value: Mapping[str, Any]) -> None:
    try:
        if any(value.values()):
            trusted.make_directory(os.path.dirname(path))
            atomic.replace(path, json.dumps(value).encode())
        elif os.path.exists(path):
            os.unlink(path)
    except OSError as err:
        raise LioError(f"{path} cannot be written: {reason(err)}") from err


def drop(path: str) -> None:
    """Remove the record, a damaged one too. Raises LioError."""
    try:
        os.unlink(path)
    except OSError as err:
        raise LioError(f"{path} cannot be removed: {reason(err)}") from err


def reverted(owners: Owners, changed: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Return the owners without a change; those that were changed again since stay."""
    after = dict(owners)
    for place, (old, new) in changed.items():
        if after.get(place, "") in (new, ""):
            after.pop(place, None)
            if old:
                after[place] = old
    return after


def _read(path: str) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    value = _value(path)
    return value.get("owners", {}), value.get("unfinished", {})


def _value(path: str) -> dict[str, Any]:
    """Return the whole record, checked; {} without one."""
    if not os.access(path, os.R_OK):
        return {}
    try:
        value = json.loads(trusted.read(path, _MOST_BYTES))
        checked(value["owners"])
        found = value.get("unfinished")
        for key in ("before", "after") if found else ():
            checked(found[key])
        before, after = (found or {}).get("moving", ((), ()))
        if found and "starting" in found:
            units.check_name(found["starting"])
        for name in chain(value.get("moving", ()), before, after):
            units.check_name(name)
        return dict(value)
    except FileNotFoundError:
        return {}
    except OSError as err:
        raise LioError(f"{path} cannot be read: {reason(err)}") from err
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, LioError) as err:
        raise LioError(
            f"the record of the owners, {path}, is damaged",
            hint="remove it; apply FILE --owner NAME --adopt gives NAME its objects again",
        ) from err


def checked(value: Any) -> dict[str, str]:
    """Return owners by path from parsed JSON. Raises InvalidValue, TypeError or AttributeError."""
    for path, owner in value.items():
        if not isinstance(owner, str):
            raise InvalidValue(f"{path}: the owner is not a text")
        units.check_name(owner, path)
    units.of_paths(value)
    return dict(value)
