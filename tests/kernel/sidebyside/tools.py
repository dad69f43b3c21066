# SPDX-License-Identifier: Apache-2.0
"""The two tools as processes, and what each does to a kernel where nothing is configured."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..oracle import tree
from .script import LAB, Call

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
FB_PYTHON = PROJECT / ".venv-fb" / "bin" / "python"
FB_VERSIONS = {"targetcli": "3.0.2", "rtslib-fb": "2.2.4"}
OUR_MODULES = ("targetcli.session", "targetcli.command_table.table", "targetcli.cli")
ETC = Path("/etc/target")
HOME = Path("/srv/home")

_CREATED = re.compile(r"Created target (\S+)\.$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Said:
    """What a program gave back."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call gave, and what the kernel had after it."""

    said: Said
    tree: tree.Tree


class Tool:
    """One of the two: server.py with its modules, on its own way to them."""

    def __init__(self, python: str | Path, *modules: str, path: str = "") -> None:
        self._server = subprocess.Popen(
            [python, HERE / "server.py", *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**_environment(), "PYTHONPATH": path},
        )

    def run(self, words: Sequence[str], stdin: str) -> Said:
        """Run one command line, in the folder of the script."""
        assert self._server.stdin and self._server.stdout
        call = {"words": words, "stdin": stdin, "environment": _environment(), "folder": LAB}
        print(json.dumps(call), file=self._server.stdin, flush=True)
        return Said(**json.loads(self._server.stdout.readline()))

    def close(self) -> None:
        """End it."""
        self._server.communicate()


def targetcli_fb() -> Tool:
    """The one to compare with."""
    return Tool(FB_PYTHON, "targetcli.targetcli_shell")


def targetcli() -> Tool:
    """This one, with all the modules that any command imports."""
    return Tool(sys.executable, *OUR_MODULES, path=str(PROJECT))


def _environment() -> dict[str, str]:
    # Both have a module called targetcli.
    ours = {"PYTHONPATH", "VIRTUAL_ENV", "TARGETCLI_HOME"}
    usual = {name: value for name, value in os.environ.items() if name not in ours}
    return usual | {"HOME": str(HOME), "TERM": "dumb"}


def run(tool: Tool, calls: Sequence[Call]) -> Iterator[Answer]:
    """Make each call, from nothing configured on; the answers of those that are not the host's."""
    fresh()
    created = ""
    for call in calls:
        if call.host:
            subprocess.run(["bash", "-ec", *call.words], check=True)
            continue
        words = [word.replace("$CREATED", created) for word in call.words]
        said = tool.run(words, call.stdin or "")
        created = ([created] + _CREATED.findall(said.stdout))[-1]
        yield Answer(said, tree.read())


def fb_versions() -> dict[str, str]:
    """What is installed to compare with."""
    script = (
        "import sys; from importlib.metadata import version\n"
        "for name in sys.argv[1:]: print(name, version(name))"
    )
    done = subprocess.run(
        [FB_PYTHON, "-I", "-c", script, *FB_VERSIONS], capture_output=True, text=True, check=True
    )
    return dict(line.split() for line in done.stdout.splitlines())


def fresh() -> None:
    """The modules are loaded; nothing is configured or saved, no preferences, no files."""
    for fabric in ("iscsi", "loopback"):
        Path(tree.ROOT, fabric).mkdir(exist_ok=True)
    tree.clear()
    for folder in (ETC, HOME, Path(LAB)):
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    for name in ("pr", "alua"):
        (ETC / name).mkdir()
