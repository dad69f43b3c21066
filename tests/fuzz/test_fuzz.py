# SPDX-License-Identifier: Apache-2.0
"""The corpus, and inputs like it: no exception but LioError, no hang, memory within a limit.

A failure names the target; the input is in the report. ``python -m tests.fuzz TARGET`` searches on.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rtslib_ext import foreign
from tests.fuzz import campaign, corpus_files, mutations

ROOT = Path(__file__).parents[2]
# Changed inputs for each of the corpus, in make test.
SHORT = 300
# Inputs that are slower to run.
FEWER = {"kernel": 60, "save_file": 150, "statistics": 60, **dict.fromkeys(foreign.FORMATS, 100)}

IN_ONE_PROCESS = """
import sys
from tests.fuzz import campaign, targets
targets.prepare()
campaign.limit_memory()
for target, runs in zip(sys.argv[1::2], map(int, sys.argv[2::2])):
    for data in campaign.random_inputs(target, runs):
        try:
            campaign.run_one(target, data)
        except BaseException as err:
            print(target, repr(data[:2000]), file=sys.stderr)
            raise
"""


def test_every_target_has_a_corpus_and_a_share() -> None:
    from tests.fuzz.targets import TARGETS

    assert set(TARGETS) == set(campaign.SHARES)
    for target in TARGETS:
        assert corpus_files.inputs(target), target
    assert sum(campaign.SHARES.values()) == 1_000_000


def test_inputs_are_the_same_each_time() -> None:
    assert campaign.random_inputs("line", 50) == campaign.random_inputs("line", 50)
    assert campaign.random_inputs("line", 50) != campaign.random_inputs("line", 50, seed=1)


def test_a_finding_is_noticed() -> None:
    """A reader without its checks fails: an example for each way."""
    program = (
        "from tests.fuzz import campaign, targets\n"
        "from rtslib_ext.steps import field_types\n"
        "field_types.MALFORMED = ()\n"
        "import rtslib_ext.transaction.journal as journal\n"
        "targets.prepare()\n"
        "for data in campaign.random_inputs('journal_file', 50):\n"
        "    campaign.run_one('journal_file', data)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True)
    assert done.returncode


def test_a_mutation_keeps_json_mostly_valid() -> None:
    from json import JSONDecodeError, loads
    from random import Random

    valid = 0
    for seed in range(200):
        try:
            loads(mutations.mutate(b'{"a": [1, {"b": "x"}], "c": null}', Random(seed)))
            valid += 1
        except (JSONDecodeError, UnicodeDecodeError):
            pass
    assert 100 < valid < 200


# In a process of its own: what the targets may do to this host is limited there.
@pytest.mark.parametrize("target", campaign.SHARES)
def test_inputs_like_those_of_the_corpus(target: str) -> None:
    words = [target, str(FEWER.get(target, SHORT))]
    done = subprocess.run(
        [sys.executable, "-c", IN_ONE_PROCESS, *words], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.long
@pytest.mark.parametrize("target", campaign.SHARES)
def test_a_million_inputs(target: str, tmp_path: Path) -> None:
    """Guided by coverage; each target has its share of the million."""
    words = ["-m", "tests.fuzz", "--keep", str(tmp_path), target]
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, env=dict(os.environ)
    )
    found = {path.name: path.read_bytes()[:2000] for path in tmp_path.glob(f"{target}-*")}
    assert (done.returncode, found) == (0, {}), done.stderr[-4000:]
