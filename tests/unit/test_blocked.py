# SPDX-License-Identifier: Apache-2.0
"""A call of configfs that does not end is reported; others are not."""

from __future__ import annotations

import time

import pytest

from rtslib_ext.kernel import blocked, log
from rtslib_ext.kernel.configfs import ConfigFS, ConfigfsPath

LUN = ConfigfsPath("loopback/naa.5001405000000001/tpgt_1/lun/lun_0")


class Slow(ConfigFS):
    """A kernel whose calls take some time."""

    def __init__(self, seconds: float) -> None:
        super().__init__("/target")
        self.seconds = seconds

    def unlink(self, path: str) -> None:
        time.sleep(self.seconds)

    def scan(self, path: ConfigfsPath) -> list[object]:  # type: ignore[override]
        time.sleep(self.seconds)
        return []

    def write(self, path: str, value: str) -> None:
        time.sleep(self.seconds)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocked, "LIMIT", 0.05)
    monkeypatch.setattr(log, "records", list)


def test_a_call_that_blocks_is_reported_once() -> None:
    told: list[str] = []
    with blocked.watch(told.append):
        Slow(0.8).unlink(f"{LUN}/link")
    assert told == [
        "/loopback/naa.5001405000000001/luns/lun0: "
        f"the kernel has not finished for 0.05 s: unlink /target/{LUN}/link: it waits for the "
        "commands that initiators have running on this LUN. This process cannot be interrupted "
        "meanwhile; other shells can be used"
    ]


def test_each_call_is_reported() -> None:
    told: list[str] = []
    with blocked.watch(told.append):
        fs = Slow(0.6)
        fs.scan(LUN)
        fs.write("iscsi/iqn.2003-01.org.example:a/tpgt_1/enable", "0")
    assert [text.split(": ")[2].split()[0] for text in told] == ["scan", "write"]
    assert "waits for another process that changes this object" in told[0]
    assert "waits for the sessions of initiators to end" in told[1]


def test_the_kernels_own_words_are_added(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    records = [log.Record(1, now - 60, "long before"), log.Record(2, now + 0.1, "INFO: task hung")]
    monkeypatch.setattr(log, "records", lambda: records)
    told: list[str] = []
    with blocked.watch(told.append):
        Slow(0.8).unlink(f"{LUN}/link")
    assert told[0].endswith("can be used. The kernel's log since then: INFO: task hung")


def test_a_watched_block_is_not_watched_again() -> None:
    told: list[str] = []
    with blocked.watch(told.append):
        with blocked.watch(told.append):
            Slow(0.3).unlink(f"{LUN}/link")
        Slow(0.3).unlink(f"{LUN}/link")
    assert len(told) == 2


def test_many_short_calls_are_not_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    # Long enough for a loaded machine, and shorter than all calls together.
    monkeypatch.setattr(blocked, "LIMIT", 1)
    told: list[str] = []
    with blocked.watch(told.append):
        fs = Slow(0.005)
        for _ in range(300):
            fs.unlink(f"{LUN}/link")
    assert told == []
