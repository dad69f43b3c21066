# SPDX-License-Identifier: Apache-2.0
"""The interface of a group of settings, and the group of all files in a directory."""

from __future__ import annotations

import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rtslib_ext import schema
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.errors import KernelRefused
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.schema import Attribute
from rtslib_ext.steps import Step, settings

from ..views.settings import Row

Lookup = Callable[[str], Attribute | None]


class Group(ABC):
    """A group of settings of one node; ``path`` is the shell path of the node."""

    name: str
    path: ShellPath

    @abstractmethod
    def names(self, fs: ReadFS) -> Sequence[str]:
        """Return the names of the settings."""

    @abstractmethod
    def row(self, fs: ReadFS, name: str) -> Row:
        """Return one setting with its value."""

    @abstractmethod
    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """Yield the steps that set values; raises LioError before any of them is performed."""

    def takes_text(self, name: str) -> bool:
        """Return True if any text is a valid value; "default" is then an ordinary text."""
        return True

    def check(self, name: str, value: str) -> str:
        """Return a value in the form that the kernel expects; raises InvalidValue."""
        return value

    def known(self, name: str) -> Attribute | None:
        """Return the schema row of a setting; None if it has none."""
        return None

    def default(self, name: str) -> str | None:
        """Return the value of a new object, in the form of ``row``; None if it is not known."""
        return None

    def choices(self, name: str) -> Sequence[str]:
        """Return the valid values of a setting; () if they cannot be listed."""
        return ()

    def is_number(self, name: str) -> bool:
        """Return True if the values of a setting are integers."""
        known = self.known(name)
        return known is not None and known.is_number

    def values(self, name: str) -> str:
        """Return the valid values of a setting in few words; "" if they are not known."""
        known = self.known(name)
        return schema.values(known) if known else ""

    def moved(self, wanted: Mapping[str, str]) -> Sequence[str]:
        """Return the names of the settings that change when others are set."""
        return ()

    def notes(self, fs: ReadFS, names: Iterable[str]) -> Iterator[str]:
        """Yield notes about the present values, after settings of these names were set."""
        yield from ()

    def rows(self, fs: ReadFS) -> Iterator[Row]:
        """Yield all settings with their values."""
        for name in self.names(fs):
            yield self.row(fs, name)


class Folder(Group):
    """The files in a directory: attributes, parameters.

    Of several directories (the ACLs of one tag), the first is read and all are written.
    """

    def __init__(
        self,
        name: str,
        path: ShellPath,
        folders: Sequence[ConfigfsPath],
        lookup: Lookup,
        exact: Lookup | None = None,
    ) -> None:
        self.name = name
        self.path = path
        self.folders = folders
        self.lookup = lookup
        # Returns the row with the default of this object, which requires reading the object.
        self.exact = exact or lookup

    def names(self, fs: ReadFS) -> Sequence[str]:
        try:
            found = fs.scan(self.folders[0])
        except KernelRefused:
            return []
        return sorted(entry.name for entry in found if entry.kind == "file")

    def row(self, fs: ReadFS, name: str) -> Row:
        """Return a setting; its value is "" if the kernel does not allow reading it."""
        known = self.lookup(name)
        value = fs.read_if_there(f"{self.folders[0]}/{name}") or ""
        mode = fs.modes(self.folders[0], [name])[name]
        return Row(
            name,
            value,
            kind_of(known),
            described(known),
            writable=bool(mode & stat.S_IWUSR) and (known is None or known.writable),
        )

    def check(self, name: str, value: str) -> str:
        """Check a value by the schema; a name that is not in it is checked by the kernel only."""
        known = self.lookup(name)
        return known.check(value) if known and value else value

    def known(self, name: str) -> Attribute | None:
        return self.lookup(name)

    def default(self, name: str) -> str | None:
        known = self.exact(name)
        return known.default if known else None

    def takes_text(self, name: str) -> bool:
        """Return True if any text is a valid value; "default" is then an ordinary text."""
        known = self.lookup(name)
        return known is not None and known.kind is schema.Kind.STRING

    def choices(self, name: str) -> Sequence[str]:
        known = self.lookup(name)
        if known is None:
            return ()
        words = {schema.Kind.BOOL: ("0", "1"), schema.Kind.YESNO: ("Yes", "No")}
        return words.get(known.kind) or tuple(value for value, _ in known.choices)

    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """Yield one write for each value and directory."""
        for name, value in wanted.items():
            for folder in self.folders:
                file = f"{folder}/{name}"
                yield settings.write(fs, self.path, file, name, value, self.before(fs, file))

    def before(self, fs: ReadFS, file: str) -> str:
        """Return the value that undo writes to a file."""
        return fs.read_if_there(file) or ""


def one_line(text: str) -> str:
    """Join the lines of a text of the kernel with ``; ``."""
    return "; ".join(line.strip() for line in text.replace("\0", "").splitlines() if line.strip())


def kind_of(known: Attribute | None) -> str:
    """Return the type that get and set show: number, string or yesno."""
    if known is None:
        return "string"
    kinds = {
        schema.Kind.BOOL: "number",
        schema.Kind.NUMBER: "number",
        schema.Kind.YESNO: "yesno",
    }
    return kinds.get(known.kind, "string")


def described(known: Attribute | None) -> str:
    """Return the text and the facts of a setting; "" if it has no row."""
    return f"{known.text} {schema.facts(known)}" if known else ""
