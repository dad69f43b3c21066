# SPDX-License-Identifier: Apache-2.0
"""Save files on disk: read them, write them atomically, back them up."""

from __future__ import annotations

import os
import re
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO

from ..errors import LioError, NotFound, ParseError, reason
from ..files import atomic, bounded, trusted

FILE_MODE = 0o600
MOST_BYTES = 64 << 20
"""The largest save file, in bytes, after unpacking: that of 25,000 LUNs with an ACL each."""

_GZIP = b"\x1f\x8b"
_BACKUP = r"saveconfig-.*json.*"
_TIME = "%Y%m%d-%H:%M:%S"
_TIMED = r"(?a:saveconfig-(\d{8}-\d\d:\d\d:\d\d)-json(?:\.gz)?)"


def read(path: str) -> str:
    """Return the text of a save file or of a backup, which may be compressed.

    Raises NotFound if it does not exist, ParseError if it is damaged or not UTF-8, Untrusted if
    others could have written it, LioError if it cannot be read or is larger than MOST_BYTES.
    """
    try:
        data = trusted.read(path, MOST_BYTES)
    except FileNotFoundError as err:
        raise NotFound(f"Restore file {path} not found") from err
    except OSError as err:
        raise LioError(f"{path} cannot be read: {reason(err)}") from err
    hint = "use a file written by saveconfig"
    try:
        # Editors of other systems begin a file with a byte order mark.
        return _unpacked(data, path).decode("utf-8-sig")
    except UnicodeDecodeError as err:
        what = f"byte {err.start + 1} is not UTF-8"
        raise ParseError(f"{path} is not a save file: {what}", hint=hint) from err
    except EOFError as err:
        what = "it is compressed and truncated"
        raise ParseError(f"{path} is not a save file: {what}", hint=hint) from err
    except zlib.error as err:
        what = "it is compressed and damaged"
        raise ParseError(f"{path} is not a save file: {what}", hint=hint) from err
    except OSError as err:
        raise LioError(f"{path} cannot be unpacked: {reason(err)}") from err


def _unpacked(data: bytes, path: str) -> bytes:
    return bounded.unpack(data, MOST_BYTES, path) if data.startswith(_GZIP) else data


def write(path: str, pieces: Callable[[], Iterable[str]]) -> bool:
    """Write a file atomically and wait for the disk; return False if it already has this text.

    ``pieces`` returns the text each time it is called. The file is never readable for other users
    than root; a symbolic link of a trusted user is followed, not replaced. Raises LioError, which
    leaves the old file; Untrusted if the file is of another user, or others can write to its
    directory.
    """
    try:
        with trusted.directory(path, create=True, sync=True) as (folder, name):
            trusted.check_directory(folder, os.path.dirname(path))
            if _holds(folder, name, path, _encoded(pieces)):
                return False
            atomic.replace_in(folder, name, _limited(path, pieces), FILE_MODE, sync=True)
            return True
    except atomic.NotDurable as err:
        raise _not_durable(path, err) from err
    except OSError as err:
        raise LioError(
            f"{path} cannot be written: {reason(err)}", hint="the file was not changed"
        ) from err


def holds(path: str, pieces: Callable[[], Iterable[str]]) -> bool:
    """Return True if a file has this text; False if it cannot be read, too. Changes nothing."""
    try:
        with open(trusted.open_file(path), "rb") as file:
            return _is_equal(file, _encoded(pieces))
    except (OSError, LioError):
        return False


def _is_equal(file: BinaryIO, pieces: Iterable[bytes]) -> bool:
    return all(file.read(len(data)) == data for data in pieces) and not file.read(1)


def _not_durable(path: str, err: OSError) -> LioError:
    return LioError(
        f"{path} was written, but a power failure may undo that: {reason(err)}",
        hint="run sync once the error is fixed",
    )


def _encoded(pieces: Callable[[], Iterable[str]]) -> Iterator[bytes]:
    return (piece.encode("utf-8", "surrogateescape") for piece in pieces())


def _limited(path: str, pieces: Callable[[], Iterable[str]]) -> Iterator[bytes]:
    """Yield the pieces; raise LioError if ``read`` would refuse the file."""
    left = MOST_BYTES
    for data in _encoded(pieces):
        left -= len(data)
        if left < 0:
            raise LioError(
                f"{path} would be larger than {MOST_BYTES >> 20} MiB",
                hint="the file was not changed",
            )
        yield data


def _holds(folder: int, name: str, path: str, pieces: Iterable[bytes]) -> bool:
    """Return True if a file has these contents; they are on disk then, with the right mode.

    Raises Untrusted for a file of another user, OSError.
    """
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    trusted.check_replaceable(status, path)
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(name, flags, dir_fd=folder), "rb") as file:
        if not _is_equal(file, pieces):
            return False
        if os.fstat(file.fileno()).st_mode & 0o077:
            os.fchmod(file.fileno(), FILE_MODE)
        # The process that wrote it may have been killed before it was on disk.
        os.fsync(file.fileno())
    atomic.sync_name(folder)
    return True


# -- backups --------------------------------------------------------------------------------


def back_up(path: str, keep: int) -> str | None:
    """Store a compressed copy of a file in the directory ``backup`` beside it.

    Returns the path of the backup, None if the newest one is equal. Removes the oldest backups
    beyond ``keep`` unless that is 0. Raises LioError.
    """
    folder = backup_folder(path)
    try:
        data = trusted.read(path, MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as err:
        raise _no_backup(folder, reason(err)) from err
    try:
        made = _store(folder, data)
        for old in _timed(folder)[: -keep or None] if made and keep > 0 else []:
            os.unlink(old)
    except OSError as err:
        raise _no_backup(folder, reason(err)) from err
    return made


def _no_backup(folder: str, why: str) -> LioError:
    return LioError(f"Could not create backup file in {folder}: {why}")


def _store(folder: str, data: bytes) -> str | None:
    """Write a backup unless the newest one is equal; return its path. Raises OSError, LioError."""
    with trusted.directory(f"{folder}/new", create=True, sync=True) as (handle, _):
        trusted.check_directory(handle, folder)
        known = _timed(folder)
        if known and _same(known[-1], data):
            return None
        import gzip

        name = _new_name(known)
        path = os.path.join(folder, name)
        packed = gzip.compress(data)
        try:
            # Not with the name of a backup: an incomplete one would count as a backup and remove
            # an old one.
            atomic.replace_in(handle, name, packed, FILE_MODE, sync=True, temporary="new.temp")
        except atomic.NotDurable as err:
            raise _not_durable(path, err) from err
        return path


def backup_folder(path: str) -> str:
    """Return the directory of the backups of a save file."""
    return os.path.join(os.path.dirname(path), "backup")


def backups(folder: str) -> list[str]:
    """Return the backups in a directory, the oldest first: their names begin with the time.

    Files with a name that an administrator chose come before them; directories are none.
    """
    try:
        with os.scandir(folder) as found:
            names = [one.name for one in found if re.fullmatch(_BACKUP, one.name)]
            names = [name for name in names if not os.path.isdir(f"{folder}/{name}")]
    except OSError:
        return []
    names.sort(key=lambda name: (re.fullmatch(_TIMED, name) is not None, name))
    return [os.path.join(folder, name) for name in names]


def numbered(folder: str, number: int) -> str | None:
    """Return the backup with a number: 1 is the newest; None without one."""
    known = backups(folder)
    return known[-number] if 0 < number <= len(known) else None


def _timed(folder: str) -> list[str]:
    """Return the backups that this program or targetcli-fb made, the oldest first."""
    return [path for path in backups(folder) if re.fullmatch(_TIMED, os.path.basename(path))]


def _same(backup: str, data: bytes) -> bool:
    try:
        return _unpacked(trusted.read(backup, MOST_BYTES), backup) == data
    except (LioError, OSError, EOFError, zlib.error):
        return False


def _new_name(known: Sequence[str]) -> str:
    """Return a name that sorts after all others, so that the new backup is not the first to go.

    It has the local time, or a second more than the newest one: the clock may have been set back,
    which happens each autumn, and two saves may be in one second.
    """
    now = time.strftime(_TIME)
    times = [found[1] for path in known if (found := re.fullmatch(_TIMED, os.path.basename(path)))]
    newest = max(times, default="")
    if now <= newest:
        import calendar

        try:
            seconds = calendar.timegm(time.strptime(newest, _TIME)) + 1
            now = time.strftime(_TIME, time.gmtime(seconds))
        except (ValueError, OverflowError):
            pass  # the name has no time: it was not made by a program
    return f"saveconfig-{now}-json.gz"
