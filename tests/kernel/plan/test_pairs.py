# SPDX-License-Identifier: Apache-2.0
"""From every configuration of the oracle to every other: exactly there, and exactly back."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtslib_ext import restore, savefile
from rtslib_ext.config.model import Config
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.savefile import disk
from rtslib_ext.transaction import apply, clear
from tests.kernel.oracle import devices

CONFIGS = sorted((Path(__file__).parents[1] / "oracle/configs").glob("*.json"))


@pytest.fixture(scope="module")
def states() -> Iterator[dict[str, Config]]:
    """What the kernel makes of each file, by the file's name."""
    devices.load()
    fs = ConfigFS()
    found = {}
    for path in CONFIGS:
        clear.everything(fs)
        target = devices.FOLDER / path.name
        devices.prepare(path, target)
        restore.restore(fs, savefile.loads(disk.read(str(target))).config)
        found[path.stem] = Reader(fs).config()
    clear.everything(fs)
    yield found
    clear.everything(fs)


def pairs() -> list[tuple[str, str]]:
    names = [path.stem for path in CONFIGS]
    walk = [(one, other) for one in names for other in names if one != other]
    random.Random(4).shuffle(walk)
    return walk[:200]


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: f"{pair[0]}-{pair[1]}")
def test_there_and_back(states: dict[str, Config], pair: tuple[str, str]) -> None:
    fs = ConfigFS()
    one, other = (states[name] for name in pair)
    reach(fs, one)
    before = savefile.dumps(Reader(fs).config())
    reach(fs, other)
    reach(fs, one)
    assert savefile.dumps(Reader(fs).config()) == before


def reach(fs: ConfigFS, want: Config) -> None:
    """Apply, without anything left to do."""
    change = apply.prepare(fs, want)
    apply.perform(fs, change)
    assert [str(step) for step in apply.differences(fs, change).steps] == []
