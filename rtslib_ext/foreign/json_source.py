# SPDX-License-Identifier: Apache-2.0
"""Sources in JSON: their objects, and problems of them as remarks with the JSON path."""

from __future__ import annotations

from typing import Any

from ..errors import ParseError
from ..savefile.checked_json import Item, Problems, Unusable, parse
from .builder import Builder
from .imported import LOST, Place, Remark
from .source import Source
from .words import is_word

# TrueNAS shows these instead of a password to users without the right to read it.
_MASKED = frozenset("*•x")


class Document:
    """A file in JSON; ``value`` is what it contains."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems = Problems()
        self._unknown: list[tuple[Place, str]] = []
        try:
            self.value: Any = parse(source.text, source.path)
        except ParseError as err:
            # Its other lines show the text.
            message = err.message.partition("\n")[0]
            raise ParseError(message, hint="nothing was imported") from err

    def root(self) -> Item:
        """Return the object that the whole file is. Raises ParseError if it is something else."""
        return self.item(self.value)

    def item(self, value: Any, where: str = "") -> Item:
        """Return an object of the file. Raises ParseError if it is something else."""
        try:
            return Item(value, where, self.problems)
        except Unusable as err:
            problem = self.problems.reported[-1]
            raise ParseError(f"{self.source.path}: {problem}", hint="nothing was imported") from err

    def at(self, where: str) -> Place:
        """Return the place of a JSON path."""
        return Place(self.source.path, path=where)

    def unknown(self, item: Item, key: str) -> None:
        """Note a key that the format does not have."""
        self._unknown.append((self.at(item.at(key) if is_word(key) else item.where), key))

    def remark(self, builder: Builder) -> None:
        """Add the problems of the file to the remarks of an import."""
        for problem in self.problems.reported:
            text = f"{problem.message}: it is left out"
            builder.remarks.append(Remark(LOST, self.source.path, 0, text, path=problem.where))
        for at, key in self._unknown:
            builder.unknown(at, key)


def is_masked(secret: str) -> bool:
    """Return True for a text that stands for a hidden password, such as ``********``."""
    return len(secret) > 3 and len(set(secret)) == 1 and secret[0] in _MASKED
