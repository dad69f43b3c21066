# SPDX-License-Identifier: Apache-2.0
"""The file of a batch, which root runs: only that of a trusted user, or a pipe from the caller."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtslib_ext.files import trusted
from rtslib_ext.files.trusted import Untrusted
from targetcli import batch
from targetcli.env import Env
from targetcli.prefs import Preferences


def lines(file: Path | str) -> list[str]:
    return batch._lines(Env(Preferences(None)), str(file))


def test_own_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"ls\n\xff\n")
    assert lines(tmp_path / "file") == ["ls", "\udcff"]


def test_file_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("ls\n")
    monkeypatch.setattr(trusted, "trusted_users", lambda: frozenset({12345}))
    with pytest.raises(Untrusted, match="belongs to"):
        lines(tmp_path / "file")


def test_pipe_at_a_path_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Untrusted, match="is not a regular file"):
        lines(tmp_path / "pipe")


@pytest.mark.parametrize("folder", ["/dev/fd", "/proc/self/fd"])
def test_pipe_of_the_caller(folder: str) -> None:
    """As bash and zsh name the pipe of ``<(PROGRAM)``."""
    read, write = os.pipe()
    os.write(write, b"ls\n")
    os.close(write)
    try:
        assert lines(f"{folder}/{read}") == ["ls"]
    finally:
        os.close(read)


def test_file_of_the_kernel() -> None:
    with pytest.raises(Untrusted, match=r"/proc/self/mem is a file of the kernel \(proc\)"):
        lines("/proc/self/mem")
