# SPDX-License-Identifier: Apache-2.0
"""The examples of targetcli(8) run as they stand there, one after the other."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from targetcli import session
from targetcli.env import Env
from targetcli.language import grammar
from targetcli.prefs import Preferences, default_folder

PAGE = Path(__file__).parents[3] / "man/targetcli.8"
TGT = Path("/etc/tgt/targets.conf")
HISTORY, FILES = Path("/var/lib/targetcli/history"), Path("/srv")


def examples() -> Iterator[str]:
    """Return the lines to type, without the roff of the page."""
    text = PAGE.read_text().partition(".SH EXAMPLES\n")[2].partition("\n.SH ")[0]
    for escape, char in ((r"\-", "-"), (r"\e", "\\"), (r"\(dq", '"')):
        text = text.replace(escape, char)
    for block in re.findall(r"\.nf\n(.*?)\.fi\n", text, re.DOTALL):
        yield from block.replace("\\\n", "").splitlines()


@pytest.fixture
def env(configfs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Env]:
    """The session of the shell, on a host that had tgt, with a file for another disk."""
    monkeypatch.setenv("TARGETCLI_HOME", str(tmp_path / "home"))
    shutil.rmtree(HISTORY, ignore_errors=True)
    FILES.mkdir(exist_ok=True)
    with (FILES / "new.img").open("wb") as file:
        file.truncate(10 << 30)
    (FILES / "old.img").write_bytes(bytes(1 << 20))
    TGT.parent.mkdir(exist_ok=True)
    TGT.write_text("<target iqn.2003-01.org.example:old>\nbacking-store /srv/old.img\n</target>\n")
    env = Env(Preferences.load(default_folder()), stdout=io.StringIO(), stderr=io.StringIO())
    env.session.several = True
    yield env
    shutil.rmtree(HISTORY, ignore_errors=True)
    for path in FILES.glob("*.img"):
        path.unlink()
    TGT.unlink()


def test_every_example(env: Env) -> None:
    variables: dict[str, str] = {}
    for line in examples():
        if prompt := re.match(r"\*?/> ", line):
            assert session.prompt(env) == prompt[0]
            done = session.run_line(env, partial(grammar.parse, line[prompt.end() :]))
            assert done is not None, (line, env.stderr.getvalue())  # type: ignore[attr-defined]
        elif assigned := re.fullmatch(r"(\w+)=(\S+)", line):
            variables[assigned[1]] = assigned[2]
        elif "--sandbox" not in line:  # this is the sandbox
            for name, value in variables.items():
                line = line.replace(f"${name}", value)
            program, *words = shlex.split(line)
            assert program == "targetcli"
            once = subprocess.run(
                [sys.executable, "-m", program, *words], capture_output=True, text=True
            )
            # diff tells by its exit status that there is a difference.
            assert once.returncode == (words[0] == "diff"), (line, once.stderr)
