# SPDX-License-Identifier: Apache-2.0
"""Programs, kernel modules, mounts and memory of this host."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ..errors import LioError, Unsupported

if TYPE_CHECKING:
    import subprocess


def read_text(path: str) -> str:
    """What a file of the system says, without blanks around it; "" where it is not to be had."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().strip()
    except OSError:
        return ""


def available_memory() -> int | None:
    """The bytes of memory that could be had without ending anything; None: not told."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            found = re.search(r"^MemAvailable:\s*(\d+) kB", file.read(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def load_module(name: str) -> None:
    """Load a kernel module with what it needs; raises LioError with modprobe's word."""
    done = run("modprobe", name)
    if done.returncode:
        said = " ".join(done.stderr.split())
        hint = f"modprobe -n -v {name} shows what /etc/modprobe.d makes of it"
        if "not found" in said:
            hint = (
                f"the kernel {os.uname().release} came without it: install the package with the "
                "rest of its modules, or boot another kernel"
            )
        raise Unsupported(f"the kernel module {name} cannot be loaded: {said}", hint=hint)


def mount_configfs(folder: str = "/sys/kernel/config") -> None:
    """Mount configfs where it is not; raises LioError."""
    if os.path.ismount(folder):
        return
    if not os.path.isdir(folder):
        load_module("configfs")
    done = run("mount", "-t", "configfs", "none", folder)
    if done.returncode and not os.path.ismount(folder):
        raise LioError(f"cannot mount configfs: {done.stderr.strip()}")


def run(*words: str, patience: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program of this host; raises LioError, and TimeoutError after ``patience`` seconds."""
    # Imported here: few commands start another program, and the import takes a while.
    import subprocess

    try:
        return subprocess.run(
            words, capture_output=True, text=True, errors="replace", check=False, timeout=patience
        )
    except subprocess.TimeoutExpired as err:
        raise TimeoutError(f"{words[0]} takes longer than {patience} seconds") from err
    except OSError as err:
        raise LioError(
            f"cannot run {words[0]}: {(err.strerror or '').lower()}",
            hint="it belongs to Debian's packages kmod, mount and util-linux",
        ) from err
