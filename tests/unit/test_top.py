# SPDX-License-Identifier: Apache-2.0
"""top: rates, sorting, filter, views and graphs, with files in the place of the kernel's."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from golden_screens import compare

from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.statistics import counted, watch
from rtslib_ext.statistics.columns import LUN, MAPPED_LUN
from rtslib_ext.statistics.counted import Counted
from rtslib_ext.statistics.latency import Times
from targetcli.env import Env
from targetcli.prefs import Preferences
from targetcli.screens import graph, terminal, top_latency
from targetcli.screens.top import Top

TARGETS = ("iqn.2003-01.org.example:disks", "iqn.2003-01.org.example:tapes")
HOSTS = ("iqn.1994-05.com.example:host1", "iqn.1994-05.com.example:\u043f\x1b[31m")
PORT, INITIATOR = "statistics/scsi_tgt_port", "statistics/scsi_auth_intr"
LUNS = 30


class Kernel:
    """A tree of files as configfs has them, and a clock."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.now = 100.0
        self.read: list[str] = []
        monkeypatch.setattr(watch.time, "monotonic", lambda: self.now)
        for number in range(LUNS):
            (root / f"core/rd_mcp_{number}/r{number}").mkdir(parents=True)
        for target in TARGETS:
            tpg = root / f"iscsi/{target}/tpgt_1"
            self._write(f"iscsi/{target}/fabric_statistics/iscsi_instance/sessions", 3)
            for number in range(LUNS):
                lun = tpg / f"lun/lun_{number}"
                self.count(f"{lun}/{PORT}", "in_cmds")
                os.symlink(root / f"core/rd_mcp_{number}/r{number}", lun / f"r{number}")
            for host in HOSTS:
                for number in range(2):
                    mapped = tpg / f"acls/{host}/lun_{number}"
                    self.count(f"{mapped}/{INITIATOR}", "num_cmds")
                    os.symlink(tpg / f"lun/lun_{number}", mapped / f"lun_{number}")

    def _write(self, file: str, number: int) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number}\n")

    def count(
        self, folder: str, name: str, commands: int = 0, read: int = 0, written: int = 0
    ) -> None:
        """Set the counters in a directory."""
        for file, number in ((name, commands), ("read_mbytes", read), ("write_mbytes", written)):
            self._write(f"{folder}/{file}", number)

    def lun(self, target: int, number: int, *counters: int) -> None:
        """Set the counters of a LUN."""
        folder = f"iscsi/{TARGETS[target]}/tpgt_1/lun/lun_{number}/{PORT}"
        self.count(folder, "in_cmds", *counters)

    def mapped(self, target: int, host: int, number: int, *counters: int) -> None:
        """Set the counters of a mapped LUN."""
        folder = f"iscsi/{TARGETS[target]}/tpgt_1/acls/{HOSTS[host]}/lun_{number}/{INITIATOR}"
        self.count(folder, "num_cmds", *counters)

    @property
    def fs(self) -> ConfigFS:
        read = self.read

        class Noting(ConfigFS):
            def numbers(self, files: object) -> list[int | None]:
                files = list(files)  # type: ignore[call-overload]
                read.extend(files)
                return super().numbers(files)

        return Noting(str(self.root))


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    monkeypatch.setattr(terminal, "has_blocks", lambda: True)
    return Kernel(tmp_path, monkeypatch)


@pytest.fixture
def top(kernel: Kernel) -> Top:
    env = Env(Preferences("", {}), fs=kernel.fs)

    def objects(kinds: Collection[str]) -> Iterator[Counted]:
        return counted.objects(Reader(env.fs), "/", kinds)

    made = Top(env, objects, 2.0)
    list(made.relist())
    made.frame.widget.render((80, 24), True)
    return made


def update(top: Top, kernel: Kernel, seconds: float = 2.0) -> None:
    """Let an interval pass, and read."""
    kernel.now += seconds
    list(top.read())
    top.describe()


def screen(top: Top, width: int = 80, height: int = 24) -> str:
    canvas = top.frame.widget.render((width, height), focus=True)
    rows = [line.decode().rstrip() for line in canvas.text]
    return "\n".join(rows).rstrip() + "\n"


def press(top: Top, *keys: str) -> None:
    """Press keys; a view that one opened is listed."""
    for key in keys:
        left = top.frame.widget.keypress((80, 24), key)
        if left:
            top.frame.key(left)
        if not top.every:
            list(top.relist())


def traffic(top: Top, kernel: Kernel) -> None:
    """Some LUNs with traffic of three intervals, the second target busier."""
    update(top, kernel, 0)
    for step in (1, 2, 3):
        kernel.lun(0, 7, 2400 * step * step, 20 * step, 3 * step)
        kernel.lun(1, 2, 30_000 * step, 900 * step, 0)
        kernel.lun(1, 11, 3 * step, 0, 0)
        update(top, kernel)


def test_rates_of_luns(top: Top, kernel: Kernel) -> None:
    traffic(top, kernel)
    compare("top-80x24-luns", screen(top))
    compare("top-132x40-luns", screen(top, 132, 40))


@pytest.mark.parametrize("width", [1, 2, 9, 20, 79, 110, 300])
@pytest.mark.parametrize("height", [1, 2, 5, 100])
def test_any_size(top: Top, kernel: Kernel, width: int, height: int) -> None:
    update(top, kernel)
    canvas = top.frame.widget.render((width, height), focus=True)
    assert (canvas.cols(), canvas.rows()) == (width, height)


def test_a_lun_without_counters_is_listed_once(top: Top, kernel: Kernel) -> None:
    update(top, kernel)
    folder = kernel.root / f"iscsi/{TARGETS[0]}/tpgt_1/lun/lun_0/{PORT}"
    for file in folder.iterdir():
        file.unlink()
    listed = []
    objects = top.objects
    top.objects = lambda kinds: (listed.append(kinds), objects(kinds))[1]  # type: ignore[func-returns-value]
    for _ in range(5):
        update(top, kernel)
    assert len(listed) == 1


def test_a_busy_server(top: Top, kernel: Kernel) -> None:
    counters: dict[tuple[int, int], list[int]] = {}
    update(top, kernel, 0)
    for step in range(40):
        for number in range(14):
            target, wave = number % 2, 1 + math.sin(step / (2 + number / 3) + number)
            found = counters.setdefault((target, number), [0, 0, 0])
            for place, share in enumerate((9000, 120, 45)):
                found[place] += round(share * wave / (1 + number * (place + 1) / 2))
            kernel.lun(target, number, *found)
        update(top, kernel)
    compare("top-132x40-server", screen(top, 132, 40))


def test_graphs_without_blocks(top: Top, kernel: Kernel) -> None:
    top.blocks = False
    traffic(top, kernel)
    compare("top-80x24-ascii", screen(top))


def test_only_what_is_in_sight_is_read(top: Top, kernel: Kernel) -> None:
    update(top, kernel)
    update(top, kernel)
    seen = len(top.table.seen())
    kernel.read.clear()
    update(top, kernel)
    # The order depends on the commands of all; the bytes are read of the rows in sight.
    assert len(kernel.read) == len(set(kernel.read)) == 2 * LUNS + 2 * seen
    press(top, "n")
    kernel.read.clear()
    update(top, kernel)
    assert len(kernel.read) == 3 * seen
    press(top, "/", "t", "a", "p", "e", "s", " ", "l", "u", "n", "7", "enter")
    kernel.read.clear()
    update(top, kernel)
    assert len(kernel.read) == 3


def test_a_rate_of_long_ago_is_not_shown(top: Top, kernel: Kernel) -> None:
    update(top, kernel)
    press(top, "n")
    update(top, kernel)
    press(top, "end")
    kernel.now += 60
    update(top, kernel)
    assert top.shown[-1].rate("read_bytes") is None
    update(top, kernel)
    assert top.shown[-1].rate("read_bytes") == 0


@pytest.mark.parametrize(
    ("keys", "first"),
    [
        (("c",), "disks/tpg1/lun0"),
        (("r",), "tapes/tpg1/lun2"),
        (("w",), "disks/tpg1/lun7"),
        (("n",), "disks/tpg1/lun0"),
        (("n", "n"), "tapes/tpg1/lun29"),
    ],
)
def test_sorting(top: Top, kernel: Kernel, keys: tuple[str, ...], first: str) -> None:
    press(top, *keys)
    update(top, kernel)
    kernel.lun(0, 7, 1, 1, 9)
    kernel.lun(1, 2, 1, 9, 1)
    update(top, kernel)
    if keys == ("c",):
        # The key of the present order turns it round: the idle ones come first.
        assert top.shown[0].rate("commands") == 0
    assert top.shown[0].name.endswith(first)


def test_the_focus_stays_on_its_row(top: Top, kernel: Kernel) -> None:
    update(top, kernel)
    press(top, "down", "down")
    chosen = top.shown[2].key
    kernel.lun(1, 20, 5000)
    kernel.lun(1, 21, 9000)
    update(top, kernel)
    assert top.table.at == 4
    assert top.shown[4].key == chosen
    press(top, "home")
    kernel.lun(1, 20, 99_000)
    update(top, kernel)
    assert top.shown[top.table.at].name.endswith("lun21")


def test_idle_rows_are_hidden(top: Top, kernel: Kernel) -> None:
    traffic(top, kernel)
    press(top, "i")
    assert len(top.shown) == 3
    compare("top-80x24-busy", screen(top))
    press(top, "i")
    assert len(top.shown) == 2 * LUNS


def test_targets_and_initiators_add_up(top: Top, kernel: Kernel) -> None:
    press(top, "tab")
    traffic(top, kernel)
    assert top.shown[0].rate("commands") == 15_001.5
    assert top.shown[0].sessions == 3
    compare("top-80x24-targets", screen(top))
    press(top, "enter")
    update(top, kernel, 0)
    kernel.lun(0, 3, 500)
    kernel.lun(1, 3, 1000)
    update(top, kernel)
    assert [row.name for row in top.shown[:1]] == [f"{TARGETS[1]}/tpg1/lun3"]
    assert len(top.shown) == LUNS
    press(top, "esc")
    assert top.view.what == "targets"
    press(top, "tab")
    update(top, kernel, 0)
    kernel.mapped(0, 1, 0, 100, 10, 0)
    kernel.mapped(1, 1, 1, 100, 0, 10)
    update(top, kernel)
    assert top.shown[0].rate("commands") == 100
    compare("top-80x24-initiators", screen(top))
    press(top, "enter")
    update(top, kernel)
    assert len(top.shown) == 4
    assert all(HOSTS[1] in row.key for row in top.shown)


def test_a_lun_is_opened(top: Top, kernel: Kernel) -> None:
    press(top, "n", "down", "enter")
    update(top, kernel)
    assert [row.name for row in top.shown] == [f"{host}/mapped_lun1" for host in HOSTS]
    assert top.title.startswith(f"targetcli top  initiators of {TARGETS[0]}/tpg1/lun1: 2")
    press(top, "esc")
    assert len(top.shown) == 2 * LUNS


def test_one_object_is_named_so(top: Top, kernel: Kernel) -> None:
    update(top, kernel)
    assert top.title.startswith(f"targetcli top  {len(top.every)} LUNs")
    top.every = top.every[:1]
    top.shown = top.every
    top.describe()
    assert top.title.startswith("targetcli top  1 LUN  every")


def test_new_and_deleted_objects(top: Top, kernel: Kernel) -> None:
    update(top, kernel)
    press(top, "n")
    lun = kernel.root / f"iscsi/{TARGETS[0]}/tpgt_1/lun"
    kernel.lun(0, 50, 1)
    os.rename(lun / "lun_0", kernel.root / "gone")
    for _ in range(2):
        update(top, kernel)
    names = [row.name for row in top.shown]
    assert f"{TARGETS[0]}/tpg1/lun50" in names
    assert f"{TARGETS[0]}/tpg1/lun0" not in names


def test_a_counter_that_begins_again(top: Top, kernel: Kernel) -> None:
    kernel.lun(0, 0, 1000)
    update(top, kernel)
    kernel.lun(0, 0, 50)
    update(top, kernel)
    assert top.shown[0].rate("commands") == 25


def test_pause_and_interval(top: Top, kernel: Kernel) -> None:
    press(top, "p")
    assert "PAUSED" in screen(top)
    kernel.read.clear()
    top.update()
    assert kernel.read == []
    press(top, "p", "+")
    assert "every 4s" in screen(top)
    press(top, "-", "-", "-", "-")
    assert "every 0.5s" in screen(top)


def test_latency_of_rows(top: Top, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    states = [
        {(HOSTS[0], 0): Times({5: 10, 12: 1}, {5: 200, 12: 3000})},
        {
            (HOSTS[0], 0): Times({5: 110, 12: 1}, {5: 2700, 12: 3000}),
            (HOSTS[0], 9): Times({5: 1}, {5: 20}),
        },
    ]
    tracing = top.latencies._tracing
    monkeypatch.setattr(type(tracing), "start", lambda self: setattr(self, "_lock", os.dup(0)))
    monkeypatch.setattr(type(tracing), "read", lambda self: states.pop(0))
    press(top, "l")
    assert top.sort == "commands"
    assert "latency is not traced: L switches that on" in screen(top)
    press(top, "L", "l")
    update(top, kernel)
    update(top, kernel)
    # The initiator has a LUN 0 in both targets, so it is not certain which one it is.
    found, certain = top.latencies.of(top.shown[0]) or (Times({}, {}), True)
    assert (found.number, found.mean, found.below(0.99), certain) == (100, 25.0, 32.0, False)
    compare("top-132x40-latency", screen(top, 132, 40))
    top.latencies.stop()
    assert not top.latencies.is_on


def test_latency_of_initiators_without_an_acl(kernel: Kernel) -> None:
    guest = "iqn.1994-05.com.example:guest"
    for number, name in enumerate(("a", "b")):
        tpg = kernel.root / f"loopback/naa.500140500000000{number}/tpgt_1"
        kernel.count(f"loopback/{tpg.parent.name}/tpgt_1/lun/lun_{number}/{PORT}", "in_cmds")
        (tpg / "nexus").write_text(f"naa.nexus-{name}\n")
    iscsi = kernel.root / f"iscsi/{TARGETS[0]}/tpgt_1"
    (iscsi / "dynamic_sessions").write_text(f"{guest}\n\0")
    objects = list(counted.objects(Reader(kernel.fs), "/", (LUN, MAPPED_LUN)))
    found = top_latency.places(kernel.fs, objects)
    loopback = "loopback/naa.5001405000000001/tpgt_1/lun/lun_1"
    assert found["naa.nexus-b", 1] == [(loopback,)]
    assert found[guest, 7] == [(f"iscsi/{TARGETS[0]}/tpgt_1/lun/lun_7",)]
    assert len(found[HOSTS[0], 1]) == 2
    assert [len(place) for place in found[HOSTS[0], 1]] == [2, 2]


def test_latency_that_cannot_be_traced(
    top: Top, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(top.latencies._tracing, "tracing", f"{kernel.root}/none")
    press(top, "L")
    assert "this kernel has no tracing, so latency is not known" in screen(top)
    assert not top.latencies.is_on


# -- numbers and graphs ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0"),
        (0.25, "0.2"),
        (9.96, "10"),
        (9999.4, "9999"),
        (9999.5, "10.0k"),
        (999_950, "1.0M"),
        (2_500_000_000.0, "2.5G"),
    ],
)
def test_rates_are_short(value: float | None, text: str) -> None:
    assert graph.rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0, "0"), (524_288, "0.5M"), (123 << 20, "123M"), (20 << 30, "20.0G")],
)
def test_bytes_are_mib(value: float | None, text: str) -> None:
    assert graph.mib(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (87.4, "87us"), (1520, "1.5ms"), (120_000, "120ms"), (2_000_000, "2.0s")],
)
def test_times_have_a_unit(value: float | None, text: str) -> None:
    assert graph.latency(value) == text


def test_graph() -> None:
    assert graph.graph([0, 1, 50, 100, None, 3], 8, blocks=True) == "   ▁▄█ ▁"
    assert graph.graph([0, 1, 50, 100], 4, blocks=False) == " .=#"
    assert graph.graph([1.0] * 20, 5, blocks=False) == "#####"
    assert graph.graph([], 3, blocks=True) == "   "
    assert graph.graph([1.0], 0, blocks=True) == ""


def test_keys_that_come_at_once_find_the_rows_that_are_left(top: Top, kernel: Kernel) -> None:
    traffic(top, kernel)
    press(top, "end", "/", "1", "1", "enter", "enter")
    assert "lun11" in screen(top)
