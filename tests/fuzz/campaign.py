# SPDX-License-Identifier: Apache-2.0
"""Run a target with many inputs: guided by coverage with atheris, else changed at random.

python -m tests.fuzz [--runs NUMBER] [--seconds NUMBER] [--keep DIRECTORY] [TARGET ...]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

# How many inputs of a million each target gets; the rest are lines.
SHARES = {
    "command": 20_000,
    "save_file": 60_000,
    "fabric_file": 80_000,
    "preferences": 50_000,
    "old_preferences": 100_000,
    "journal_file": 100_000,
    "pending_commit": 100_000,
    "record": 60_000,
    "lock_file": 100_000,
    "kernel": 10_000,
    "host": 60_000,
    "statistics": 5_000,
    "scst": 10_000,
    "ctl": 10_000,
    "tgt": 10_000,
    "ietd": 10_000,
    "lio": 10_000,
    "lio-utils": 10_000,
    "ceph": 5_000,
    "truenas": 5_000,
    "isns": 20_000,
    "line": 165_000,
}
_AT_ONCE = 1000
SECONDS_EACH = 2
MEGABYTES = 1024


class TooSlow(Exception):
    """An input took longer than SECONDS_EACH."""


def run_one(target: str, data: bytes) -> None:
    """Run a target; raises what it raises, TooSlow, or MemoryError."""
    from . import targets

    start = time.thread_time()
    targets.TARGETS[target](data)
    if time.thread_time() - start > SECONDS_EACH:
        raise TooSlow(f"{time.thread_time() - start:.1f} s")


def random_inputs(target: str, runs: int, seed: int = 0) -> list[bytes]:
    """Return inputs: those of the corpus, then changed ones."""
    from . import corpus_files, mutations

    known = corpus_files.inputs(target)
    random = Random(f"{target} {seed}")
    changed = (mutations.mutate(random.choice(known), random, known) for _ in range(runs))
    return [*known, *changed]


def run_guided(target: str, runs: int, seconds: int, keep: str) -> None:
    """Let atheris run a target in this process, which ends with status 0 if nothing is found."""
    try:
        import atheris
    except ImportError:
        print("atheris is missing: inputs are not guided by coverage", file=sys.stderr)
        run_at_random(target, runs, seconds, keep)
        return
    with atheris.instrument_imports(include=["rtslib_ext", "targetcli"]):
        from . import targets
    from . import corpus_files, mutations

    known = corpus_files.inputs(target)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < 0.3:
            return bytes(atheris.Mutate(data, most))
        return mutations.mutate(data, random, known)[:most]

    targets.prepare(keep)
    words = [
        f"-runs={runs}",
        f"-max_total_time={seconds}",
        f"-timeout={SECONDS_EACH * 5}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-artifact_prefix={keep}/{target}-",
        "-max_len=65536",
        "-verbosity=1",
        f"{keep}/corpus-{target}",
        str(corpus_files.folder(target)),
    ]
    atheris.Setup([sys.argv[0], *words], lambda data: run_one(target, data), custom_mutator=mutate)
    atheris.Fuzz()


def run_at_random(target: str, runs: int, seconds: int, keep: str) -> None:
    """Run a target with inputs changed at random; keep the input of a failure."""
    from . import targets

    targets.prepare(keep)
    limit_memory()
    start = time.time()
    for seed in range(0, runs, _AT_ONCE):
        for data in random_inputs(target, min(_AT_ONCE, runs - seed), seed):
            try:
                run_one(target, data)
            except BaseException:
                Path(keep, f"{target}-crash").write_bytes(data)
                raise
        if seconds and time.time() - start > seconds:
            return


def main(words: Sequence[str] | None = None) -> int:
    """Run the targets one after the other; return 1 if one has a finding."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, help="inputs of each target (default: its share)")
    parser.add_argument("--seconds", type=int, default=0, help="the longest time of each target")
    parser.add_argument("--keep", default=".fuzz", help="directory of findings and new inputs")
    parser.add_argument("target", nargs="*", choices=[[], *SHARES])
    found = parser.parse_args(words)
    status = 0
    for target in found.target or SHARES:
        runs = found.runs or SHARES[target]
        Path(found.keep, f"corpus-{target}").mkdir(parents=True, exist_ok=True)
        call = f"run_guided({target!r}, {runs}, {found.seconds}, {os.path.abspath(found.keep)!r})"
        program = f"from tests.fuzz import campaign; campaign.{call}"
        start = time.time()
        done = subprocess.run([sys.executable, "-c", program], check=False)
        print(f"{target}: {runs} inputs, {time.time() - start:.0f} s, status {done.returncode}")
        status |= done.returncode != 0
    return status


def limit_memory(megabytes: int = MEGABYTES) -> None:
    """Limit the memory of this process, so that too much of it is a MemoryError."""
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, resource.RLIM_INFINITY))
