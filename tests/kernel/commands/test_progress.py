# SPDX-License-Identifier: Apache-2.0
"""The bar of long work: its numbers, Ctrl-C, and none of it without a terminal."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from rtslib_ext import restore, savefile
from rtslib_ext.kernel.configfs import ConfigFS
from targetcli import progress
from targetcli.env import Env

from ..compatibility.test_terminal import Terminal
from .harness import ETC, Shell, tree
from .test_cost import config

MANY = 1000
FILE = str(ETC / "many.json")
_START = "import sys; from targetcli.cli import main; sys.exit(main(sys.argv[1:]))"
# How long the work takes is the machine's: here it is shown at once.
_IMPATIENT = f"from targetcli import progress; progress.PATIENCE = 0.05; {_START}"


class Screen(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


class Watched(Shell):
    """A user whose messages go to a terminal, and whose output to a file."""

    def env(self, **options: object) -> Env:
        env = super().env(**options)
        env.stderr = Screen()
        return env


@pytest.fixture
def watched(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """All that is counted is shown, and ten LUNs are there, two of them saved only."""
    from targetcli.views import bar

    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "_INTERVAL", 0.0)
    monkeypatch.setattr(bar, "_INTERVAL", 0.0)
    restore.restore(ConfigFS(), config(10))
    (ETC / "more.json").write_text(savefile.dumps(config(12)))
    shell.ok("saveconfig")
    return Watched(shell.home)


def drawn(text: str) -> list[str]:
    return [part for part in text.split("\r") if part.strip()]


# Of a target with N LUNs: 3N + 1 objects besides target, TPG, portal and ACL.
BARS = {
    "saveconfig": ("reading", 35),
    "diff": ("reading", 35),
    "--json diff": ("reading", 35),
    "restoreconfig clear_existing=true": ("clearing", 35),
    "clearconfig confirm=true": ("clearing", 35),
    f"apply {ETC}/more.json": ("changing", 6),
    "/backstores/ramdisk create x[1-7] 4K": ("preparing", 7),
    # Each has two steps: the object, and its settings.
    "/backstores/ramdisk create y[1-7] 4K": ("changing", 14),
}


@pytest.mark.parametrize("line", BARS)
def test_work_is_counted_to_its_end(watched: Watched, line: str) -> None:
    what, number = BARS[line]
    options = {"json": True} if line.startswith("--json ") else {}
    answer = watched(line.removeprefix("--json "), **options)
    shown = [text for text in drawn(answer.stderr) if text.startswith(f"{what}: ")]
    assert f" {number}/{number} [" in shown[-1], answer.stderr
    assert f"{what}: 100%" in shown[-1]


def test_a_restore_is_counted_to_its_end(watched: Watched) -> None:
    watched("clearconfig confirm=true")
    assert " 35/35 [" in drawn(watched("restoreconfig").stderr)[-1]


@pytest.mark.parametrize("line", ["ls", "ls /iscsi", "ls / 2", "/backstores ls"])
@pytest.mark.parametrize("json", [False, True])
def test_ls_counts_its_lines(watched: Watched, line: str, json: bool) -> None:
    lines = len(watched(line).rows)
    assert f" {lines}/{lines} [" in drawn(watched(line, json=json).stderr)[-1]


def at_terminal(
    home: Path, words: Sequence[str], program: str = _START, until: bytes = b"", out: str = ""
) -> tuple[int, bytes]:
    """Run the program at a terminal, with Ctrl-C once a text is read: its status, all it wrote."""
    pid, file = pty.fork()
    if not pid:
        if out:
            os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT), 1)
        environ = {**os.environ, "TARGETCLI_HOME": str(home)}
        os.execve(sys.executable, [sys.executable, "-c", program, *words], environ)
    text = b""
    try:
        while read := os.read(file, 65536):
            text += read
            if until and until in text:
                os.write(file, b"\x03")
                until = b""
    except OSError:
        pass  # the other side is closed
    _, status = os.waitpid(pid, 0)
    os.close(file)
    assert not until, text
    assert b"Traceback" not in text
    return os.waitstatus_to_exitcode(status), text


@pytest.fixture
def many(shell: Shell) -> Shell:
    """A user with a file of many LUNs."""
    Path(FILE).write_text(savefile.dumps(config(MANY)))
    return shell


def test_long_work_at_a_terminal(many: Shell) -> None:
    status, text = at_terminal(many.home, ["restoreconfig", FILE], _IMPATIENT)
    assert status == 0
    bars, said = text.decode().rsplit("\r", 2)[0], text.decode().splitlines()[-1]
    assert drawn(bars)[-1].startswith("restoring: ")
    assert f"/{3 * MANY + 5} [" in drawn(bars)[-1]
    assert said.rpartition("\r")[2] == f"Configuration restored from {FILE}"
    _, text = at_terminal(many.home, ["ls"], _IMPATIENT, out="/dev/null")
    assert drawn(text.decode())[-1].startswith("reading: ")


def test_long_work_without_one(many: Shell) -> None:
    for words in (["restoreconfig", FILE], ["saveconfig"], ["ls"], ["clearconfig", "confirm=true"]):
        done = subprocess.run([sys.executable, "-c", _START, *words], capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"\r" not in done.stdout


def test_quick_work_loads_nothing_for_it(shell: Shell) -> None:
    program = _START.replace("sys.exit(main(sys.argv[1:]))", "main(['ls'])")
    program += "; print('tqdm' in sys.modules)"
    _, text = at_terminal(shell.home, [], program)
    assert text.endswith(b"False\r\n")


def test_ctrl_c_while_it_reads(many: Shell) -> None:
    restore.restore(ConfigFS(), config(MANY))
    status, text = at_terminal(many.home, ["saveconfig"], _IMPATIENT, b"reading: ")
    assert status == 130
    shown, said = text.decode().rsplit("\r\n", 2)[:2]
    assert shown.removesuffix("\r").endswith(" " * 100), "the bar is gone"
    assert said == "/: interrupted, nothing was changed"
    status, text = at_terminal(many.home, ["diff", FILE], _IMPATIENT, b"reading: ")
    assert (status, text.endswith(b"\r\ninterrupted\r\n")) == (130, True)


def test_ctrl_c_in_a_change_of_many(shell: Shell) -> None:
    words = ["/backstores/ramdisk", "create", f"x[1-{MANY}]", "4K"]
    before = tree()
    status, text = at_terminal(shell.home, words, _IMPATIENT, b"changing: ")
    assert status == 130
    assert text.endswith(b"\r\n/backstores/ramdisk: interrupted, nothing was changed\r\n")
    assert tree() == before


def test_ctrl_c_in_a_restore(many: Shell) -> None:
    status, text = at_terminal(many.home, ["restoreconfig", FILE], _IMPATIENT, b"restoring: ")
    assert status == 1
    said = text.replace(b"\r\n    ", b" ").splitlines()[-1].rpartition(b"\r")[2]
    assert said.startswith(b"interrupted after ") and b"(" in said
    many.ok(f"restoreconfig {FILE} keep_existing=true")
    assert many(f"diff {FILE}").exit == 0


def test_ctrl_c_in_the_shell(many: Shell) -> None:
    """The next prompt comes, and the next command runs."""
    restore.restore(ConfigFS(), config(MANY))
    many.ok("set global color_mode=false auto_save_on_exit=false")
    terminal = Terminal(many.home, "-c", _IMPATIENT)
    terminal.expect("/> ")
    terminal.send("saveconfig\r")
    terminal.expect("reading: ")
    terminal.send("\x03")
    assert "\r\n/: interrupted, nothing was changed\r\n" in terminal.expect("/> $")
    assert "r9999" in terminal.line("/backstores/ramdisk create r9999 1M", "/> $")
    terminal.send("exit\r")
    assert terminal.close() == 0
