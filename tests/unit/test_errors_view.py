# SPDX-License-Identifier: Apache-2.0
"""Errors as text: the refusal, then the cure, then the details; wrapped at a terminal only."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from rtslib_ext import refusals
from rtslib_ext.errors import KernelRefused, NotFound, ParseError, RestoreIncomplete
from rtslib_ext.refusals import Refusal, targets
from targetcli.views import errors
from targetcli.views.wrap import width_of

TPG = "/iscsi/iqn.2003-01.org.linux-iscsi.localhost.x8664:sn.0123456789ab/tpg1"
PORTALS = f"{TPG}/portals"
MESSAGE = "kernel_bind() failed: -22"
FACTS = {
    "address": "[fe80::1234:5678]",
    "port": "3260",
    "listener": "nginx (process 4711)",
    "path": f"{TPG}/luns/lun0",
    "name": "emulate_tpu",
    "device": "/dev/vg0/disk1",
    "unexport": f"{TPG}/luns delete 0",
}
COMMANDS = {
    *("add", "chattr", "correct", "delete", "end", "install", "make", "mkdir", "mount", "omit"),
    *("remove", "shorten", "systemctl", "use", "{delete}", "{path}", "{release}", "{so_path}/alua"),
}


def refused(row: Refusal, path: str = PORTALS) -> KernelRefused:
    """The error that a row of the table becomes."""
    facts: dict[str, str] = defaultdict(lambda: "VALUE", FACTS)
    error = KernelRefused(
        row.cause.format_map(facts),
        errno=row.errno[0],
        operation=row.operation,
        file="x",
        path=path,
        hint=row.help.format_map(facts),
    )
    error.kernel_message = MESSAGE if row.log else ""
    return error


def in_order(text: str, *parts: str) -> bool:
    """Return True if a text has all parts, each behind the one before."""
    here = 0
    for part in parts:
        here = text.find(part, here)
        if here < 0:
            return False
        here += len(part)
    return True


every_row = pytest.mark.parametrize("row", refusals.ROWS, ids=lambda row: row.name)


@every_row
def test_refusal_then_cure_then_details(row: Refusal) -> None:
    error = refused(row)
    code, message = error.code, f"the kernel says: {MESSAGE}" if row.log else ""
    (line,) = errors.error(error)
    assert "\n" not in line
    assert line.startswith(f"{PORTALS}: {error.reason} ({error.hint}); {code}")
    assert in_order(line, PORTALS, error.reason, error.hint, code, message)
    (shown,) = errors.at_terminal(error, 80, PORTALS)
    assert in_order(" ".join(shown.split()), "portals: ", error.reason, error.hint, message or code)


@every_row
@pytest.mark.parametrize("width", [80, 132])
def test_a_refusal_is_wrapped_at_words(row: Refusal, width: int) -> None:
    (shown,) = errors.at_terminal(refused(row), width, PORTALS)
    first, *others = shown.split("\n")
    assert all(len(line) <= width or " " not in line.strip() for line in (first, *others))
    assert all(re.match(r" {4}\S", line) for line in others)
    (unwrapped,) = errors.at_terminal(refused(row), 10_000, PORTALS)
    assert " ".join(shown.split()) == unwrapped


@every_row
def test_a_cure_says_what_to_do(row: Refusal) -> None:
    assert row.help.split()[0].rstrip(",:") in COMMANDS


def screen_lines(lines: list[str], width: int = 80) -> int:
    """The lines on the screen; a longer word takes several."""
    return sum(-(-len(line) // width) or 1 for text in lines for line in text.split("\n"))


@pytest.mark.parametrize("row", targets.PORTALS, ids=lambda row: row.name)
@pytest.mark.parametrize("hint", ["", f"first delete [::0]:3260 of {TPG[7:]}"])
def test_an_error_of_a_portal_has_three_lines(row: Refusal, hint: str) -> None:
    error = refused(row, f"{PORTALS}/[2001:db8:1111:2222::17]:3260")
    error.label = f"Could not create NetworkPortal in configFS: [Errno 22] Invalid: '{TPG}'"
    error.brief = "not created"
    if hint and row.name == "portal-covered":
        error.hint, error.brief_hint = f"delete it: {PORTALS} delete ::0; {PORTALS} delete", hint
    shown = errors.at_terminal(error, 80, PORTALS)
    assert screen_lines(shown) <= 3, shown
    assert "[Errno" not in shown[0] and TPG + "/" not in shown[0]


def test_a_hint_with_commands_is_shown_where_it_fits() -> None:
    error = KernelRefused("why", errno=22, operation="mkdir", file="x", path="/a", hint="/b delete")
    error.brief_hint = "delete b"
    assert errors.at_terminal(error, 80) == ["/a: why (/b delete); EINVAL"]
    error.hint = "/b delete " * 30
    assert errors.at_terminal(error, 80) == ["/a: why (delete b); EINVAL"]
    assert error.hint in errors.error(error)[0]


def test_what_scripts_match_stays_in_one_line() -> None:
    error = KernelRefused("why", errno=22, operation="write", file="x", path="/a", hint="do")
    error.label = "Cannot set attribute a: [Errno 22] Invalid argument"
    assert errors.error(error) == [f"/a: {error.label}: why (do)"]
    assert errors.at_terminal(error, 80) == ["/a: Cannot set attribute a: why (do); EINVAL"]
    error.prefix("could not be undone")
    assert errors.error(error)[0].startswith("/a: could not be undone: Cannot set")
    assert errors.at_terminal(error, 80)[0].startswith("/a: could not be undone: Cannot set")


def test_a_long_message_of_the_kernel_is_cut_at_a_terminal() -> None:
    error = KernelRefused("why", errno=22, operation="write", file="x", hint="do")
    error.kernel_message = "word " * 40
    assert errors.error(error) == [f"why (do); EINVAL; the kernel says: {error.kernel_message}"]
    (shown,) = errors.at_terminal(error, 200)
    assert shown.endswith("...") and len(shown) < 100


def test_a_path_is_shortened_from_the_node_of_the_command() -> None:
    error = NotFound("no such portal", path=f"{PORTALS}/[::0]:3260")
    assert errors.at_terminal(error, 80, PORTALS) == ["portals/[::0]:3260: no such portal"]
    assert errors.at_terminal(error, 300, f"{TPG}/luns") == errors.error(error)
    assert errors.at_terminal(error, 300, "/") == errors.error(error)
    short = NotFound("no", path="/iscsi/a")
    assert errors.at_terminal(short, 80, "/iscsi") == ["/iscsi/a: no"]


def test_lines_of_a_message_stay_and_are_wrapped_by_themselves() -> None:
    error = RestoreIncomplete("first\n  " + "second " * 20, hint="the cure")
    shown = errors.at_terminal(error, 80)
    assert shown[0] == "first" and shown[-1] == "the cure"
    assert shown[1].startswith("  second") and "\n      second" in shown[1]


def test_the_mark_below_a_line_stays_in_its_column() -> None:
    error = ParseError(f"not closed\n  {'x' * 60} {'y' * 60}\n  {' ' * 70}^")
    assert errors.at_terminal(error, 80) == errors.error(error)


def test_only_a_terminal_has_a_width() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert width_of(io.StringIO()) is None
    assert width_of(Terminal()) == 80


def test_current_directory_that_was_deleted(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "targetcli", "diff", "relative"]
    script = 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"'
    done = subprocess.run(
        ["sh", "-c", script, tmp_path / "gone", *words],
        env={**os.environ, "PYTHONPATH": str(Path(errors.__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.stderr == "the current directory does not exist any more\n"
