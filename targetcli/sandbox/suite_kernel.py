# SPDX-License-Identifier: Apache-2.0
"""The user-mode kernel of a Debian suite, fetched once and kept, with the C library it needs.

python -m targetcli.sandbox.suite_kernel DIRECTORY SUITE
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rtslib_ext.errors import InvalidValue, LioError, NotFound, reason

from . import debian, private

KERNEL = ("user-mode-linux", "libc6")
# patchelf is built with C++.
TOOLS = ("patchelf", "libc6", "libstdc++6", "libgcc-s1")
IMAGE = "usr/bin/linux.uml"
MARK = "complete"
"""The file of a complete tree: its path, which the loader's name contains, and the packages."""


def default_folder() -> Path:
    """Return the default directory for the kernels of suites."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "targetcli" / "kernels"


def fetch(suite: str, folder: Path | None = None) -> Path:
    """Return the path of a suite's user-mode kernel; fetch it if it is not in ``folder`` yet.

    A fetched kernel is used until its directory is deleted, without the network. Raises LioError.
    """
    debian.check_name(suite)
    if folder is None:
        folder = default_folder()
        # Its programs are run. A directory that was given is the caller's choice.
        private.directory(folder.absolute())
    folder = folder.absolute()
    tree = folder / suite
    if not _complete(tree):
        with _lock(folder):
            if not _complete(tree):  # another process has fetched it meanwhile
                _fetch(suite, folder, tree)
    return tree / IMAGE


def _complete(tree: Path) -> bool:
    """Return whether a tree is complete, and has not been moved."""
    try:
        return (tree / MARK).read_text().splitlines()[:1] == [str(tree)]
    except OSError:
        return False


def _fetch(suite: str, folder: Path, tree: Path) -> None:
    _report(f"Fetching the user-mode kernel of Debian {suite} …")
    new = Path(tempfile.mkdtemp(prefix="new-", dir=folder))
    try:
        with debian.opened(suite, folder) as opened:
            versions = opened.unpack(KERNEL, new)
            with tempfile.TemporaryDirectory(prefix="tools-", dir=folder) as tools:
                opened.unpack(TOOLS, Path(tools))
                _use_library_of(new, tree, Path(tools))
        (new / MARK).write_text("".join(f"{line}\n" for line in (tree, *versions)))
        new.chmod(0o755)
        shutil.rmtree(tree, ignore_errors=True)
        new.rename(tree)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    _report(f"Fetched {', '.join(versions)}; delete {tree} to fetch it again")


def _use_library_of(new: Path, tree: Path, tools: Path) -> None:
    """Make the kernel in ``new`` use the C library beside it, for its later place ``tree``.

    The kernel starts itself again, so the loader cannot be a command that takes its path.
    """
    loader = _loader(new)
    tools_loader = _loader(tools)
    words: list[str | Path] = [
        *(tools_loader, "--library-path", tools_loader.parent, tools / "usr/bin/patchelf"),
        *("--set-interpreter", tree / loader.relative_to(new)),
        *("--set-rpath", tree / loader.parent.relative_to(new), new / IMAGE),
    ]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise NotFound(f"patchelf failed: {done.stderr.strip()}")


def _loader(folder: Path) -> Path:
    """Return the loader of an unpacked libc6, beside its libraries; raises NotFound."""
    for library in folder.rglob("libc.so.6"):
        for loader in library.parent.glob("ld-linux*.so.*"):
            return loader
    raise NotFound(f"libc6 of Debian has no loader beside libc.so.6, in {folder}")


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time fetch kernels to a directory."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as err:
        raise InvalidValue(f"{folder}: {reason(err)}") from err
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Print the path of a suite's kernel; return the status."""
    folder, suite = arguments
    try:
        print(fetch(suite, Path(folder)))
    except LioError as err:
        print(err, *filter(None, [err.hint]), sep="\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
