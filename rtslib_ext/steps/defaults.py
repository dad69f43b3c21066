# SPDX-License-Identifier: Apache-2.0
"""What new objects have: read from the first of each kind, known of the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..kernel.abi import MOVED_BY
from ..kernel.configfs import ReadFS

Shown = Callable[[str, str], str]


def as_written(name: str, value: str) -> str:
    """What most files show once they have a value: just that."""
    return value


class KernelDefaults:
    """The values of the first new object of each kind; ``key`` is what tells kinds apart.

    Files of one name in folders of one name are of one kind, where their key is the same too.
    """

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], dict[str, str | None]] = {}
        # By identity: thousands of objects share their settings (pool.py). These are kept, so
        # that no others get their identity.
        self._left: dict[tuple[int, str, str], tuple[Mapping[str, str], Mapping[str, str]]] = {}

    def value(self, fs: ReadFS, folder: str, name: str, key: str) -> str | None:
        """What a new object has in a file; None where it has none. Read once for a key."""
        known = self._values.setdefault((key, _name(folder)), {})
        if name not in known:
            known[name] = fs.read_if_there(f"{folder}/{name}")
        return known[name]

    def left(
        self, values: Mapping[str, str], folder: str, key: str | None, shown: Shown = as_written
    ) -> Mapping[str, str]:
        """The part of ``values`` that a new object may not have by itself.

        That is all of them until the first object of its kind has told.
        """
        known = self._values.get((key, _name(folder))) if key is not None else None
        if known is None or key is None:
            return values
        memo = (id(values), key, _name(folder))
        if memo in self._left:
            return self._left[memo][1]
        if any(name not in known for name in values):
            return values
        differ = [name for name, value in values.items() if known[name] != shown(name, value)]
        moved = [other for name in differ for other in MOVED_BY.get(name, ()) if other in values]
        found = {name: values[name] for name in (*differ, *moved)}
        self._left[memo] = (values, found)
        return found


class NoDefaults(KernelDefaults):
    """Looks each time: for who goes on with objects that somebody else began to change."""

    def value(self, fs: ReadFS, folder: str, name: str, key: str) -> str | None:
        """What this object has in a file; None where it has none."""
        return fs.read_if_there(f"{folder}/{name}")


def _name(folder: str) -> str:
    return folder.rpartition("/")[2]
