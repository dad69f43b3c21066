# SPDX-License-Identifier: Apache-2.0
"""Read JSON and check every key: values by type, problems by their JSON path."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeGuard

from .. import naming
from ..config import scalars
from ..config.intern import Interner
from ..config.printable import printable
from ..errors import InvalidValue, ParseError
from ..fast_dataclasses import dataclass, field

_DIGITS = re.compile(r"\s*[0-9]{1,20}\s*")
# The kernel has no larger number, and Python may refuse to convert one.
_MOST = 2**64
_TEXT = "a string"
# How the objects of a save file and of its parts begin; "[" is also a section of an INI file.
_BEGINS = "{"
_SECRET = re.compile("passw|secret|chap|token", re.IGNORECASE)
# The number of characters shown of a line with an error.
_SHOWN = 120


# A file of MOST_BYTES that saveconfig writes has 2 million values; of empty ones it could have 30
# million, which take gigabytes and minutes.
_MOST_VALUES = 4_000_000
_MOST_PROBLEMS = 250_000
_WRITTEN = "use a file written by saveconfig"


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of a file that cannot be used: its JSON path and the reason."""

    where: str
    message: str
    owner: tuple[str, str] | None = None
    """The key of the storage object or target concerned; None: of the whole file."""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class Unusable(Exception):
    """A required value is missing or wrong, so its object cannot be created."""


@dataclass(slots=True)
class Problems:
    """The problems of one file; ``settings`` interns the settings that its objects share."""

    source: str = "the file"
    reported: list[Problem] = field(default_factory=list)
    settings: Interner = field(default_factory=Interner)

    def add(self, where: str, message: str, owner: tuple[str, str] | None = None) -> None:
        """Report a part of the file; both texts are shown as one line.

        Raises ParseError for a file that has too many of them.
        """
        if len(self.reported) >= _MOST_PROBLEMS:
            raise ParseError(
                f"{self.source} has more than {_MOST_PROBLEMS:,} errors, the first is "
                f"{self.reported[0]}",
                hint=_WRITTEN,
            )
        self.reported.append(Problem(printable(where), printable(message), owner))


class _Object(dict[str, Any]):
    """A JSON object that remembers its repeated keys."""

    repeated: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    result = _Object(pairs)
    if len(result) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        result.repeated = tuple(name for name, count in counts.items() if count > 1)
    return result


class Item:
    """One JSON object; keys that are read are marked as used, finish() reports the others."""

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
            problems.add(where or "the file", f"must be an object, not {_type(value)}")
            raise Unusable
        self._values: dict[str, Any] = value
        self.repeated: tuple[str, ...] = getattr(value, "repeated", ())
        for key in self.repeated:
            self.report(self.at(key), "is given twice")

    def report(self, where: str, message: str) -> None:
        """Report a problem of this object."""
        self.problems.add(where, message, self.owner)

    def at(self, key: str) -> str:
        """Return the JSON path of a key."""
        return f"{self.where}.{key}" if self.where else key

    def raw(self, key: str) -> Any:
        """Return an unchecked value; None if the key is missing."""
        self._used.add(key)
        return self._values.get(key)

    def text(self, key: str) -> str | None:
        """Return a string; numbers are converted. None if missing or wrong, which is reported."""
        value = self.raw(key)
        if value is None or (isinstance(value, str) and _is_text(value)):
            return value
        if _is_number(value):
            return str(value)
        self._wrong(key, value, _TEXT)
        return None

    def number(self, key: str) -> int | None:
        """Return an integer; digits in a string are converted. None if missing or wrong."""
        value = self.raw(key)
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return int(value)
        if value is None or _is_number(value):
            return value
        self._wrong(key, value, "a whole number")
        return None

    def within(self, key: str, low: int, high: int) -> int | None:
        """Return a number, None if it is missing; raise Unusable if it is wrong or out of range."""
        before = len(self.problems.reported)
        number = self.number(key)
        if number is not None and not low <= number <= high:
            self.report(self.at(key), f"must be between {low} and {high}, not {number}")
        if len(self.problems.reported) != before:
            raise Unusable
        return number

    def flag(self, key: str) -> bool | None:
        """Return a boolean; 0, 1 and words such as "yes" are converted.

        None if missing or wrong.
        """
        value = self.raw(key)
        if value is None or isinstance(value, bool):
            return value
        flag = scalars.boolean(str(value)) if _is_number(value) or isinstance(value, str) else None
        if flag is None:
            self._wrong(key, value, "true or false")
        return flag

    def clear(self, key: str) -> bool:
        """Return a boolean, False if it is missing; raise Unusable if it is wrong.

        For one that limits access: no value of it is safe to assume.
        """
        before = len(self.problems.reported)
        value = self.flag(key)
        if len(self.problems.reported) != before or key in self.repeated:
            raise Unusable
        return bool(value)

    def required(self, key: str, read: Callable[[str], Any]) -> Any:
        """Return a value; raise Unusable if it is missing or wrong."""
        before = len(self.problems.reported)
        value = read(key)
        if value is None:
            if len(self.problems.reported) == before:
                self.report(self.at(key), "is missing")
            raise Unusable
        return value

    def values(
        self, key: str, check: Callable[[str, str], object] = naming.check_setting_name
    ) -> Mapping[str, str]:
        """Return an object of strings and numbers as the texts that the kernel would read.

        Its keys become names of files or directories, so each must pass ``check``, which raises
        InvalidValue; the others are reported and omitted.
        """
        value = self.raw(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._wrong(key, value, "an object")
            return {}
        result: dict[str, str] = {}
        for name in getattr(value, "repeated", ()):
            self.report(self.at(f"{key}.{name}"), "is given twice")
        for name, item in value.items():
            try:
                check(name, "")
            except InvalidValue as err:
                self.report(self.at(f"{key}.{name}"), err.message)
                continue
            if isinstance(item, bool):
                result[name] = str(int(item))
            elif _is_number(item) or (isinstance(item, str) and _is_text(item)):
                result[name] = str(item)
            elif item is not None:
                self._wrong(f"{key}.{name}", item, f"{_TEXT} or a whole number")
        return self.problems.settings.one(result)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; other values are reported and omitted."""
        value = self.raw(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            self._wrong(key, value, "a list")
            return ()
        found = tuple(item for item in value if isinstance(item, str) and _is_text(item))
        if len(found) != len(value):
            self.report(self.at(key), "must be a list of strings")
        return found

    def items(self, key: str) -> Iterator[Item]:
        """Yield the objects of a list; other values are reported and omitted."""
        value = self.raw(key)
        if value is None:
            return
        if not isinstance(value, list):
            self._wrong(key, value, "a list")
            return
        for number, item in enumerate(value):
            # Free the value: of a large file this is most of the memory.
            value[number] = None
            try:
                yield Item(item, f"{self.at(key)}[{number}]", self.problems, self.owner)
            except Unusable:
                continue

    def each(
        self,
        key: str,
        read: Callable[[Item], tuple[Any, Any]],
        duplicate: Callable[[Any], str] = "{} is listed twice".format,
    ) -> dict[Any, Any]:
        """Return the objects of a list by key; ``read`` returns (key, value) of each.

        Unusable objects are omitted. Of several with the same key the first is used; the others are
        reported with the text of ``duplicate``.
        """
        result: dict[Any, Any] = {}
        for entry in self.items(key):
            try:
                identity, value = read(entry)
            except Unusable:
                continue
            entry.finish()
            if identity in result:
                entry.report(entry.where, duplicate(identity))
            result.setdefault(identity, value)
        return result

    def item(self, key: str) -> Item:
        """Return an object; an empty one if it is missing or wrong."""
        value = self.raw(key)
        try:
            return Item({} if value is None else value, self.at(key), self.problems, self.owner)
        except Unusable:
            return Item({}, self.at(key), self.problems)

    def named_items(self, key: str) -> dict[str, Item]:
        """Return the objects in an object by their keys."""
        inside = self.item(key)
        return {name: inside.item(name) for name in inside._values}

    def ignore(self, *keys: str) -> None:
        """Mark keys as used: older tools wrote them, and they have no meaning."""
        self._used.update(keys)

    def unused(self) -> list[str]:
        """Return the keys that were not used."""
        return sorted(self._values.keys() - self._used)

    def finish(self) -> None:
        """Report the keys that were not used."""
        for key in self.unused():
            self.report(self.at(key), "unknown key")

    def _wrong(self, key: str, value: Any, wanted: str) -> None:
        if isinstance(value, str) and wanted.startswith(_TEXT):
            self.report(self.at(key), "contains a NUL or is not UTF-8")
        elif type(value) is int:
            self.report(self.at(key), "must be less than 2**64")
        else:
            self.report(self.at(key), f"must be {wanted}, not {_type(value)}")


# More than any 64-bit number has.
_MOST_DIGITS = 40


def parse(text: str, source: str) -> Any:
    """Return the parsed JSON.

    Raises ParseError with the line and a mark under the error; ``source`` names the text.
    """
    if not text.strip():
        raise ParseError(
            f"{source} is empty", hint="use a file written by saveconfig, or one of its backups"
        )
    if sum(map(text.count, ",[{")) > _MOST_VALUES:
        raise ParseError(f"{source} has more than {_MOST_VALUES:,} values", hint=_WRITTEN)
    try:
        return _loads(text)
    except RecursionError as err:
        raise ParseError(f"{source} is nested too deeply", hint=_WRITTEN) from err
    except json.JSONDecodeError as err:
        raise ParseError(
            f"{source}:{err.lineno}: {err.msg.lower().removesuffix(' starting at')}{_place(err)}",
            hint="the file is not valid JSON; nothing was changed",
        ) from err


def _loads(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # Python limits numbers to 4300 digits. The reader of its value reports the number.
        return json.loads(text, object_pairs_hook=_object, parse_int=_beyond)


def _beyond(digits: str) -> int:
    """Return a number, one with the first digits of a longer one: no value can be so large."""
    return int(digits[:_MOST_DIGITS])


def _place(err: json.JSONDecodeError) -> str:
    """Return the line with a mark under the error, only the column if it may contain a secret.

    A file that is no JSON may be any file, also one with secrets.
    """
    lines = err.doc.split("\n")
    line = lines[err.lineno - 1] if err.lineno <= len(lines) else ""
    is_json = err.doc.lstrip().startswith(_BEGINS)
    if not is_json or _SECRET.search(line) or err.colno > _SHOWN:
        return f", at column {err.colno}"
    before = printable(line[: err.colno - 1])
    return f"\n  {before}{printable(line[err.colno - 1 : _SHOWN])}\n  {'':{len(before)}}^"


def _is_number(value: Any) -> TypeGuard[int]:
    return type(value) is int and -_MOST < value < _MOST


def _is_text(value: str) -> bool:
    """Return True if the kernel accepts a text: UTF-8, without a NUL."""
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
    matching = (name for kind, name in names.items() if isinstance(value, kind))
    return next(matching, "a number")
