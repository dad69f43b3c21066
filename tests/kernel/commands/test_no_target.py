# SPDX-License-Identifier: Apache-2.0
"""A host without LIO, or whose configfs is not mounted: it has no empty configuration."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from .harness import ETC, Shell, files

LINES = ("ls", "ls /iscsi", "sessions", "sessions detail", "saveconfig", "diff")
HIDDEN = "mount --make-rprivate /; umount -l /sys/kernel/config"
EMPTY = "mount --make-rprivate /; mount -t tmpfs none /sys/kernel/config"


def run(user: Shell, first: str, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line in a mount namespace of its own, after a command."""
    program = f'{first}; exec {sys.executable} -m targetcli "$@"'
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", program, "sh", *line.split()],
        capture_output=True,
        text=True,
        env={**os.environ, "TARGETCLI_HOME": str(user.home)},
    )


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize(
    ("first", "text"),
    [
        (HIDDEN, "configfs is not mounted at /sys/kernel/config"),
        (EMPTY, "the target is loaded, but /sys/kernel/config/target does not exist"),
    ],
)
def test_the_reason_is_told(shell: Shell, line: str, first: str, text: str) -> None:
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok("saveconfig")
    before = files(ETC)
    done = run(shell, first, line)
    assert (done.returncode, done.stdout) == (2 if line == "diff" else 1, "")
    assert text in done.stderr and done.stderr.count("\n") == 1
    assert files(ETC) == before
