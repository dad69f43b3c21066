# SPDX-License-Identifier: Apache-2.0
"""Run the user-mode kernel as a process: find it, start it, report why it ended."""

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

from rtslib_ext.errors import LioError, NotFound, Unsupported, reason
from rtslib_ext.fast_dataclasses import dataclass

from . import private
from .guest import PATH, Guest, Streams
from .relay import BootTimeout, Control, Input, Output, Relay, Stopped, caught_signals

NAME = "linux.uml"
CHOICE = "TARGETCLI_SANDBOX_KERNEL"
"""The environment variable that names the kernel to use unless one is given."""
INSTALL = "install the Debian package user-mode-linux"
MODULES = ("../lib/uml/modules", "lib/modules", "/usr/lib/uml/modules")
"""Where modules are, relative to the kernel's directory: as in Debian's package, then where
``make modules_install INSTALL_MOD_PATH=.`` installs those of a kernel just built."""
POWER_OFF_TIMEOUT = 10.0
PARAMETERS = (
    "rootfstype=hostfs",
    "rootflags=/",
    "rw",
    "oops=panic",
    "printk.time=1",
    # These two take 1.0 of the 1.4 seconds of a boot: one measures the speed of RAID 6, the other
    # looks for a compressor of swapped pages. The sandbox has neither.
    "initcall_blacklist=raid6_select_algo,init_zswap",
    # Its socket and pid file go to the working directory, not to the user's home.
    "uml_dir=.",
    "umid=kernel",
)


class KernelFailed(LioError):
    """The sandbox's kernel did not start, or ended before the program; its log says why."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """An installed user-mode kernel."""

    path: str
    release: str
    modules: Path


def find(name: str = "") -> Kernel:
    """Find a kernel by its file, its name on $PATH, or the Debian suite that has it.

    "" is the choice of the environment, or linux.uml. Fetches the kernel of a suite that was not
    used before. Raises NotFound, Unsupported, InvalidValue.
    """
    name = name or os.environ.get(CHOICE, "")
    if name and os.path.isfile(name):
        path = os.path.abspath(name)
    else:
        name = name or NAME
        path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{PATH}") or _of_suite(name)
    release = _release(path)
    return Kernel(os.path.abspath(path), release, _modules(path, release))


def _of_suite(name: str) -> str:
    # Imported here: few sandboxes run the kernel of a suite.
    from . import debian, suite_kernel

    if not debian.SUITE.fullmatch(name):
        raise NotFound(
            f"{name} not found: the sandbox needs the user-mode kernel",
            hint=f"{INSTALL}, or use that of a suite: --kernel trixie",
        )
    return str(suite_kernel.fetch(name))


def _release(kernel: str) -> str:
    """Return the release of a kernel, such as 6.12.113; raises Unsupported."""
    try:
        done = subprocess.run(
            [kernel, "--version"], capture_output=True, text=True, errors="replace"
        )
    except OSError as err:
        raise Unsupported(f"{kernel} does not run: {reason(err)}", hint=INSTALL) from err
    if done.returncode or not done.stdout.strip():
        why = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise Unsupported(f"{kernel} does not run: {why}", hint=INSTALL)
    return done.stdout.strip()


def _modules(kernel: str, release: str) -> Path:
    """Return the directory of a kernel's modules; raises NotFound."""
    beside = os.path.dirname(os.path.realpath(kernel))
    folders = [Path(os.path.normpath(os.path.join(beside, place, release))) for place in MODULES]
    for folder in folders:
        if folder.is_dir():
            return folder
    raise NotFound(f"{folders[0]} not found: the modules of {kernel}", hint=INSTALL)


def boot(kernel: Kernel, memory: int, folder: Path, guest: Guest, lock: int, timeout: float) -> int:
    """Boot the guest that ``Guest.write`` wrote to ``folder``; return the program's exit status.

    ``memory`` in bytes, ``timeout`` in seconds. Raises LioError.
    """
    log = guest.state / "console.log"
    arguments = [kernel.path, f"mem={memory}", *PARAMETERS, f'init="{folder}/init"']
    variables = {"PATH": PATH, "TMPDIR": str(_memory_folder(memory))}
    with ExitStack() as stack:
        # From here on, a signal must not arrive between the start of a process and its assignment.
        caught = stack.enter_context(caught_signals())
        lines = _Lines(stack)
        relay = _relay(lines, guest.streams, guest.mark.encode())
        with open(private.new_file(log), "wb", buffering=0) as console:
            process = subprocess.Popen(
                [*arguments, f"con0=null,fd:{console.fileno()}", *lines.arguments],
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                # If we are killed, the kernel keeps the lock until it ends.
                pass_fds=[*lines.theirs, console.fileno(), lock],
                # Keep the terminal's interrupt away from the kernel.
                start_new_session=True,
            )
        stack.callback(_end, process)
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
        lines.close_theirs()
        return _watch(relay, process, caught, timeout, log)


def _watch(
    relay: Relay, process: subprocess.Popen[bytes], caught: int, timeout: float, log: Path
) -> int:
    """Carry the streams until the end; raises KernelFailed if the kernel ends unexpectedly."""
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
    """Return why the kernel ended: its panic, or the last message of its first process."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    for number, line in enumerate(lines):
        panic = re.search(r"Kernel panic - not syncing: (.*)", line)
        if panic and "Attempted to kill init" in line:
            output = [earlier for earlier in lines[:number] if not earlier.startswith("[")]
            return output[-1] if output else panic[1]
        if panic:
            return panic[1]
    return lines[-1] if lines else "its log is empty"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the kernel and the guest's processes, each of which is a process of the host."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _memory_folder(size: int) -> Path:
    """Return a directory for the guest's memory file: executable, preferably in memory."""
    candidates = ["/dev/shm", os.environ.get("TMPDIR"), tempfile.gettempdir(), "/var/tmp"]
    for folder in filter(None, candidates):
        if not os.access(folder, os.W_OK | os.X_OK):
            continue
        room = os.statvfs(folder)
        if not room.f_flag & os.ST_NOEXEC and room.f_bavail * room.f_frsize >= size:
            return Path(folder)
    raise Unsupported(
        f"no temporary directory has room for {size >> 20} MiB of memory",
        hint="set TMPDIR to a directory that allows execution, or use less memory",
    )


class _Lines:
    """The pipes for the kernel's serial lines and its console 1."""

    def __init__(self, stack: ExitStack) -> None:
        self.arguments = ["con=null", "ssl=null"]
        self.theirs: list[int] = []
        self._stack = stack
        self._handed = stack.enter_context(ExitStack())

    def join(self, name: str, *directions: str) -> list[int]:
        """Return our ends of a line that is "in", "out" or both, from the guest's view."""
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
        """Close the kernel's ends once it has inherited them, so that ours see its end."""
        self._handed.close()


def _relay(lines: _Lines, streams: Streams, mark: bytes) -> Relay:
    """Connect the lines that init.sh opens to our standard streams."""
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
