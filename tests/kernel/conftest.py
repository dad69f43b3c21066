# SPDX-License-Identifier: Apache-2.0
"""A clean target for each test, in the sandbox only: these tests clear the kernel's target."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from targetcli.sandbox.guest import INSIDE

TARGET = Path("/sys/kernel/config/target")
SAVED = Path("/etc/target")
MODULES = (
    "target_core_mod target_core_file target_core_iblock target_core_pscsi target_core_user "
    "iscsi_target_mod tcm_loop"
).split()


def pytest_pycollect_makemodule(module_path: Path) -> None:
    """Fail, rather than skip: a test that did not run has not passed."""
    if INSIDE not in os.environ:
        raise pytest.Collector.CollectError(
            "tests/kernel clears the kernel's target, so it runs in the sandbox: make test-kernel"
        )


@pytest.fixture(scope="session")
def _modules() -> None:
    subprocess.run(["modprobe", "-a", *MODULES], check=True)


@pytest.fixture(scope="module", autouse=True)
def _fresh_module(_modules: None) -> None:
    """Start each module with an empty target."""
    clear_all()


@pytest.fixture
def configfs(_modules: None) -> Path:
    """Return the target's directory in configfs, with nothing configured and nothing saved."""
    clear_all()
    return TARGET


def clear_all() -> None:
    """Empty the kernel's target and its saved files."""
    clear(TARGET)
    _empty(SAVED)
    for name in ("pr", "alua"):
        (SAVED / name).mkdir()
    # An interrupted change, or one that waits for confirmation.
    shutil.rmtree("/run/targetcli", ignore_errors=True)


def clear(root: Path) -> None:
    """Remove the whole configuration, by system calls of its own."""
    for fabric in _folders(root):
        if fabric.name != "core":
            _clear_fabric(fabric)
    for hba in _folders(root / "core"):
        if hba.name != "alua":
            for storage_object in _folders(hba):
                _clear_groups(storage_object / "alua", "default_tg_pt_gp")
                storage_object.rmdir()
            hba.rmdir()
    _clear_groups(root / "core/alua/lu_gps", "default_lu_gp")


def _clear_fabric(fabric: Path) -> None:
    for target in _folders(fabric):
        for tpg in _folders(target):
            if tpg.name.startswith("tpgt_"):
                _clear_tpg(tpg)
        if target.name != "discovery_auth":
            target.rmdir()
    # These stay with the module when the folder goes.
    for name in ("userid", "password", "userid_mutual", "password_mutual"):
        _write(fabric / "discovery_auth" / name, "NULL")
    _write(fabric / "discovery_auth" / "enforce_discovery_auth", "0")
    fabric.rmdir()


def _clear_tpg(tpg: Path) -> None:
    _write(tpg / "enable", "0")
    for acl in _folders(tpg / "acls"):
        _clear_luns(acl)
        acl.rmdir()
    _write(tpg / "nexus", "NULL")
    _clear_luns(tpg / "lun")
    for portal in _folders(tpg / "np"):
        portal.rmdir()
    tpg.rmdir()


def _clear_luns(folder: Path) -> None:
    for lun in _folders(folder):
        if lun.name.startswith("lun_"):
            for link in lun.iterdir():
                if link.is_symlink():
                    link.unlink()
            lun.rmdir()


def _clear_groups(folder: Path, default: str) -> None:
    for group in _folders(folder):
        if group.name != default:
            group.rmdir()


def _folders(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (Path(entry) for entry in os.scandir(folder) if entry.is_dir())


def _write(path: Path, text: str) -> None:
    if path.exists():
        with suppress(OSError):  # not every fabric takes it in every state
            path.write_text(text)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
