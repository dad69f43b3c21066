# SPDX-License-Identifier: Apache-2.0
"""Find changes of the program that no test notices.

    python -m tests.mutation touched [PART...]     which test touches which line: once, first
    python -m tests.mutation run COUNT [SEED]      try so many random changes
    python -m tests.mutation again                 try survivors again, with all tests that touch

Unit tests run first, then the kernel tests that touch the changed line: those that touch the fewest
other lines, as they are about it. The result of each change is a line of .mutation/results.jsonl.
Changes that are there already are not tried again.
"""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import coverage

from . import mutants
from .mutants import Mutant
from .touched import MARK

PROJECT = Path(__file__).parents[2]
# The code that decides what happens to a configuration.
CHANGED = [
    *("rtslib_ext/" + room for room in ("plan", "steps", "transaction", "savefile", "staging")),
    *("rtslib_ext/usage", "rtslib_ext/reading", "targetcli/changes"),
]
STATE = PROJECT / ".mutation"
TREE = STATE / "tree"
RESULTS = STATE / "results.jsonl"
# Unit tests, then kernel tests: how many at most, and for how many seconds.
FEW = ((False, 60, 200), (True, 25, 300))
ALL = ((False, 1000, 600), (True, 1000, 1800))
Limits = tuple[tuple[bool, int, float], ...]


def _pytest(tree: Path, words: list[str], seconds: float, kernel: bool) -> tuple[int, str]:
    """Run pytest on a tree; return its status, 1 if it takes too long, and its output."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    if kernel:
        command = [sys.executable, "-m", "targetcli.sandbox", "--env", "PYTHONPATH", *command]
    env = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            # A changed program must not change the sandbox that runs it.
            command,
            cwd=tree,
            env=env,
            timeout=seconds,
            capture_output=True,
            text=True,
        )
    except subprocess.TimeoutExpired:
        return 1, f"more than {seconds} seconds"
    return done.returncode, done.stdout + done.stderr


def touched(parts: list[str]) -> None:
    """Run all tests once and keep which of them touches which line."""
    STATE.mkdir(exist_ok=True)
    for part in parts:
        kernel = not part.startswith("tests/unit")
        _, output = _pytest(PROJECT, ["-p", "tests.mutation.touched", part], 7200, kernel)
        lines = [line for line in output.splitlines() if line.startswith(MARK)]
        if not lines:
            sys.exit(f"{part}: {output[-2000:]}")
        name = part.strip("/").replace("/", "-")
        (STATE / f"{name}.coverage").write_bytes(base64.b64decode(lines[-1][len(MARK) :]))
        print(part, flush=True)


class Touched:
    """Which tests touch a line."""

    def __init__(self) -> None:
        self.data = coverage.CoverageData(no_disk=True)
        for file in STATE.glob("*.coverage"):
            part = coverage.CoverageData(no_disk=True)
            part.loads(file.read_bytes())
            self.data.update(part)
        self.lines: dict[str, dict[int, list[str]]] = {}
        self.sizes: dict[str, int] = {}
        for file in self.data.measured_files():
            by_line = self.data.contexts_by_lineno(file)
            self.lines[os.path.relpath(file, PROJECT)] = by_line
            for tests in by_line.values():
                for test in tests:
                    self.sizes[test] = self.sizes.get(test, 0) + 1

    def by(self, mutant: Mutant, *, kernel: bool) -> list[str]:
        """Return the tests of one kind that touch the line of a mutant, most particular first."""
        tests = self.lines.get(mutant.file, {}).get(mutant.line, [])
        chosen = [test for test in tests if test and kernel != test.startswith("tests/unit")]
        return sorted(chosen, key=self.sizes.__getitem__)


def _verdict(mutant: Mutant, tests: Touched, limits: Limits) -> tuple[str, str]:
    """Try a mutant; return (killed or survived, the test that noticed it)."""
    file = TREE / mutant.file
    source = file.read_text()
    file.write_text(mutant.applied(source))
    try:
        for kernel, most, seconds in limits:
            chosen = tests.by(mutant, kernel=kernel)[:most]
            if not chosen:
                continue
            status, output = _pytest(TREE, ["-x", *chosen], seconds, kernel)
            if status:
                failed = [line for line in output.splitlines() if line.startswith("FAILED")]
                return "killed", (failed or [output[-200:]])[0]
    finally:
        file.write_text(source)
    return ("survived" if tests.by(mutant, kernel=True) else "not reached"), ""


def run(count: int, seed: int) -> None:
    """Try random mutants, each once."""
    known = {result["mutant"] for result in _results()}
    _fresh_tree()
    chosen = [mutant for mutant in _every() if str(mutant) not in known]
    _try(random.Random(seed).sample(chosen, min(count, len(chosen))), FEW)


def again() -> None:
    """Try the mutants that survived again, with every test that touches their line."""
    survived = {result["mutant"] for result in _results() if result["verdict"] == "survived"}
    _fresh_tree()
    _try([mutant for mutant in _every() if str(mutant) in survived], ALL)


def _results() -> list[dict[str, str]]:
    """Return the last result of each mutant that was tried."""
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    return list({result["mutant"]: result for result in map(json.loads, lines)}.values())


def _fresh_tree() -> None:
    shutil.rmtree(TREE, ignore_errors=True)
    subprocess.run(["git", "clone", "-q", "--shared", str(PROJECT), str(TREE)], check=True)


def _every() -> list[Mutant]:
    return [
        mutant
        for place in CHANGED
        for file in sorted((TREE / place).rglob("*.py"))
        for mutant in mutants.of(str(file.relative_to(TREE)), file.read_text())
    ]


def _try(chosen: list[Mutant], limits: Limits) -> None:
    tests = Touched()
    for mutant in chosen:
        verdict, test = _verdict(mutant, tests, limits)
        with RESULTS.open("a") as file:
            print(json.dumps({"mutant": str(mutant), "verdict": verdict, "test": test}), file=file)
        print(f"{verdict}: {mutant}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["touched"]:
        touched(sys.argv[2:] or ["tests/unit", "tests/kernel/plan", "tests/kernel/commands"])
    elif sys.argv[1:2] == ["run"]:
        run(int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    elif sys.argv[1:] == ["again"]:
        again()
