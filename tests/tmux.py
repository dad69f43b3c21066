# SPDX-License-Identifier: Apache-2.0
"""A terminal that tests drive by keys and read as text: tmux."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

# Under QEMU the program may take two minutes to start.
_TIMEOUT = 240
_NUMBERS = count()
_SHORTEST, _LONGEST = 0.03, 0.5
_ENDED = "[ended with status "


class Terminal:
    """One program in a terminal of tmux."""

    def __init__(self, width: int, height: int, term: str, command: str, home: Path) -> None:
        environ = {
            **os.environ,
            "LC_ALL": "C.UTF-8",
            "TARGETCLI_HOME": str(home),
            "TERM": "screen",
        }
        environ.pop("TMUX", None)
        self._environ = environ
        # A server that ends still has its socket for a moment.
        self._socket = f"targetcli-{os.getpid()}-{next(_NUMBERS)}"
        self._modes = [home.with_suffix(f".{name}") for name in ("before", "after")]
        before, after = self._modes
        script = (
            f"export TERM={term}; stty -g >{before}; {command}; status=$?; stty -g >{after}; "
            f"echo '{_ENDED}'$status]; exec sleep 1000"
        )
        self._tmux(
            *("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height)),
            script,
        )

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self._socket, *words],
            env=self._environ,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def keys(self, *names: str) -> None:
        """Type keys by their names in tmux: Down, Enter, Escape, or a letter."""
        self._tmux("send-keys", *names)

    def type(self, text: str) -> None:
        """Type a text."""
        self._tmux("send-keys", "-l", text)

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def screen(self) -> str:
        """Return what is on the screen: lines without blanks at their ends."""
        rows = self._tmux("capture-pane", "-p").splitlines()
        return "\n".join(row.rstrip() for row in rows).rstrip() + "\n"

    def until(self, *texts: str) -> str:
        """Wait until all texts are on the screen, and nothing changes any more; return it."""
        deadline = time.monotonic() + _TIMEOUT
        before, pause = "", _SHORTEST
        while time.monotonic() < deadline:
            screen = self.screen()
            if screen == before and all(text in screen for text in texts):
                return screen
            # Looking takes time, which a slow program needs.
            pause = min(pause * 1.3, _LONGEST) if screen == before else _SHORTEST
            before = screen
            time.sleep(pause)
        raise AssertionError(f"{texts} did not come up:\n{before}")

    def pid(self) -> int:
        """Return the process id of the program."""
        shell = self._tmux("display-message", "-p", "#{pane_pid}").strip()
        children = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
        return int(children[0])

    def ended(self) -> tuple[int, str]:
        """Wait for the end of the program; return its status and the screen afterwards.

        The settings of the terminal must be those from before.
        """
        screen = self.until(_ENDED)
        before, after = (file.read_text() for file in self._modes)
        assert before == after, "the settings of the terminal are not those from before"
        flags = self._tmux("display-message", "-p", "#{cursor_flag} #{alternate_on}")
        assert flags.split() == ["1", "0"], "the cursor is hidden, or the other screen is shown"
        return int(screen.partition(_ENDED)[2].partition("]")[0]), screen

    def close(self) -> None:
        """End tmux and what runs in it."""
        self._tmux("kill-server")


@contextmanager
def terminal(
    home: Path,
    line: str,
    width: int = 80,
    height: int = 24,
    *,
    term: str = "xterm",
    program: str = "-m targetcli",
) -> Iterator[Terminal]:
    """Run a line of targetcli, or another program of Python, in a terminal."""
    opened = Terminal(width, height, term, f"{sys.executable} {program} {line}", home)
    try:
        yield opened
    finally:
        opened.close()
