# SPDX-License-Identifier: Apache-2.0
"""Tab in bash and zsh at a terminal, and what it costs with many LUNs."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import TARGET, Shell, tree

COMPLETIONS = Path(__file__).parents[3] / "completions"
A, B = "iqn.2003-01.org.example:disks", "iqn.2003-01.org.example:tapes"
TPG = f"/iscsi/{A}/tpg1"
SHOW = b"\x18\x0c"
DEADLINE = 30

START = {
    "bash": """
PS1='ready> '
bind 'set show-all-if-ambiguous on' 'set completion-query-items 0' 'set page-completions off'
source {completions}/targetcli.bash
show() {{ printf '%s\\0' "$READLINE_LINE" >{line}; }}
bind -x '"\\C-x\\C-l": show'
""",
    "zsh": """
PS1='ready> '
unsetopt list_ambiguous auto_menu
# Those for hundreds of other programs take long to look at.
fpath=({completions} ${{(M)fpath:#*/Completion(|/Base|/Zsh)}})
autoload -Uz compinit && compinit -u -d {line}.dump
show() {{ print -rn -- "$BUFFER"$'\0' >{line} }}
zle -N show
bindkey '^X^L' show
LISTMAX=1000
""",
}


class Terminal:
    """An interactive shell in a pseudo-terminal, at which somebody types."""

    def __init__(self, name: str, folder: Path) -> None:
        self.line = folder / "line"
        start = START[name].format(completions=COMPLETIONS, line=self.line)
        folder.joinpath(".zshrc").write_text(start)
        folder.joinpath("bashrc").write_text(start)
        words = {"bash": ["--rcfile", f"{folder}/bashrc", "-i"], "zsh": ["-i"]}[name]
        environment = {
            **os.environ,
            "PATH": f"{folder}:{os.environ['PATH']}",
            "ZDOTDIR": str(folder),
            "TARGETCLI_HOME": str(folder / "home"),
            "TERM": "xterm",
            "LC_ALL": "C.UTF-8",
        }
        self.process, self.terminal = pty.fork()
        if not self.process:
            os.execvpe(name, [name, *words], environment)
        self.shown = ""
        self._wait_for(lambda: "ready> " in self.shown)

    def _wait_for(self, done: object) -> None:
        end = time.monotonic() + DEADLINE
        while not done():  # type: ignore[operator]
            assert time.monotonic() < end, self.shown
            if select.select([self.terminal], [], [], 0.05)[0]:
                self.shown += os.read(self.terminal, 65536).decode(errors="replace")

    def type(self, text: str) -> str:
        """Type on an empty line; what the line is then."""
        self.line.unlink(missing_ok=True)
        self.shown = ""
        os.write(self.terminal, b"\x05\x15" + text.encode() + SHOW)
        self._wait_for(lambda: self.line.exists() and self.line.read_text().endswith("\0"))
        return self.line.read_text().removesuffix("\0")

    def end(self) -> None:
        """Hang up."""
        os.close(self.terminal)
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)


@pytest.fixture
def user(shell: Shell, tmp_path: Path) -> Shell:
    """A user with two targets and a storage object with a blank in its name."""
    program = tmp_path / "targetcli"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m targetcli "$@"\n')
    program.chmod(0o755)
    disk = TARGET / "core/rd_mcp_7/my disk"
    disk.mkdir(parents=True)
    (disk / "control").write_text("rd_pages=256")
    (disk / "enable").write_text("1")
    for line in (
        "/backstores/ramdisk create r1 1M",
        f"/iscsi create {A}",
        f"/iscsi create {B}",
        f"{TPG}/luns create /backstores/ramdisk/r1",
    ):
        shell.ok(line)
    return shell


@pytest.fixture(params=START)
def terminal(user: Shell, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """Each of the shells."""
    assert shutil.which(request.param), f"install Debian's package {request.param}"
    found = Terminal(request.param, tmp_path)
    yield found
    found.end()


# What is typed, a Tab behind it, and the line then.
TYPED = {
    "--sho": "--show-secrets ",
    "--yes --wai": "--yes --wait ",
    "--wait 5 sav": "--wait 5 saveconfig ",
    "sav": "saveconfig ",
    "/isc": "/iscsi/",
    "isc": "iscsi/",
    f"/iscsi/{A[:-4]}": f"/iscsi/{A}/",
    f"/iscsi/{A}/tpg1/lu": f"{TPG}/luns/",
    f"/iscsi/{A}/tpg1/luns/l": f"{TPG}/luns/lun0 ",
    f"{TPG} disa": f"{TPG} disable ",
    f"{TPG} set attr": f"{TPG} set attribute ",
    f"{TPG} set attribute authen": f"{TPG} set attribute authentication=",
    f"{TPG} set attribute prod_mode_write_protect=1 t10": (
        f"{TPG} set attribute prod_mode_write_protect=1 t10_pi="
    ),
    "set global auto_save_on_exit=f": "set global auto_save_on_exit=false ",
    "set global loglevel_console=d": "set global loglevel_console=debug ",
    f"/iscsi delete {A[:-4]}": f"/iscsi delete {A} ",
    f"/iscsi delete wwn={A[:-4]}": f"/iscsi delete wwn={A} ",
    f"/iscsi delete '{A[:-4]}": f"/iscsi delete '{A}' ",
    f"{TPG}/luns create /backstores/ramdisk/my\\ ": (
        f"{TPG}/luns create /backstores/ramdisk/my\\ disk "
    ),
    f"{TPG}/luns create '/backstores/ramdisk/my d": (
        f"{TPG}/luns create '/backstores/ramdisk/my disk' "
    ),
    f'{TPG}/luns create "/backstores/ramdisk/my d': (
        f'{TPG}/luns create "/backstores/ramdisk/my disk" '
    ),
    f"{TPG}/luns create storage_object=/backstores/ramdisk/m": (
        f"{TPG}/luns create storage_object=/backstores/ramdisk/my\\ disk "
    ),
    "'/iscsi/": f"'/iscsi/{A[:-5]}",
    "'/isc": "'/iscsi/",
    "'/iscsi del": "'/iscsi delete",
    f"'/iscsi delete {A[:-4]}": f"'/iscsi delete {A}",
    "nosuch x": "nosuch x",
    "/nosuch/": "/nosuch/",
}


def test_what_tab_makes_of_a_line(terminal: Terminal) -> None:
    before = tree()
    found = {text: terminal.type(f"targetcli {text}\t") for text in TYPED}
    assert found == {text: f"targetcli {line}" for text, line in TYPED.items()}
    assert tree() == before


def test_what_tab_shows(terminal: Terminal) -> None:
    terminal.type("targetcli /iscsi/\t\t")
    assert "disks" in terminal.shown and "tapes" in terminal.shown
    terminal.type("targetcli --s\t\t")
    assert "--sandbox" in terminal.shown and "--state" in terminal.shown
