# SPDX-License-Identifier: Apache-2.0
"""The table of refusals: its page, its names; the message that is made of a row."""

from __future__ import annotations

import errno
import importlib.util
import re
import string
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from rtslib_ext import refusals
from rtslib_ext.errors import KernelRefused
from rtslib_ext.kernel.configfs import ConfigFS, ConfigfsPath
from rtslib_ext.refusals import Refusal, facts
from rtslib_ext.steps import Action, Step
from rtslib_ext.steps.operations import Rmdir, Write

ROOT = Path(__file__).parents[2]


def _load() -> ModuleType:
    found = importlib.util.spec_from_file_location("docs_build", ROOT / "docs/build.py")
    assert found and found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


build = _load()


def test_page_is_as_the_table() -> None:
    assert build.main(["--check"]) == 0, "run docs/build.py"


def test_every_row_is_in_the_page() -> None:
    assert sorted(row.name for row in build.rows()) == sorted(row.name for row in refusals.ROWS)


def test_drift_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PAGE", "KERNELS", "CHECKS"):
        monkeypatch.setattr(build, name, tmp_path / getattr(build, name).name)
        assert build.main([]) == 0 and build.main(["--check"]) == 0
        getattr(build, name).write_text("by hand")
        assert build.main(["--check"]) == 1
    assert build.main([]) == 0 and build.main(["--check"]) == 0
    assert build.main(["--nosuch"]) == 2


@pytest.mark.parametrize("row", refusals.ROWS, ids=lambda row: row.name)
def test_names_in_a_text_are_known(row: Refusal) -> None:
    known = {*facts._FACTS, *re.compile(row.object).groupindex}
    for text in (row.cause, row.help):
        assert text and text[0] != " " and text[-1] != "."
        for _, name, _, _ in string.Formatter().parse(text):
            assert name is None or name in known or name.startswith("next/"), name


def refused(**more: str) -> KernelRefused:
    return KernelRefused("why", errno=errno.EINVAL, operation="write", file="core/x", **more)


def test_message() -> None:
    assert str(refused()) == "why (EINVAL)"
    assert str(refused(label="block_size")) == "block_size: why (EINVAL)"
    known = "Cannot set attribute a: [Errno 22] Invalid argument"
    assert str(refused(label=known)) == f"{known}: why"
    error = refused(label=known)
    error.kernel_message = "no"
    assert str(error) == f"{known}: why; the kernel says: no"


def explained(file: str, value: str, *said: str) -> KernelRefused:
    error = KernelRefused("why", errno=errno.EINVAL, operation="write", file=file)
    step = Step(Action.UPDATE, "/", "set", "", (Write(file, value),))
    refusals.explain(ConfigFS("/nowhere"), step, error, list(said))
    return error


def test_value_out_of_range_is_told_by_the_schema() -> None:
    error = explained("iscsi/iqn.x/tpgt_1/attrib/login_timeout", "1")
    assert error.reason.startswith("login_timeout takes a number from 5 to 30") and error.hint


def test_what_nobody_knows_a_cause_for() -> None:
    error = explained("core/alua/new_file", "1", "newest", "older")
    assert (error.reason, error.kernel_message, error.hint) == ("why", "newest", "")
    error = explained("core/alua/new_file", "1")
    assert (error.reason, error.kernel_message) == ("why", "") and "journalctl -k" in error.hint


def test_an_object_that_contains_others_says_to_delete_those_first() -> None:
    tpg = ConfigfsPath("iscsi/iqn.x/tpgt_1")
    error = KernelRefused("why", errno=errno.ENOTEMPTY, operation="rmdir", file=tpg)
    step = Step(Action.DELETE, "/", "delete", "", (Rmdir(tpg),))
    refusals.explain(ConfigFS("/nowhere"), step, error, [])
    assert error.hint == "delete those first"


def test_secrets_are_not_told() -> None:
    for name in ("password", "password_mutual"):
        error = explained(f"iscsi/iqn.x/tpgt_1/auth/{name}", "hush")
        assert "hush" not in f"{error} {error.hint}"


def test_the_line_of_the_cause_is_told_not_the_newest() -> None:
    line = "Unable to change SE Device block_size while export_count is 1"
    error = explained("core/fileio_7/d1/attrib/block_size", "4096", "something else", line)
    assert error.kernel_message == line and error.reason.startswith("block_size cannot change")


def test_the_table_is_loaded_for_errors_only() -> None:
    code = "import sys, targetcli.cli, targetcli.commands.storage\n"
    code += "import rtslib_ext.transaction.executor\n"
    code += "print([name for name in sys.modules if 'refusals' in name or 'holders' in name])"
    words = [sys.executable, "-c", code]
    assert subprocess.check_output(words, text=True, cwd=ROOT).strip() == "[]"
