# SPDX-License-Identifier: Apache-2.0
"""Default values of new objects: read from the first of each kind, assumed for the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..kernel.abi import CHANGED_WITH
from ..kernel.configfs import ReadFS

ReadsAs = Callable[[str, str], str]


def as_written(name: str, value: str) -> str:
    """Return how most attributes read back: as they were written."""
    return value


class KernelDefaults:
    """The values that the first new object of each kind started with.

    The kind of an attribute is its name, the name of its directory, and ``key``.
    """

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], dict[str, str | None]] = {}
        # By identity: thousands of objects share their settings (config/intern.py). A reference
        # is kept, so that no other mapping gets the same identity.
        self._left: dict[tuple[int, str, str], tuple[Mapping[str, str], Mapping[str, str]]] = {}

    def value(self, fs: ReadFS, folder: str, name: str, key: str) -> str | None:
        """Return an attribute of a new object, read once per kind; None if it cannot be read."""
        known = self._values.setdefault((key, _name(folder)), {})
        if name not in known:
            known[name] = fs.read_if_there(f"{folder}/{name}")
        return known[name]

    def left(
        self,
        values: Mapping[str, str],
        folder: str,
        key: str | None,
        reads_as: ReadsAs = as_written,
    ) -> Mapping[str, str]:
        """Return the part of ``values`` that may differ from the defaults.

        That is all of them until the first object of its kind was read. ``reads_as`` converts a
        value to the text that the attribute reads as.
        """
        known = self._values.get((key, _name(folder))) if key is not None else None
        if known is None or key is None:
            return values
        memo = (id(values), key, _name(folder))
        if memo in self._left:
            return self._left[memo][1]
        if any(name not in known for name in values):
            return values
        differ = [name for name, value in values.items() if known[name] != reads_as(name, value)]
        dependent = [
            other for name in differ for other in CHANGED_WITH.get(name, ()) if other in values
        ]
        left = {name: values[name] for name in (*differ, *dependent)}
        self._left[memo] = (values, left)
        return left


class NoDefaults(KernelDefaults):
    """Never assumes a default: for resuming the change of another process."""

    def value(self, fs: ReadFS, folder: str, name: str, key: str) -> str | None:
        """Return what the attribute reads now; None if it cannot be read."""
        return fs.read_if_there(f"{folder}/{name}")


def _name(folder: str) -> str:
    return folder.rpartition("/")[2]
