# SPDX-License-Identifier: Apache-2.0
"""Whether this kernel has a target, or could load one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtslib_ext.errors import LioError, Unsupported
from rtslib_ext.host import system, tcmu
from rtslib_ext.kernel import setup
from rtslib_ext.kernel.configfs import ConfigFS


@pytest.mark.parametrize("index", ["modules.dep", "modules.builtin"])
def test_modules_that_could_be_loaded(tmp_path: Path, index: str) -> None:
    folder = tmp_path / os.uname().release
    folder.mkdir()
    name = "no_such_target_core"
    assert not system.has_module(name, str(tmp_path))
    (folder / index).write_text(f"kernel/drivers/target/{name}.ko.xz: kernel/x.ko\n")
    assert system.has_module(name, str(tmp_path))
    assert not system.has_module("such_target_core", str(tmp_path))


def test_a_kernel_without_a_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "has_module", lambda name: False)
    with pytest.raises(LioError, match="this kernel has no SCSI target"):
        setup.require_readable(ConfigFS(str(tmp_path / "config/target")))


def test_a_kernel_that_has_not_loaded_it_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "has_module", lambda name: True)
    monkeypatch.setattr(system, "is_loaded", lambda name: False)
    setup.require_readable(ConfigFS(str(tmp_path / "config/target")))
    (tmp_path / "config").mkdir()
    with pytest.raises(LioError, match="configfs is not mounted"):
        setup.require_readable(ConfigFS(str(tmp_path / "config/target")))


def test_a_kernel_without_dbroot(tmp_path: Path) -> None:
    """It keeps no metadata on disk, or a container does not show the file: nothing to set."""
    setup.prepare(ConfigFS(str(tmp_path)))
    assert [*tmp_path.iterdir()] == []
    assert setup.dbroot(ConfigFS(str(tmp_path))) == "/var/target"


def test_argument_that_looks_like_an_option_is_none_of_busctl(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With --version, busctl itself would print its version and succeed."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
    with pytest.raises(Unsupported, match="the handler rbd does not answer: .*No such file"):
        tcmu.check_config("rbd", "--version", "/backstores/user:rbd")
