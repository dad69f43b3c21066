# SPDX-License-Identifier: Apache-2.0
"""The seam to the kernel: the operations of configfs, with counted calls and explained errors.

Every path is relative to the root of the target tree, for instance ``core/fileio_0/disk``.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NewType

from ..errors import KernelRefused, reason
from ..fast_dataclasses import dataclass

if TYPE_CHECKING:
    from typing import Protocol
else:
    # Creating a Protocol at run time is slow.
    Protocol = object

ROOT = "/sys/kernel/config/target"

ConfigfsPath = NewType("ConfigfsPath", str)
"""The path of a directory in the target tree; ``kernel.paths`` spells them."""


def is_within(path: str, above: str) -> bool:
    """Return True for ``above`` itself and for every path below it; all are below "", the root."""
    return not above or path == above or path.startswith(f"{above}/")


# An attribute file of configfs holds at most one page (fs/configfs/file.c), so one read returns all
# of it.
_PAGE = 65536
# A file with a number is shorter than this; room for a page would take longer than the read.
_NUMBER = 128
# So many files are worth two calls for the directory that they have in common.
_MANY = 16

# The C library's buffer limits what getdents64 returns in one call.
_DIRENT_BUFFER = 32768
_DIRENT_HEADER = 19
# The number of entries with the longest names that fit into it.
_DIRENTS_AT_LEAST = _DIRENT_BUFFER // 280

_WHY = {
    ("mkdir", errno.EEXIST): "it already exists",
    ("mkdir", errno.EINVAL): "the kernel refuses the name, or another object uses it",
    ("mkdir", errno.ENOENT): "its parent does not exist",
    ("rmdir", errno.EBUSY): "it is still in use",
    ("rmdir", errno.ENOTEMPTY): "it still contains other objects",
    ("rmdir", errno.ENOENT): "it does not exist",
    ("symlink", errno.EEXIST): "it is already mapped",
    ("write", errno.EINVAL): "the kernel refuses this value",
    ("write", errno.EBUSY): "it is in use",
    ("open", errno.ENOENT): "this kernel does not have it",
    ("write", errno.ENOSYS): "this kernel does not support it",
    ("write", errno.EPERM): "the kernel does not permit it here",
    ("read", errno.ENOENT): "this kernel does not have it",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One directory entry; ``kind`` is "dir", "link" or "file"."""

    name: str
    kind: str


def explain(operation: str, file: str, error: OSError, stage: str = "") -> KernelRefused:
    """Return a KernelRefused for a failed call on ``file``, with the general cause.

    ``stage`` is the part of the operation that failed, if it changes the cause. The cause on a
    specific object comes from ``refusals``.
    """
    number = error.errno or 0
    message = _WHY.get((stage or operation, number), reason(error))
    return KernelRefused(message, errno=number, operation=operation, file=file)


class ReadFS(Protocol):
    """A target tree that can be read; every method that can fail raises KernelRefused."""

    missing: int = 0
    """How many files and directories to read did not exist."""

    def note_missing(self) -> None:
        """Count a file or directory that was not found.

        ``reading.consistent`` compares the count before and after it reads an object: another
        process may have deleted the object meanwhile, and the result is then incomplete.
        """
        self.missing += 1

    def absolute(self, path: str) -> str:
        """Return the path on the host."""

    def scan(self, path: ConfigfsPath) -> list[Entry]:
        """Return the entries of a directory, in the kernel's order."""

    def read(self, path: str) -> str:
        """Return the text of an attribute without its final newline."""

    def readlink(self, path: str) -> ConfigfsPath:
        """Return the target of a symbolic link, relative to the root."""

    def is_dir(self, path: ConfigfsPath) -> bool:
        """Return True if the path is a directory."""

    def exists(self, path: str) -> bool:
        """Return True if the file or directory exists."""

    def modes(self, path: ConfigfsPath, names: Iterable[str]) -> dict[str, int]:
        """Return the modes (st_mode) of the named files in a directory."""

    def directories(self, path: ConfigfsPath) -> list[str]:
        """Return the names of the directories in a directory; [] if it does not exist."""
        try:
            return [entry.name for entry in self.scan(path) if entry.kind == "dir"]
        except KernelRefused as err:
            if err.errno in (errno.ENOENT, errno.ENOTDIR):
                self.note_missing()
                return []
            raise

    def read_if_there(self, path: str) -> str | None:
        """Return the text of an attribute; None if it is missing or cannot be read."""
        try:
            return self.read(path)
        except KernelRefused as err:
            if err.errno == errno.ENOENT:
                self.note_missing()
            return None

    def numbers(self, files: Iterable[str]) -> list[int | None]:
        """Return the numbers that files show; None for one without, or that cannot be read."""
        texts = (self.read_if_there(file) or "" for file in files)
        return [_number(text.encode("utf-8", "surrogateescape")) for text in texts]


class WriteFS(ReadFS, Protocol):
    """A target tree that can also be changed."""

    changes: int
    """How many calls changed something."""

    def write(self, path: str, value: str) -> None:
        """Write an attribute in one system call; the kernel accepts or refuses all of it."""

    def mkdir(self, path: ConfigfsPath) -> None:
        """Create an object."""

    def rmdir(self, path: ConfigfsPath) -> None:
        """Delete an object."""

    def symlink(self, target: ConfigfsPath, path: str) -> None:
        """Link ``path`` to the object ``target``."""

    def unlink(self, path: str) -> None:
        """Delete a symbolic link."""

    def chmod(self, path: str, mode: int) -> None:
        """Set the permission bits of an attribute."""

    def is_linked(self, path: ConfigfsPath) -> bool:
        """Return True if links of other objects lead to an object that has a link in it."""


class ConfigFS(WriteFS):
    """The target tree in configfs; counts its system calls by name in ``calls``.

    Every method except is_dir and exists raises KernelRefused, which has the errno.
    """

    def __init__(self, root: str = ROOT) -> None:
        self.root = root
        self.calls: Counter[str] = Counter()
        self.changes = 0

    @property
    def total_calls(self) -> int:
        """The number of system calls made through this object."""
        return sum(self.calls.values())

    def absolute(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root

    def scan(self, path: ConfigfsPath) -> list[Entry]:
        try:
            with os.scandir(self.absolute(path)) as listing:
                entries = [Entry(item.name, _kind(item)) for item in listing]
        except OSError as err:
            self.calls["scan"] += 1
            raise explain("scan", path, err) from err
        # openat, fstat, getdents64 twice (the second returns nothing), close
        self.calls["scan"] += 5
        if len(entries) >= _DIRENTS_AT_LEAST:
            self.calls["scan"] += _extra_getdents(entries)
        return entries

    def read(self, path: str) -> str:
        try:
            handle = os.open(self.absolute(path), os.O_RDONLY)
        except OSError as err:
            self.calls["read"] += 1
            raise explain("read", path, err) from err
        self.calls["read"] += 3
        try:
            data = os.read(handle, _PAGE)
        except OSError as err:
            raise explain("read", path, err) from err
        finally:
            os.close(handle)
        # Some files end in a NUL (drivers/target/target_core_configfs.c, vpd texts).
        return data.decode("utf-8", "surrogateescape").rstrip("\0").removesuffix("\n")

    def numbers(self, files: Iterable[str]) -> list[int | None]:
        # There are several for each object, so this does no more than the calls.
        names = list(files)
        directory, length = self._common_directory(names)
        root, refused = f"{self.root}/" if directory is None else "", 0
        found: list[int | None] = []
        for name in names:
            try:
                handle = os.open(root + name[length:], os.O_RDONLY, dir_fd=directory)
            except OSError:
                refused += 1
                found.append(None)
                continue
            try:
                data = os.read(handle, _NUMBER)
            except OSError:
                # ENODEV: there is no session, or no storage object.
                data = b""
            os.close(handle)
            found.append(_number(data))
        if directory is not None:
            os.close(directory)
        self.calls["read"] += 3 * len(found) - 2 * refused + 2 * (directory is not None)
        return found

    def _common_directory(self, names: list[str]) -> tuple[int | None, int]:
        """Open the directory that has many files below it: (descriptor, length of its path).

        To open a file from there, the kernel has fewer names to look up. (None, 0) for few files.
        """
        if len(names) < _MANY:
            return None, 0
        length = os.path.commonprefix(names).rfind("/") + 1
        try:
            return os.open(f"{self.root}/{names[0][:length]}", os.O_PATH | os.O_DIRECTORY), length
        except OSError:
            return None, 0

    def write(self, path: str, value: str) -> None:
        try:
            handle = os.open(self.absolute(path), os.O_WRONLY)
        except OSError as err:
            self.calls["write"] += 1
            raise explain("write", path, err, "open") from err
        self.calls["write"] += 3
        try:
            # A write of no bytes never reaches the object (fs/configfs/file.c).
            os.write(handle, value.encode("utf-8", "surrogateescape") or b"\n")
            self.changes += 1
        except OSError as err:
            raise explain("write", path, err) from err
        finally:
            os.close(handle)

    def mkdir(self, path: ConfigfsPath) -> None:
        self._change("mkdir", path, os.mkdir)

    def rmdir(self, path: ConfigfsPath) -> None:
        self._change("rmdir", path, os.rmdir)

    def symlink(self, target: ConfigfsPath, path: str) -> None:
        source = self.absolute(target)
        self._change("symlink", path, lambda link: os.symlink(source, link))

    def unlink(self, path: str) -> None:
        self._change("unlink", path, os.unlink)

    def chmod(self, path: str, mode: int) -> None:
        self._change("chmod", path, lambda file: os.chmod(file, mode))

    def readlink(self, path: str) -> ConfigfsPath:
        self.calls["readlink"] += 1
        try:
            text = os.readlink(self.absolute(path))
        except OSError as err:
            raise explain("readlink", path, err) from err
        # configfs returns "../../target/core/…" for any text written (fs/configfs/symlink.c).
        relative = text.rpartition("target/")[2] if text.startswith("..") else self._relative(text)
        return ConfigfsPath(relative)

    def is_linked(self, path: ConfigfsPath) -> bool:
        # A directory with a link in it cannot be removed; the kernel says EBUSY instead if links
        # of other objects lead to it, too (fs/configfs/dir.c, configfs_detach_prep).
        try:
            self.rmdir(path)
        except KernelRefused as err:
            if err.errno not in (errno.EBUSY, errno.ENOTEMPTY):
                raise
            return err.errno == errno.EBUSY
        self.mkdir(path)
        return False

    def is_dir(self, path: ConfigfsPath) -> bool:
        self.calls["stat"] += 1
        try:
            return stat.S_ISDIR(os.stat(self.absolute(path)).st_mode)
        except OSError:
            return False

    def exists(self, path: str) -> bool:
        self.calls["stat"] += 1
        return os.path.exists(self.absolute(path))

    def modes(self, path: ConfigfsPath, names: Iterable[str]) -> dict[str, int]:
        result = {}
        for name in names:
            self.calls["stat"] += 1
            try:
                result[name] = os.stat(self.absolute(f"{path}/{name}")).st_mode
            except OSError as err:
                raise explain("stat", f"{path}/{name}", err) from err
        return result

    def _relative(self, text: str) -> str:
        return text.removeprefix(self.root).lstrip("/")

    def _change(self, operation: str, file: str, call: Callable[[str], None]) -> None:
        self.calls[operation] += 1
        try:
            call(f"{self.root}/{file}")
        except OSError as err:
            raise explain(operation, file, err) from err
        self.changes += 1


def _number(data: bytes) -> int | None:
    """Return a number that the kernel shows: 64 bits; None for any other text."""
    try:
        number = int(data)
    except ValueError:
        return None
    return number if -(1 << 63) <= number < 1 << 64 else None


def _kind(item: os.DirEntry[str]) -> str:
    if item.is_symlink():
        return "link"
    return "dir" if item.is_dir(follow_symlinks=False) else "file"


def _extra_getdents(entries: list[Entry]) -> int:
    names = [".", "..", *(entry.name for entry in entries)]
    # Each name has a NUL and is padded to a multiple of eight (include/linux/dirent.h).
    size = sum((_DIRENT_HEADER + len(os.fsencode(name)) + 8) // 8 * 8 for name in names)
    return (size - 1) // _DIRENT_BUFFER
