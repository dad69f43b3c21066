# SPDX-License-Identifier: Apache-2.0
"""The linters, as tests: what they find fails like anything else."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = [
    *(path for path in ROOT.glob("packaging/*") if path.is_file()),
    *ROOT.glob("examples/*.sh"),
    *ROOT.glob("findings/*.sh"),
    ROOT / ".ci/run",
    ROOT / "completions/targetcli.bash",
    ROOT / "targetcli/sandbox/init.sh",
]


@pytest.mark.parametrize("command", ["ruff check", "ruff format --check --quiet", "mypy"])
def test_python(command: str) -> None:
    words = [sys.executable, "-m", *command.split()]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_shell_script(script: Path) -> None:
    done = subprocess.run(["shellcheck", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert script.read_text().startswith("#!/bin/bash\n# SPDX-License-Identifier: Apache-2.0\n")


def test_every_module_names_its_licence_and_its_purpose() -> None:
    for package in ("rtslib_ext", "targetcli"):
        for path in (ROOT / package).rglob("*.py"):
            lines = path.read_text().splitlines()
            assert lines[0] == "# SPDX-License-Identifier: Apache-2.0", path
            assert lines[1].lstrip("r").startswith('"""'), path
            assert len(lines) <= 400, f"{path} has two nouns in it: {len(lines)} lines"


def test_the_resource_agent() -> None:
    """Pacemaker runs it with the sh of the distribution; it is small."""
    agent = ROOT / "packaging/pacemaker/lio-owner"
    done = subprocess.run(["shellcheck", agent], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert agent.read_text().startswith("#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n")
    assert len(agent.read_text().splitlines()) < 250


def test_functions_are_small() -> None:
    lengths = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for package in ("rtslib_ext", "targetcli")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > 45} == {}
    assert statistics.median(lengths.values()) <= 8


def test_the_library_is_divided_into_rooms() -> None:
    assert len([*(ROOT / "rtslib_ext").glob("*.py")]) <= 7
