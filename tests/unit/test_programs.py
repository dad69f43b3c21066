# SPDX-License-Identifier: Apache-2.0
"""Programs of the host are those of the host, regardless of the caller's PATH."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from rtslib_ext.errors import LioError
from rtslib_ext.host import system

ROOT = Path(__file__).parent.parent.parent
# The pager is the user's choice; the sandbox runs with the rights of its user, and passes a PATH.
OTHERS = {"targetcli/views/pager.py"}


def test_caller_does_not_choose_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("true", "modprobe"):
        (tmp_path / name).write_text("#!/bin/sh\necho planted; exit 3\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    done = system.run("true")
    assert (done.returncode, done.stdout) == (0, "")
    shown = system.run("sh", "-c", "echo $PATH").stdout
    assert shown == f"{system.PATH}\n" and str(tmp_path) not in shown
    with pytest.raises(LioError, match="cannot run no-such-program"):
        system.run("no-such-program")


def test_all_programs_have_a_fixed_path() -> None:
    """Every call that starts one gives an environment."""
    without = []
    for path in [*(ROOT / "rtslib_ext").rglob("*.py"), *(ROOT / "targetcli").rglob("*.py")]:
        name = str(path.relative_to(ROOT))
        if name in OTHERS or name.startswith("targetcli/sandbox/"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("subprocess."):
                if "env" not in {keyword.arg for keyword in node.keywords}:
                    without.append(f"{name}:{node.lineno}")
    assert without == []
