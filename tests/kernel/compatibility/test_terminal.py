# SPDX-License-Identifier: Apache-2.0
"""The shell at a terminal, driven as expect does: by its prompts."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ..commands.harness import Shell
from .row import ACL, EXPORT, RAMDISK, TARGET, TPG

_TIMEOUT = 30
FACTS: set[str] = set()


class Terminal:
    """One shell, on a terminal of 132 columns."""

    def __init__(self, home: Path, *program: str) -> None:
        self.text = ""
        self.pid, self.file = pty.fork()
        if not self.pid:
            environ = {**os.environ, "TARGETCLI_HOME": str(home), "TERM": "xterm"}
            words = program or ("-m", "targetcli")
            os.execve(sys.executable, [sys.executable, *words], environ)
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 132, 0, 0))

    def expect(self, pattern: str) -> str:
        """Wait for a text; what came until its end, escape sequences and all."""
        deadline = time.monotonic() + _TIMEOUT
        while not (found := re.search(pattern, self.text)):
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.file], [], [], left)[0], self.text
            read = os.read(self.file, 65536).decode()
            if "\x1b[6n" in read:  # where is the cursor?
                os.write(self.file, b"\x1b[40;1R")
            self.text += read
        before, self.text = self.text[: found.end()], self.text[found.end() :]
        return before

    def send(self, text: str) -> None:
        """Type."""
        os.write(self.file, text.encode())

    def line(self, text: str, prompt: str) -> str:
        """Type a line; what is said until the next prompt."""
        self.send(f"{text}\r")
        self.expect(r"\r\n")
        return self.expect(prompt).removesuffix(prompt)

    def close(self) -> int:
        """Wait for the end; its exit status."""
        try:
            while os.read(self.file, 65536):
                pass
        except OSError:
            pass  # the other side is closed
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        os.close(self.file)
        return os.waitstatus_to_exitcode(status)


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user of one exported ramdisk."""
    shell.ok(f"{RAMDISK} create r1 1M")
    for line in EXPORT[2:3]:
        shell.ok(line)
    shell.ok(f"{TPG}/luns create {RAMDISK}/r1")
    return shell


@pytest.fixture
def terminal(user: Shell) -> Iterator[Callable[[], Terminal]]:
    """Opens shells of that user."""
    opened: list[Terminal] = []

    def start() -> Terminal:
        opened.append(Terminal(user.home))
        return opened[-1]

    yield start
    for item in opened:
        if item.pid:
            os.kill(item.pid, signal.SIGKILL)
            item.close()


def fact(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Name what a test holds."""
    FACTS.add(name)
    return lambda test: test


@fact("terminal: prompts")
def test_prompts(user: Shell, terminal: Callable[[], Terminal]) -> None:
    user.ok("set global color_mode=false")
    shell = terminal()
    assert "targetcli shell version " in shell.expect("/> ")
    shell.line("cd /iscsi", "/iscsi> ")
    shell.line(f"cd {TARGET}/tpg1", "/tpg1> ")
    assert shell.line("pwd", "/tpg1> ").startswith(f"{TPG}\r\n")
    assert "Command not found frobnicate" in shell.line("frobnicate", "/tpg1> ")
    shell.line("cd /", "/> ")
    shell.line("/backstores/ramdisk create r9 1M", "/> ")
    shell.send("exit\r")
    shell.expect("Configuration saved to /etc/target/saveconfig.json")
    assert shell.close() == 0


@fact("terminal: the next shell starts where the last one was")
def test_next_shell(user: Shell, terminal: Callable[[], Terminal]) -> None:
    user.ok("set global color_mode=false")
    user.ok("cd /backstores")
    shell = terminal()
    shell.expect("/backstores> ")
    shell.line("ramdisk/ create r9 1M", "/backstores> ")
    shell.send("\x04")
    shell.expect("Global pref auto_save_on_exit=true")
    assert shell.close() == 0


@fact("terminal: prompt_length")
def test_prompt_length(user: Shell, terminal: Callable[[], Terminal]) -> None:
    user.ok("set global color_mode=false")
    user.ok("set global prompt_length=11")
    user.ok(f"cd {TPG}")
    terminal().expect(r"\n/isc\.\.\.tpg1> ")


@fact("terminal: color_mode")
def test_color_mode(user: Shell, terminal: Callable[[], Terminal]) -> None:
    shell = terminal()
    shell.expect("/> ")
    assert "\x1b[" in shell.line("ls /backstores 1", "/> ").replace("\x1b[?2004", "")
    shell.line("set global color_mode=false", "/> ")
    plain = shell.line("ls /backstores 1", "/> ").replace("\x1b[?2004", "")
    assert "\x1b[" not in plain and "Storage Objects: 1" in plain


@fact("terminal: color_default")
def test_color_default(user: Shell, terminal: Callable[[], Terminal]) -> None:
    user.ok("set global color_default=red")
    shell = terminal()
    shell.expect("/> ")
    assert "\x1b[31m" in shell.line("ls /backstores/block", "/> ")


@fact("terminal: colours of completions")
def test_colours_of_completions(user: Shell, terminal: Callable[[], Terminal]) -> None:
    user.ok(
        "set global color_path=red color_command=green color_parameter=yellow color_keyword=blue"
    )
    shell = terminal()
    shell.expect("/> ")
    for typed, painted in (
        ("s\t\t", "\x1b[32m"),
        ("/\t\t", "\x1b[31m"),
        (f"{TPG} get \t\t", "\x1b[33m"),
    ):
        shell.send(typed)
        assert painted in shell.expect(re.escape(painted))
        # configshell has asked where the cursor is once more, and reads the answer.
        shell.expect(r"\x1b\[40;1H")
        shell.send("\x15")  # forget the line


@fact("terminal: an open shell is in nobody's way")
def test_open_shell(user: Shell, terminal: Callable[[], Terminal]) -> None:
    shell = terminal()
    shell.expect("/> ")
    user.ok(f"{RAMDISK} create r2 1M", wait=1)
    assert "r2" in shell.line(f"ls {RAMDISK}", "/> ")


@fact("terminal: passwords are hidden, and in no history")
def test_passwords(user: Shell, terminal: Callable[[], Terminal]) -> None:
    user.ok(f"{TPG}/acls create {ACL.rpartition('/')[2]}")
    shell = terminal()
    shell.expect("/> ")
    said = shell.line(f"{ACL} set auth password=hush", "/> ")
    assert "hush" not in said and "(hidden)" in said
    assert "hush" not in shell.line(f"{ACL} get auth", "/> ")
    shell.send("exit\r")
    shell.expect("Configuration saved")
    assert shell.close() == 0
    assert "hush" not in (user.home / "history.txt").read_text()


@fact("terminal: Ctrl-C is a new line")
def test_ctrl_c(terminal: Callable[[], Terminal]) -> None:
    shell = terminal()
    shell.expect("/> ")
    shell.send("/iscsi dele")
    shell.expect("/iscsi dele")
    # An interrupt while it looks at a key is heard with the next one.
    time.sleep(0.5)
    shell.send("\x03")
    shell.expect("/> ")
    assert "/\r\n" in shell.line("pwd", "/> ")
