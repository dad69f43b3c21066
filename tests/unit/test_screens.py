# SPDX-License-Identifier: Apache-2.0
"""Full screens: lists, texts and frames; and the terminal, which is left as it was."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import urwid
from golden_screens import compare
from tmux import terminal as in_terminal

from targetcli.env import Env
from targetcli.prefs import Preferences
from targetcli.screens import columns, terminal
from targetcli.screens.frame import Frame, PlanPage, TextPage
from targetcli.screens.help_text import BROWSE
from targetcli.screens.rows import Rows
from targetcli.screens.split import Split

PROGRAM = """
import sys
from targetcli.env import Env
from targetcli.prefs import Preferences
from targetcli.screens.frame import Frame, TextPage
from targetcli.screens.help_text import BROWSE

class Broken(TextPage):
    def key(self, key):
        return 1 // 0 if key == "x" else super().key(key)

Frame(Env(Preferences({home!r}, {{}})), Broken("Help", [*BROWSE, "\\u043f\\x1b[31m"])).run()
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    file = tmp_path / "program.py"
    file.write_text(PROGRAM.format(home=str(tmp_path)))
    return str(file)


def frame() -> Frame:
    return Frame(Env(Preferences("", {})), TextPage("Text", ["one", "two"]))


def shown(widget: urwid.Widget, *size: int) -> list[str]:
    """Return what a widget draws, as lines."""
    return [line.decode().rstrip() for line in widget.render(size, focus=True).text]


def numbered(count: int) -> Rows:
    return Rows(lambda: count, lambda at, width: [(None, columns.pad(f"row {at}", width))])


# -- text ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "width", "cut"),
    [
        ("short", 8, "short   "),
        ("too long", 6, "too l~"),
        ("\u6f22\u5b57\u6f22", 5, "\u6f22\u5b57~"),
        ("\u6f22\u5b57\u6f22", 4, "\u6f22~ "),
        ("a\x1b[31mb\n", 16, "a\\x1b[31mb\\n    "),
        ("\udc80", 8, "\\udc80  "),
        ("text", 0, ""),
    ],
)
def test_text_fits_its_column(text: str, width: int, cut: str) -> None:
    assert columns.pad(text, width) == cut
    assert columns.width_of(columns.pad(text, width)) == width


def test_paths_keep_their_end() -> None:
    assert columns.cut_left("/iscsi/iqn.x/tpg1", 8) == "~.x/tpg1"
    assert columns.cut_left("/iscsi", 8) == "/iscsi"


def test_cells_are_aligned() -> None:
    assert columns.row(["a", "12", "c"], [3, 4, 2], right=[1]) == "a      12  c "


# -- lists -----------------------------------------------------------------------------------------


def test_only_rows_in_sight_are_made() -> None:
    made = []

    def line(at: int, width: int) -> columns.Markup:
        made.append(at)
        return [(None, f"row {at}")]

    rows = Rows(lambda: 100_000, line)
    rows.keypress((20, 5), "end")
    assert shown(rows, 20, 5)[-1] == ">row 99999"
    assert len(made) == 5


def test_keys_move_the_focus() -> None:
    rows = numbered(30)
    for key, at in [("down", 1), ("page down", 10), ("up", 9), ("home", 0), ("end", 29)]:
        assert rows.keypress((20, 10), key) is None
        assert rows.at == at
        assert f">row {at}" in shown(rows, 20, 10)
    assert rows.keypress((20, 10), "x") == "x"


def test_a_list_that_got_shorter_keeps_a_focus() -> None:
    left = [30]
    rows = Rows(lambda: left[0], lambda at, width: [(None, f"row {at}")], empty="nothing")
    rows.keypress((20, 10), "end")
    left[0] = 3
    assert shown(rows, 20, 4) == [" row 0", " row 1", ">row 2", ""]
    left[0] = 0
    assert shown(rows, 20, 2) == ["nothing", ""]


@pytest.mark.parametrize("width", [1, 2, 20, 109, 110, 132])
@pytest.mark.parametrize("height", [1, 2, 3, 4, 5, 6, 40])
def test_two_lists_fill_any_size(width: int, height: int) -> None:
    split = Split(numbered(30), numbered(30))
    for _ in split.boxes:
        canvas = split.render((width, height), focus=True)
        assert (canvas.cols(), canvas.rows()) == (width, height)
        assert split.keypress((width, height), "tab") is None


# -- pages -----------------------------------------------------------------------------------------


def test_pages_are_a_stack() -> None:
    one = frame()
    one.open(TextPage("Other", ["three"]))
    assert shown(one.widget, 20, 5)[:2] == [" Other", "three"]
    one.key("q")
    assert shown(one.widget, 20, 5)[:2] == [" Text", "one"]
    with pytest.raises(urwid.ExitMainLoop):
        one.key("esc")


def test_a_plan_needs_a_y() -> None:
    agreed = []
    one = frame()
    for key in ("enter", " ", "n"):
        one.open(PlanPage("Plan", ["would"], lambda: agreed.append(1)))
        one.key(key)
        assert agreed == []
        assert len(one.pages) == (1 if key == "n" else 2)
        one.pages = one.pages[:1]
    one.open(PlanPage("Plan", ["would"], lambda: agreed.append(1)))
    one.key("y")
    assert agreed == [1]


def test_a_line_is_typed() -> None:
    typed: list[str] = []
    entered: list[str] = []
    one = frame()
    one.ask("/", "", typed.append, entered.append)
    for key in ("a", "q", "enter"):
        if one.widget.keypress((20, 5), key):
            one.key(key)
    assert (typed, entered) == (["a", "aq"], ["aq"])
    assert len(one.pages) == 1


def test_help_fits_a_small_terminal() -> None:
    assert max(map(len, BROWSE)) < 80


# -- the terminal ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
        (signal.SIGQUIT, 131),
        (signal.SIGINT, 1),
        (0, 1),
    ],
    ids=["SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT", "exception"],
)
def test_the_terminal_is_left_as_it_was(
    program: str, tmp_path: Path, number: int, status: int
) -> None:
    with in_terminal(tmp_path / "home", "2>/dev/null", program=program) as screen:
        screen.until("Help")
        if number:
            os.kill(screen.pid(), number)
        else:
            screen.keys("x")
        assert screen.ended()[0] in (status, 130)


@pytest.mark.parametrize("term", ["xterm", "screen", "linux", "vt100"])
def test_every_terminal_shows_the_same(program: str, tmp_path: Path, term: str) -> None:
    with in_terminal(tmp_path / "home", "", term=term, program=program) as screen:
        compare("help-80x24", screen.until("Help", "esc back"))
        screen.keys("End", "q")
        assert screen.ended()[0] == 0


@pytest.mark.parametrize(
    ("term", "no_color", "number"),
    [("xterm", "", 16), ("linux", "", 16), ("vt100", "", 1), ("xterm", "1", 1)],
)
def test_colours(monkeypatch: pytest.MonkeyPatch, term: str, no_color: str, number: int) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr(Env, "on_terminal", True)
    assert terminal.colors(Env(Preferences("", {}))) == number


@pytest.mark.parametrize(
    ("term", "encoding", "blocks"),
    [("xterm", "utf8", True), ("linux", "utf8", False), ("xterm", "ascii", False)],
)
def test_blocks(monkeypatch: pytest.MonkeyPatch, term: str, encoding: str, blocks: bool) -> None:
    monkeypatch.setenv("TERM", term)
    try:
        urwid.set_encoding(encoding)
        assert terminal.has_blocks() == blocks
    finally:
        urwid.set_encoding("utf8")


def test_every_style_is_seen_without_colours() -> None:
    """Those that tell something by their colour alone have a mark in the text."""
    plain = {name for name, _, _, mono in terminal.PALETTE if not mono}
    assert plain == {"good", "dim"}
