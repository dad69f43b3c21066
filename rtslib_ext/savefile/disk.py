# SPDX-License-Identifier: Apache-2.0
"""Save files on disk: read them, write them atomically, back them up."""

from __future__ import annotations

import os
import re
import stat
import time
import zlib
from collections.abc import Callable, Iterable, Iterator

from ..errors import LioError, NotFound, ParseError, reason
from ..host import atomic

FILE_MODE = 0o600
DIR_MODE = 0o700
_GZIP = b"\x1f\x8b"
_BACKUP = r"saveconfig-.*json.*"


def read(path: str) -> str:
    """Return the text of a save file or of a backup, which may be compressed.

    Raises NotFound if it does not exist, ParseError if it is damaged or not UTF-8, LioError if it
    cannot be read.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError as err:
        raise NotFound(f"Restore file {path} not found") from err
    except OSError as err:
        raise LioError(f"{path} cannot be read: {reason(err)}") from err
    hint = "use a file written by saveconfig"
    try:
        # Editors of other systems begin a file with a byte order mark.
        return _unpacked(data).decode("utf-8-sig")
    except UnicodeDecodeError as err:
        what = f"byte {err.start + 1} is not UTF-8"
        raise ParseError(f"{path} is not a save file: {what}", hint=hint) from err
    except EOFError as err:
        what = "it is compressed and truncated"
        raise ParseError(f"{path} is not a save file: {what}", hint=hint) from err
    except (OSError, zlib.error) as err:
        what = "it is compressed and damaged"
        raise ParseError(f"{path} is not a save file: {what}", hint=hint) from err


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    import gzip

    return gzip.decompress(data)


def write(path: str, pieces: Callable[[], Iterable[str]]) -> bool:
    """Write a file atomically; return False if it already has this text.

    ``pieces`` returns the text each time it is called. The file is never readable for other users
    than root; a symbolic link is followed, not replaced. Raises LioError.
    """
    path = os.path.realpath(path)
    if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
        raise LioError(f"{path} is not a regular file", hint="use the name of a file")
    if _holds(path, _encoded(pieces)):
        return False
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, mode=DIR_MODE, exist_ok=True)
        _replace(path, _encoded(pieces))
    except OSError as err:
        raise LioError(
            f"{path} cannot be written: {reason(err)}", hint="the file was not changed"
        ) from err
    return True


def _encoded(pieces: Callable[[], Iterable[str]]) -> Iterator[bytes]:
    return (piece.encode("utf-8", "surrogateescape") for piece in pieces())


def _holds(path: str, pieces: Iterable[bytes]) -> bool:
    try:
        with open(path, "rb") as file:
            if any(file.read(len(data)) != data for data in pieces) or file.read(1):
                return False
            if os.fstat(file.fileno()).st_mode & 0o077:
                os.fchmod(file.fileno(), FILE_MODE)
            return True
    except OSError:
        return False


def _replace(path: str, pieces: Iterable[bytes], temporary: str = "") -> None:
    """Replace a file and wait for the disk. Raises OSError; LioError if the name is not on disk."""
    try:
        atomic.replace(path, pieces, FILE_MODE, sync=True, temporary=temporary)
    except atomic.NotDurable as err:
        raise LioError(
            f"{path} was written, but a power failure may undo that: {reason(err)}",
            hint="run sync once the error is fixed",
        ) from err


def back_up(path: str, keep: int) -> str | None:
    """Store a compressed copy of a file in the directory ``backup`` beside it.

    Returns the path of the backup, None if the newest one is equal. Removes the oldest backups
    beyond ``keep`` unless that is 0. Raises LioError.
    """
    folder = backup_folder(path)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    try:
        os.makedirs(folder, mode=DIR_MODE, exist_ok=True)
        known = backups(folder)
        if known and _same(known[-1], data):
            return None
        import gzip

        made = _new_name(folder)
        # Not with the name of a backup: an incomplete one would count as a backup and remove an old
        # one.
        _replace(made, [gzip.compress(data)], temporary=os.path.join(folder, "new.temp"))
        for old in backups(folder)[: -keep or None] if keep > 0 else []:
            os.unlink(old)
    except OSError as err:
        raise LioError(f"Could not create backup file in {folder}: {reason(err)}") from err
    return made


def backup_folder(path: str) -> str:
    """Return the directory of the backups of a save file."""
    return os.path.join(os.path.dirname(path), "backup")


def backups(folder: str) -> list[str]:
    """Return the backups in a directory, the oldest first: their names begin with the time."""
    try:
        names = sorted(name for name in os.listdir(folder) if re.fullmatch(_BACKUP, name))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names]


def _same(backup: str, data: bytes) -> bool:
    try:
        with open(backup, "rb") as file:
            return _unpacked(file.read()) == data
    except (OSError, EOFError, zlib.error):
        return False


def _new_name(folder: str) -> str:
    # Keep both of two saves in one second.
    while True:
        name = time.strftime("saveconfig-%Y%m%d-%H:%M:%S-json.gz")
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            return path
        time.sleep(0.05)
