# SPDX-License-Identifier: Apache-2.0
"""Prepare the guest: its mounts, environment, streams and program."""

from __future__ import annotations

import importlib.resources
import os
import re
import shlex
import stat
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from rtslib_ext.errors import InvalidValue
from rtslib_ext.fast_dataclasses import dataclass

from . import private
from .relay import window_size

INSIDE = "TARGETCLI_IN_SANDBOX"
"""The environment variable that is set in a sandbox."""
PASSED = re.compile(
    r"TERM|COLORTERM|NO_COLOR|LANG|LANGUAGE|LC_\w+|TZ|VIRTUAL_ENV|PYTHON\w*|CI|PAGER|LESS"
    r"|TARGETCLI_(?!HOME$)\w+"
)
"""Variables to pass on; not TARGETCLI_HOME: the preferences are those of the state."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CONFIGURATION, DISKS, PREFERENCES = "target", "disks", "preferences"
"""Directories of the state: /etc/target, /disks and ~/.targetcli of the guest."""
RUN = "run"
"""The directory of the state with the files of one run."""
SHADOWED = (Path("/run"), Path("/tmp"))
"""Empty in the guest, except the directories that the program needs."""
UNREACHABLE = (Path("/dev"), Path("/proc"), Path("/sys"))
SCRATCH = (Path("/mnt"), Path("/media"), Path("/srv"), Path("/opt"))
TARGETCLI = (
    sys.executable,
    "-c",
    "import sys; sys.path[:] = filter(None, sys.path); from targetcli.__main__ import main; main()",
)
"""targetcli in the guest. With -m, Python would import files of others in the current directory."""
STANDARD_LINKS = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}


@dataclass(frozen=True, slots=True)
class Streams:
    """The guest's standard streams: "console", "input", "output", "error", "same" or "null".

    "console" is the terminal, "same" the destination of output, the next three are pipes.
    """

    input: str
    output: str
    error: str
    settings: str = ""
    """The arguments of stty for the console; "" without one."""


def choose_streams(stdin: int = 0, stdout: int = 1, stderr: int = 2) -> Streams:
    """Choose the guest's streams; it has a console if standard output is a terminal.

    Otherwise a terminal is not read from: its keys are for the pager at the end of the pipe.
    """
    output = _kind(stdout, "output")
    source = _kind(stdin, "input")
    error = _kind(stderr, "error")
    if output != "console":
        if output != "null" and error != "null" and os.path.sameopenfile(stdout, stderr):
            error = "same"
        pipe = {"console": "error"}
        return Streams("null" if source == "console" else source, output, pipe.get(error, error))
    rows, columns = window_size(stdout)
    settings = f"rows {rows} cols {columns}"
    if source != "console":
        settings += " -echo -onlcr"  # the host's terminal does that
    return Streams(source, output, "same" if error == "console" else error, settings)


def _kind(descriptor: int, pipe: str) -> str:
    try:
        status = os.fstat(descriptor)
    except OSError:  # closed
        return "null"
    if stat.S_ISCHR(status.st_mode) and status.st_rdev == os.stat(os.devnull).st_rdev:
        return "null"
    return "console" if os.isatty(descriptor) else pipe


def environment(names: Iterable[str], state: Path) -> dict[str, str]:
    """Return the guest's environment: the usual variables of ours, and those named."""
    names = set(names)
    passed = {k: v for k, v in os.environ.items() if k in names or PASSED.fullmatch(k)}
    home = os.environ.get("HOME", "/run/home")
    path = [str(state / RUN / "bin"), *os.environ.get("PATH", PATH).split(":")]
    return passed | {
        "HOME": home if os.access(home, os.X_OK) or not os.path.exists(home) else "/run/home",
        "USER": "root",
        "LOGNAME": "root",
        # The guest's root is this user: it trusts the files of this user on the host.
        "SUDO_UID": str(os.geteuid()),
        "SHELL": "/bin/bash",
        "PATH": ":".join([*path, *(folder for folder in PATH.split(":") if folder not in path)]),
        "PYTHONPATH": ":".join(_python_path()),
        INSIDE: "1",
        "TARGETCLI_SANDBOX_STATE": str(state),
    }


def _python_path() -> list[str]:
    """Return the PYTHONPATH with which the guest imports this package."""
    given = [folder for folder in os.environ.get("PYTHONPATH", "").split(":") if folder]
    package = str(Path(__file__).resolve().parents[2])
    if package in given or package == sysconfig.get_path("purelib"):
        return given
    return [package, *given]


@dataclass(frozen=True, slots=True)
class Guest:
    """The parameters of init.sh."""

    state: Path
    release: str
    modules: Path
    """The directory of the kernel's modules."""
    streams: Streams
    mark: str
    environment: dict[str, str]
    load: tuple[str, ...]
    before: tuple[str, ...]
    command: tuple[str, ...]
    after: tuple[str, ...]

    def write(self, folder: Path) -> None:
        """Write all that the guest starts from into an empty directory."""
        script = importlib.resources.files(__package__).joinpath("init.sh")
        (folder / "init").write_bytes(script.read_bytes())
        (folder / "init").chmod(0o755)
        program = folder / "bin" / "targetcli"
        program.parent.mkdir()
        _write(program, ["#!/bin/sh", f'exec {shlex.join(TARGETCLI)} "$@"'])
        program.chmod(0o755)
        _write(folder / "parameters", self._parameters())
        _write(folder / "fstab", map(_fstab_line, self._mounts()))
        modules = folder / "lib" / "modules"
        modules.mkdir(parents=True)
        (modules / self.release).symlink_to(self.modules)
        devices = folder / "dev"
        devices.mkdir()
        for name, number in STANDARD_LINKS.items():
            (devices / name).symlink_to(f"/proc/self/fd{number}")
        for name in (CONFIGURATION, f"{CONFIGURATION}/pr", f"{CONFIGURATION}/alua"):
            private.part(self.state / name)
        for name in (DISKS, PREFERENCES):
            private.part(self.state / name)

    def _parameters(self) -> Iterator[str]:
        """Yield the variables of the script."""
        yield _assign("scratch", str(self._scratch()))
        yield _assign("directory", os.getcwd())
        yield _assign("mark", self.mark)
        yield _assign("input", self.streams.input)
        yield _assign("output", self.streams.output)
        yield _assign("error", self.streams.error)
        yield _assign_list("terminal", self.streams.settings.split())
        yield _assign_list("modules", self.load)
        yield _assign_list("before", self.before)
        yield _assign_list("command", self.command)
        yield _assign_list("after", self.after)
        yield _assign_list("environment", (f"{k}={v}" for k, v in self.environment.items()))

    def _scratch(self) -> Path:
        """Return an existing directory of the host to build the guest's root on."""
        for folder in SCRATCH:
            if folder.is_dir() and not self.state.is_relative_to(folder):
                return folder
        raise InvalidValue(f"{self.state} cannot hold a sandbox", hint="choose another directory")

    def _mounts(self) -> Iterator[tuple[str, Path, str, str]]:
        """Yield the mounts in order: (source, target, type, options)."""
        scratch = self._scratch()
        root = scratch / "root"
        layers = f"lowerdir=/,upperdir={scratch}/upper,workdir={scratch}/work"
        yield "overlay", root, "overlay", layers
        yield "proc", root / "proc", "proc", "defaults"
        yield "sysfs", root / "sys", "sysfs", "defaults"
        yield "configfs", root / "sys/kernel/config", "configfs", "defaults"
        yield "devtmpfs", root / "dev", "devtmpfs", "defaults"
        yield "devpts", root / "dev/pts", "devpts", "gid=5,mode=620,ptmxmode=666,X-mount.mkdir"
        yield "tmpfs", root / "dev/shm", "tmpfs", "mode=1777,X-mount.mkdir"
        # Before /tmp is hidden, because they may be below it.
        yield _bind(root / self.modules.relative_to("/"), root / "lib/modules" / self.release)
        yield from self._shadows(scratch, root)
        home = self.environment["HOME"]
        for source, target in (
            (self.state, self.state),
            (self.state / CONFIGURATION, Path("/etc/target")),
            (self.state / DISKS, Path("/disks")),
            (self.state / PREFERENCES, Path(home, ".targetcli")),
        ):
            yield _bind(source, root / target.relative_to("/"))

    def _shadows(self, scratch: Path, root: Path) -> Iterator[tuple[str, Path, str, str]]:
        """Yield empty mounts over /run and /tmp that keep the directories the program needs."""
        for place in SHADOWED:
            kept = _needed(place)
            if place in kept:
                continue
            inside = root / place.relative_to("/")
            for number, folder in enumerate(kept):
                yield _bind(root / folder.relative_to("/"), scratch / place.name / str(number))
            yield "tmpfs", inside, "tmpfs", "mode=1777" if place.name == "tmp" else "mode=755"
            for number, folder in enumerate(kept):
                yield _bind(scratch / place.name / str(number), root / folder.relative_to("/"))


def _needed(place: Path) -> list[Path]:
    """Return the directories below ``place`` that the program needs, without nested ones."""
    wanted = [os.getcwd(), sys.prefix, sys.base_prefix, os.path.dirname(sys.executable)]
    folders = sorted({Path(folder) for folder in [*wanted, *_python_path()]})
    kept: list[Path] = []
    for folder in folders:
        nested = any(folder.is_relative_to(other) for other in kept)
        if folder.is_relative_to(place) and folder.is_dir() and not nested:
            kept.append(folder)
    return kept


def _bind(source: Path, target: Path) -> tuple[str, Path, str, str]:
    return str(source), target, "none", "bind,X-mount.mkdir"


def _fstab_line(mount: tuple[str, Path, str, str]) -> str:
    source, target, kind, options = mount
    return " ".join(map(_escape, (source, str(target), kind, options)))


def _escape(word: str) -> str:
    return re.sub(r"[\s\\#]", lambda found: f"\\{ord(found[0]):03o}", word)


def _assign(name: str, value: str) -> str:
    return f"{name}={shlex.quote(value)}"


def _assign_list(name: str, values: Iterable[str]) -> str:
    return f"{name}=({shlex.join(values)})"


def _write(path: Path, lines: Iterable[str]) -> None:
    # Arguments and paths are bytes; fsencode restores those that Python decoded as surrogates.
    path.write_bytes(b"".join(os.fsencode(line) + b"\n" for line in lines))
