# SPDX-License-Identifier: Apache-2.0
"""Programs, kernel modules, mounts and memory of this host."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from ..errors import LioError, Unsupported, reason

if TYPE_CHECKING:
    import subprocess


# sd_booted(3)
_SYSTEMD = "/run/systemd/system"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin"
"""Where programs are looked up, regardless of the caller's PATH; the last is that of NixOS."""


def environment() -> dict[str, str]:
    """Return the environment for a program of this host: that of this process with a fixed PATH."""
    return {**os.environ, "PATH": PATH}


def read_text(path: str) -> str:
    """Return the text of a system file, stripped; "" if it cannot be read."""
    try:
        # A name in it may have any character but a line feed, a carriage return too.
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            return file.read().strip()
    except OSError:
        return ""


def available_memory() -> int | None:
    """Return the bytes of memory available without swapping (MemAvailable); None if unknown."""
    match = re.search("^MemAvailable: *([0-9]{1,18}) kB", read_text("/proc/meminfo"), re.MULTILINE)
    return int(match[1]) * 1024 if match else None


def load_module(name: str) -> None:
    """Load a kernel module and its dependencies; raise Unsupported with modprobe's message."""
    done = run("modprobe", name)
    if done.returncode and "Operation not permitted" in done.stderr and os.path.isdir(_SYSTEMD):
        # In a service that may not load modules, such as target.service, systemd does.
        run("systemctl", "start", f"modprobe@{name.replace('-', '_')}.service")
        if is_loaded(name):
            return
    if done.returncode:
        message = " ".join(done.stderr.split())
        hint = f"modprobe -n -v {name} shows the rules for it in /etc/modprobe.d"
        if "not found" in message:
            hint = (
                f"the kernel {os.uname().release} does not include it: install the package with "
                "the rest of its modules, or boot another kernel"
            )
        raise Unsupported(f"the kernel module {name} cannot be loaded: {message}", hint=hint)


def has_module(name: str, folder: str = "/lib/modules") -> bool:
    """Return True if this kernel has a module, or could load it."""
    if is_loaded(name):
        return True
    for index in ("modules.builtin", "modules.dep"):
        try:
            with open(f"{folder}/{os.uname().release}/{index}", encoding="utf-8") as file:
                if f"/{name}.ko" in file.read():
                    return True
        except OSError:
            continue
    return False


def is_loaded(name: str) -> bool:
    """Return True if a module is loaded."""
    return os.path.isdir(f"/sys/module/{name}")


def mount_configfs(folder: str = "/sys/kernel/config") -> None:
    """Mount configfs unless it is mounted; raise LioError if that fails."""
    if os.path.ismount(folder):
        return
    if not os.path.isdir(folder):
        load_module("configfs")
    done = run("mount", "-t", "configfs", "none", folder)
    if done.returncode and not os.path.ismount(folder):
        message = " ".join(done.stderr.split()) or f"mount ended with status {done.returncode}"
        raise LioError(
            f"cannot mount configfs: {message}",
            hint="in a container, make the host's configfs visible",
        )


LOCKS: set[int] = set()
"""The descriptors of the locks that this process holds."""


def run(
    *words: str, timeout: float | None = None, text: str = "", keeps_locks: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a program of this host, found in PATH above; ``text`` is its standard input.

    ``keeps_locks``: it changes something, so if this process is killed, the locks are free once it
    has ended as well. Raises LioError if it cannot be started, TimeoutError after ``timeout``
    seconds.
    """
    # Imported here: few commands start another program, and importing subprocess is slow.
    import subprocess

    try:
        return subprocess.run(
            words,
            env=environment(),
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout,
            pass_fds=tuple(LOCKS) if keeps_locks else (),
        )
    except subprocess.TimeoutExpired as err:
        raise TimeoutError(f"{words[0]} takes longer than {timeout} seconds") from err
    except OSError as err:
        raise LioError(
            f"cannot run {words[0]}: {reason(err)}",
            hint="it belongs to Debian's packages kmod, mount and util-linux",
        ) from err
