# SPDX-License-Identifier: Apache-2.0
"""The examples of README.md print what they show."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from targetcli import session
from targetcli.env import Env
from targetcli.language import grammar
from targetcli.prefs import Preferences, default_folder

README = Path(__file__).parents[3] / "README.md"
WIDTH = 92
SHELL, ONE_SHOT = re.compile(r"    (\*?/\S*> )(.+)"), re.compile(r"    (\$ )sudo targetcli (.+)")
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
HISTORY, FILES = Path("/var/lib/targetcli/history"), Path("/srv")

TGT = Path("/etc/tgt/targets.conf")
OF_TGT = """\
<target iqn.2003-01.org.example:old>
    backing-store /srv/old.img
    incominguser host1 secret12chars
    incominguser host2 secret23chars
</target>
"""


@dataclass
class Example:
    """One command of the page, with what it prints."""

    prompt: str
    command: str
    output: list[str] = field(default_factory=list)

    def pattern(self) -> str:
        """Return the output as a pattern: … stands for any text, alone on a line for any lines."""
        lines = [re.escape(TIME.sub("TIME", line)).replace("…", ".*") for line in self.output]
        return "".join(r"(?:.*\n)*" if line == ".*" else f"{line}\n" for line in lines)


def examples(text: str) -> list[Example]:
    """Return the commands that the page shows being typed."""
    found: list[Example] = []
    in_output = False
    for line in text.splitlines():
        typed = SHELL.fullmatch(line) or ONE_SHOT.fullmatch(line)
        in_output = bool(typed) or (in_output and line.startswith("    "))
        if typed:
            found.append(Example(*typed.groups()))
        elif in_output:
            found[-1].output.append(line[4:])
    return found


@pytest.fixture
def env(configfs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Env]:
    """A session, on a host with a file for another disk, and with the file of another target."""
    monkeypatch.setenv("TARGETCLI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("targetcli.views.MAX_WIDTH", WIDTH)
    shutil.rmtree(HISTORY, ignore_errors=True)
    with (FILES / "new.img").open("wb") as file:
        file.truncate(10 << 30)
    TGT.parent.mkdir(exist_ok=True)
    TGT.write_text(OF_TGT)
    with (FILES / "old.img").open("wb") as file:
        file.truncate(1 << 20)
    env = Env(Preferences.load(default_folder()), stdout=io.StringIO(), stderr=io.StringIO())
    env.session.several = True
    yield env
    shutil.rmtree(HISTORY, ignore_errors=True)
    TGT.unlink()
    for path in FILES.glob("*.img"):
        path.unlink()


def printed_by(env: Env, example: Example) -> str:
    """Run an example; return its standard output."""
    if example.prompt == "$ ":
        words = [sys.executable, "-m", "targetcli", *shlex.split(example.command)]
        return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert session.prompt(env) == example.prompt
    env.stdout = io.StringIO()
    session.run_line(env, partial(grammar.parse, example.command))
    return env.stdout.getvalue()


def test_every_example(env: Env) -> None:
    found = examples(README.read_text())
    assert len(found) >= 20
    for example in found:
        printed = TIME.sub("TIME", printed_by(env, example))
        assert re.fullmatch(example.pattern(), printed), f"{example.command}:\n{printed}"
