# SPDX-License-Identifier: Apache-2.0
"""Operations on the backing files and devices of storage objects."""

from __future__ import annotations

from typing import Any

from ..errors import InUse, InvalidValue, LioError, NotFound
from ..fast_dataclasses import dataclass
from ..files import placement
from ..host import devices, system
from ..kernel.configfs import ReadFS
from ..kernel.host_files import HostFiles
from .context import Context, Operation
from .field_types import MALFORMED

# What the text of a step ends in if it creates the backing file, which its inverse keeps.
NEW_FILE = ", a new file"
# Bytes of memory that are left for other programs.
_SPARED = 32 << 20


@dataclass(frozen=True, slots=True)
class MakeFile:
    """Create a backing file of ``size`` bytes."""

    file: str
    size: int
    sparse: bool = True

    def do(self, context: Context) -> None:
        context.host.create(self.file, self.size, sparse=self.sparse)

    def inverse(self) -> Operation:
        return RemoveFile(self.file)


@dataclass(frozen=True, slots=True)
class RemoveFile:
    """Remove a backing file that was created by a change that failed."""

    file: str

    def do(self, context: Context) -> None:
        context.host.remove(self.file)

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class GrowFile:
    """Extend a backing file to ``size`` bytes if it is shorter; its data is kept."""

    file: str
    size: int

    def do(self, context: Context) -> None:
        context.host.grow(self.file, self.size)

    def inverse(self) -> Operation | None:
        # Data written after the old end is kept.
        return None


@dataclass(frozen=True, slots=True)
class CheckFree:
    """Refuse a device that is in use; the kernel's error would not name the holder."""

    file: str

    def do(self, context: Context) -> None:
        if devices.is_exclusive_open(self.file):
            raise in_use(context.fs, self.file, f"device {self.file}")

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class CheckThere:
    """Refuse a missing backing file: the kernel would create an empty one, even in /dev.

    A disk without data must not take the place of one whose file system is not mounted yet
    (drivers/target/target_core_file.c, fd_configure_device).
    """

    file: str

    def do(self, context: Context) -> None:
        if not context.host.exists(self.file):
            raise NotFound(
                f"{self.file} does not exist",
                hint="mount its file system; restoreconfig create_missing=true creates a new one, "
                "and set global create_missing=true does so always",
            )

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class CheckLinks:
    """Refuse a path with a symbolic link that others may have placed: the kernel follows it."""

    file: str

    def do(self, context: Context) -> None:
        # Raises Untrusted for a link; about files of other users, preflight checks ask.
        placement.find(self.file, context.safe_directories)

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class CheckMemory:
    """Refuse a ramdisk that is larger than the free memory.

    The kernel does not check this and is not safe there.
    """

    size: int

    def do(self, context: Context) -> None:
        available = system.available_memory()
        free = None if available is None else max(0, available - _SPARED)
        if free is not None and self.size > free:
            raise InvalidValue(
                f"{self.size} bytes are more than the {free} bytes of free memory",
                hint="choose a smaller size, or a fileio backstore",
            )

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class SetEntry:
    """Set one entry of a JSON file of the host: its value as text, "" for no entry."""

    file: str
    name: str
    text: str
    before: str

    def do(self, context: Context) -> None:
        # Imported here, as in entries: few changes have such a file.
        import json

        found = entries(context.host, self.file)
        found.pop(self.name, None)
        if self.text:
            found[self.name] = json.loads(self.text)
        context.host.put_text(self.file, json.dumps(found, indent=2) + "\n" if found else "")
        # The executor records a step only if this has grown.
        context.fs.changes += 1

    def inverse(self) -> Operation:
        return SetEntry(self.file, self.name, self.before, self.text)


def entries(host: HostFiles, file: str) -> dict[str, Any]:
    """Return the entries of a JSON file by name; none if it does not exist. Raises LioError."""
    text = host.text(file)
    if not text:
        return {}
    import json

    try:
        found = json.loads(text)
    except MALFORMED as err:
        raise damaged(file) from err
    if not isinstance(found, dict):
        raise damaged(file)
    return found


def damaged(file: str) -> LioError:
    """Return the error for a file of entries that others changed by hand, or damaged."""
    return LioError(f"{file} is damaged", hint="repair it as JSON, or move it away")


def in_use(fs: ReadFS, device: str, what: str) -> InUse:
    """Return the error about a device in use, which names its holder."""
    # Imported here: only an error needs it.
    from ..usage import holders

    holder = holders.find(fs, device)
    return InUse(
        f"Cannot configure StorageObject because {what} is already in use: {holder.why}",
        hint=holder.help,
    )
