# SPDX-License-Identifier: Apache-2.0
"""Counting work, and the bar that shows it at a terminal after a second."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from rtslib_ext.errors import LioError
from targetcli import progress
from targetcli.env import Env
from targetcli.prefs import Preferences


class Screen(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


class Gone(Screen):
    """A terminal whose window was closed."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def world(tmp_path: Path, screen: io.StringIO) -> Env:
    return Env(Preferences.load(tmp_path), stderr=screen, is_root=True)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece is shown, from the first one on."""
    from targetcli.views import bar

    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "_INTERVAL", 0.0)
    monkeypatch.setattr(bar, "_INTERVAL", 0.0)


def do(env: Env, pieces: int, total: progress.Total) -> None:
    with progress.work(env, "reading", total) as work:
        for _ in range(pieces):
            work.count()


def test_a_bar_after_a_second(tmp_path: Path) -> None:
    screen = Screen()
    env = world(tmp_path, screen)
    began = time.monotonic()
    first = None
    with progress.work(env, "reading", lambda done: 60) as work:
        for _ in range(60):
            time.sleep(0.025)
            work.count()
            if first is None and screen.getvalue():
                first = time.monotonic() - began
    assert first is not None and first >= 1
    drawn = [text for text in screen.getvalue().split("\r") if text.strip()]
    assert drawn[-1].startswith("reading: ") and "/60 [00:0" in drawn[-1]
    assert "<00:0" in drawn[-1] and drawn[-1].endswith("/s]"), "time left, rate"
    assert all(len(text) < 132 for text in drawn)
    last = screen.getvalue().removesuffix("\r").rpartition("\r")[2]
    assert last and not last.strip(), "the line is empty in the end"


def test_quick_work_shows_nothing(tmp_path: Path) -> None:
    screen = Screen()
    do(world(tmp_path, screen), 1000, lambda done: pytest.fail("nobody asked"))
    assert screen.getvalue() == ""


@pytest.mark.usefixtures("at_once")
def test_without_a_terminal_nothing_is_shown(tmp_path: Path) -> None:
    stream = io.StringIO()
    do(world(tmp_path, stream), 1000, lambda done: pytest.fail("nobody asked"))
    assert stream.getvalue() == ""


@pytest.mark.usefixtures("at_once")
def test_work_within_work_is_part_of_it(tmp_path: Path) -> None:
    screen = Screen()
    env = world(tmp_path, screen)
    with progress.work(env, "preparing", lambda done: 2) as work:
        do(env, 5, lambda done: 5)
        work.count()
        do(env, 5, lambda done: 5)
        work.count()
    assert "reading" not in screen.getvalue()
    assert " 2/2 [" in screen.getvalue()
    do(env, 5, lambda done: 5)
    assert " 5/5 [" in screen.getvalue()


@pytest.mark.usefixtures("at_once")
def test_a_terminal_that_is_gone_does_not_end_the_work(tmp_path: Path) -> None:
    do(world(tmp_path, Gone()), 10, lambda done: 10)


@pytest.mark.usefixtures("at_once")
def test_a_number_that_cannot_be_told(tmp_path: Path) -> None:
    def total(done: int) -> int:
        raise LioError("somebody took it away")

    screen = Screen()
    do(world(tmp_path, screen), 10, total)
    assert "10/? [" in screen.getvalue()


def test_what_is_printed_is_waited_for_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen, now = Screen(), [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with progress.work(world(tmp_path, screen), "reading", lambda done: 99) as work:
        for seconds, shows in ((0.9, False), (0.2, True), (0.1, True)):
            now[0] += seconds
            work.count()
            assert bool(work._bar) is shows
        work.hide()
        for seconds, shows in ((0.1, False), (0.9, False), (0.2, True)):
            now[0] += seconds
            work.count()
            assert bool(work._bar) is shows


@pytest.mark.parametrize(("piece", "looks"), [(0.00001, 1100), (0.5, 20)])
def test_the_clock_is_looked_at_rarely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: float, looks: int
) -> None:
    """For quick pieces a hundred times a second, for slow ones after each of them."""
    now, looked = [0.0], [0]

    def clock() -> float:
        looked[0] += 1
        return now[0]

    monkeypatch.setattr(progress.time, "monotonic", clock)
    pieces = round(10 / piece)
    with progress.work(world(tmp_path, Screen()), "reading", lambda done: pieces) as work:
        for _ in range(pieces):
            now[0] += piece
            work.count()
    assert looks * 0.8 < looked[0] <= looks + 1
