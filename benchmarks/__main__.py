# SPDX-License-Identifier: Apache-2.0
"""Runs the benchmark: each part on a kernel of its own; prints the table and writes it down."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import chart, keys, table
from .process import MARK, Failed, measure
from .values import Values

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "docs" / "PERFORMANCE.md"
CHART = ROOT / "docs" / "performance.svg"
# The memory of the kernel: 0.6 GiB for each thousand of LUNs, and some.
_MEMORY = {1000: "2G", 10000: "9G"}


def in_sandbox(values: Values, memory: str, *words: object) -> None:
    """Run a part in the sandbox; what it measured joins the values."""
    print(f"== {' '.join(map(str, words))}", flush=True)
    command = [sys.executable, "-m", "targetcli.sandbox", "--memory", memory]
    command += [sys.executable, "-m", "benchmarks.guest", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as guest:
        assert guest.stdout is not None
        for line in guest.stdout:
            if line.startswith(MARK):
                values.add(line.removeprefix(MARK))
            elif line.strip():
                print(line, end="")
    if guest.returncode:
        values.problems.append(f"{words[0]} ended with status {guest.returncode}")


def start_outside(values: Values, rounds: int) -> None:
    """How a one-shot command starts on the host itself, where nothing is configured."""
    print("== start, outside of the sandbox", flush=True)
    program = str(Path(sys.executable).parent / "targetcli")
    with tempfile.TemporaryDirectory() as home:
        os.environ["TARGETCLI_HOME"] = home
        for _ in range(rounds):
            values.put("start outside", "python", 0, measure([sys.executable, "-c", "pass"])[0])
            for words in (["--version"], ["ls", "/iscsi", "1"]):
                seconds, _ = measure([program, *words])
                values.put(f"{' '.join(words)} outside", "ours", 0, seconds)
            seconds, shell = keys.first_prompt()
            shell.leave()
            values.put("shell outside: first prompt", "ours", 0, seconds)


def _measure_all(values: Values, few: int, many: int, peers: int, rounds: int) -> None:
    try:
        start_outside(values, rounds * 7)
    except Failed as err:
        values.problems.append(str(err))
    memory = _MEMORY.get(many, "4G")
    in_sandbox(values, "2G", "peers", peers, max(1, rounds // 2))
    in_sandbox(values, _MEMORY.get(few, "2G"), "whole", few, rounds, 1)
    in_sandbox(values, memory, "whole", many, 1, 0)
    in_sandbox(values, memory, "one-shot", rounds * 4, 1, many)


def main() -> int:
    """Run it; the exit status tells whether all could be measured, not what came out."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--few", type=int, default=1000, help="the smaller number of LUNs")
    parser.add_argument("--many", type=int, default=10000, help="the larger number of LUNs")
    parser.add_argument("--peers", type=int, default=200, help="the number for other tools")
    parser.add_argument("--rounds", type=int, default=3, help="rounds at the smaller number")
    parser.add_argument("--no-write", action="store_true", help="leave docs as they are")
    options = parser.parse_args()
    values = Values()
    begin = time.monotonic()
    few, many = options.few, options.many
    try:
        _measure_all(values, few, many, options.peers, options.rounds)
    except KeyboardInterrupt:
        values.problems.append("it was interrupted")
    rows = list(table.rows(values, few, many, options.peers))
    print(*table.text(rows), sep="\n")
    minutes = (time.monotonic() - begin) / 60
    print(f"{minutes:.0f} minutes", *values.problems, sep="\n")
    if not options.no_write:
        table.write(REPORT, table.FIGURES, table.markdown(rows, values.problems))
        table.write(REPORT, table.PLACES, table.places(values, (few, many)))
        CHART.write_text(chart.svg(values, few, many))
        print(f"written: {REPORT.relative_to(ROOT)}, {CHART.relative_to(ROOT)}")
    return 1 if values.problems else 0


if __name__ == "__main__":
    sys.exit(main())
