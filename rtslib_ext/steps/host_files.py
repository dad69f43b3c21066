# SPDX-License-Identifier: Apache-2.0
"""Operations on the files and devices of this host that stand behind storage objects."""

from __future__ import annotations

import errno
import os

from ..errors import Exists, InUse, InvalidValue, KernelRefused, LioError, NotFound
from ..fast_dataclasses import dataclass
from ..host import devices, system
from ..kernel.configfs import ConfigFS, LaidFiles, explain
from .context import Context, Operation

# What is left for the programs that run, bytes.
_SPARED = 32 << 20


@dataclass(frozen=True, slots=True)
class MakeFile:
    """Make a new backing file of ``size`` bytes."""

    file: str
    size: int
    sparse: bool = True

    def do(self, context: Context) -> None:
        if context.fs.laid_files is not None:
            self._lay(context.fs.laid_files)
            return
        try:
            handle = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as err:
            raise Exists(f"{self.file} exists already") from err
        except OSError as err:
            raise _refused("open", self.file, err, f"Could not open {self.file}") from err
        try:
            grow = os.ftruncate if self.sparse else _allocate
            grow(handle, self.size)
        except OverflowError as err:
            os.unlink(self.file)
            raise LioError(f"The file size is too large ({self.size} bytes)") from err
        except OSError as err:
            os.unlink(self.file)
            label = f"Could not expand file to {self.size} bytes"
            operation = "ftruncate" if self.sparse else "fallocate"
            raise _refused(operation, self.file, err, label) from err
        finally:
            os.close(handle)

    def _lay(self, files: LaidFiles) -> None:
        if self.file in files or os.path.lexists(self.file):
            raise Exists(f"{self.file} exists already")
        if not os.path.isdir(os.path.dirname(self.file)):
            err = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            raise _refused("open", self.file, err, f"Could not open {self.file}")
        files.add(self.file)

    def inverse(self) -> Operation:
        return RemoveFile(self.file)


@dataclass(frozen=True, slots=True)
class RemoveFile:
    """Remove a backing file that was made in vain."""

    file: str

    def do(self, context: Context) -> None:
        if context.fs.laid_files is not None:
            context.fs.laid_files.discard(self.file)
            return
        try:
            os.unlink(self.file)
        except FileNotFoundError:
            return
        except OSError as err:
            raise LioError(f"{self.file} cannot be removed: {_reason(err)}") from err

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class GrowFile:
    """Make a backing file ``size`` bytes long where it is shorter; its data stays."""

    file: str
    size: int

    def do(self, context: Context) -> None:
        try:
            if os.path.getsize(self.file) < self.size and context.fs.laid_files is None:
                os.truncate(self.file, self.size)
        except OverflowError as err:
            raise LioError(f"The file size is too large ({self.size} bytes)") from err
        except OSError as err:
            label = f"Could not expand file to {self.size} bytes"
            raise _refused("ftruncate", self.file, err, label) from err

    def inverse(self) -> Operation | None:
        # Whatever was written behind the old end is not thrown away.
        return None


@dataclass(frozen=True, slots=True)
class CheckFree:
    """Stop where a device is held by somebody: the kernel would say less about it."""

    file: str

    def do(self, context: Context) -> None:
        if devices.is_exclusive_open(self.file):
            raise in_use(context.fs, self.file, f"device {self.file}")

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class CheckThere:
    """Stop where a backing file is missing: the kernel would make an empty one, even in /dev.

    A file system that is not mounted yet must not become a disk without data
    (drivers/target/target_core_file.c, fd_configure_device).
    """

    file: str

    def do(self, context: Context) -> None:
        if not os.path.exists(self.file) and self.file not in (context.fs.laid_files or ()):
            raise NotFound(
                f"{self.file} is not there",
                hint="mount its file system, or make an empty one with truncate",
            )

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class CheckMemory:
    """Stop where a ramdisk is larger than the memory that is free.

    The kernel would take all there is, and then end other programs to get more: so it is, too,
    where many small ones take the last of it.
    """

    size: int

    def do(self, context: Context) -> None:
        available = system.available_memory()
        free = None if available is None else max(0, available - _SPARED)
        if free is not None and self.size > free:
            raise InvalidValue(
                f"{self.size} bytes are more than the {free} bytes of memory that are free",
                hint="make it smaller, or a fileio backstore",
            )

    def inverse(self) -> Operation | None:
        return None


def in_use(fs: ConfigFS, device: str, what: str) -> InUse:
    """The error about a device that somebody holds; it tells who."""
    # Imported here: nothing but an error needs it.
    from ..usage import holders

    holder = holders.find(fs, device)
    return InUse(
        f"Cannot configure StorageObject because {what} is already in use: {holder.why}",
        hint=holder.help,
    )


def _allocate(handle: int, size: int) -> None:
    os.posix_fallocate(handle, 0, size)


def _refused(operation: str, file: str, err: OSError, label: str) -> KernelRefused:
    refused = explain(operation, file, err)
    refused.label = label
    return refused


def _reason(err: OSError) -> str:
    return (err.strerror or str(err)).lower()
