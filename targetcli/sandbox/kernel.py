# SPDX-License-Identifier: Apache-2.0
"""The user-mode kernel as a process: finding it, starting it, telling why it ended."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from rtslib_ext.errors import LioError, NotFound, Unsupported
from rtslib_ext.fast_dataclasses import dataclass

from .guest import PATH, Guest, Streams
from .relay import BootTimeout, Control, Input, Output, Relay, Stopped, caught_signals

NAME = "linux.uml"
INSTALL = "install the Debian package user-mode-linux"
MODULES = Path("/usr/lib/uml/modules")
POWER_OFF_TIMEOUT = 10.0
PARAMETERS = (
    "rootfstype=hostfs",
    "rootflags=/",
    "rw",
    "oops=panic",
    "printk.time=1",
    # These two take 1.0 of the 1.4 seconds of a boot: they measure how fast RAID 6 would be,
    # and look for a compressor of swapped pages. The sandbox has neither.
    "initcall_blacklist=raid6_select_algo,init_zswap",
    # Its own socket and pid file go to the working directory, not to the user's home.
    "uml_dir=.",
    "umid=kernel",
)


class KernelFailed(LioError):
    """The sandbox's kernel did not come up, or ended before the program: read its log."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A user-mode kernel that can be started."""

    path: str
    release: str

    @property
    def modules(self) -> Path:
        return MODULES / self.release


def find(name: str = NAME) -> Kernel:
    """The kernel of that name or path."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{PATH}")
    if path is None:
        raise NotFound(f"{name} is not there: the sandbox needs the user-mode kernel", hint=INSTALL)
    try:
        version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as err:
        raise Unsupported(f"{path} does not run: {err}", hint=INSTALL) from err
    kernel = Kernel(path, version.stdout.strip())
    if not kernel.modules.is_dir():
        raise NotFound(f"{kernel.modules} is not there: the modules of {path}", hint=INSTALL)
    return kernel


def boot(kernel: Kernel, memory: int, folder: Path, guest: Guest, lock: int, timeout: float) -> int:
    """Start what sandbox_guest.py wrote to folder and stay until it is over; its exit status."""
    log = guest.state / "console.log"
    arguments = [kernel.path, f"mem={memory}", *PARAMETERS, f'init="{folder}/init"']
    variables = {"PATH": PATH, "TMPDIR": str(_memory_folder(memory))}
    with ExitStack() as stack:
        # From here on: an interrupt must not come between the start of a process and its name.
        caught = stack.enter_context(caught_signals())
        lines = _Lines(stack)
        relay = _relay(lines, guest.streams, guest.mark.encode())
        with log.open("wb", buffering=0) as console:
            process = subprocess.Popen(
                [*arguments, f"con0=null,fd:{console.fileno()}", *lines.arguments],
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                # The lock lasts as long as the kernel, should we be killed.
                pass_fds=[*lines.theirs, console.fileno(), lock],
                # The terminal's interrupt is not for the kernel.
                start_new_session=True,
            )
        stack.callback(_end, process)
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
        lines.close_theirs()
        return _watch(relay, process, caught, timeout, log)


def _watch(
    relay: Relay, process: subprocess.Popen[bytes], caught: int, timeout: float, log: Path
) -> int:
    """Carry the streams until the end, and explain an end nobody asked for."""
    try:
        status = relay.run(process.pid, caught, timeout)
    except Stopped as stopped:
        return stopped.status
    except BootTimeout as err:
        raise _failed(f"the sandbox was not up after {timeout:g} seconds", log) from err
    if status is None:
        what = "the sandbox's kernel ended" if relay.ready else "the sandbox did not start"
        raise _failed(f"{what}: {_last_words(log)}", log)
    with suppress(subprocess.TimeoutExpired):
        process.wait(POWER_OFF_TIMEOUT)
    return status


def _failed(message: str, log: Path) -> KernelFailed:
    return KernelFailed(message, hint=f"the kernel's messages are in {log}")


def _last_words(log: Path) -> str:
    """Why the kernel ended: what it says, or what its first process said before it ended."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    for number, line in enumerate(lines):
        panic = re.search(r"Kernel panic - not syncing: (.*)", line)
        if panic and "Attempted to kill init" in line:
            said = [earlier for earlier in lines[:number] if not earlier.startswith("[")]
            return said[-1] if said else panic[1]
        if panic:
            return panic[1]
    return lines[-1] if lines else "it said nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave no process behind: the kernel runs each of the guest's as one of ours."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _memory_folder(size: int) -> Path:
    """Where the guest's memory, a file, can be: best in memory, and never where it is not run."""
    candidates = ["/dev/shm", os.environ.get("TMPDIR"), tempfile.gettempdir(), "/var/tmp"]
    for folder in filter(None, candidates):
        if not os.access(folder, os.W_OK | os.X_OK):
            continue
        room = os.statvfs(folder)
        if not room.f_flag & os.ST_NOEXEC and room.f_bavail * room.f_frsize >= size:
            return Path(folder)
    raise Unsupported(
        f"no temporary folder has room for {size >> 20} MiB of memory",
        hint="name a folder that allows execution in TMPDIR, or ask for less memory",
    )


class _Lines:
    """The pipes behind the kernel's serial lines and its console 1."""

    def __init__(self, stack: ExitStack) -> None:
        self.arguments = ["con=null", "ssl=null"]
        self.theirs: list[int] = []
        self._stack = stack
        self._handed = stack.enter_context(ExitStack())

    def join(self, name: str, *directions: str) -> list[int]:
        """Our ends of a line that goes "in" or "out", as the guest sees it, or both ways."""
        ours, ends = [], {"in": "null", "out": "null"}
        for direction in directions:
            reading, writing = os.pipe()
            mine, theirs = (writing, reading) if direction == "in" else (reading, writing)
            self._stack.callback(os.close, mine)
            self._handed.callback(os.close, theirs)
            os.set_blocking(mine, direction == "out")
            ends[direction] = f"fd:{theirs}"
            self.theirs.append(theirs)
            ours.append(mine)
        self.arguments.append(f"{name}={ends['in']},{ends['out']}")
        return ours

    def close_theirs(self) -> None:
        """Once the kernel has them: its end must be the end of ours."""
        self._handed.close()


def _relay(lines: _Lines, streams: Streams, mark: bytes) -> Relay:
    """Join the lines sandbox_init.sh opens, and tie them to our standard streams."""
    to_control, from_control = lines.join("ssl0", "in", "out")
    relay = Relay(Control(from_control, to_control))
    if streams.output == "console":
        keys, screen = lines.join("con1", "in", "out")
        relay.outputs.append(Output(screen, 1, mark))
        relay.screen = 1
        if streams.input == "console":
            relay.input = Input(0, keys, terminal=True)
    if streams.input == "input":
        relay.input = Input(0, lines.join("ssl1", "in")[0], terminal=False)
    if streams.output == "output":
        relay.outputs.append(Output(lines.join("ssl2", "out")[0], 1, mark))
    if streams.error == "error":
        relay.outputs.append(Output(lines.join("ssl3", "out")[0], 2, mark))
    return relay
