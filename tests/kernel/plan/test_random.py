# SPDX-License-Identifier: Apache-2.0
"""Random pairs of configurations: exactly there, nothing left to do, and exactly back."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from rtslib_ext import savefile
from rtslib_ext.config.backing import FileIO
from rtslib_ext.config.model import Config
from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.transaction import clear

from .configurations import FILES, configurations
from .test_pairs import reach

SETTINGS = settings(
    deadline=None,
    database=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
)


@pytest.fixture(scope="module")
def fs() -> Iterator[ConfigFS]:
    """The kernel with block devices and a folder for files.

    And without a driver for the disks that LUNs of loopback are to it: with some settings that
    waits for minutes while its LUN is deleted.
    """
    subprocess.run(["modprobe", "-r", "sd_mod"], check=True)
    subprocess.run(["modprobe", "brd", "rd_nr=4", "rd_size=65536"], check=True)
    os.makedirs(FILES, exist_ok=True)
    fs = ConfigFS()
    yield fs
    clear.everything(fs)
    shutil.rmtree(FILES)


def there_and_back(fs: ConfigFS, one: Config, other: Config) -> None:
    """Apply one, then the other, then what was read in between."""
    clear.everything(fs)
    _make_files(one, other)
    reach(fs, one)
    first = Reader(fs).config()
    reach(fs, other)
    reach(fs, first)
    assert savefile.dumps(Reader(fs).config()) == savefile.dumps(first)


def _make_files(*configs: Config) -> None:
    for config in configs:
        for so in config.storage_objects.values():
            if isinstance(so.backing, FileIO):
                with open(so.backing.dev, "ab") as file:
                    file.truncate(2 << 20)


# The same ones every time: who changes something else is not to be surprised here.
@pytest.mark.differs_by_kernel
@settings(SETTINGS, max_examples=60, derandomize=True)
@given(configurations(), configurations())
def test_sixty_pairs(fs: ConfigFS, one: Config, other: Config) -> None:
    there_and_back(fs, one, other)


@pytest.mark.long
@settings(SETTINGS, max_examples=500)
@given(configurations(), configurations())
def test_five_hundred_pairs(fs: ConfigFS, one: Config, other: Config) -> None:
    there_and_back(fs, one, other)
