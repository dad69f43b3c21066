# SPDX-License-Identifier: Apache-2.0
"""Files that only trusted users can have placed: open them by the descriptor of their directory.

Root must not follow a symbolic link that another user planted, nor read or replace such a file.
Trusted are root, the user of this process, and the user that ran it through sudo. Everything is
opened below a descriptor of its directory, without following links, so the checked file is the one
that is used.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..errors import LioError
from . import bounded

_PARENT_MODE = 0o755
_MODE = 0o700
# As the kernel's limit (include/linux/namei.h, MAXSYMLINKS).
_MOST_LINKS = 40
# Seconds to wait for data from a pipe that this process inherited.
_PIPE_SECONDS = 30.0
# bash names such a pipe below /dev, zsh below /proc.
_INHERITED = re.compile(r"/dev/stdin|/(?:dev|proc/self)/fd/(\d{1,9})", re.ASCII)
_UID = re.compile(r"\d{1,10}", re.ASCII)
_NAME_IT = "name the file that it leads to"
# Links to what this process inherited, which may be a pipe.
_OUTPUTS = ("/dev/stdout", "/dev/stderr")
_DIRECTORY = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Untrusted(LioError):
    """Others may have placed or changed a file: check it, and correct its owner or mode."""


# -- directories ----------------------------------------------------------------------------


@contextmanager
def directory(path: str, *, create: bool = False, sync: bool = False) -> Iterator[tuple[int, str]]:
    """Yield (descriptor of the directory of a file, name of the file in it), all links followed.

    The name is no symbolic link, and may not exist. With ``create``, missing directories are made
    with mode 0700, their parents with 0755, under any umask; with ``sync``, they are on disk then.
    Raises OSError; Untrusted for a link that others may have placed.
    """
    walk = Walk(os.path.abspath(path), create=create, sync=sync)
    try:
        name = walk.run()
        yield walk.handle, name
    finally:
        walk.close()


def make_directory(path: str) -> None:
    """Create a directory with mode 0700 if it is missing, and its parents with 0755.

    Raises OSError, Untrusted.
    """
    with directory(f"{path}/new", create=True):
        pass


class Walk:
    """A walk from the root to the directory of a file, one component at a time."""

    def __init__(self, path: str, *, create: bool = False, sync: bool = False) -> None:
        self.path, self.create, self.sync = path, create, sync
        self.handle = os.open("/", os.O_PATH | _DIRECTORY)
        self.left = path.split("/")[::-1]
        self.passed: list[str] = []
        self.links = 0

    def close(self) -> None:
        """Close the descriptor of the directory."""
        os.close(self.handle)

    def run(self) -> str:
        """Walk to the directory; return the name of the file in it, "." for the directory.

        Raises OSError; Untrusted for a link that others may have placed.
        """
        while self.left:
            name = self.left.pop()
            if name in ("", "."):
                continue
            status = self._status(name)
            if status and stat.S_ISLNK(status.st_mode):
                self._follow(name, status)
            elif not self.left:
                return name
            else:
                self._enter(name, exists=status is not None)
        return "."

    def _status(self, name: str) -> os.stat_result | None:
        with suppress(FileNotFoundError):
            return os.stat(name, dir_fd=self.handle, follow_symlinks=False)
        return None

    def _follow(self, name: str, status: os.stat_result) -> None:
        self.links += 1
        if self.links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), self.path)
        link, folder = self.shown(name), self.shown()
        if status.st_uid not in trusted_users():
            raise Untrusted(f"{link} is a symbolic link of {user(status)}", hint=_NAME_IT)
        if is_open_to_others(os.fstat(self.handle)):
            raise Untrusted(
                f"{link} is a symbolic link, and others can write to {folder}", hint=_NAME_IT
            )
        target = os.readlink(name, dir_fd=self.handle)
        self.left += target.split("/")[::-1]
        if target.startswith("/"):
            self._stand(os.open("/", os.O_PATH | _DIRECTORY))
            self.passed = []

    def _enter(self, name: str, *, exists: bool) -> None:
        if not exists and self.create and name != "..":
            self._make(name)
        try:
            self._stand(os.open(name, os.O_PATH | _DIRECTORY, dir_fd=self.handle))
        except OSError as err:
            raise OSError(err.errno, err.strerror, self.path) from None
        self.passed = self.passed[:-1] if name == ".." else [*self.passed, name]
        self.entered()

    def entered(self) -> None:
        """Look at the directory at which the walk has arrived."""

    def _make(self, name: str) -> None:
        check_directory(self.handle, self.shown())
        with suppress(FileExistsError):
            # At most this mode, regardless of the umask.
            os.mkdir(name, _MODE if len(self.left) == 1 else _PARENT_MODE, dir_fd=self.handle)
        if self.sync:
            sync_directory(self.handle)

    def _stand(self, handle: int) -> None:
        os.close(self.handle)
        self.handle = handle

    def shown(self, *names: str) -> str:
        """Return the path of the directory, or of a name in it, without links."""
        return "/" + "/".join((*self.passed, *names))


def sync_directory(handle: int) -> None:
    """Wait until the names in a directory are on disk. Raises OSError."""
    # A descriptor that was opened with O_PATH cannot be synced.
    opened = os.open(".", os.O_RDONLY | _DIRECTORY, dir_fd=handle)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


# -- trust --------------------------------------------------------------------------


def trusted_users() -> frozenset[int]:
    """Return the user ids of root, of this process, and of the user before sudo."""
    before = os.environ.get("SUDO_UID", "")
    return frozenset({0, os.geteuid(), *([int(before)] if _UID.fullmatch(before) else ())})


def is_open_to_others(status: os.stat_result) -> bool:
    """Return True if users that are not trusted can write to a file or directory.

    A group with the number of the owner counts as the private group of that user.
    """
    group = bool(status.st_mode & stat.S_IWGRP) and status.st_gid != status.st_uid
    others = bool(status.st_mode & stat.S_IWOTH)
    return group or others or status.st_uid not in trusted_users()


def check_directory(handle: int, path: str) -> None:
    """Raise Untrusted for a directory in which others can replace files.

    In one with the sticky bit, such as /tmp, they can only create some.
    """
    status = os.fstat(handle)
    if status.st_uid not in trusted_users():
        raise Untrusted(
            f"the directory {path} belongs to {user(status)}", hint="use a directory of root"
        )
    if is_open_to_others(status) and not status.st_mode & stat.S_ISVTX:
        raise Untrusted(
            f"others can write to the directory {path} (mode {_mode(status)})",
            hint=f"chmod go-w {path}, or use another directory",
        )


def check_private(handle: int, path: str) -> None:
    """Raise Untrusted for a directory in which others can create files, as in /tmp."""
    check_directory(handle, path)
    status = os.fstat(handle)
    if is_open_to_others(status):
        raise Untrusted(
            f"others can write to the directory {path} (mode {_mode(status)})",
            hint="use a directory of your own",
        )


def check_replaceable(status: os.stat_result, path: str) -> None:
    """Raise Untrusted unless this is a regular file of a trusted user, which may be replaced."""
    if not stat.S_ISREG(status.st_mode):
        raise Untrusted(f"{path} is not a regular file", hint="use the name of a file")
    if status.st_uid not in trusted_users():
        raise Untrusted(
            f"{path} belongs to {user(status)}, so it was not replaced",
            hint=f"chown root {path}, or use another name",
        )


def check_file(status: os.stat_result, path: str) -> None:
    """Raise Untrusted unless this is a regular file that only trusted users can write to."""
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(status.st_mode):
        raise Untrusted(f"{path} is not a regular file", hint="use the name of a file")
    if kernel := _file_system_of_kernel(status):
        raise Untrusted(f"{path} is a file of the kernel ({kernel})", hint="use another file")
    if status.st_uid not in trusted_users():
        hint = f"check it, then chown root {path}"
        raise Untrusted(f"{path} belongs to {user(status)}", hint=hint)
    if is_open_to_others(status):
        raise Untrusted(
            f"others can write to {path} (mode {_mode(status)})",
            hint=f"check it, then chmod go-w {path}",
        )


def _file_system_of_kernel(status: os.stat_result) -> str:
    if status.st_size:
        return ""
    # Imported here: most files have a size.
    from . import mounts

    return mounts.of_kernel(status)


def user(status: os.stat_result) -> str:
    """Return the owner of a file for a message: "user bob", or "uid 1000" without a name."""
    import pwd

    try:
        return f"user {pwd.getpwuid(status.st_uid).pw_name}"
    except KeyError:
        return f"uid {status.st_uid}"


def _mode(status: os.stat_result) -> str:
    return f"{stat.S_IMODE(status.st_mode):04o}"


# -- reading --------------------------------------------------------------------------------


def read(path: str, limit: int) -> bytes:
    """Return the contents of a regular file of trusted users, at most ``limit`` bytes.

    /dev/stdin and /dev/fd/NUMBER are descriptors that this process inherited; they may be pipes.
    Raises Untrusted; OSError: EFBIG if it has more bytes.
    """
    inherited = _INHERITED.fullmatch(path)
    if inherited:
        return _read_inherited(int(inherited[1] or 0), path, limit)
    handle = open_file(path)
    try:
        return bounded.from_descriptor(handle, path, limit)
    finally:
        os.close(handle)


def is_inherited(path: str) -> bool:
    """Return True for the name of a descriptor that this process inherited, such as /dev/fd/63."""
    return _INHERITED.fullmatch(path) is not None


def open_file(path: str) -> int:
    """Return a descriptor to read a regular file of trusted users. Raises OSError, Untrusted."""
    with directory(path) as (folder, name):
        # Opening a device or a pipe may have effects, or block.
        check_file(os.stat(name, dir_fd=folder, follow_symlinks=False), path)
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        handle = os.open(name, flags, dir_fd=folder)
    try:
        check_file(os.fstat(handle), path)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _read_inherited(handle: int, path: str, limit: int) -> bytes:
    kind = os.fstat(handle).st_mode
    if stat.S_ISFIFO(kind):
        # The caller may hold the lock.
        return bounded.from_descriptor(handle, path, limit, _PIPE_SECONDS)
    if not stat.S_ISREG(kind):
        raise Untrusted(f"{path} is neither a file nor a pipe", hint="use the name of a file")
    return bounded.from_descriptor(handle, path, limit)


# -- appending ------------------------------------------------------------------------------


def open_to_append(path: str) -> int:
    """Return a descriptor to append to a file of trusted users, created with mode 0600.

    It may be a device or a pipe, which is not waited for. Raises OSError; Untrusted for a file of
    another user, and for a symbolic or hard link that others may have placed.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    if path in _OUTPUTS:
        return os.open(path, flags, 0o600)
    with directory(path) as (folder, name):
        is_open = is_open_to_others(os.fstat(folder))
        handle = os.open(name, flags | os.O_NOFOLLOW, 0o600, dir_fd=folder)
    status = os.fstat(handle)
    wrong = f"{path} belongs to {user(status)}" if status.st_uid not in trusted_users() else ""
    if is_open and status.st_nlink > 1:
        wrong = wrong or f"{path} has {status.st_nlink} names, and others can create names there"
    if wrong:
        os.close(handle)
        raise Untrusted(wrong, hint="use another name")
    return handle
