# SPDX-License-Identifier: Apache-2.0
"""The lists of bare system calls for raw.py, from a save file and from what runs.

    python -m benchmarks.recording FILE FOLDER

FILE is what runs, saved. Into FOLDER go ``restore`` (what the file asks for, one write for each
value in it), ``clear`` (the removal of each object, by its known name), ``read``, ``sessions``,
``stats`` and ``exporter`` (each file that these need).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from rtslib_ext import savefile
from rtslib_ext.config.model import Config
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ROOT, ConfigFS
from rtslib_ext.plan import build
from rtslib_ext.reading.reader import Reader
from rtslib_ext.savefile import disk
from rtslib_ext.statistics import counted, counters
from rtslib_ext.steps import context
from rtslib_ext.steps import operations as does
from rtslib_ext.transaction import apply
from rtslib_ext.usage import sessions
from targetcli.exporter import scrape
from targetcli.exporter.saved import Files

Call = tuple[str, str, str]


class Watched(ConfigFS):
    """Notes the files that are read and could be."""

    def __init__(self) -> None:
        super().__init__()
        self.read_files: list[str] = []

    def read(self, path: str) -> str:
        found = super().read(path)
        self.read_files.append(path)
        return found

    def numbers(self, files: Iterable[str]) -> list[int | None]:
        names = list(files)
        self.read_files += (name for name in names if self.exists(name))
        return super().numbers(names)


def to_restore(want: Config) -> Iterator[Call]:
    """Every call that a save file asks for; nothing is looked up, each value is written."""
    fs = ConfigFS("/nothing")
    made: set[str] = set()
    for step in build.build(want, paths.HbaAllocator(fs), lambda key: None):
        for item in step.operations:
            yield from _call(item, made)


def _call(item: context.Operation, made: set[str]) -> Iterator[Call]:
    match item:
        case does.MakeShared():
            if item.directory not in made:
                made.add(item.directory)
                yield "m", item.directory, ""
        case does.Mkdir():
            yield "m", item.directory, ""
        case does.Link():
            yield "l", item.target, item.link
        case does.Write():
            yield "w", item.file, item.value
        case does.EnsureValue():
            yield "w", f"{item.folder}/{item.name}", item.value
        case does.SetEnabled():
            yield "w", item.file, str(int(item.on))
        case does.BestEffort():
            yield from _call(item.operation, made)
        case _:
            raise TypeError(f"no bare call is known for {item}")


def to_clear() -> Iterator[Call]:
    """The removal of all objects, each name known."""
    fs = ConfigFS()
    for step in apply.prepare(fs, Config()).plan.steps:
        for item in step.operations:
            match item:
                case does.Unlink():
                    yield "u", item.link, ""
                case does.Rmdir() | does.RmdirOverLuns() | does.RemoveTree() | does.RemoveShared():
                    yield "d", item.directory, ""
                case does.SetEnabled():
                    yield "w", item.file, str(int(item.on))
                case does.CheckUnmapped():
                    pass
                case _:
                    raise TypeError(f"no bare call is known for {item}")


def to_read() -> Iterator[Call]:
    """Every file that has to be read to save the configuration."""
    fs = Watched()
    Reader(fs).config()
    yield from (("r", path, "") for path in fs.read_files)


def to_list_sessions() -> Iterator[Call]:
    """Every file that has to be read to list the sessions."""
    fs = Watched()
    reader = Reader(fs)
    list(sessions.sessions(reader))
    list(sessions.dynamic_sessions(reader))
    yield from (("r", path, "") for path in fs.read_files)


def to_count() -> Iterator[Call]:
    """Every file that stats shows."""
    fs = Watched()
    counters.sample(fs, counted.objects(Reader(fs)))
    yield from (("r", path, "") for path in fs.read_files)


def to_scrape() -> Iterator[Call]:
    """Every file of the kernel that a scrape of the exporter shows."""
    fs = Watched()
    for _ in scrape.scrape(fs, Files("/nonexistent", "/nonexistent"), None):
        pass
    yield from (("r", path, "") for path in fs.read_files)


def write(file: Path, calls: Iterable[Call]) -> None:
    """Write a list; paths become those that the host sees."""
    with file.open("w") as lines:
        for call, path, value in calls:
            path = path if path.startswith("/") else f"{ROOT}/{path}"
            value = f"{ROOT}/{value}" if call == "l" else value
            print(call, path, value, sep="\t", file=lines)


def main(saved: str, folder: Path) -> None:
    """Write all of them."""
    loaded = savefile.loads(disk.read(saved))
    assert not loaded.problems
    write(folder / "restore", to_restore(loaded.config))
    write(folder / "clear", to_clear())
    write(folder / "read", to_read())
    write(folder / "sessions", to_list_sessions())
    write(folder / "stats", to_count())
    write(folder / "exporter", to_scrape())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
