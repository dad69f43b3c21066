# SPDX-License-Identifier: Apache-2.0
"""The public face of the library: its names, their documentation, and how others type-check it."""

from __future__ import annotations

import ast
import inspect
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import rtslib_ext
from rtslib_ext.errors import PermissionDenied
from rtslib_ext.transaction import lock
from rtslib_ext.transaction.beside import Files
from targetcli import env
from targetcli.prefs import Preferences

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(ROOT.glob("examples/*.py"))
INIT = ROOT / "rtslib_ext/__init__.py"


def test_type_checkers_see_the_names_that_programs_get() -> None:
    tree = ast.parse(INIT.read_text())
    seen = {
        alias.asname: f"rtslib_ext.{node.module}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }
    assert sorted(seen) == rtslib_ext.__all__
    for name, module in seen.items():
        assert getattr(rtslib_ext, name).__module__ == module


def test_names_are_listed_and_others_are_refused() -> None:
    assert set(rtslib_ext.__all__) <= set(dir(rtslib_ext))
    with pytest.raises(AttributeError, match="'rtslib_ext' has no attribute 'nosuch'"):
        rtslib_ext.nosuch  # noqa: B018


def test_the_import_alone_costs_nothing() -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:]; before = set(sys.modules); import rtslib_ext; "
        "print(sorted(set(sys.modules) - before)); from rtslib_ext import Config; "
        "print('rtslib_ext.transaction' in sys.modules, 'rtslib_ext.config.model' in sys.modules)"
    )
    command = [sys.executable, "-I", "-S", "-c", code, *sys.path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "['rtslib_ext']\nFalse True\n"


@pytest.mark.parametrize("name", rtslib_ext.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    found = getattr(rtslib_ext, name)
    assert inspect.isclass(found) and found.__doc__
    for attribute, value in vars(found).items():
        if not attribute.startswith("_") and (
            inspect.isfunction(value) or isinstance(value, property | classmethod)
        ):
            assert inspect.getdoc(getattr(found, attribute)), f"{name}.{attribute}"


def test_the_shell_has_the_same_lock_and_journal() -> None:
    assert (env.LOCK_FILE, env.JOURNAL) == (lock.LOCK_FILE, lock.JOURNAL)
    parameters = inspect.signature(rtslib_ext.System).parameters
    assert parameters["lock_file"].default == env.LOCK_FILE
    assert parameters["journal"].default == env.JOURNAL


def test_the_shell_has_the_same_records() -> None:
    world = env.Env(Preferences())
    assert Files.of(world.journal) == Files(world.owners, world.allowed_networks)


@pytest.mark.parametrize(
    "error",
    [
        rtslib_ext.InvalidValue("text", path="/iscsi", hint="another"),
        rtslib_ext.KernelRefused("busy", errno=16, operation="rmdir", file="core/a", label="no"),
        rtslib_ext.Locked(None, "wait"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_are_pickled(error: rtslib_ext.LioError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error)
    assert vars(again) == vars(error)


def test_the_readme_shows_the_example() -> None:
    readme = (ROOT / "README.md").read_text()
    shown = readme.partition("```python\n")[2].partition("```")[0]
    assert shown and (ROOT / "examples/export_disk.py").read_text().endswith(f"\n{shown}")
    assert len([line for line in shown.splitlines() if line]) <= 15


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the packages in their installed form."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["egg_info", "--egg-base", str(folder), "build_py", "--build-lib", str(folder)]
    code = "import setuptools; setuptools.setup()"
    subprocess.run([sys.executable, "-c", code, "--quiet", *options], cwd=ROOT, check=True)
    return folder


def test_the_examples_pass_a_strict_type_check_outside(installed: Path, tmp_path: Path) -> None:
    """They see only the installed packages, as the sources of another package would."""
    for path in EXAMPLES:
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "wrong.py").write_text(
        "from dataclasses import replace\n"
        "from rtslib_ext import Lun, System\n"
        "lun = replace(Lun(0, ('fileio', 'disk')), index=1)\n"
        "lun.index = 2\n"
        "Lun(0, 'disk')\n"
        "System().plan(lun)\n"
    )
    words = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-incremental", "."]
    variables = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run(words, cwd=tmp_path, env=variables, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    assert [line.rpartition("  [")[2] for line in lines[:-1]] == ["misc]", "arg-type]", "arg-type]"]
    assert all(line.startswith("wrong.py:") for line in lines[:-1]), done.stdout
    assert "errors in 1 file (checked" in lines[-1]


def test_only_root_learns_who_owns_what(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(PermissionDenied, match="needs root"):
        rtslib_ext.System().owners()
