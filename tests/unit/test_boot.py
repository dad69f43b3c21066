# SPDX-License-Identifier: Apache-2.0
"""targetcli-boot without a kernel: its words, what it waits for, and when it stops to wait."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.host import kernel_threads
from rtslib_ext.host.arrivals import Arrivals
from rtslib_ext.usage import traffic
from rtslib_ext.usage.readiness import Wait
from targetcli import boot
from targetcli.boot import missing, reload, stop, systemd
from targetcli.env import Env
from targetcli.prefs import Preferences

A, B = (
    Wait(ShellPath(f"/backstores/block/{name}"), f"/dev/{name} does not exist") for name in "ab"
)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that run, all of which succeed."""
    lines: list[str] = []
    monkeypatch.setattr(missing, "line", lambda env, text: not lines.append(text))
    return lines


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What systemd is told."""
    texts: list[str] = []
    monkeypatch.setattr(systemd, "show", texts.append)
    return texts


@pytest.mark.parametrize(
    "words", [[], ["45"], ["begin"], ["start", "soon"], ["watch", "5"], ["stop", "1", "2"]]
)
def test_other_words_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert boot.main(words) == 64
    assert capsys.readouterr().err == f"{boot.USAGE}\n"


class Events(Arrivals):
    """Arrivals that come at once, one after the other."""

    def __init__(self, events: list[Callable[[], object]]) -> None:
        self.events = events

    def wait(self, seconds: float | None = None) -> None:
        self.events.pop(0)()


def test_each_arrival_is_restored_and_nothing_twice(ran: list[str], said: list[str]) -> None:
    """What arrives while something is restored is a reason to restore again."""
    late = [A, B]
    seen: list[int] = []

    def find(env: Env) -> list[Wait]:
        seen.append(len(late))
        if len(ran) == 2 and B in late:
            # It arrives while the other is restored.
            late.remove(B)
        return list(late)

    events = Events([lambda: None, lambda: late.remove(A)])
    assert missing.complete(Env(Preferences()), events, find) == []
    assert ran == ["restore_pending"] * 2 and not events.events
    assert said == [f"Waiting: {A.path}: {A.text}; {B.path}: {B.text}"] * 2


def test_the_limit_ends_it(ran: list[str], said: list[str]) -> None:
    end = time.monotonic() + 0.05
    events = Events([lambda: time.sleep(0.1)])
    assert missing.complete(Env(Preferences()), events, lambda env: [A], end) == [A]
    assert ran == ["restore_pending"]


def test_the_status_names_a_few() -> None:
    waits = [Wait(ShellPath(f"/{n}"), f"no {n}") for n in range(5)]
    waits.append(Wait(ShellPath("/iscsi/iqn"), "no 0"))
    assert missing.listed(waits) == "/0: no 0; /1: no 1; /2: no 2; 2 more"


def test_the_status_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "notify"
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(str(path))
        systemd.show("Waiting: /dev/x\nREADY=1")
        assert there.recv(1000) == rb"STATUS='Waiting: /dev/x\nREADY=1'"


# -- stop ------------------------------------------------------------------------------------

TARGET = ShellPath("/iscsi/iqn.2003-01.org.example:a")


class Clock:
    """The time as this program sees it."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(stop, "time", clock)
    monkeypatch.setattr(traffic, "time", clock)
    monkeypatch.setattr(kernel_threads, "running", lambda names: [])
    return clock


@pytest.mark.parametrize(
    ("until", "limit", "waited"),
    [
        # Seconds for which commands arrive (None: nobody is logged in), the limit, the time.
        (None, 10.0, 0.0),
        (0.0, 10.0, 1.0),
        (3.0, 10.0, 4.0),
        (60.0, 10.0, 10.0),
        (60.0, 0.0, 0.0),
    ],
)
def test_stop_waits_for_initiators(
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    ran: list[str],
    said: list[str],
    until: float | None,
    limit: float,
    waited: float,
) -> None:
    def received(reader: object) -> traffic.Commands:
        return {} if until is None else {TARGET: (str(min(clock.seconds - 100, until)),)}

    monkeypatch.setattr(traffic, "of_targets", received)
    assert stop.run(Env(Preferences()), limit) == 0
    assert clock.seconds - 100 == waited
    assert ran == ["clearconfig confirm=true savefile=/etc/target/saveconfig.json"]
    assert said[-1] == "Deleting the running configuration"
    assert {*said[:-1]} == ({f"Waiting for initiators: {TARGET}"} if waited else set())


def test_stop_ends_when_all_log_out(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, ran: list[str]
) -> None:
    monkeypatch.setattr(
        traffic,
        "of_targets",
        lambda reader: {TARGET: (str(clock.seconds),)} if clock.seconds < 102 else {},
    )
    assert stop.run(Env(Preferences()), 10.0) == 0
    assert clock.seconds == 102


@pytest.mark.parametrize(("ends", "status"), [(3.0, 0), (60.0, 1)])
def test_stop_waits_for_the_threads_of_the_kernel(
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    ran: list[str],
    said: list[str],
    capsys: pytest.CaptureFixture[str],
    ends: float,
    status: int,
) -> None:
    monkeypatch.setattr(
        kernel_threads,
        "running",
        lambda names: ["iscsi_ttx"] if clock.seconds < 100 + ends else [],
    )
    assert stop.run(Env(Preferences()), 0.0) == status
    assert clock.seconds - 100 == min(ends, 10.0)
    assert said[-1] == "Waiting for threads of the kernel"
    error = "the kernel still has the threads iscsi_ttx: keep its modules loaded\n"
    assert capsys.readouterr().err == (error if status else "")


def test_threads_of_the_kernel_have_no_command_line(tmp_path: Path) -> None:
    for number, (name, words) in enumerate(
        [("iscsi_np", ""), ("iscsi_ttx", "./iscsi_ttx"), ("iscsi_trx", ""), ("kworker/0:1", "")]
    ):
        folder = tmp_path / str(number + 2)
        folder.mkdir()
        (folder / "comm").write_text(f"{name}\n")
        (folder / "cmdline").write_text(words)
    (tmp_path / "self").mkdir()
    names = {"iscsi_np", "iscsi_trx", "iscsi_ttx"}
    assert kernel_threads.running(names, str(tmp_path)) == ["iscsi_np", "iscsi_trx"]


def test_targets_that_received_commands_meanwhile() -> None:
    before = {"/iscsi/a": ("1", "2"), "/iscsi/b": ("3",), "/iscsi/c": ("4",)}
    now = {"/iscsi/a": ("1", "3"), "/iscsi/b": ("3",), "/iscsi/d": ("0",)}
    assert traffic.busy(before, now) == ["/iscsi/a", "/iscsi/d"]  # type: ignore[arg-type]


@pytest.mark.parametrize(("saved", "fragments"), [(True, True), (False, True), (True, False)])
def test_a_refused_reload_fails(
    saved: bool, fragments: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another status than that of an incomplete start, which is success for the unit."""
    monkeypatch.setattr(missing, "is_saved", lambda env: True)
    monkeypatch.setattr(missing, "line", lambda env, text: saved)
    monkeypatch.setattr(missing, "fragments", lambda env: fragments)
    assert reload.run(Env(Preferences(None))) == (0 if saved and fragments else 2)
    unit = (Path(__file__).parents[2] / "systemd/target.service").read_text()
    assert "SuccessExitStatus=1\n" in unit
