# SPDX-License-Identifier: Apache-2.0
"""The history: each change with its time, user and origin, one file per change.

Passwords are not recorded. The directory is limited in size: the oldest changes are deleted first.
"""

from __future__ import annotations

import json
import os
import re
import time
import zlib
from collections.abc import Sequence
from itertools import islice
from typing import Any

from rtslib_ext.errors import LioError, NotFound, PermissionDenied, reason
from rtslib_ext.fast_dataclasses import dataclass, field
from rtslib_ext.files import atomic, bounded, trusted
from rtslib_ext.kernel.abi import NO_CREDENTIAL, SECRET_FILES
from rtslib_ext.savefile import json_stream
from rtslib_ext.steps import Step, codec, field_types
from rtslib_ext.steps.operations import Write
from rtslib_ext.steps.step import Action
from rtslib_ext.transaction import beside
from rtslib_ext.transaction.beside import Networks, Owners

from . import actor
from .actor import Actor

MOST_RECORDS = 500
MOST_BYTES = 16 << 20
# A change of more system calls, such as a restore of thousands of LUNs, is recorded without them.
MOST_OPERATIONS = 100_000
# A record of as many system calls has 20 MB.
_MOST_UNPACKED = 256 << 20
# Pieces of a record to compress at once.
_AT_ONCE = 200
_NAME = re.compile(r"[0-9]{8}\.json\.gz")
_FAST = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One change; ``time`` in seconds since 1970.

    ``changes`` are plain values of each step: action, path, text, before, after; ``count`` is
    their number. ``back`` are the steps that undo it; ``irreversible`` says why it has none.
    ``undoes`` is the number of the change that this one undid.
    """

    number: int
    time: float
    who: Actor
    command: str
    changes: tuple[dict[str, str | None], ...]
    count: int
    back: tuple[Step, ...] = field(repr=False)
    irreversible: str = ""
    undoes: int | None = None
    owners: Owners = field(default_factory=dict)
    """The owners before and after it, by shell path, where they changed; "": no owner."""
    networks: Networks = field(default_factory=dict)
    """The allowed networks before and after it, by portal, where they changed; (): all."""


def keep(
    folder: str,
    command: str,
    changes: Sequence[Step],
    back: Sequence[Step],
    irreversible: str = "",
    undoes: int | None = None,
    owners: Owners | None = None,
    networks: Networks | None = None,
) -> int:
    """Record a change; return its number. Raises OSError, LioError."""
    trusted.make_directory(folder)
    os.chmod(folder, 0o700)
    known, number = _known(folder)
    large = sum(map(_size, (*changes, *back))) > MOST_OPERATIONS
    if large:
        back, irreversible = (), irreversible or "it is too large to be recorded completely"
    who = actor.present()
    value = {
        "time": time.time(),
        "user": who.user,
        "login": who.login,
        "terminal": who.terminal,
        "address": who.address,
        "command": command,
        "count": len(changes),
        "changes": () if large else map(_change, changes),
        "back": (codec.encode(step, secrets=False) for step in back),
        "lasting": irreversible,
        "takes_back": undoes,
        **beside.Replaced(owners or {}, networks or {}).plain(),
    }
    packer = zlib.compressobj(_FAST, zlib.DEFLATED, bounded.GZIP)
    pieces = json_stream.pieces(value)
    data = b""
    # Compressing the whole text at once would take most of the memory of a command.
    while text := "".join(islice(pieces, _AT_ONCE)):
        data += packer.compress(text.encode())
    data += packer.flush()
    _make_room(folder, known, len(data))
    # Without a wait for the disk: a restart forgets the running configuration as well.
    atomic.replace(f"{folder}/{_name(number)}", data)
    return number


def _size(step: Step) -> int:
    return len(step.operations) + len(step.undo or ())


def _name(number: int) -> str:
    return f"{number:08}.json.gz"


def _make_room(folder: str, known: dict[str, int], size: int) -> None:
    count, total = len(known) + 1, sum(known.values()) + size
    for name in sorted(known):
        if count <= MOST_RECORDS and total <= MOST_BYTES:
            return
        os.unlink(f"{folder}/{name}")
        count, total = count - 1, total - known[name]


def _known(folder: str) -> tuple[dict[str, int], int]:
    """Return the sizes of the records by their names, and the number of the next one."""
    with os.scandir(folder) as entries:
        found = [item for item in entries if _NAME.fullmatch(item.name)]
    # Of anything else with such a name, only the number counts: it cannot be deleted.
    records = [item for item in found if item.is_file(follow_symlinks=False)]
    number = max((_number(item.name) for item in found), default=0) + 1
    return {item.name: item.stat().st_size for item in records}, number


def _number(name: str) -> int:
    return int(name.partition(".")[0])


def _change(step: Step) -> dict[str, str | None]:
    before, after = values(step)
    return {
        "action": step.action.name.lower(),
        "path": step.path,
        "text": step.text,
        "verb": step.verb,
        "subject": step.subject,
        "before": before,
        "after": after,
    }


def values(step: Step) -> tuple[str | None, str | None]:
    """Return a setting before and after a step that changed one; passwords are stars."""
    for item in step.operations:
        if isinstance(item, Write) and item.before is not None:
            return _shown(item.file, item.before), _shown(item.file, item.value)
    return None, None


def _shown(file: str, value: str) -> str:
    if value == NO_CREDENTIAL:
        return ""
    return "***" if value and file.rpartition("/")[2] in SECRET_FILES else value


# -- reading --------------------------------------------------------------------------------


def read(folder: str) -> list[Record]:
    """Return all readable records, the oldest first; raises LioError."""
    try:
        names = sorted(name for name in os.listdir(folder) if _NAME.fullmatch(name))
    except FileNotFoundError:
        return []
    except PermissionError as err:
        raise PermissionDenied(
            f"{folder} can be read by root only", hint="run it with sudo"
        ) from err
    except OSError as err:
        raise LioError(f"{folder} cannot be read: {reason(err)}") from err
    return [found for name in names if (found := _read(folder, name))]


def find(folder: str, number: int) -> Record:
    """Return one record; raises NotFound, LioError."""
    name = _name(number)
    found = _read(folder, name)
    if found is None and os.path.exists(f"{folder}/{name}"):
        raise LioError(f"{folder}/{name} is not a record of a change", hint="remove it")
    if found is None:
        read(folder)
        raise NotFound(f"there is no change {number}", hint="history lists the recorded changes")
    return found


def undone_by(folder: str, number: int) -> Record | None:
    """Return the change that undid a change, and was not undone itself; None without one."""
    later = [
        found
        for other in numbers(folder)
        if other > number
        if (found := _read(folder, _name(other)))
    ]
    undone: set[int | None] = set()
    for record in later:
        if record.number in undone:
            continue
        if record.undoes == number:
            return record
        undone.add(record.undoes)
    return None


def last_of(folder: str, who: Actor) -> Record | None:
    """Return the last change of a user that can be undone and was not; None without one.

    Undos and reverts are not considered. An unreadable history has none.
    """
    try:
        known = read(folder)
    except LioError:
        return None
    undone: set[int | None] = set()
    for record in reversed(known):
        if record.number in undone:
            continue
        if record.undoes is not None:
            undone.add(record.undoes)
        elif not record.irreversible and _same_user(record.who, who):
            return record
    return None


def _same_user(one: Actor, other: Actor) -> bool:
    return (one.user, one.login) == (other.user, other.login)


def last_undo(folder: str) -> Record | None:
    """Return the last undo or revert that no other change followed, or None.

    An undo that was redone is none, like the redo.
    """
    redone: set[int | None] = set()
    for number in numbers(folder):
        record = _read(folder, _name(number))
        if record is None or number in redone:
            continue
        depth = _depth(folder, record)
        if depth % 2:
            return record
        if not depth:
            return None
        redone.add(record.undoes)
    return None


def _depth(folder: str, record: Record | None) -> int:
    """Return 0 for a change that undoes none, 1 for one that undoes such a change, and so on."""
    depth = 0
    while record and record.undoes is not None:
        record = _read(folder, _name(record.undoes))
        depth += 1
    return depth


def _read(folder: str, name: str) -> Record | None:
    """Return None for a file that was just deleted, and for one that is not a record."""
    try:
        path = f"{folder}/{name}"
        data = bounded.unpack(trusted.read(path, MOST_BYTES), _MOST_UNPACKED, path)
        return _record(_number(name), json.loads(data))
    except (OSError, EOFError, zlib.error, trusted.Untrusted, *field_types.MALFORMED):
        return None


def _record(number: int, value: dict[str, Any]) -> Record:
    """Return the record in a document; raises one of field_types.MALFORMED."""
    replaced = beside.from_plain(value)
    record = Record(
        number,
        _moment(value["time"]),
        Actor(value["user"], value["login"], value["terminal"], value["address"]),
        value["command"],
        tuple(map(_checked_change, value["changes"])),
        _checked_count(value["count"]),
        tuple(codec.decode(item) for item in value["back"]),
        value["lasting"],
        value["takes_back"],
        replaced.owners,
        replaced.networks,
    )
    who = record.who
    texts = (who.user, who.login, who.terminal, who.address, record.command, record.irreversible)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("not a text")
    if record.undoes is not None and not 0 <= record.undoes < number:
        raise ValueError("it undoes a later change")
    return record


def _moment(value: float) -> float:
    # time.localtime fails beyond some limit.
    if not 0 <= value < field_types.LATEST:
        raise ValueError("not a time")
    return float(value)


def _checked_count(value: int) -> int:
    if type(value) is not int or not 0 <= value < field_types.LATEST:
        raise TypeError("not a count")
    return value


def _checked_change(value: dict[str, str | None]) -> dict[str, str | None]:
    """Return a change as ``_change`` makes it."""
    texts = all(isinstance(item, str | None) for item in value.values())
    if not texts or value["path"] is None or value["text"] is None:
        raise TypeError("not a change")
    if not {"before", "after"} <= value.keys():
        raise KeyError("before, after")
    Action[str(value["action"]).upper()]
    return value


def numbers(folder: str) -> list[int]:
    """Return the numbers of the records, the last first; none if the directory is unreadable."""
    try:
        return sorted(map(_number, _known(folder)[0]), reverse=True)
    except OSError:
        return []
