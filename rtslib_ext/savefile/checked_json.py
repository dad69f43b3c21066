# SPDX-License-Identifier: Apache-2.0
"""Reading JSON with an eye on every key: values by type, problems by their JSON path."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .. import naming
from ..config import booleans
from ..config.intern import Interner
from ..errors import InvalidValue, ParseError
from ..fast_dataclasses import dataclass, field

_DIGITS = re.compile(r"\s*[0-9]{1,20}\s*")
_TEXT = "a text"
# How much of a line that cannot be read is shown.
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a file that cannot be used: where, and what is wrong with it."""

    where: str
    message: str
    owner: tuple[str, str] | None = None
    """The key of the storage object or target that it is about."""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class Unusable(Exception):
    """A value without which the object it belongs to cannot be made."""


@dataclass(slots=True)
class Problems:
    """What was found wrong in one file; ``settings`` are those that its objects share."""

    found: list[Problem] = field(default_factory=list)
    settings: Interner = field(default_factory=Interner)

    def add(self, where: str, message: str, owner: tuple[str, str] | None = None) -> None:
        """Note one."""
        self.found.append(Problem(where, message, owner))


class _Object(dict[str, Any]):
    """A JSON object that knows which of its keys stood in it twice."""

    repeated: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    result = _Object(pairs)
    if len(result) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        result.repeated = tuple(name for name, count in counts.items() if count > 1)
    return result


class Item:
    """One JSON object; each key that is used is ticked off, the rest is reported."""

    def __init__(
        self,
        value: Any,
        where: str,
        problems: Problems,
        owner: tuple[str, str] | None = None,
    ) -> None:
        self.where = where
        self.problems = problems
        self.owner = owner
        self._used: set[str] = set()
        if not isinstance(value, dict):
            problems.add(where or "the file", f"is {_type(value)}, not an object")
            raise Unusable
        self._values: dict[str, Any] = value
        for key in getattr(value, "repeated", ()):
            self.report(self.at(key), "stands there twice")

    def report(self, where: str, message: str) -> None:
        """Note a problem of this object."""
        self.problems.add(where, message, self.owner)

    def at(self, key: str) -> str:
        """The JSON path of a key, in one line whatever the key is."""
        if not key.isprintable():
            key = ascii(key)[1:-1]
        return f"{self.where}.{key}" if self.where else key

    def raw(self, key: str) -> Any:
        """A value as it stands; None where the key is not there."""
        self._used.add(key)
        return self._values.get(key)

    def text(self, key: str) -> str | None:
        """A text; a number is taken as its digits."""
        value = self.raw(key)
        if value is None or (isinstance(value, str) and _is_text(value)):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        self._wrong(key, value, _TEXT)
        return None

    def number(self, key: str) -> int | None:
        """A whole number; digits in quotes are taken too."""
        value = self.raw(key)
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return int(value)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        self._wrong(key, value, "a whole number")
        return None

    def flag(self, key: str) -> bool | None:
        """True or false; 0 and 1 and the usual words are taken too."""
        value = self.raw(key)
        if value is None or isinstance(value, bool):
            return value
        found = booleans.read(str(value)) if isinstance(value, int | str) else None
        if found is None:
            self._wrong(key, value, "true or false")
        return found

    def required(self, key: str, read: Callable[[str], Any]) -> Any:
        """A value that must be there; raises Unusable."""
        before = len(self.problems.found)
        value = read(key)
        if value is None:
            if len(self.problems.found) == before:
                self.report(self.at(key), "is missing")
            raise Unusable
        return value

    def values(
        self, key: str, check: Callable[[str, str], object] = naming.check_setting_name
    ) -> Mapping[str, str]:
        """An object of texts and numbers, as the kernel would read them.

        Its names become those of files or folders, so each must pass ``check``, which raises
        InvalidValue; the others are reported and left out.
        """
        value = self.raw(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._wrong(key, value, "an object")
            return {}
        result: dict[str, str] = {}
        for name, item in value.items():
            try:
                check(name, "")
            except InvalidValue as err:
                self.report(self.at(f"{key}.{name}"), err.message)
                continue
            if isinstance(item, bool):
                result[name] = str(int(item))
            elif isinstance(item, int) or (isinstance(item, str) and _is_text(item)):
                result[name] = str(item)
            elif item is not None:
                self._wrong(f"{key}.{name}", item, f"{_TEXT} or a whole number")
        return self.problems.settings.one(result)

    def items(self, key: str) -> Iterator[Item]:
        """The objects of a list; what is none is reported and left out."""
        value = self.raw(key)
        if value is None:
            return
        if not isinstance(value, list):
            self._wrong(key, value, "a list")
            return
        for number, item in enumerate(value):
            # What was read is not needed any more: of a large file that is most of the memory.
            value[number] = None
            try:
                yield Item(item, f"{self.at(key)}[{number}]", self.problems, self.owner)
            except Unusable:
                continue

    def each(
        self,
        key: str,
        read: Callable[[Item], tuple[Any, Any]],
        twice: Callable[[Any], str] = "{} stands in the list twice".format,
    ) -> dict[Any, Any]:
        """The objects of a list by what identifies them: what ``read`` gives of each.

        Unusable ones are left out; of those that stand there ``twice``, the first one counts.
        """
        result: dict[Any, Any] = {}
        for entry in self.items(key):
            try:
                identity, found = read(entry)
            except Unusable:
                continue
            entry.finish()
            if identity in result:
                entry.report(entry.where, twice(identity))
            result.setdefault(identity, found)
        return result

    def item(self, key: str) -> Item:
        """An object; an empty one where there is none."""
        value = self.raw(key)
        try:
            return Item({} if value is None else value, self.at(key), self.problems, self.owner)
        except Unusable:
            return Item({}, self.at(key), self.problems)

    def named_items(self, key: str) -> dict[str, Item]:
        """The objects in an object, by their keys."""
        inside = self.item(key)
        return {name: inside.item(name) for name in inside._values}

    def ignore(self, *keys: str) -> None:
        """Keys that older tools wrote and that say nothing."""
        self._used.update(keys)

    def finish(self) -> None:
        """Report the keys that nobody asked for."""
        for key in sorted(set(self._values) - self._used):
            self.report(self.at(key), "is not a key that this program knows")

    def _wrong(self, key: str, value: Any, wanted: str) -> None:
        if isinstance(value, str) and wanted.startswith(_TEXT):
            self.report(self.at(key), "has a NUL in it, or is not UTF-8")
        else:
            self.report(self.at(key), f"is {_type(value)}, not {wanted}")


def parse(text: str, source: str) -> Any:
    """The JSON in a text; raises ParseError with the line and a mark under the place."""
    if not text.strip():
        raise ParseError(
            f"{source} is empty", hint="give a file that saveconfig wrote, or a backup of one"
        )
    try:
        return json.loads(text, object_pairs_hook=_object)
    except RecursionError as err:
        raise ParseError(f"{source} has too many levels", hint="the file is no save file") from err
    except json.JSONDecodeError as err:
        raise ParseError(
            f"{source}:{err.lineno}: {err.msg.lower()}{_place(err)}",
            hint="the file is no JSON; nothing was changed",
        ) from err
    except ValueError as err:
        # Python reads numbers of 4300 digits.
        text = "a number in it has too many digits"
        raise ParseError(f"{source}: {text}", hint="the file is no save file") from err


def _place(err: json.JSONDecodeError) -> str:
    """The line with a mark under the place; not where it may hold a secret."""
    lines = err.doc.splitlines()
    line = lines[err.lineno - 1] if err.lineno <= len(lines) else ""
    if "password" in line.lower() or err.colno > _SHOWN:
        return f", at column {err.colno}"
    return f"\n  {line[:_SHOWN]}\n  {'':{err.colno - 1}}^"


def _is_text(value: str) -> bool:
    """Tell whether a text can be handed to the kernel: UTF-8, without a NUL."""
    try:
        return b"\0" not in value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False


def _type(value: Any) -> str:
    if value is None:
        return "null"
    names = {
        dict: "an object",
        list: "a list",
        str: _TEXT,
        bool: "true or false",
        float: "a decimal number",
    }
    found = (name for kind, name in names.items() if isinstance(value, kind))
    return next(found, "a number")
