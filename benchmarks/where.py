# SPDX-License-Identifier: Apache-2.0
"""Where the time goes: in which system calls, and beside them, in this program.

python -m benchmarks.where SIZE
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from rtslib_ext import restore, savefile
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.savefile import disk
from rtslib_ext.transaction import clear

from .process import tell

SAVED = "/etc/target/saveconfig.json"
CALLS = ("mkdir", "rmdir", "symlink", "unlink", "readlink", "write", "read", "scan", "is_dir")
PROGRAM = "program"


class Timed(ConfigFS):
    """A tree whose calls are timed by their kind."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: defaultdict[str, float] = defaultdict(float)


def _timed(name: str) -> Callable[..., Any]:
    call = getattr(ConfigFS, name)

    def run(self: Timed, *arguments: Any) -> Any:
        begin = time.perf_counter()
        try:
            return call(self, *arguments)
        finally:
            self.seconds[name] += time.perf_counter() - begin

    return run


for _name in CALLS:
    setattr(Timed, _name, _timed(_name))


def _measure(what: str, size: int, work: Callable[[Timed], object]) -> None:
    fs = Timed()
    begin = time.perf_counter()
    work(fs)
    whole = time.perf_counter() - begin
    for name in CALLS:
        if fs.seconds[name]:
            tell(f"where: {what}", name, size, fs.seconds[name])
    tell(f"where: {what}", PROGRAM, size, whole - sum(fs.seconds.values()))
    tell(f"where: {what}", "calls", size, fs.total_calls, "calls")


def main(size: int) -> None:
    """What is running, and saved, is read, taken away and brought back."""
    _measure("read", size, lambda fs: Reader(fs).config())
    _measure("clear", size, clear.everything)
    begin = time.perf_counter()
    loaded = savefile.loads(disk.read(SAVED))
    tell("where: load the file", PROGRAM, size, time.perf_counter() - begin)
    _measure("restore", size, lambda fs: restore.restore(fs, loaded.config))
    begin = time.perf_counter()
    sum(map(len, savefile.pieces(loaded.config)))
    tell("where: write the file", PROGRAM, size, time.perf_counter() - begin)


if __name__ == "__main__":
    main(int(sys.argv[1]))
