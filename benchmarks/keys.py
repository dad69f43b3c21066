# SPDX-License-Identifier: Apache-2.0
"""The shell driven by keys at a terminal: how long until it answers.

python -m benchmarks.keys SIZE
"""

from __future__ import annotations

import os
import pty
import select
import sys
import tempfile
import time

from .names import TARGET
from .process import Failed, measure, tell

OURS = [sys.executable, "-m", "targetcli"]
ROUNDS = 5
_LONGEST = 30.0


class Terminal:
    """A shell, and the terminal at which somebody sits."""

    def __init__(self) -> None:
        # A shell goes to where the one before was left.
        self._home = tempfile.TemporaryDirectory()
        self.pid, self.keys = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "dumb"
            os.environ["TARGETCLI_HOME"] = self._home.name
            os.execv(OURS[0], OURS)

    def until(self, text: bytes) -> float:
        """Wait for a text; the seconds that took. Raises Failed."""
        begin, seen = time.monotonic(), b""
        while text not in seen:
            left = begin + _LONGEST - time.monotonic()
            if left <= 0 or not select.select([self.keys], [], [], left)[0]:
                raise Failed(f"the shell does not show {text!r}, but {seen[-200:]!r}")
            seen += os.read(self.keys, 65536)
        return time.monotonic() - begin

    def type(self, keys: bytes, answer: bytes) -> float:
        """Type keys, and wait for the answer; the seconds that took."""
        os.write(self.keys, keys)
        return self.until(answer)

    def leave(self) -> None:
        """Hang up: nothing is saved."""
        os.close(self.keys)
        os.waitpid(self.pid, 0)
        self._home.cleanup()


def first_prompt() -> tuple[float, Terminal]:
    """Start a shell: the seconds until it takes a line, over those that Python takes to start."""
    python, _ = measure([sys.executable, "-c", "pass"])
    begin = time.monotonic()
    shell = Terminal()
    shell.until(b"/> ")
    return time.monotonic() - begin - python, shell


def main(size: int) -> None:
    """Measure what a person waits for."""
    for _ in range(ROUNDS):
        seconds, shell = first_prompt()
        tell("shell: first prompt", "ours", size, seconds)
        told = shell.type(f"cd /iscsi/{TARGET}/tpg1/luns\r".encode(), b"luns> ")
        tell("shell: cd", "ours", size, told)
        tell("shell: Tab, the first", "ours", size, _fill_in(shell, b"cd lu", b"n"))
        tell("shell: Tab", "ours", size, _fill_in(shell, b"cd lu", b"n"))
        shell.type(b"cd /backstores/ramdisk\r", b"/backstores/ramdisk> ")
        # All names begin with disk, but one.
        tell("shell: Tab among backstores", "ours", size, _fill_in(shell, b"cd di", b"sk"))
        shell.leave()


def _fill_in(shell: Terminal, typed: bytes, more: bytes) -> float:
    """Type the beginning of all names and Tab; the line is taken away again."""
    shell.type(typed, typed)
    seconds = shell.type(b"\t", more)
    # What was filled in is no node: the next prompt is a clean one.
    shell.type(b"#\r", b"> ")
    return seconds


if __name__ == "__main__":
    main(int(sys.argv[1]))
