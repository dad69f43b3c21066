# SPDX-License-Identifier: Apache-2.0
"""Groups of settings: what ``get`` shows and what ``set`` turns into steps."""

from __future__ import annotations

import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence

from rtslib_ext import schema
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.errors import KernelRefused
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.schema import Attribute
from rtslib_ext.steps import Step, settings

from ..views.settings import Row

Lookup = Callable[[str], Attribute | None]


class Group(ABC):
    """One group of one node; ``path`` is the node's shell path."""

    name: str
    path: ShellPath

    @abstractmethod
    def names(self, fs: ReadFS) -> Sequence[str]:
        """The settings there are."""

    @abstractmethod
    def row(self, fs: ReadFS, name: str) -> Row:
        """One setting with its value."""

    @abstractmethod
    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """The steps that set values; raises InvalidValue before any is made."""

    def takes_text(self, name: str) -> bool:
        """Tell whether any text is a value; then "default" is one."""
        return True

    def check(self, name: str, value: str) -> str:
        """The form of a value that the kernel wants; raises InvalidValue."""
        return value

    def known(self, name: str) -> Attribute | None:
        """What the tables have of a setting; None where it is not in them."""
        return None

    def default(self, name: str) -> str | None:
        """What a new object has, as it is shown; None where that is not known."""
        return None

    def choices(self, name: str) -> Sequence[str]:
        """The values a setting takes, where they can be listed."""
        return ()

    def rows(self, fs: ReadFS) -> Iterator[Row]:
        """All settings with their values."""
        for name in self.names(fs):
            yield self.row(fs, name)


class Folder(Group):
    """The files in a folder: attributes, parameters.

    Several folders (the ACLs of one tag) are read from the first and written all.
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
        # The row with the default of this very object, which has to be looked at for it.
        self.exact = exact or lookup

    def names(self, fs: ReadFS) -> Sequence[str]:
        """The files there are."""
        try:
            found = fs.scan(self.folders[0])
        except KernelRefused:
            return []
        return sorted(entry.name for entry in found if entry.kind == "file")

    def row(self, fs: ReadFS, name: str) -> Row:
        """One file; its value is empty where the kernel does not let it be read."""
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
        """As the schema says; what it does not know is left to the kernel."""
        known = self.lookup(name)
        return known.check(value) if known and value else value

    def known(self, name: str) -> Attribute | None:
        """Its row of the schema."""
        return self.lookup(name)

    def default(self, name: str) -> str | None:
        """As the schema says."""
        known = self.exact(name)
        return known.default if known else None

    def takes_text(self, name: str) -> bool:
        """Tell whether any text is a value; then "default" is one."""
        known = self.lookup(name)
        return known is not None and known.kind is schema.Kind.STRING

    def choices(self, name: str) -> Sequence[str]:
        """As the schema says."""
        known = self.lookup(name)
        if known is None:
            return ()
        usual = {schema.Kind.BOOL: ("0", "1"), schema.Kind.YESNO: ("Yes", "No")}
        return usual.get(known.kind) or tuple(value for value, _ in known.choices)

    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """One write a value and folder."""
        for name, value in wanted.items():
            for folder in self.folders:
                file = f"{folder}/{name}"
                yield settings.write(fs, self.path, file, name, value, self.before(fs, file))

    def before(self, fs: ReadFS, file: str) -> str:
        """What undoing writes to a file."""
        return fs.read_if_there(file) or ""


def one_line(text: str) -> str:
    """A text of the kernel's on one line."""
    return "; ".join(line.strip() for line in text.replace("\0", "").splitlines() if line.strip())


def kind_of(known: Attribute | None) -> str:
    """The type that get and set show."""
    if known is None:
        return "string"
    kinds = {
        schema.Kind.BOOL: "number",
        schema.Kind.NUMBER: "number",
        schema.Kind.YESNO: "yesno",
    }
    return kinds.get(known.kind, "string")


def described(known: Attribute | None) -> str:
    """What a setting means, what it takes, what a new object has."""
    return f"{known.text} {schema.facts(known)}" if known else ""
