# SPDX-License-Identifier: Apache-2.0
"""What was laid down in a staged tree: by path, by folder, and in the order to forget it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TABLES = ("made", "gone", "links", "texts", "controls", "was", "files")


class Overlay:
    """Tables by path, each a dict.

    ``made`` are folders, ``gone`` what the kernel has and will not have, ``links`` where they
    lead, ``texts`` what files would show, ``controls`` the lines written to control files,
    ``was`` what the kernel's files had before, ``files`` those of the host. Nothing that is asked
    takes longer the more was laid down.
    """

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Any]] = {name: {} for name in TABLES}
        self.made: dict[str, None] = self._tables["made"]
        self.gone: dict[str, None] = self._tables["gone"]
        self.links: dict[str, str] = self._tables["links"]
        self.texts: dict[str, str] = self._tables["texts"]
        self.controls: dict[str, tuple[str, ...]] = self._tables["controls"]
        self.was: dict[str, str | None] = self._tables["was"]
        self.files: dict[str, None] = self._tables["files"]
        # The names in a folder at which, or below which, something was laid down.
        self._below: dict[str, dict[str, None]] = {}
        self._leading_to: dict[str, dict[str, None]] = {}
        self._called: dict[str, dict[str, None]] = {}
        self._log: list[tuple[str, str, bool, Any]] = []

    # -- laying down, and forgetting -----------------------------------------------------

    def set(self, table: str, path: str, value: Any = None) -> None:
        """Lay down a value at a path of a table."""
        self._note(table, path)
        self._set(table, path, value)

    def drop(self, table: str, path: str) -> None:
        """Take a path out of a table where it is in it."""
        if path in self._tables[table]:
            self._note(table, path)
            self._unset(table, path)

    def remove(self, path: str) -> None:
        """Take all out that was laid down at a path and below it."""
        for found in list(self._at_and_below(path)):
            for table in TABLES:
                if table != "files":
                    self.drop(table, found)

    def savepoint(self) -> int:
        """How much was laid down so far: what ``go_back`` takes."""
        return len(self._log)

    def rollback_to(self, mark: int) -> None:
        """Forget what was laid down since."""
        while len(self._log) > mark:
            table, path, had, value = self._log.pop()
            if had:
                self._set(table, path, value)
            else:
                self._unset(table, path)

    def _note(self, table: str, path: str) -> None:
        found = self._tables[table]
        self._log.append((table, path, path in found, found.get(path)))

    def _set(self, table: str, path: str, value: Any) -> None:
        if table == "links":
            self._unset(table, path)
            self._leading_to.setdefault(value, {})[path] = None
        self._tables[table][path] = value
        self._called.setdefault(path.rpartition("/")[2], {})[path] = None
        while path:
            folder, _, name = path.rpartition("/")
            names = self._below.setdefault(folder, {})
            if name in names:
                break
            names[name] = None
            path = folder

    def _unset(self, table: str, path: str) -> None:
        if path in self._tables[table]:
            value = self._tables[table].pop(path)
            if table == "links":
                del self._leading_to[value][path]

    # -- looking ---------------------------------------------------------------------------

    def names(self, folder: str, table: str) -> Iterator[str]:
        """The names in a folder that are in a table."""
        found = self._tables[table]
        for name in self._below.get(folder, ()):
            if (f"{folder}/{name}" if folder else name) in found:
                yield name

    def leading_to(self, target: str) -> list[str]:
        """The links that lead to an object."""
        return list(self._leading_to.get(target, ()))

    def called(self, name: str) -> list[str]:
        """The files of a name that have a text."""
        return [path for path in self._called.get(name, ()) if path in self.texts]

    def _at_and_below(self, path: str) -> Iterator[str]:
        yield path
        for name in self._below.get(path, ()):
            yield from self._at_and_below(f"{path}/{name}")
