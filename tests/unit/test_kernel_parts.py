# SPDX-License-Identifier: Apache-2.0
"""The parts of the kernel tests, each of which runs on a kernel of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_commands_are_all_in_one_of_two_parts() -> None:
    makefile = (ROOT / "Makefile").read_text()
    ranges = [line.split() for line in makefile.splitlines() if line.startswith("LONGEST = ")][0]
    parts = [
        word.replace("$(COMMANDS)", "tests/kernel/commands/") for word in ranges if ":" in word
    ]
    assert len(parts) == 2
    done = subprocess.run(
        [ROOT / "packaging/kernel-tests", *parts, "--", "echo", "run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    runs = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("run ")]
    files = sorted(
        str(path.relative_to(ROOT)) for path in ROOT.glob("tests/kernel/commands/test_*.py")
    )
    assert len(runs) == 2 and sorted(sum(runs, [])) == files
