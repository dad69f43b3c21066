# SPDX-License-Identifier: Apache-2.0
"""The Makefile's targets, and the pre-commit hook that runs one of them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests import thinning

ROOT = Path(__file__).parent.parent.parent
MAKEFILE = (ROOT / "Makefile").read_text()


# Without the options of a make that runs these tests.
ENV = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}


def recipe(target: str) -> list[str]:
    """Return the lines below a target."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found, target
    return [line.strip().lstrip("@") for line in found[1].splitlines()]


def test_help_lists_every_target_with_its_text() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, env=ENV, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    listed = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)
    assert phony
    assert sorted(listed) == sorted(phony[1].replace("\\", "").split())
    assert all(len(line) <= 100 for line in done.stdout.splitlines())


def test_the_default_goal_installs_what_is_missing() -> None:
    targets = re.findall(r"^([\w$()/.-]+):(?!=)", MAKEFILE, re.MULTILINE)
    assert [target for target in targets if target != ".PHONY"][0] == "all"


def test_the_newer_kernels_are_those_of_the_rule() -> None:
    found = re.search(r"^NEWER = (.*)$", MAKEFILE, re.MULTILINE)
    assert found and tuple(found[1].split()) == thinning.SUITES
    assert [line for line in recipe("newer-%") if "--thin $*" in line]
    started = [line for line in recipe("test") if line.startswith("$(MAKE)")]
    order = [word for line in started for word in line.split()[1:] if not word.startswith("-")]
    assert order == ["kernels", "test-unit", "test-sandbox", "test-kernel", "test-newer"]


def test_a_kernel_that_cannot_be_fetched_ends_the_run(tmp_path: Path) -> None:
    script = tmp_path / "packaging/user-mode-kernel"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\n[ "$2" != sid ] || { echo no network >&2; exit 1; }\n')
    script.chmod(0o755)
    done = subprocess.run(
        ["make", "-f", ROOT / "Makefile", "kernels"],
        cwd=tmp_path,
        env=ENV,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    said = done.stderr.splitlines()
    assert said[0] == "no network"
    assert said[1] == "== The tests need the user-mode kernel of sid, and it cannot be fetched"


def test_lint_runs_what_the_linter_tests_run() -> None:
    tests = (ROOT / "tests/unit/test_linters.py").read_text()
    commands = [line.removeprefix("$(PYTHON3) -m ") for line in recipe("lint")]
    assert commands == ["ruff check", "ruff format --check --quiet", "mypy"]
    assert f'"command", {commands}'.replace("'", '"') in tests


def test_the_hook_runs_make_lint_and_fetches_nothing() -> None:
    hook = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"^ *- repo: (.*)$", hook, re.MULTILINE) == ["local"]
    assert re.findall(r"^ *(entry|language): (.*)$", hook, re.MULTILINE) == [
        ("entry", "make lint"),
        ("language", "system"),
    ]


def test_clean_tells_of_the_state_of_the_sandbox_and_keeps_it(tmp_path: Path) -> None:
    state = tmp_path / "targetcli/sandbox"
    (shown,) = (line for line in recipe("clean") if "$(STATE)" in line)

    def told() -> str:
        makefile = "".join(
            f"{line}\n" for line in MAKEFILE.splitlines() if line.startswith("STATE = ")
        )
        (tmp_path / "Makefile").write_text(f"{makefile}clean:\n\t@{shown}\n")
        done = subprocess.run(
            ["make", "--no-print-directory", "-C", tmp_path, f"XDG_STATE_HOME={tmp_path}"],
            env=ENV,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert told() == ""
    state.mkdir(parents=True)
    text = f"kept: the disks and configuration of the sandbox; to delete them: rm -r '{state}'\n"
    assert told() == text and state.is_dir()
