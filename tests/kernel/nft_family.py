# SPDX-License-Identifier: Apache-2.0
"""Rules of nftables on the kernels of the tests.

Debian's user-mode kernels have nftables for bridges only. There a wrapper of nft puts the table of
the program into the family bridge instead of inet, word for word otherwise, and packets come over a
bridge. Full kernels (make test-qemu) run it as it is.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rtslib_ext.host import system

_WRAPPER = """#!/bin/sh
case "$*" in
"-f -") sed 's/inet targetcli/bridge targetcli/' | exec /usr/sbin/nft -f - ;;
*) exec /usr/sbin/nft $(echo "$@" | sed 's/inet targetcli/bridge targetcli/') ;;
esac
"""


def run(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program; a failure has its message."""
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program find an nft whose rules this kernel has."""
    run("modprobe", "-a", "nf_tables", "bridge", "veth")
    probe = ["nft", "add", "table", "inet", "probe"]
    if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
        run("nft", "delete", "table", "inet", "probe")
        return
    folder.mkdir(exist_ok=True)
    (folder / "nft").write_text(_WRAPPER)
    (folder / "nft").chmod(0o755)
    monkeypatch.setattr(system, "PATH", f"{folder}:{system.PATH}")
