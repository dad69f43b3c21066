# SPDX-License-Identifier: Apache-2.0
"""A look at a file that does not answer keeps nobody waiting; the others are looked at."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rtslib_ext.config.backing import FileIO, RamDisk
from rtslib_ext.files import mounts
from rtslib_ext.files.mounts import Mount
from rtslib_ext.host.answering import Looks
from rtslib_ext.kernel.configfs import ConfigFS, ConfigfsPath
from rtslib_ext.reading.reader import Reader
from targetcli.exporter import states

HUNG = "/net/hung"
SECONDS = 0.3


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A file system whose files answer once its server is back; the looks at it are counted."""
    back = threading.Event()
    real = os.stat
    table = [Mount("0:1", "/", "ext4", "disk"), Mount("0:2", HUNG, "nfs4", "server:/x")]

    def stat(path: Any, **more: Any) -> os.stat_result:
        if str(path).startswith(HUNG):
            back.wait(20)
            raise FileNotFoundError(2, "no such file", path)
        return real(path, **more)

    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setattr(mounts, "read", lambda: table)
    yield back
    back.set()


def test_a_hung_file_system_is_left_and_not_asked_again(server: threading.Event) -> None:
    looks, asked = Looks(SECONDS), []

    def look(path: str) -> bool:
        asked.append(path)
        return os.path.exists(path)

    paths = {path: path for path in (f"{HUNG}/a", f"{HUNG}/b", "/etc", "/none")}
    start = time.monotonic()
    assert looks.at(paths, look) == {"/etc": True, "/none": False}
    assert SECONDS <= time.monotonic() - start < 10 * SECONDS
    threads = threading.active_count()
    start = time.monotonic()
    assert looks.at(paths, look) == {"/etc": True, "/none": False}
    assert time.monotonic() - start < SECONDS
    assert (threading.active_count(), asked.count(f"{HUNG}/a")) == (threads, 1)
    server.set()
    for thread in looks._left.values():
        thread.join(10)
    assert looks.at(paths, look)[f"{HUNG}/b"] is False


def test_a_look_that_fails_is_no_answer() -> None:
    def look(path: str) -> int:
        return os.stat(path).st_size

    assert Looks().at({"a": "/none/x"}, lambda key: look("/none/x")) == {}
    assert Looks().at({}, look) == {}


def test_a_scrape_does_not_wait_for_a_backing_file(
    server: threading.Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "disk1.img"
    here.write_bytes(bytes(4096))
    backings = {
        "core/fileio_0/far": FileIO(f"{HUNG}/disk.img", 1 << 20),
        "core/fileio_1/here": FileIO(str(here), 4096),
        "core/fileio_2/gone": FileIO("/none/disk.img", 4096),
        "core/rd_mcp_3/ram": RamDisk(8192),
    }
    monkeypatch.setattr(Reader, "backing_shown", lambda self, path, plugin: backings[path])
    reader = Reader(ConfigFS(str(tmp_path)))
    start = time.monotonic()
    found = states.of_storage_objects(reader, map(ConfigfsPath, backings), Looks(SECONDS))
    assert time.monotonic() - start < 10 * SECONDS
    assert found.answers == [(("fileio/far",), 0), (("fileio/here",), 1), (("fileio/gone",), 1)]
    assert found.missing == [(("fileio/here",), 0), (("fileio/gone",), 1), (("ramdisk/ram",), 0)]
    sizes = {name: size for (name,), size in found.sizes}
    assert sizes == {
        **{"fileio/far": 1 << 20, "fileio/here": 4096, "fileio/gone": 4096},
        "ramdisk/ram": 8192,
    }
