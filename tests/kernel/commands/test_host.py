# SPDX-License-Identifier: Apache-2.0
"""A host that lacks something: a module, a directory for metadata, a writable /run, LIO itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rtslib_ext.host import system
from rtslib_ext.kernel import setup

from ..conftest import clear_all
from .harness import ETC, TARGET, Shell

READ_ONLY = "mount --bind /run /run && mount -o remount,bind,ro /run"
MODES = "stat -c '%a %n' /etc/target /etc/target/*"
# No /lib/modules and no configfs, as in a container.
CONTAINER = "mount -t tmpfs none /sys && mount -t tmpfs none /lib/modules"


def isolated(
    user: Shell, first: str, *words: str, then: str = ":"
) -> subprocess.CompletedProcess[str]:
    """Run a command in a mount namespace of its own, between two lines of the shell."""
    program = f'mount --make-rprivate /; {first} || exit 9; {sys.executable} -m targetcli "$@"'
    program += f" || exit; {then}"
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", program, "sh", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "TARGETCLI_HOME": str(user.home)},
        timeout=60,
    )


def test_read_only_run_is_the_reason(shell: Shell) -> None:
    done = isolated(shell, READ_ONLY, "/backstores/ramdisk create r1 1M")
    assert (done.returncode, done.stdout) == (1, "")
    assert "targetcli.lock: Read-only file system" in done.stderr
    assert "remount,rw" in done.stderr and "sudo" not in done.stderr


@pytest.mark.parametrize(
    "line", ["ls", "status", "restoreconfig", "/backstores/ramdisk create r 1M"]
)
def test_container_without_lio(shell: Shell, line: str) -> None:
    (ETC / "saveconfig.json").write_text('{"storage_objects": [], "targets": []}')
    done = isolated(shell, CONTAINER, *line.split())
    # For status, 1 is a configuration with problems.
    assert done.returncode == (2 if line == "status" else 1), done.stderr
    assert (done.stdout, done.stderr.count("\n")) == ("", 1), done.stderr


def test_container_without_the_log_of_the_kernel(shell: Shell) -> None:
    """It has another file in its place, which would not end."""
    shell.ok("/backstores/ramdisk create r1 1M")
    hidden = "mount --bind /dev/null /dev/kmsg"
    done = isolated(shell, hidden, "/backstores/ramdisk/r1", "set", "attribute", "emulate_tpu=1")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("/backstores/ramdisk/r1: Cannot set attribute emulate_tpu")
    done = isolated(shell, hidden, "logins")
    assert (done.returncode, "log cannot be read" in done.stdout) == (0, True)


def test_configfs_is_mounted_for_a_change(shell: Shell) -> None:
    done = isolated(
        shell, "umount -l /sys/kernel/config", "/backstores/ramdisk", "create", "r", "1M"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert shell.ok("/backstores/ramdisk/r status")


def test_configfs_that_cannot_be_mounted_is_the_reason(shell: Shell) -> None:
    program = "umount -l /sys/kernel/config && mount --bind /bin/false $(command -v mount)"
    done = isolated(shell, program, "/backstores/ramdisk", "create", "r", "1M")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "/backstores/ramdisk: cannot mount configfs: mount ended with status 1 "
        "(in a container, make the host's configfs visible)\n"
    )


def test_module_of_a_backstore_is_loaded(shell: Shell, disks: Path) -> None:
    """The kernel itself loads it only for the first storage object since the boot."""
    shell.ok("/backstores/ramdisk create r1 1M")
    subprocess.run(["modprobe", "-r", "target_core_file"], check=True)
    assert not system.is_loaded("target_core_file")
    shell.ok(f"/backstores/fileio create f1 {disks}/f1 1M")
    assert system.is_loaded("target_core_file")


def test_module_that_cannot_be_loaded(
    shell: Shell, disks: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    subprocess.run(["modprobe", "-r", "target_core_file"], check=True)
    program = tmp_path / "modprobe"
    program.write_text(
        "#!/bin/sh\necho 'modprobe: FATAL: Module target_core_file not found.' >&2\nexit 1\n"
    )
    program.chmod(0o755)
    with monkeypatch.context() as context:
        context.setattr(system, "PATH", f"{tmp_path}:{system.PATH}")
        shell.refuses(
            f"/backstores/fileio create f1 {disks}/f1 1M",
            "the kernel module target_core_file cannot be loaded",
        )
    subprocess.run(["modprobe", "target_core_file"], check=True)


def test_directories_for_metadata_are_there_before_a_registration(shell: Shell) -> None:
    shell.ok("/backstores/ramdisk create r1 1M")
    for name in ("pr", "alua"):
        (ETC / name).rmdir()
    answer = shell("status")
    assert answer.exit == 1
    assert answer.rows[1].startswith(f"/: {ETC}/pr is missing: persistent reservations and ALUA")
    shell.ok("/backstores/ramdisk create r2 1M")
    assert (ETC / "pr").is_dir() and (ETC / "alua").is_dir()
    assert (ETC / "pr").stat().st_mode & 0o777 == 0o700


def test_dbroot_is_created(shell: Shell) -> None:
    done = isolated(
        shell, "mount -t tmpfs none /etc", "/backstores/ramdisk", "create", "r", "1M", then=MODES
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == [
        f"700 {path}" for path in (ETC, ETC / "alua", ETC / "pr")
    ]


@pytest.mark.parametrize("missing", [False, True])
def test_directories_of_another_dbroot(shell: Shell, tmp_path: Path, missing: bool) -> None:
    """Another tool set it, and created an object, so that it cannot be changed any more."""
    disks = tmp_path / "dbroot"
    disks.mkdir()
    (TARGET / "dbroot").write_text(f"{disks}\n")
    if missing:
        disks.rmdir()
    try:
        hba = TARGET / "core/rd_mcp_7"
        (hba / "other").mkdir(parents=True)
        shell.ok("/backstores/ramdisk create r1 1M")
        assert setup.dbroot(shell.fs) == str(disks)
        assert (disks / "pr").is_dir() and (disks / "alua").is_dir()
    finally:
        clear_all()
        (TARGET / "dbroot").write_text(f"{ETC}\n")
