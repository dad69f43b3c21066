# SPDX-License-Identifier: Apache-2.0
"""The rule by which fewer tests run on the newer kernels."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests import thinning

ROOT = Path(__file__).parents[2]
NAMES = [f"tests/kernel/plan/test_pairs.py::test_x[{number}]" for number in range(1000)]


def kernel_tests() -> list[Path]:
    found = [*(ROOT / "tests/kernel").rglob("test_*.py"), *(ROOT / "tests/clients").glob("test_*")]
    return [path for path in found if path.parent.name != "sidebyside"]


@pytest.mark.parametrize("path", kernel_tests(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_is_in_one_part(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    parts = [part for part in (*thinning.WHOLE, *thinning.SHARES) if name.startswith(part)]
    assert len(parts) == 1


def test_every_part_exists() -> None:
    assert all((ROOT / part).exists() for part in (*thinning.WHOLE, *thinning.SHARES))
    with pytest.raises(LookupError, match="is in no part"):
        thinning.runs("tests/kernel/test_new.py::test_x", "sid", False)


def test_a_share_is_the_same_each_time_and_another_on_each_kernel() -> None:
    sets = [
        {name for name in NAMES if thinning.runs(name, suite, False)} for suite in thinning.SUITES
    ]
    share = thinning.SHARES["tests/kernel/plan/"]
    for names in sets:
        assert 0.8 < len(names) * share / len(NAMES) < 1.2
    assert not set.intersection(*sets)
    assert all(thinning.runs(NAMES[0], suite, True) for suite in thinning.SUITES)


def test_tests_that_ask_the_table_are_marked() -> None:
    """In the parts that are thinned: each test, or the whole file."""
    unmarked = []
    for path in kernel_tests():
        source = path.read_text()
        whole = f"\npytestmark = pytest.mark.{thinning.MARK}\n" in source
        if whole or str(path.relative_to(ROOT)).startswith(thinning.WHOLE):
            continue
        for node in ast.parse(source).body:
            if isinstance(node, ast.Assign) and "expected.value" in ast.unparse(node):
                unmarked.append(path.name)
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                marks = " ".join(map(ast.unparse, node.decorator_list))
                if "expected.value" in ast.unparse(node) and thinning.MARK not in marks:
                    unmarked.append(f"{path.name}::{node.name}")
    assert unmarked == []


def test_the_option(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pytest", "--co", "-q", "--thin"]
    done = subprocess.run([*words, "sarge"], cwd=ROOT, capture_output=True, text=True)
    assert "invalid choice: 'sarge'" in done.stderr
    folder = ROOT / "tests/kernel/fabrics"
    done = subprocess.run(
        [*words, "sid", folder], cwd=ROOT, capture_output=True, text=True,
        env={"TARGETCLI_IN_SANDBOX": "1", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0 and "deselected" not in done.stdout, done.stdout


def test_a_test_that_needs_all_of_its_part_runs_with_all_of_it_only() -> None:
    for name in thinning.OF_THE_WHOLE:
        path, _, test = name.partition("::")
        assert f"def {test}(" in (ROOT / path).read_text()
        assert not any(thinning.runs(name, suite, True) for suite in thinning.SUITES)
