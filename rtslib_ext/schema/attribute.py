# SPDX-License-Identifier: Apache-2.0
"""One row of a schema table: a setting of the kernel, and the check of its values."""

from __future__ import annotations

from enum import Enum

from ..config import scalars
from ..errors import InvalidValue
from ..fast_dataclasses import dataclass


class Kind(Enum):
    """The form of a value in the kernel."""

    BOOL = "bool"  # 0 or 1
    NUMBER = "number"
    STRING = "string"
    YESNO = "yesno"  # the words of an iSCSI key: Yes or No
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A configfs file and the values that it accepts."""

    name: str
    kind: Kind
    text: str
    """What it does and when to change it."""
    unit: str = ""
    low: int | None = None
    """The smallest number that the kernel accepts; for text, the minimum length in bytes."""
    high: int | None = None
    choices: tuple[tuple[str, str], ...] = ()
    """Valid values with their meanings; for a number, special values outside its range."""
    default: str | None = None
    """The value of a new object; None if it depends on the device."""
    defaults: tuple[tuple[str, str], ...] = ()
    """The values of new objects by kind of backstore, if they differ."""
    backstores: tuple[str, ...] = ()
    """The kinds of backstores that have it; () means all."""
    live: bool = True
    """Whether it can be written while a LUN exports the object, or the TPG is enabled."""
    fixed: str = "a LUN exports it"
    """The state in which a row that is not live cannot be written."""
    writable: bool = True
    since: str = ""
    """The first kernel release that has it; "" if 6.1 or an older one does."""
    until: str = ""
    """The first kernel release without it; "" if none is known."""
    source: str = ""
    fabrics: tuple[str, ...] = ()
    """The fabrics whose TPGs have it; () means all."""
    bound: str = ""
    """The setting that is the upper limit, if it is not a fixed number."""
    shown: tuple[tuple[str, str], ...] = ()
    """The texts that the kernel prints, with the values to write for them."""
    many: bool = False
    """Whether it accepts a comma-separated list of the choices, the preferred one first."""
    without: str = ""
    """Characters that a text must not contain."""
    ascii: bool = False
    """Whether a text must be printable ASCII, without a blank at either end."""

    def check(self, value: str) -> str:
        """Return the value in the form that the kernel expects.

        Raises InvalidValue, which lists the valid values.
        """
        written = self._normal(value)
        if written is None:
            raise InvalidValue(f"{self.name} takes {self.takes()}, not {value!r}")
        return written

    def takes(self) -> str:
        """Return the valid values in words."""
        unit = f" {self.unit}" if self.unit else ""
        if self.kind is Kind.BOOL:
            return "0 or 1"
        if self.kind is Kind.YESNO:
            return "Yes or No"
        if self.kind is Kind.STRING:
            return self._takes_text()
        if self.kind is Kind.NUMBER:
            return self._takes_number(unit)
        values = [value for value, _ in self.choices]
        if self.many:
            return f"a list of {_either(values)}, the preferred one first"
        return _either(values) + unit

    @property
    def is_number(self) -> bool:
        """Return True if every value is an integer, as that of a switch (0 or 1)."""
        if self.kind is Kind.CHOICE:
            return not self.many and all(_integer(value) is not None for value, _ in self.choices)
        return self.kind in (Kind.BOOL, Kind.NUMBER)

    def in_kernel(self, release: str) -> bool:
        """Return True if a kernel of this release (such as 6.1.0-13-amd64) has the file."""
        now = _version(release)
        return _version(self.since) <= now and (not self.until or now < _version(self.until))

    def when(self) -> str:
        """Return since or until which release a kernel has the file; "" if all have it."""
        if self.until:
            return f"gone since Linux {self.until}"
        return f"needs Linux {self.since}" if self.since else ""

    def _takes_number(self, unit: str) -> str:
        if self.low is not None and self.high is not None:
            words = f"a number from {self.low} to {self.high}{unit}"
        elif self.bound:
            words = f"a number from {self.low} up to {self.bound}{unit}"
        else:
            words = f"a number of at least {self.low}{unit}"
        special = [f"{value} ({meaning})" for value, meaning in self.choices]
        return f"{words}, or {_either(special)}" if special else words

    def _takes_text(self) -> str:
        words = "text"
        if self.ascii:
            return f"{self.low} to {self.high} printable ASCII characters"
        if self.low and self.high:
            words = f"text of {self.low} to {self.high} bytes"
        elif self.high:
            words = f"text of at most {self.high} bytes"
        without = ["a line break", *map(repr, self.without)]
        return f"{words} without {_either(without)}"

    def _normal(self, value: str) -> str | None:
        word = value.strip()
        for printed, written in self.shown:
            if word.lower() == printed.lower():
                return written
        if self.kind is Kind.BOOL:
            return _boolean(word, "1", "0")
        if self.kind is Kind.YESNO:
            return _boolean(word, "Yes", "No")
        if self.kind is Kind.STRING:
            return value if self._holds(value) else None
        if self.kind is Kind.NUMBER:
            return self._number(word)
        if self.many:
            parts = [self._choice(part.strip()) for part in word.split(",")]
            return None if None in parts else ",".join(filter(None, parts))
        return self._choice(word)

    def _holds(self, text: str) -> bool:
        if any(character in text for character in "\n\r\0" + self.without):
            return False
        if self.ascii and not (text.isascii() and text.isprintable() and text == text.strip()):
            return False
        size = len(text.encode("utf-8", "surrogateescape"))
        return size >= (self.low or 0) and (self.high is None or size <= self.high)

    def _number(self, word: str) -> str | None:
        number = _integer(word)
        if number is None:
            return None
        if any(value == str(number) for value, _ in self.choices):
            return str(number)
        if self.low is not None and number < self.low:
            return None
        if self.high is not None and number > self.high:
            return None
        return str(number)

    def _choice(self, word: str) -> str | None:
        number = _integer(word)
        wanted = word.lower() if number is None else str(number)
        values = [value for value, _ in self.choices]
        if {"0", "1"}.issuperset(values):
            wanted = _boolean(wanted, "1", "0") or wanted
        return next((value for value in values if value.lower() == wanted), None)


def _boolean(word: str, true: str, false: str) -> str | None:
    found = scalars.boolean(word)
    return None if found is None else (true if found else false)


def _integer(word: str) -> int | None:
    """Parse a decimal or 0x number; unlike in the kernel, a leading 0 does not mean octal."""
    digits = word.removeprefix("-")
    # No kernel value is as long, and Python does not parse thousands of digits.
    if len(digits) > 40:
        return None
    if digits.isascii() and digits.isdecimal():
        return int(word)
    if not digits.lower().startswith("0x"):
        return None
    try:
        return int(word, 16) if "_" not in word else None
    except ValueError:
        return None


def _either(words: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _version(release: str) -> tuple[int, ...]:
    numbers = release.partition("-")[0].split(".")[:2]
    return tuple(int(number) for number in numbers if number.isdecimal())
