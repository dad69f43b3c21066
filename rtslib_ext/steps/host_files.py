# SPDX-License-Identifier: Apache-2.0
"""Operations on the files and devices of this host that stand behind storage objects."""

from __future__ import annotations

from ..errors import InUse, InvalidValue, NotFound
from ..fast_dataclasses import dataclass
from ..host import devices, system
from ..kernel.configfs import ReadFS
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
        context.host.create(self.file, self.size, sparse=self.sparse)

    def inverse(self) -> Operation:
        return RemoveFile(self.file)


@dataclass(frozen=True, slots=True)
class RemoveFile:
    """Remove a backing file that was made in vain."""

    file: str

    def do(self, context: Context) -> None:
        context.host.remove(self.file)

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class GrowFile:
    """Make a backing file ``size`` bytes long where it is shorter; its data stays."""

    file: str
    size: int

    def do(self, context: Context) -> None:
        context.host.grow(self.file, self.size)

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
        if not context.host.exists(self.file):
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


def in_use(fs: ReadFS, device: str, what: str) -> InUse:
    """The error about a device that somebody holds; it tells who."""
    # Imported here: nothing but an error needs it.
    from ..usage import holders

    holder = holders.find(fs, device)
    return InUse(
        f"Cannot configure StorageObject because {what} is already in use: {holder.why}",
        hint=holder.help,
    )
