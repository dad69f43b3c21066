# SPDX-License-Identifier: Apache-2.0
"""Run a program on a kernel of its own: the user-mode kernel, over the host's files.

Needs no root, and does not change the host: the guest's writes stay in its memory, except those to
one directory, the state. kernel.py runs the kernel, guest.py prepares what the guest starts from,
init.sh is its first process, relay.py carries its streams. suite_kernel.py and debian.py fetch the
kernel of another Debian suite.

    python -m targetcli.sandbox [OPTIONS] [PROGRAM [ARGUMENT ...]]
"""

from __future__ import annotations

import argparse
import errno
import fcntl
import os
import secrets
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rtslib_ext.errors import InUse, InvalidValue, LioError, Unsupported, reason
from rtslib_ext.fast_dataclasses import dataclass, replace

from ..sizes import parse_size
from . import guest, kernel, private

SMALLEST_MEMORY = 128 << 20
ANOTHER = "choose another directory for the state"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a sandbox; ``memory`` is a size such as 1G, ``boot_timeout`` in seconds."""

    state: Path | None = None
    """The directory to keep; None: a temporary one, kept only if the kernel failed."""
    memory: str = "1G"
    environment: tuple[str, ...] = ()
    """Names of environment variables to pass on, in addition to the usual ones."""
    modules: tuple[str, ...] = ()
    """Kernel modules to load before the program starts."""
    before: tuple[str, ...] = ()
    """A command to run first; if it fails, the program is not started."""
    after: tuple[str, ...] = ()
    """A command to run after the program, also if that fails."""
    kernel: str = ""
    """A program, or the name of a Debian suite; "": the usual one."""
    boot_timeout: float = 60.0


def default_state() -> Path:
    """Return the default directory of the state."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "targetcli" / "sandbox"


def kept(settings: Settings) -> str:
    """Return a line about the files that a sandbox keeps."""
    what = "/etc/target, /disks and the preferences"
    if settings.state is None:
        return f"sandbox: nothing is kept at its end; --state DIR keeps {what}"
    state = settings.state.absolute()
    return f"sandbox: {what} are kept in {state}; all else, /tmp too, is lost at its end"


def run_targetcli(arguments: Sequence[str], settings: Settings) -> int:
    """Run targetcli in the sandbox, on the configuration of the last run; return its status."""
    state = settings.state or default_state()
    program = guest.TARGETCLI
    saved = state / guest.CONFIGURATION / "saveconfig.json"
    settings = replace(
        settings,
        state=state,
        modules=("target_core_mod", *settings.modules),
        before=settings.before or ((*program, "restoreconfig") if saved.exists() else ()),
        # --yes: save an empty configuration as well.
        after=settings.after or (*program, "--yes", "saveconfig"),
    )
    return run([*program, *arguments], settings)


def run(command: Sequence[str], settings: Settings) -> int:
    """Run a program in the sandbox, from the current directory; return its exit status.

    A standard stream that is a terminal is a terminal in the sandbox, others are pipes. Raises
    LioError.
    """
    if guest.INSIDE in os.environ:
        raise Unsupported("a sandbox cannot run in a sandbox", hint="leave this one first")
    memory = _memory(settings.memory)
    chosen = kernel.find(settings.kernel)
    with _state(settings.state) as state, _lock(state) as lock, _run_folder(state) as folder:
        world = guest.Guest(
            state=state,
            release=chosen.release,
            modules=chosen.modules,
            streams=guest.choose_streams(),
            mark=secrets.token_hex(16),
            environment=guest.environment(settings.environment, state),
            load=settings.modules,
            before=settings.before,
            command=tuple(command),
            after=settings.after,
        )
        try:
            world.write(folder)
        except OSError as err:
            raise InvalidValue(f"{err.filename or state}: {reason(err)}", hint=ANOTHER) from err
        return kernel.boot(chosen, memory, folder, world, lock, settings.boot_timeout)


def _memory(size: str) -> int:
    """Return a size such as 512M in bytes; raises InvalidValue below the minimum, or for 1.5G."""
    try:
        number = 0 if "." in size else parse_size(size)
    except InvalidValue:
        number = 0
    if number < SMALLEST_MEMORY:
        raise InvalidValue(
            f"{size!r} is not a size of memory", hint="the default is 1G, the minimum 128M"
        )
    return number


@contextmanager
def _state(given: Path | None) -> Iterator[Path]:
    """Create the directory of the state if needed, and remove a temporary one at the end."""
    folder = given.absolute() if given else Path(tempfile.mkdtemp(prefix="targetcli-sandbox-"))
    if '"' in str(folder) or not str(folder).isprintable():
        raise InvalidValue(
            f"{str(folder)!r}: the kernel's command line cannot contain this name", hint=ANOTHER
        )
    if any(folder.is_relative_to(place) for place in guest.UNREACHABLE):
        raise InvalidValue(f"{folder} is a different directory in a sandbox", hint=ANOTHER)
    try:
        private.directory(folder)
    except OSError as err:
        raise InvalidValue(f"{folder} cannot be created: {err.strerror}", hint=ANOTHER) from err
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidValue(f"{folder} cannot be written to", hint=ANOTHER)
    keep = given is not None
    try:
        yield folder
    except kernel.KernelFailed:
        keep = True  # it contains the log
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _lock(state: Path) -> Iterator[int]:
    """Lock the state for one sandbox; yield the descriptor, which the kernel inherits."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(state / "lock", flags, 0o600)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a regular file")
    except OSError as err:
        raise InvalidValue(f"{state}/lock: {reason(err)}", hint=ANOTHER) from err
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            holder = os.read(descriptor, 20).decode().strip() or "?"
            raise InUse(
                f"{state} is in use by another sandbox, process {holder}",
                hint="end that one, or choose another directory",
            ) from err
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _run_folder(state: Path) -> Iterator[Path]:
    """Yield an empty directory for the files of the guest; remove it at the end."""
    folder = state / guest.RUN
    # It contains the program's environment.
    private.empty(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m targetcli.sandbox",
        description="Run a program on a kernel of its own, without root or changes to the host.",
    )
    parser.add_argument(
        "--state", type=Path, metavar="DIRECTORY", help="keep the state in this directory"
    )
    parser.add_argument(
        "--memory", default="1G", metavar="SIZE", help="memory of the guest (default: 1G)"
    )
    parser.add_argument(
        "--kernel", default="", help="its file, or a Debian suite such as trixie, which is fetched"
    )
    for name, what in (
        ("env", "pass on this environment variable"),
        ("module", "load this kernel module first"),
    ):
        parser.add_argument(
            f"--{name}", action="append", default=[], metavar="NAME", help=f"{what} (repeatable)"
        )
    parser.add_argument("program", nargs="?", default="/bin/bash", help="default: a shell")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of the program")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    options = _parser().parse_args(arguments)
    settings = Settings(
        state=options.state,
        memory=options.memory,
        environment=tuple(options.env),
        modules=tuple(options.module),
        kernel=options.kernel,
    )
    try:
        return run([options.program, *options.arguments], settings)
    except LioError as err:
        print(err, *filter(None, [err.hint]), sep="\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before the kernel was started
        return 128 + signal.SIGINT
