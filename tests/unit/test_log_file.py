# SPDX-License-Identifier: Apache-2.0
"""The log file: nothing is appended to a file that another user placed, or through a link."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest

from rtslib_ext.files import trusted
from targetcli import log
from targetcli.env import Env
from targetcli.options import Options
from targetcli.prefs import Preferences


def logged(file: Path | str) -> str:
    """Log two messages; return what was printed on standard error."""
    errors = io.StringIO()
    preferences = Preferences(None)
    preferences._values.update(logfile=str(file), loglevel_file="info")
    run = Env(preferences, stderr=errors, options=Options())
    log.log_messages(run, ["first", "second"])
    return errors.getvalue()


def test_new_file_is_private(open_folder: Path) -> None:
    file = open_folder / "log"
    assert logged(file) == ""
    assert [line.rpartition(" ")[2] for line in file.read_text().splitlines()] == [
        "first",
        "second",
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("target", ["victim", "missing"])
def test_planted_link_is_not_followed(open_folder: Path, target: str) -> None:
    (open_folder.parent / "victim").write_text("keep")
    link = open_folder / "log"
    link.symlink_to(open_folder.parent / target)
    assert logged(link) == (
        f"cannot write the log file: {link} is a symbolic link, "
        f"and others can write to {open_folder}\n"
    )
    assert (open_folder.parent / "victim").read_text() == "keep"
    assert not (open_folder.parent / "missing").exists()


def test_planted_hard_link_gets_nothing(open_folder: Path) -> None:
    victim, link = open_folder.parent / "victim", open_folder / "log"
    victim.write_text("keep")
    link.hardlink_to(victim)
    assert logged(link) == (
        f"cannot write the log file: {link} has 2 names, and others can create names there\n"
    )
    assert victim.read_text() == "keep"
    link.unlink()
    (open_folder.parent / "second").hardlink_to(victim)
    assert logged(victim) == ""


def test_file_of_another_user_gets_nothing(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = open_folder / "log"
    file.touch()
    monkeypatch.setattr(trusted, "trusted_users", lambda: frozenset({12345}))
    assert " belongs to user " in logged(file)
    assert file.read_text() == ""


@pytest.mark.parametrize("device", ["/dev/null", "/dev/stderr"])
def test_device_is_a_log_file(device: str) -> None:
    assert logged(device) == ""
