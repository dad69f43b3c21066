# SPDX-License-Identifier: Apache-2.0
"""The contents of a staged tree by path and directory, with an undo log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TABLES = ("made", "removed", "links", "texts", "controls", "was", "modes", "files")


class Overlay:
    """Tables by configfs path, each a dict.

    ``made`` are created directories, ``removed`` deleted paths of the kernel, ``links`` created
    links with their targets, ``texts`` the content of written files, ``controls`` the lines
    written to ``control``, ``was`` the content of the kernel's files before, ``modes`` the modes
    of files that were set, ``files`` created files of the host, with their text if they have one.
    The time of a look-up does not depend on how much is staged.
    """

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Any]] = {name: {} for name in TABLES}
        self.made: dict[str, None] = self._tables["made"]
        self.removed: dict[str, None] = self._tables["removed"]
        self.links: dict[str, str] = self._tables["links"]
        self.texts: dict[str, str] = self._tables["texts"]
        self.controls: dict[str, tuple[str, ...]] = self._tables["controls"]
        self.was: dict[str, str | None] = self._tables["was"]
        self.modes: dict[str, int] = self._tables["modes"]
        self.files: dict[str, str | None] = self._tables["files"]
        # The names in a directory at which, or below which, a table has an entry.
        self._below: dict[str, dict[str, None]] = {}
        self._links_to: dict[str, dict[str, None]] = {}
        self._named: dict[str, dict[str, None]] = {}
        self._log: list[tuple[str, str, bool, Any]] = []

    # -- changes -------------------------------------------------------------------------

    def set(self, table: str, path: str, value: Any = None) -> None:
        """Set the value at a path of a table."""
        self._log_change(table, path)
        self._set(table, path, value)

    def drop(self, table: str, path: str) -> None:
        """Remove a path from a table, if it has it."""
        if path in self._tables[table]:
            self._log_change(table, path)
            self._unset(table, path)

    def remove(self, path: str) -> None:
        """Remove a path, and all paths below it, from all tables of configfs."""
        for found in list(self._at_and_below(path)):
            for table in TABLES:
                if table != "files":
                    self.drop(table, found)

    def savepoint(self) -> int:
        """Return a mark for ``rollback_to``."""
        return len(self._log)

    def rollback_to(self, mark: int) -> None:
        """Undo all changes since a mark."""
        while len(self._log) > mark:
            table, path, had, value = self._log.pop()
            if had:
                self._set(table, path, value)
            else:
                self._unset(table, path)

    def _log_change(self, table: str, path: str) -> None:
        found = self._tables[table]
        self._log.append((table, path, path in found, found.get(path)))

    def _set(self, table: str, path: str, value: Any) -> None:
        if table == "links":
            self._unset(table, path)
            self._links_to.setdefault(value, {})[path] = None
        self._tables[table][path] = value
        self._named.setdefault(path.rpartition("/")[2], {})[path] = None
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
                del self._links_to[value][path]

    # -- look-ups --------------------------------------------------------------------------

    def names(self, folder: str, table: str) -> Iterator[str]:
        """Yield the names in a directory that are in a table."""
        found = self._tables[table]
        for name in self._below.get(folder, ()):
            if (f"{folder}/{name}" if folder else name) in found:
                yield name

    def links_to(self, target: str) -> list[str]:
        """Return the links to an object."""
        return list(self._links_to.get(target, ()))

    def named(self, name: str) -> list[str]:
        """Return the files of a name that were written."""
        return [path for path in self._named.get(name, ()) if path in self.texts]

    def _at_and_below(self, path: str) -> Iterator[str]:
        yield path
        for name in self._below.get(path, ()):
            yield from self._at_and_below(f"{path}/{name}")
