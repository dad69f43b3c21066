# SPDX-License-Identifier: Apache-2.0
"""What one command sees of the kernel is read once, and cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtslib_ext.errors import KernelRefused
from rtslib_ext.kernel.cached import CachingFS
from rtslib_ext.kernel.configfs import ConfigFS, ReadFS, WriteFS
from rtslib_ext.staging.tree import StagedFS

WRITING = set(dir(WriteFS)) - set(dir(ReadFS))


def test_a_cache_has_nothing_that_writes() -> None:
    assert {"write", "mkdir", "rmdir", "symlink", "unlink"} <= WRITING
    assert not WRITING & set(dir(CachingFS))
    assert WRITING <= set(dir(StagedFS)) and WRITING <= set(dir(ConfigFS))


def test_nothing_is_read_twice(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "enable").write_text("1\n")
    fs = ConfigFS(f"{tmp_path}")
    cache = CachingFS(fs)
    for _ in range(2):
        assert cache.read("core/enable") == "1" and cache.is_dir("core")
        assert cache.directories("") == ["core"]
        with pytest.raises(KernelRefused):
            cache.read("core/nosuch")
    assert fs.calls == {"read": 4, "stat": 1, "scan": 5}


def test_what_is_missing_is_counted_where_it_was_looked_for(tmp_path: Path) -> None:
    fs = ConfigFS(f"{tmp_path}")
    cache = CachingFS(fs)
    assert cache.read_if_there("core/enable") is None and cache.directories("core") == []
    assert (cache.missing, fs.missing) == (2, 0)
