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

ROOT = "/sys/kernel/config/target/"
Path = tuple[str, ...]
Value = tuple[str, tuple[str, int]]
"""The text written to a file, with the script and line of the command."""

# Commands that change nothing in the tree.
_WITHOUT_EFFECT = frozenset(
    ": [ cat chmod date exit export false logger lsmod modprobe mount return set sleep sync test "
    "true umask unset".split()
)
_OPTIONS = {"tcm_node": TCM, "lio_node": LIO}
# More parts than any path in the tree has.
_DEEPEST = 12
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
        self._made: dict[Path, Folder] = {}
        self._written: dict[str, Folder] = {}

    def run(self, source: Source) -> None:
        """Follow the commands of a script."""
        self._file = source.path
        for command in commands(source.text):
            self._follow(command)

    def _follow(self, command: Command) -> None:
        program = os.path.basename(command.words[0])
        if command.computed:
            self._lose(command, command.computed)
        elif program == "echo" and command.to:
            self._echo(command)
        elif program == "mkdir":
            for word in command.words[1:]:
                if not word.startswith("-"):
                    self._make(_parts(word), command.line)
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
        above, _, name = command.to.rpartition("/")
        folder = self._written.get(above)
        if folder and name.isidentifier() and name != "control":
            folder.values[name] = (" ".join(words)[:_LONGEST], (self._file, command.line))
            return
        path = _parts(command.to)
        if path is None:
            self._lose(command, "it is not below the kernel's target directory")
            return
        self._write(path, " ".join(words), command.line)
        made = self._make(path[:-1], command.line)
        if made:
            self._written[above] = made

    def _link(self, command: Command) -> None:
        names = [word for word in command.words[1:] if not word.startswith("-")]
        there = _parts(names[1]) if len(names) == 2 else None
        if there is None:
            self._lose(command, "a link takes two paths in the kernel's target directory")
            return
        where = os.path.join(ROOT, *there[:-1], names[0])
        self._join(there, _parts(os.path.normpath(where)), command.line)

    def _options(self, rows: Mapping[str, Row], command: Command) -> None:
        words = _separated(command.words[1:])
        while words:
            name, words = words[0], words[1:]
            row = rows.get(name.removeprefix("--")) if name.startswith("--") else None
            if row is None or len(words) < row.takes:
                needs = (
                    f"takes {row.takes} words" if row else "is not an option that can be imported"
                )
                self._lose(command, f"{_option(name) or 'a word'} {needs}")
                return
            taken, words = [word.strip() for word in words[: row.takes]], words[row.takes :]
            for act, pattern, text in row.acts:
                self._act(act, pattern, text, row.converted(taken), command)

    def _act(
        self, act: str, pattern: str, text: str, words: Sequence[str], command: Command
    ) -> None:
        path = _parts(ROOT + pattern.format(*words))
        if path is None:
            self._lose(command, "its words are no names of the target")
        elif act == "delete":
            self._delete(path)
        elif act == "link":
            self._join(path, _parts(ROOT + text.format(*words)), command.line)
        elif act == "make":
            self._make(path, command.line)
        else:
            self._write(path, text.format(*words), command.line)

    def _write(self, path: Path, text: str, line: int) -> None:
        """Note the text of a file; to that of ``control`` it is appended."""
        folder = self._make(path[:-1], line)
        if folder is None:
            return
        before = folder.text(path[-1]) if path[-1] == "control" else ""
        written = f"{before},{text}" if before else text
        folder.values[path[-1]] = (written[:_LONGEST], (self._file, line))

    def _join(self, path: Path, to: Path | None, line: int) -> None:
        folder = self._make(path[:-1], line)
        if folder and to:
            folder.links[path[-1]] = Link(to, self._file, line)

    def _make(self, path: Path | None, line: int) -> Folder | None:
        if not path:
            return None
        made = self._made.get(path)
        if made is None:
            made = self.root
            for part in path:
                below = made.folders.get(part)
                if below is None:
                    below = made.folders[part] = Folder(self._file, line)
                made = below
            self._made[path] = made
        return made

    def _delete(self, path: Path) -> None:
        folder = self.root.at(*path[:-1])
        self._made.clear()
        self._written.clear()
        if folder:
            for names in (folder.folders, folder.values, folder.links):
                names.pop(path[-1], None)

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
        name, sign, value = word.partition("=")
        found += [name, value] if word.startswith("--") and sign else [word]
    return found


def _parts(path: str) -> Path | None:
    """Return the parts of a path below ROOT; None for another path."""
    if not path.startswith(ROOT):
        return None
    parts = tuple(part for part in path[len(ROOT) :].split("/") if part)
    strange = any(part in (".", "..") or not part.isprintable() for part in parts)
    return None if strange or not 0 < len(parts) <= _DEEPEST else parts
