# SPDX-License-Identifier: Apache-2.0
"""top and browse at a terminal: CPU time of an update, and how long a key takes.

python -m benchmarks.screens SIZE
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator

from .names import TARGET
from .process import Failed, tell

_TARGETCLI = [sys.executable, "-m", "targetcli"]
_LUNS = f"/sys/kernel/config/target/iscsi/{TARGET}/tpgt_1/lun"
_COUNTERS = "statistics/scsi_tgt_port"
_INTERVAL = 2
_UPDATES = 10
_ROWS, _COLUMNS = 40, 132
# A title, the headings, a message and the keys.
_IN_SIGHT = _ROWS - 4
_LONGEST = 60.0
_TICK = os.sysconf("SC_CLK_TCK")


class Screen:
    """A full screen of targetcli in a terminal."""

    def __init__(self, *words: str) -> None:
        self._home = tempfile.TemporaryDirectory()
        self.pid, self.keys = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.environ["TARGETCLI_HOME"] = self._home.name
            os.execv(_TARGETCLI[0], [*_TARGETCLI, *words])
        size = struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0)
        fcntl.ioctl(self.keys, termios.TIOCSWINSZ, size)

    def drain(self, seconds: float, wanted: bytes = b"") -> float:
        """Read what is shown for so long, or until a text; return the seconds to the first."""
        begin, first, seen = time.monotonic(), 0.0, b""
        while (left := begin + seconds - time.monotonic()) > 0:
            if select.select([self.keys], [], [], left)[0]:
                try:
                    seen += os.read(self.keys, 65536)
                except OSError:
                    break
                first = first or time.monotonic() - begin
                if wanted and wanted in seen:
                    return first
        if wanted:
            raise Failed(f"the screen does not show {wanted!r}, but {seen[-300:]!r}")
        return first

    def key(self, name: bytes) -> float:
        """Press a key; return the seconds until the screen changes."""
        begin = time.monotonic()
        os.write(self.keys, name)
        if not select.select([self.keys], [], [], _LONGEST)[0]:
            raise Failed(f"nothing changes after {name!r}")
        seconds = time.monotonic() - begin
        self.drain(0.3)
        return seconds

    def cpu(self) -> float:
        """Return the CPU time that the process has used."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def reads(self) -> int:
        """Return the number of calls of read that the process has made."""
        with open(f"/proc/{self.pid}/io", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("syscr"))

    def close(self) -> None:
        """Leave."""
        os.write(self.keys, b"q")
        self.drain(1.0)
        os.close(self.keys)
        os.waitpid(self.pid, 0)
        self._home.cleanup()


def shown_files(size: int) -> Iterator[str]:
    """Yield the files of an update: the commands of all LUNs, the bytes of those in sight."""
    for number in range(size):
        yield f"{_LUNS}/lun_{number}/{_COUNTERS}/in_cmds"
    for number in range(min(size, _IN_SIGHT)):
        yield f"{_LUNS}/lun_{number}/{_COUNTERS}/read_mbytes"
        yield f"{_LUNS}/lun_{number}/{_COUNTERS}/write_mbytes"


def bare(files: list[str]) -> float:
    """Open, read and close files; return the CPU time."""
    begin = time.process_time()
    for file in files:
        handle = os.open(file, os.O_RDONLY)
        os.read(handle, 4096)
        os.close(handle)
    return time.process_time() - begin


def updates(size: int) -> None:
    """Measure updates of top, with the bare reads in between."""
    files = list(shown_files(size))
    screen = Screen("top", f"{_INTERVAL}s")
    screen.drain(_LONGEST, b"LUNs")
    screen.drain(2 * _INTERVAL)
    calls, cpu, begin, reads = screen.reads(), screen.cpu(), time.monotonic(), []
    for _ in range(_UPDATES):
        screen.drain(_INTERVAL)
        reads.append(bare(files))
    count = (time.monotonic() - begin) / _INTERVAL
    tell("top: an update, CPU", "ours", size, (screen.cpu() - cpu) / count)
    tell("top: an update, calls of read", "ours", size, (screen.reads() - calls) / count, "calls")
    tell("top: an update, calls of read", "raw", size, len(files), "calls")
    tell("top: an update, CPU", "raw", size, statistics.mean(reads))
    for name, key in (("down", b"\x1b[B"), ("page down", b"\x1b[6~"), ("sort", b"n")):
        tell(f"top: key {name}", "ours", size, max(screen.key(key) for _ in range(5)))
    screen.close()


def keys(size: int) -> None:
    """Measure keys of browse among all LUNs."""
    screen = Screen(f"/iscsi/{TARGET}/tpg1/luns", "browse")
    screen.drain(_LONGEST, b"SETTINGS")
    screen.drain(0.5)
    tell("browse: key open", "ours", size, screen.key(b"\r"))
    for name, key in (("down", b"\x1b[B"), ("page down", b"\x1b[6~"), ("end", b"\x1b[F")):
        tell(f"browse: key {name}", "ours", size, max(screen.key(key) for _ in range(5)))
    tell("browse: key search", "ours", size, screen.key(b"/"))
    tell("browse: key typed", "ours", size, max(screen.key(key) for key in (b"l", b"u", b"n")))
    screen.key(b"\x1b")
    screen.close()


def main(size: int) -> None:
    """Measure both."""
    updates(size)
    keys(size)


if __name__ == "__main__":
    main(int(sys.argv[1]))
