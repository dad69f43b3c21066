# SPDX-License-Identifier: Apache-2.0
"""What a script of lio-utils would leave in configfs, as a tree. Nothing is run.

``tcm_dump`` and ``lio_dump`` write commands of two kinds: ``tcm_node`` and ``lio_node`` with their
options, and mkdir, ln and echo on configfs itself. Both end in the same tree, as each option is a
row of the paths that it writes (lio_utils_options.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from ..fast_dataclasses import dataclass, field
from .imported import LOST, Remark
from .lio_utils_options import LIO, TCM, Row
from .shell_words import Command, commands
from .source import Source
from .words import is_word, shown

_TOP = "/sys/kernel/config/target"
ROOT = f"{_TOP}/"
Path = tuple[str, ...]
Spot = tuple[str, str]
"""A directory that is in ``Tree._made``, or is to be, and a name in it."""
Value = tuple[str, tuple[str, int]]
"""The text written to a file, with the script and line of the command."""

# Commands that change nothing in the tree.
_WITHOUT_EFFECT = frozenset(
    ": [ cat chmod date exit export false logger lsmod modprobe mount return set sleep sync test "
    "true umask unset".split()
)
_OPTIONS = {"tcm_node": TCM, "lio_node": LIO}
_NO_NAMES = frozenset(("", ".", ".."))
# More parts than any path in the tree has, and the slashes in so long a path.
_DEEPEST = 12
_SLASHES = _TOP.count("/") + _DEEPEST
# The most bytes of one file; the kernel takes a page.
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link: the parts of the path that it leads to, from the root of the tree."""

    to: Path
    file: str
    line: int


@dataclass(slots=True)
class Folder:
    """A directory, and the line that made it; each mapping is in the order of the script."""

    file: str = ""
    line: int = 0
    folders: dict[str, Folder] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)

    def at(self, *path: str) -> Folder | None:
        """Return a directory below; None if there is none."""
        found: Folder | None = self
        for part in path:
            found = found.folders.get(part) if found else None
        return found

    def named(self, start: str) -> Iterator[tuple[str, Folder]]:
        """Yield the directories whose names begin so, by the rest of the name."""
        for name, folder in self.folders.items():
            if name.startswith(start):
                yield name[len(start) :], folder

    def text(self, name: str) -> str:
        """Return the text of a file; "" without one."""
        value = self.values.get(name)
        return value[0] if value else ""


class Tree:
    """The tree that the scripts of one or two files leave, and remarks about other commands."""

    def __init__(self) -> None:
        self.root = Folder()
        self.remarks: list[Remark] = []
        self._file = ""
        # The directories by path: most commands write into one that exists.
        self._made = {_TOP: self.root}

    def run(self, source: Source) -> None:
        """Follow the commands of a script."""
        self._file = source.path
        for command in commands(source.text):
            self._follow(command)

    def _follow(self, command: Command) -> None:
        program = command.words[0].rpartition("/")[2]
        if command.computed:
            self._lose(command, command.computed)
        elif program == "echo" and command.to:
            self._echo(command)
        elif program == "mkdir":
            for word in command.words[1:]:
                spot = None if word.startswith("-") else self._spot(word)
                if spot:
                    self._make("/".join(spot), command.line)
        elif program == "ln":
            self._link(command)
        elif program in _OPTIONS:
            self._options(_OPTIONS[program], command)
        elif program not in _WITHOUT_EFFECT and program != "echo":
            self._lose(command, "no such command is run")

    def _echo(self, command: Command) -> None:
        words = command.words[1:]
        while words and words[0] in ("-n", "-e", "-E"):
            words = words[1:]
        spot = self._spot(command.to)
        if spot is None:
            self._lose(command, "it is not below the kernel's target directory")
            return
        self._write(spot, " ".join(words), command.line)

    def _link(self, command: Command) -> None:
        names = [word for word in command.words[1:] if not word.startswith("-")]
        spot = self._spot(names[1]) if len(names) == 2 else None
        if spot is None:
            self._lose(command, "a link takes two paths in the kernel's target directory")
            return
        to = _parts(names[0]) or _parts(os.path.normpath(os.path.join(spot[0], names[0])))
        self._join(spot, to, command.line)

    def _options(self, rows: Mapping[str, Row], command: Command) -> None:
        words, place = _separated(command.words), 1
        while place < len(words):
            name = words[place]
            row = rows.get(name[2:]) if name.startswith("--") else None
            if row is None or len(words) <= place + row.takes:
                needs = (
                    f"takes {row.takes} words" if row else "is not an option that can be imported"
                )
                self._lose(command, f"{_option(name) or 'a word'} {needs}")
                return
            taken = row.converted(words[place + 1 : place + 1 + row.takes])
            for act, pattern, text in row.acts:
                self._act(act, pattern, text, taken, command)
            place += 1 + row.takes

    def _act(
        self, act: str, pattern: str, text: str, words: Sequence[str], command: Command
    ) -> None:
        spot = self._spot(ROOT + pattern.format(*words))
        if spot is None:
            self._lose(command, "its words are no names of the target")
        elif act == "delete":
            self._delete(*spot)
        elif act == "link":
            self._join(spot, _parts(ROOT + text.format(*words)), command.line)
        elif act == "make":
            self._make("/".join(spot), command.line)
        else:
            self._write(spot, text.format(*words), command.line)

    def _write(self, spot: Spot, text: str, line: int) -> None:
        """Note the text of a file; to that of ``control`` it is appended."""
        above, name = spot
        folder = self._make(above, line)
        if name == "control" and (before := folder.text(name)):
            text = f"{before},{text}"
        folder.values[name] = (text[:_LONGEST], (self._file, line))

    def _join(self, spot: Spot, to: Path | None, line: int) -> None:
        folder = self._make(spot[0], line)
        if to:
            folder.links[spot[1]] = Link(to, self._file, line)

    def _spot(self, path: str) -> Spot | None:
        """Return where a path below ROOT is; None for another path."""
        above, _, name = path.rpartition("/")
        if path.count("/") <= _SLASHES and self._is_normal(above, name):
            return above, name
        parts = _parts(path)
        return ("/".join((_TOP, *parts[:-1])), parts[-1]) if parts else None

    def _is_normal(self, above: str, name: str) -> bool:
        """Return True for a path below ROOT of which ``_parts`` would change nothing."""
        if name in _NO_NAMES or not name.isprintable():
            return False
        return above in self._made or self._is_normal(*above.rpartition("/")[::2])

    def _make(self, path: str, line: int) -> Folder:
        """Return the directory of the path of a spot, made now if need be."""
        found = self._made.get(path)
        if found is None:
            above, _, name = path.rpartition("/")
            folders = self._make(above, line).folders
            found = folders.get(name)
            if found is None:
                found = folders[name] = Folder(self._file, line)
            self._made[path] = found
        return found

    def _delete(self, above: str, name: str) -> None:
        folder = self.root.at(*(_parts(above) or ()))
        self._made = {_TOP: self.root}
        if folder:
            for names in (folder.folders, folder.values, folder.links):
                names.pop(name, None)

    def _lose(self, command: Command, why: str) -> None:
        # No more words than these: a password may be among the others.
        names = [shown(os.path.basename(command.words[0]), "a command")]
        names += [option for word in command.words[1:2] if (option := _option(word))]
        cure = "replace it in a copy of the script by the commands that a shell would run"
        text = f"{' '.join(names)} is left out: {why}"
        self.remarks.append(Remark(LOST, self._file, command.line, text, cure))


def _option(word: str) -> str:
    """Return the name of an option, as ``--name``; "" for another word."""
    name = word.partition("=")[0]
    return name if name.startswith("--") and is_word(name.removeprefix("--")) else ""


def _separated(words: Sequence[str]) -> list[str]:
    """Return the words with each ``--option=value`` as two."""
    found: list[str] = []
    for word in words:
        if "=" in word and word.startswith("--"):
            name, _, value = word.partition("=")
            found += (name, value)
        else:
            found.append(word)
    return found


def _parts(path: str) -> Path | None:
    """Return the parts of a path below ROOT; None for another path."""
    if not path.startswith(ROOT):
        return None
    parts = tuple(path[len(ROOT) :].split("/"))
    if "" in parts:
        parts = tuple(filter(None, parts))
    fits = path.isprintable() and _NO_NAMES.isdisjoint(parts) and 0 < len(parts) <= _DEEPEST
    return parts if fits else None
