# SPDX-License-Identifier: Apache-2.0
"""Runs a program on a kernel of its own: the user-mode kernel, over the host's files.

No root, and no change to the host: what the guest writes stays in its memory, but for one
folder, the state. The rest is in sandbox_kernel.py (the process), sandbox_guest.py (what the
guest is given), sandbox_init.sh (what it does first) and sandbox_relay.py (its streams).

    python -m targetcli.sandbox [OPTIONS] [PROGRAM [ARGUMENT ...]]
"""

from __future__ import annotations

import argparse
import fcntl
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rtslib_ext.errors import InUse, InvalidValue, LioError, Unsupported
from rtslib_ext.fast_dataclasses import dataclass, replace

from . import guest, kernel

SMALLEST_MEMORY = 128 << 20
ANOTHER = "choose another folder for the state"
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run a sandbox."""

    state: Path | None = None
    """The folder that stays; None: a temporary one, left only when the kernel failed."""
    memory: str = "1G"
    environment: tuple[str, ...] = ()
    """Names of variables to pass on, besides the usual ones."""
    modules: tuple[str, ...] = ()
    """Kernel modules to load before the program starts."""
    before: tuple[str, ...] = ()
    """A command to run first; when it fails the program is not started."""
    after: tuple[str, ...] = ()
    """A command to run when the program has ended, whatever its status."""
    kernel: str = kernel.NAME
    boot_timeout: float = 60.0


def default_state() -> Path:
    """The folder for sandboxes that keep their configuration, unless another one is named."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "targetcli" / "sandbox"


def run_targetcli(arguments: Sequence[str], settings: Settings) -> int:
    """Run targetcli in the sandbox, on the configuration the last run left there."""
    state = settings.state or default_state()
    program = (sys.executable, "-m", "targetcli")
    saved = state / guest.CONFIGURATION / "saveconfig.json"
    settings = replace(
        settings,
        state=state,
        modules=("target_core_mod", *settings.modules),
        before=settings.before or ((*program, "restoreconfig") if saved.exists() else ()),
        # --yes: an emptied configuration is kept as well.
        after=settings.after or (*program, "--yes", "saveconfig"),
    )
    return run([*program, *arguments], settings)


def run(command: Sequence[str], settings: Settings) -> int:
    """Run one program in the sandbox, from the current directory; its exit status.

    A standard stream that is a terminal is one in the sandbox, another is a pipe.
    """
    if guest.INSIDE in os.environ:
        raise Unsupported("a sandbox cannot run in a sandbox", hint="leave this one first")
    memory = _bytes(settings.memory)
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
        world.write(folder)
        return kernel.boot(chosen, memory, folder, world, lock, settings.boot_timeout)


def _bytes(size: str) -> int:
    """The number a size such as 512M stands for."""
    found = re.fullmatch(r"(\d+)([KMG]?)(?:i?B)?", size, re.IGNORECASE)
    number = int(found[1]) * UNITS[found[2].upper()] if found else 0
    if number < SMALLEST_MEMORY:
        raise InvalidValue(f"{size!r} is not a size of memory", hint="1G is usual, 128M the least")
    return number


@contextmanager
def _state(given: Path | None) -> Iterator[Path]:
    """The state folder, made where it is missing."""
    folder = given.absolute() if given else Path(tempfile.mkdtemp(prefix="targetcli-sandbox-"))
    if '"' in str(folder) or not str(folder).isprintable():
        raise InvalidValue(f"{str(folder)!r}: the name cannot be told to a kernel", hint=ANOTHER)
    if any(folder.is_relative_to(place) for place in guest.UNREACHABLE):
        raise InvalidValue(f"{folder} is not the same folder in a sandbox", hint=ANOTHER)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as err:
        raise InvalidValue(f"{folder} cannot be made: {err.strerror}", hint=ANOTHER) from err
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidValue(f"{folder} cannot be written to", hint=ANOTHER)
    keep = given is not None
    try:
        yield folder
    except kernel.KernelFailed:
        keep = True  # its log is there
        raise
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _lock(state: Path) -> Iterator[int]:
    """Hold the state for one sandbox: a descriptor to hand to the kernel."""
    descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            holder = os.read(descriptor, 20).decode().strip() or "?"
            raise InUse(
                f"{state} is in use by another sandbox, process {holder}",
                hint="end that one, or choose another folder",
            ) from err
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _run_folder(state: Path) -> Iterator[Path]:
    """An empty folder in the state for what the guest starts from; gone at the end."""
    folder = state / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)  # the program's environment is in there
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m targetcli.sandbox",
        description="Run a program on a kernel of its own, without root, changing nothing here.",
    )
    parser.add_argument("--state", type=Path, metavar="FOLDER", help="keep the state here")
    parser.add_argument("--memory", default="1G", metavar="SIZE", help="the guest's (default: 1G)")
    parser.add_argument("--kernel", default=kernel.NAME, metavar="FILE", help="the kernel to run")
    for name, what in (
        ("env", "pass on this variable"),
        ("module", "load this kernel module first"),
    ):
        parser.add_argument(
            f"--{name}", action="append", default=[], metavar="NAME", help=f"{what} (repeatable)"
        )
    parser.add_argument("program", nargs="?", default="/bin/bash", help="default: a shell")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of the program")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: run any program."""
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
    except KeyboardInterrupt:  # before there was a kernel to end
        return 128 + signal.SIGINT
