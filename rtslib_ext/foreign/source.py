# SPDX-License-Identifier: Apache-2.0
"""The file to import, the files that it names, and the disks that they export."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping

from ..errors import LioError, NotFound, ParseError, reason
from ..fast_dataclasses import dataclass, field, replace
from ..files import patterns, trusted
from ..host import system
from .identity import Identity
from .imported import Place

MOST_BYTES = 64 << 20
"""The largest file that is read, and the most that one may include, in bytes."""
# Generators such as cinder write a file for each volume.
_MOST_FILES = 100_000


class Files:
    """The files of this host. Tests have ``Texts`` in its place."""

    def read(self, path: str) -> str:
        """Return the text of a file; bytes that are not UTF-8 become surrogates.

        Raises NotFound, Untrusted if others could have written it, LioError.
        """
        try:
            data = trusted.read(path, MOST_BYTES)
        except FileNotFoundError as err:
            raise NotFound(f"{path} does not exist") from err
        except OSError as err:
            raise LioError(f"{path} cannot be read: {reason(err)}") from err
        return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")

    def exists(self, path: str) -> bool:
        """Return True if there is such a file."""
        return os.path.exists(path)

    def matching(self, pattern: str) -> list[str]:
        """Return the paths that match a pattern of the shell, sorted; of a directory, its files.

        Raises InvalidValue for one with too many wildcards.
        """
        return [file for path in patterns.matching(pattern) for file in _files_of(path)]

    def size(self, path: str) -> int | None:
        """Return the size of a regular file in bytes; None if it is none."""
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            return None
        return status.st_size if stat.S_ISREG(status.st_mode) else None

    def inquiry(self, path: str) -> Identity | None:
        """Return the INQUIRY data of a SCSI device, from sysfs; None if it is none."""
        folder = f"/sys/class/block/{os.path.basename(os.path.realpath(path))}/device"
        vendor, product, revision = (
            system.read_text(f"{folder}/{name}") for name in ("vendor", "model", "rev")
        )
        if not product:
            return None
        serial = _serial(f"{folder}/vpd_pg80")
        return Identity(serial or None, vendor=vendor, product=product, revision=revision)

    def is_device(self, path: str) -> bool:
        """Return True for a block device; one that is missing has a path below /dev."""
        try:
            return stat.S_ISBLK(os.stat(path).st_mode)
        except (OSError, ValueError):
            return path.startswith("/dev/")


def _serial(path: str) -> str:
    """Return the serial number in VPD page 0x80 (SPC-4 section 7.8.18); "" if there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()[4:].decode("ascii", "replace").strip()
    except OSError:
        return ""


def _files_of(path: str) -> list[str]:
    if not os.path.isdir(path):
        return [path]
    names = (os.path.join(path, name) for name in sorted(os.listdir(path)))
    return [name for name in names if os.path.isfile(name)]


class Texts(Files):
    """Files as texts by path; ``sizes`` are those of disks, which are regular files then."""

    def __init__(self, texts: Mapping[str, str], sizes: Mapping[str, int] | None = None) -> None:
        self.texts, self.sizes = dict(texts), dict(sizes or {})

    def read(self, path: str) -> str:
        """Return the text of a file; raise NotFound."""
        if path not in self.texts:
            raise NotFound(f"{path} does not exist")
        return self.texts[path]

    def exists(self, path: str) -> bool:
        """Return True if there is such a text."""
        return path in self.texts

    def matching(self, pattern: str) -> list[str]:
        """Return the paths that match a pattern of the shell, sorted."""
        from fnmatch import fnmatchcase

        return sorted(path for path in self.texts if fnmatchcase(path, pattern))

    def size(self, path: str) -> int | None:
        """Return the size that was given for a path."""
        return self.sizes.get(path)

    def inquiry(self, path: str) -> Identity | None:
        """Return None: a text has no INQUIRY data."""
        return None

    def is_device(self, path: str) -> bool:
        """Return True below /dev, unless the path has a size."""
        return path.startswith("/dev/") and path not in self.sizes


@dataclass(frozen=True, slots=True)
class Source:
    """A file to import: its path for messages, its text, and the files around it.

    ``keep_serial``: where LIO cannot show both the serial number and the NAA identifier of a disk,
    keep the serial number.
    """

    path: str
    text: str
    files: Files = field(default_factory=Files)
    keep_serial: bool = False

    def beside(self, name: str) -> Source | None:
        """Return a file in the same directory; None if there is none. Raises LioError."""
        path = os.path.join(os.path.dirname(self.path), name)
        return self._open(path) if self.files.exists(path) else None

    def included(self, pattern: str) -> list[Source]:
        """Return the files that a pattern names, from the directory of this one if it is relative.

        Sorted by path; a directory stands for the files in it. Raises LioError.
        """
        whole = os.path.join(os.path.dirname(self.path), pattern)
        paths = self.files.matching(whole)
        if len(paths) > _MOST_FILES:
            raise LioError(f"{whole} names more than {_MOST_FILES:,} files")
        return [self._open(path) for path in paths]

    def _open(self, path: str) -> Source:
        return replace(self, path=path, text=self.files.read(path))

    def wrong(self, line: int, expected: str) -> ParseError:
        """Return the error for a line that is not of the format, and what fits there."""
        return ParseError(f"{Place(self.path, line)}: {expected}", hint="nothing was imported")


def opened(path: str, *, keep_serial: bool = False) -> Source:
    """Return a file of this host to import. Raises LioError."""
    files = Files()
    return Source(path, files.read(path), files, keep_serial)
