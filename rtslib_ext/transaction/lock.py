# SPDX-License-Identifier: Apache-2.0
"""The change lock: only one process at a time changes the configuration; readers take no lock.

It is a flock on the file that targetcli-fb uses, so the two exclude each other. The kernel releases
it when a process dies. The holder writes itself into the file, which is believed only if the kernel
confirms that process as the holder.

The file is empty or one line of JSON. While the lock is held, the line is the holder:
{"pid": 4711, "user": "admin as root", "command": "/ saveconfig", "since": 1700000000.0}.
After that, it may be the kind of the last change, a word of LastChange: {"left": "clearconfig"}.
"""

from __future__ import annotations

import errno
import fcntl
import glob
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum

from ..errors import InUse, LioError, PermissionDenied
from ..fast_dataclasses import asdict, dataclass
from ..host import system

LOCK_FILE = "/var/run/targetcli.lock"
# Any user that can open the file can lock it, and keep all changes waiting.
_MODE = 0o600
JOURNAL = "/run/targetcli/journal"
"""The file of transaction.journal, which all processes share too."""
# Long restores take minutes, and scripts may start many commands at once.
WAIT_SECONDS = 600.0
NOTICE_SECONDS = 1.0
_POLL_SECONDS = 0.1
_SIZE_MAX = 65536


class LastChange(str, Enum):
    """The kind of the last change, as far as the next process must know it: a word in the file."""

    OTHER = ""
    CLEARED = "clearconfig"
    """The configuration was cleared: saving an empty one is expected."""
    UNCONFIRMED = "waits"
    """A change may be waiting for confirmation: confirmed_commit.find knows."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of the lock; ``command`` contains no secrets, ``since`` is in Unix time.

    Unknown values are "" or 0.
    """

    pid: int
    user: str = ""
    command: str = ""
    since: float = 0.0

    def __str__(self) -> str:
        facts = [f"pid {self.pid}"]
        if self.user:
            facts.append(f"user {self.user}")
        if self.since:
            facts.append(time.strftime("since %Y-%m-%d %H:%M:%S", time.localtime(self.since)))
        state = _state(self.pid)
        if state == "D":
            facts.append("waiting in the kernel, not to be interrupted")
        if state == "T":
            facts.append(f"stopped, kill -CONT {self.pid} continues it")
        return ", ".join(facts) + (f": {self.command}" if self.command else "")


class Locked(InUse):
    """The lock was not free in time; ``holder`` is its holder, None if unknown."""

    def __init__(self, holder: Holder | None, hint: str) -> None:
        super().__init__(
            f"another process is changing the configuration{_named(holder)}", hint=hint
        )
        self.holder = holder


@dataclass(slots=True)
class Held:
    """The lock while it is held.

    ``left`` is the note that the previous holder left in the file, ``leaves`` the note for the next
    one. A reboot clears it.
    """

    left: LastChange = LastChange.OTHER
    leaves: LastChange = LastChange.OTHER


@contextmanager
def change_lock(
    command: str,
    *,
    path: str | os.PathLike[str] = LOCK_FILE,
    wait: float | None = None,
    waiting: Callable[[str], object] | None = None,
    notice: float = NOTICE_SECONDS,
) -> Iterator[Held]:
    """Hold the change lock for the duration of a with block.

    ``command`` is shown to waiting processes, so it must not contain secrets. ``wait`` is the time
    to wait in seconds (None: WAIT_SECONDS). After ``notice`` seconds ``waiting`` is called once
    with a text that names the holder. Raises Locked, PermissionDenied, or LioError if the file
    cannot be locked.
    """
    path = os.fspath(path)
    seconds = WAIT_SECONDS if wait is None else wait
    lock = _acquire_file(path, seconds, notice, waiting)
    held, process = Held(), os.getpid()
    system.LOCKS.add(lock)
    try:
        held.left = _left(lock)
        if held.left is LastChange.UNCONFIRMED:
            # Also if the block fails before it has looked for that change.
            held.leaves = held.left
        _sign(lock, command)
        yield held
    finally:
        system.LOCKS.discard(lock)
        if os.getpid() == process:
            _release(lock, held)
        os.close(lock)


def _release(lock: int, held: Held) -> None:
    """Leave the note for the next holder, and the lock, also for processes forked meanwhile."""
    # After a crash the name of the dead process stays in the file.
    with suppress(OSError):
        os.ftruncate(lock, 0)
        if held.leaves:
            os.pwrite(lock, json.dumps({"left": held.leaves}).encode() + b"\n", 0)
    fcntl.flock(lock, fcntl.LOCK_UN)


def acquire(
    lock: int, seconds: float, *, notice: float = 0.0, waiting: Callable[[], object] | None = None
) -> bool:
    """Lock a file descriptor with flock within ``seconds``; return False if it was not free.

    ``waiting`` is called once after ``notice`` seconds.
    """
    start = time.monotonic()
    pause = _POLL_SECONDS / 16
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            passed = time.monotonic() - start
        if passed >= seconds:
            return False
        if waiting and passed >= notice:
            waiting()
            waiting = None
        time.sleep(min(pause, seconds - passed))
        pause = min(pause * 2, _POLL_SECONDS)


def holder(path: str | os.PathLike[str] = LOCK_FILE) -> Holder | None:
    """Return the holder of the lock without taking it; None if it is free or unknown."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _holder(lock) if _holding(lock) else None
    finally:
        os.close(lock)


def _named(holder: Holder | None) -> str:
    return f" ({holder})" if holder else ""


def _acquire_file(
    path: str, seconds: float, notice: float, waiting: Callable[[str], object] | None
) -> int:
    """Open and lock the file that is at the path now."""
    deadline = time.monotonic() + seconds
    while True:
        lock = _open(path)

        def say(lock: int = lock) -> None:
            if waiting:
                waiting(f"waiting for another process to finish its changes{_named(_holder(lock))}")

        try:
            left = deadline - time.monotonic()
            if not acquire(lock, left, notice=notice, waiting=say):
                raise Locked(_holder(lock), "wait for it to end, or wait longer with --wait")
            # The file may have been removed meanwhile, and its successor locked.
            if _is_at(lock, path):
                return lock
        except OSError as err:
            os.close(lock)
            raise LioError(f"cannot lock {path}: {err.strerror}") from err
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)


def _open(path: str) -> int:
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        with suppress(OSError):
            # That of targetcli-fb can be read by all.
            if os.fstat(lock).st_mode & ~_MODE & 0o777:
                os.fchmod(lock, _MODE)
        return lock
    except OSError as err:
        message = f"cannot open the lock file {path}: {err.strerror}"
        denied = err.errno in (errno.EACCES, errno.EPERM)
        if denied and os.geteuid():
            raise PermissionDenied(
                message, hint="only root can change the configuration: run it with sudo"
            ) from err
        folder = os.path.dirname(path)
        hint = f"check that the directory {folder} exists"
        if err.errno == errno.EROFS:
            hint = f"nothing was changed; make {folder} writable: mount -o remount,rw {folder}"
        elif denied:
            hint = (
                f"root may write to {folder}, but not this process: check its service and SELinux"
            )
        raise LioError(message, hint=hint) from err


def _is_at(lock: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), os.stat(path))
    except FileNotFoundError:
        return False


def _sign(lock: int, command: str) -> None:
    """Write this process into the lock file as the holder."""
    mine = Holder(os.getpid(), _user(), command[:1000], time.time())
    data = json.dumps(asdict(mine)).encode() + b"\n"
    with suppress(OSError):  # a full disk must not prevent changes
        os.ftruncate(lock, 0)
        os.pwrite(lock, data, 0)


def _user() -> str:
    import pwd

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    before = os.environ.get("SUDO_USER", "")
    return f"{before} as {name}" if before and before != name else name


def _state(pid: int) -> str:
    """Return the state of a process (proc(5)): D in an uninterruptible call, T stopped."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def _holder(lock: int) -> Holder | None:
    """Return the holder of the (held) lock, from /proc/locks and the lock file."""
    written = _written(lock)
    pids = _holding(lock)
    # btrfs and overlayfs have other device numbers in /proc/locks, so no process is listed.
    if written and _is_alive(written.pid) and (not pids or written.pid in pids):
        return written
    # targetcli-fb does not sign the file. Use only its name: arguments may contain secrets.
    pid = next(filter(_is_alive, pids), 0) or _keeper(lock)
    return Holder(pid, command=_name(pid)) if pid > 0 else None


def _written(lock: int) -> Holder | None:
    try:
        fields = json.loads(os.pread(lock, _SIZE_MAX, 0))
        since = float(fields["since"]) if 0 <= fields["since"] < 1e11 else 0.0
        return Holder(int(fields["pid"]), str(fields["user"]), str(fields["command"]), since)
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _left(lock: int) -> LastChange:
    """Return the note of the previous holder; OTHER from targetcli-fb.

    After a crash, its note is lost: a change may wait for confirmation.
    """
    try:
        fields = json.loads(os.pread(lock, _SIZE_MAX, 0))
        if isinstance(fields, dict) and "pid" in fields:
            return LastChange.UNCONFIRMED
        return LastChange(fields.get("left", ""))
    except (OSError, ValueError, AttributeError, RecursionError):
        return LastChange.OTHER


def _holding(lock: int) -> list[int]:
    """Return the pids that hold the lock, from /proc/locks."""
    status = os.fstat(lock)
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    wanted = f"{device}:{status.st_ino}"
    try:
        with open("/proc/locks", encoding="ascii", errors="replace") as locks:
            # "1: FLOCK  ADVISORY  WRITE 1234 00:19:77 0 EOF"; a waiting process has "->" after 1:
            rows = [line.split() for line in locks]
    except OSError:
        return []
    found = (row[4] for row in rows if row[1:2] == ["FLOCK"] and row[5:6] == [wanted])
    return [int(pid) for pid in found if re.fullmatch("[0-9]{1,9}", pid)]


def _keeper(lock: int) -> int:
    """Return a process that keeps the lock of one that ended, as a program it started; 0: none."""
    held, files = os.fstat(lock), glob.iglob("/proc/[0-9]*/fdinfo/*")
    for name in files:
        with suppress(OSError):
            if os.path.samestat(os.stat(name.replace("fdinfo", "fd")), held):
                with open(name, encoding="ascii", errors="replace") as info:
                    if "FLOCK" in info.read():
                        return int(name.split("/")[2])
    return 0


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return pid > 0


def _name(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
            return comm.read().strip()
    except OSError:
        return ""
