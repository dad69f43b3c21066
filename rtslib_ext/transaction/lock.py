# SPDX-License-Identifier: Apache-2.0
"""The change lock: one process at a time changes the kernel's configuration; readers never ask.

It is flock on a file, the one that targetcli-fb uses, so the two exclude each other; the kernel
frees it when a process dies.  Who holds it is written into the file, and believed only of a
process that the kernel confirms as the holder.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rtslib_ext.errors import InUse, LioError, PermissionDenied
from rtslib_ext.fast_dataclasses import asdict, dataclass

LOCK_FILE = "/var/run/targetcli.lock"
# Long restores take minutes, and scripts that start many at once count on being let in.
WAIT_SECONDS = 600.0
NOTICE_SECONDS = 1.0
_POLL_SECONDS = 0.1
_SIZE_MAX = 65536


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock; ``command`` is its text without secrets, ``since`` in Unix time."""

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
        return ", ".join(facts) + (f": {self.command}" if self.command else "")


class Locked(InUse):
    """The lock was not to be had in time; ``holder`` is who has it, where that can be told."""

    def __init__(self, holder: Holder | None, hint: str) -> None:
        super().__init__(f"another process is changing the configuration{_told(holder)}", hint=hint)
        self.holder = holder


@dataclass(slots=True)
class Held:
    """The lock while it is held.

    ``left`` is the word that the holder before left for the next one, "" where it left none;
    ``leaves`` is the word that this one leaves. A reboot forgets it.
    """

    left: str = ""
    leaves: str = ""


@contextmanager
def change_lock(
    command: str,
    *,
    path: str | os.PathLike[str] = LOCK_FILE,
    wait: float | None = None,
    waiting: Callable[[str], object] | None = None,
    notice: float = NOTICE_SECONDS,
) -> Iterator[Held]:
    """Hold the lock for a block of changes.

    ``command`` is what others are shown, without secrets.  ``wait`` is how many seconds to wait
    at most (None: WAIT_SECONDS), and ``waiting`` is told once who is waited for.
    """
    path = os.fspath(path)
    seconds = WAIT_SECONDS if wait is None else wait
    lock = _acquire_file(path, seconds, notice, waiting)
    held = Held()
    try:
        held.left = _left(lock)
        _sign(lock, command)
        yield held
    finally:
        # After a crash the name stays, of a process that no longer holds the lock.
        with suppress(OSError):
            os.ftruncate(lock, 0)
            if held.leaves:
                os.pwrite(lock, json.dumps({"left": held.leaves}).encode() + b"\n", 0)
        os.close(lock)


def acquire(
    lock: int, seconds: float, *, notice: float = 0.0, waiting: Callable[[], object] | None = None
) -> bool:
    """Take the flock on a descriptor within some seconds; tell whether it was to be had.

    Once ``notice`` seconds have passed, ``waiting`` is called.
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
    """Tell who holds the lock, None where nobody does or it cannot be told; takes no lock."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _holder(lock) if _holding(lock) else None
    finally:
        os.close(lock)


def _told(found: Holder | None) -> str:
    return f" ({found})" if found else ""


def _acquire_file(
    path: str, seconds: float, notice: float, waiting: Callable[[str], object] | None
) -> int:
    """Open and lock the file that has the path now."""
    deadline = time.monotonic() + seconds
    while True:
        lock = _open(path)

        def say(lock: int = lock) -> None:
            if waiting:
                waiting(f"waiting for another process to finish its changes{_told(_holder(lock))}")

        try:
            left = deadline - time.monotonic()
            if not acquire(lock, left, notice=notice, waiting=say):
                raise Locked(_holder(lock), "wait for it to end, or wait longer with --wait")
            # Somebody may have removed the file meanwhile, and others lock its successor.
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
        # 0600: whoever can open the file could lock everybody out.
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as err:
        message = f"cannot open the lock file {path}: {err.strerror}"
        if err.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise PermissionDenied(
                message, hint="only root can change the configuration: run it with sudo"
            ) from err
        raise LioError(message, hint=f"is there a folder {os.path.dirname(path)}?") from err


def _is_at(lock: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), os.stat(path))
    except FileNotFoundError:
        return False


def _sign(lock: int, command: str) -> None:
    """Write who holds the lock into its file."""
    mine = Holder(os.getpid(), _user(), command[:1000], time.time())
    data = json.dumps(asdict(mine)).encode() + b"\n"
    with suppress(OSError):  # a full disk need not keep anybody from working
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


def _holder(lock: int) -> Holder | None:
    """Who holds the lock, which somebody does, by the kernel's list and the file itself."""
    written = _written(lock)
    pids = _holding(lock)
    # btrfs and overlays number their devices otherwise in /proc/locks: then nobody is listed.
    if written and (written.pid in pids if pids else _is_alive(written.pid)):
        return written
    # targetcli-fb holds the lock without a word.  Its arguments may be secrets: the name will do.
    pid = pids[0] if pids else 0
    return Holder(pid, command=_name(pid)) if pid > 0 else None


def _written(lock: int) -> Holder | None:
    try:
        found = json.loads(os.pread(lock, _SIZE_MAX, 0))
        since = float(found["since"]) if 0 <= found["since"] < 1e11 else 0.0
        return Holder(int(found["pid"]), str(found["user"]), str(found["command"]), since)
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _left(lock: int) -> str:
    """The word of the last holder, which signs of others and crashes have not."""
    try:
        found = json.loads(os.pread(lock, _SIZE_MAX, 0))
        return str(found.get("left", ""))
    except (OSError, ValueError, AttributeError, RecursionError):
        return ""


def _holding(lock: int) -> list[int]:
    """The processes that have the lock, by /proc/locks."""
    status = os.fstat(lock)
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    wanted = f"{device}:{status.st_ino}"
    try:
        with open("/proc/locks", encoding="ascii") as locks:
            # "1: FLOCK  ADVISORY  WRITE 1234 00:19:77 0 EOF"; one that waits has "->" behind 1:
            rows = [line.split() for line in locks]
    except (OSError, ValueError):
        return []
    return [int(row[4]) for row in rows if row[1] == "FLOCK" and row[5] == wanted]


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
