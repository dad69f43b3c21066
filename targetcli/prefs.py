# SPDX-License-Identifier: Apache-2.0
"""The preferences, bookmarks and path history, kept between processes in prefs.json.

If there is no prefs.json yet, targetcli-fb's prefs.bin is read once; it is never changed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from rtslib_ext.errors import InvalidValue, LioError
from rtslib_ext.files import trusted

from .preference import PREFERENCES, Value, check_value, find, show_value

Document = dict[str, Any]


FILE = "prefs.json"
OLD_FILE = "prefs.bin"
LOCK = ".prefs.lock"
HISTORY_MAX = 100
MOST_BYTES = 1 << 20


def default_folder() -> str | None:
    """Return $TARGETCLI_HOME or ~/.targetcli; None without a home directory."""
    folder = os.path.expanduser(os.environ.get("TARGETCLI_HOME") or "~/.targetcli")
    return None if folder.startswith("~") else folder


class Preferences:
    """The preferences of one process, read from a directory and written to it one by one.

    Reading never fails: a value that cannot be read counts as not set, and ``problem`` names
    it. A change that cannot be saved applies to this process only; the method returns False
    then, and ``problem`` has the reason.
    """

    def __init__(self, folder: str | None = None, stored: Document | None = None) -> None:
        self.folder = folder
        self.problem = ""
        self._stored: Document = {}
        self._values: dict[str, Value] = {}
        self._adopt(stored or {})
        self.path_history, self.path_history_index = _history(self._stored)

    @classmethod
    def load(cls, folder: str | os.PathLike[str] | None) -> Preferences:
        """Read the preferences in a directory, which need not exist."""
        prefs = cls(folder if folder is None else os.fspath(folder))
        if prefs.folder is None:
            prefs.problem = "there is no home directory: preferences are not saved"
            return prefs
        try:
            stored = _read(os.path.join(prefs.folder, FILE))
        except (OSError, ValueError, LioError) as err:
            prefs.problem = f"preferences not read: {_reason(prefs.folder, err)}"
            return prefs
        return _migrate(prefs.folder) if stored is None else cls(prefs.folder, stored)

    def get(self, name: str) -> Value:
        """Return the value of a preference."""
        return self._values[name] if name in self._values else self.default(name)

    def default(self, name: str) -> Value:
        """Return the default of a preference; a file may be in the directory of this user."""
        if name == "logfile" and self.folder:
            return os.path.join(self.folder, "log.txt")
        return find(name).default

    def flag(self, name: str) -> bool:
        """Return the value of a preference of kind bool."""
        return self.get(name) is True

    def number(self, name: str) -> int:
        """Return the value of a preference as a number; 0 if it has none."""
        return int(self.get(name) or 0)

    def text(self, name: str) -> str:
        """Return the value of a preference in the form that get shows."""
        return show_value(find(name).kind, self.get(name))

    def set(self, name: str, value: Value) -> bool:
        """Set a preference, by value or by text; return False if it was not saved."""
        typed = check_value(find(name), value)
        if typed == self.get(name) and name not in self._values:  # the default stays unwritten
            return self._change(lambda stored: name in stored and stored.update({name: typed}))
        return self._change(lambda stored: stored.update({name: typed}))

    def reset(self, name: str) -> bool:
        """Return a preference to its default; return False if that was not saved."""
        find(name)
        return self._change(lambda stored: stored.pop(name, None))

    @property
    def bookmarks(self) -> dict[str, str]:
        """The bookmarked paths by name, oldest first."""
        return dict(self._stored.get("bookmarks", {}))

    def set_bookmark(self, name: str, path: str) -> bool:
        """Bookmark a path; return False if it was not saved."""
        return self._change(lambda stored: stored.setdefault("bookmarks", {}).update({name: path}))

    def delete_bookmark(self, name: str) -> bool:
        """Delete a bookmark if it exists; return False if that was not saved."""
        return self._change(lambda stored: stored.get("bookmarks", {}).pop(name, None))

    @property
    def last_path(self) -> str:
        """The path at which the next shell starts."""
        return self.path_history[self.path_history_index] if self.path_history_index else "/"

    def visit(self, path: str, here: str = "/") -> bool:
        """Record a cd from here to a path, which discards the paths for forward()."""
        history = self.path_history or [here]
        if path == history[self.path_history_index]:
            return self._stand(history, self.path_history_index)
        return self._stand([*history[: self.path_history_index + 1], path], -1)

    def back(self, exists: Callable[[str], bool], here: str = "/") -> str | None:
        """Return the previous path that still exists, or / if none does; None at the beginning."""
        history, now = self.path_history or [here], self.path_history_index
        if now == 0:
            return None
        found = next((at for at in reversed(range(now)) if exists(history[at])), None)
        if found is None:
            history[0] = "/"
        self._stand(history, found or 0)
        return history[found or 0]

    def forward(self, exists: Callable[[str], bool], here: str = "/") -> str | None:
        """Return the next path that still exists, or ``here`` if none does; None at the end."""
        history, now = self.path_history or [here], self.path_history_index
        if now == len(history) - 1:
            return None
        ahead = range(now + 1, len(history))
        found = next((at for at in ahead if exists(history[at])), None)
        self._stand(history if found else [*history, here], found or -1)
        return self.last_path

    def _stand(self, history: list[str], index: int) -> bool:
        """Set the position in the history, of which the newest paths are kept."""
        kept = history[-HISTORY_MAX:]
        self.path_history, self.path_history_index = kept, index % len(kept)
        place = {"path_history": kept, "path_history_index": self.path_history_index}
        return self._change(lambda stored: stored.update(place))

    def _adopt(self, stored: Document) -> None:
        """Use a document; a value that is wrong for its kind counts as not set."""
        self._stored, self._values, bad = stored, {}, []
        for name in PREFERENCES.keys() & stored.keys():
            try:
                self._values[name] = check_value(PREFERENCES[name], stored[name])
            except InvalidValue:
                bad.append(name)
        if bad:
            self.problem = f"{self.folder}/{FILE}: no such value for {', '.join(sorted(bad))}"

    def _change(self, change: Callable[[Document], object]) -> bool:
        """Apply one change to the current file, so that changes of other processes are kept."""
        self.problem = ""
        try:
            if self.folder is None:
                raise OSError("there is no home directory")
            file = os.path.join(self.folder, FILE)
            stored = _read_or_nothing(file)
            if _changed(stored, change):
                with _locked(self.folder):
                    stored = _read_or_nothing(file, put_aside=True)
                    if _changed(stored, change):
                        _write(file, stored)
            self._adopt(stored)
            return True
        except (OSError, LioError) as err:
            change(self._stored)
            self._adopt(self._stored)
            self.problem = f"preferences not saved: {_reason(self.folder, err)}"
            return False


def _strings(found: object) -> dict[str, str]:
    pairs = found.items() if isinstance(found, dict) else ()
    return {name: path for name, path in pairs if isinstance(name, str) and isinstance(path, str)}


def _history(stored: Document) -> tuple[list[str], int]:
    history, index = stored.get("path_history"), stored.get("path_history_index")
    if not isinstance(history, list) or not all(isinstance(path, str) for path in history):
        return [], 0
    history = history[-HISTORY_MAX:]
    return history, index if type(index) is int and 0 <= index < len(history) else 0


def _changed(stored: Document, change: Callable[[Document], object]) -> bool:
    before = json.dumps(stored, sort_keys=True)
    change(stored)
    return json.dumps(stored, sort_keys=True) != before


def _migrate(folder: str) -> Preferences:
    """Convert prefs.bin, if there is one."""
    prefs = Preferences(folder)
    try:
        data = trusted.read(os.path.join(folder, OLD_FILE), MOST_BYTES)
        # Imported here: only the first run after targetcli-fb needs it.
        from . import prefs_bin

        found = prefs_bin.parse(data)
    except FileNotFoundError:
        return prefs
    except (OSError, ValueError, LioError) as err:
        prefs.problem = f"old preferences not read: {_reason(folder, err, OLD_FILE)}"
        return prefs
    known: Document = {}
    for name in PREFERENCES.keys() & found.keys():
        with suppress(InvalidValue):  # debug9, which configshell itself overwrites
            known[name] = check_value(PREFERENCES[name], found[name])
    known["bookmarks"] = _strings(found.get("bookmarks"))
    known["path_history"], known["path_history_index"] = _history(found)
    prefs._change(lambda stored: stored.update(known | stored))
    prefs.problem = ""  # a failure to save is no error: the user did not change anything
    prefs.path_history, prefs.path_history_index = _history(prefs._stored)
    return prefs


def _read(file: str) -> Document | None:
    """Return the document in a file; None if there is no file."""
    try:
        found = json.loads(trusted.read(file, MOST_BYTES))
    except FileNotFoundError:
        return None
    except RecursionError as err:
        raise ValueError("too deep") from err
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    if "bookmarks" in found:
        found["bookmarks"] = _strings(found["bookmarks"])
    return found


def _read_or_nothing(file: str, *, put_aside: bool = False) -> Document:
    try:
        return _read(file) or {}
    except ValueError:
        if put_aside:
            os.replace(file, f"{file}.bad")
        return {}


@contextmanager
def _locked(folder: str) -> Iterator[None]:
    # Imported here: most commands only read.
    from rtslib_ext.transaction.lock import acquire

    file = os.path.join(folder, LOCK)
    with trusted.directory(file, create=True) as (handle, name):
        trusted.check_directory(handle, folder)
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        lock = os.open(name, flags, 0o600, dir_fd=handle)
    try:
        if not acquire(lock, seconds=5):
            raise OSError(f"another process holds {file}")
        yield
    finally:
        os.close(lock)


def _write(file: str, stored: Document) -> None:
    """Replace the contents of a file by a document, following a symbolic link."""
    # Imported here: most commands only read.
    from rtslib_ext.files import atomic

    data = f"{json.dumps(stored, indent=2)}\n".encode()
    # Links of several directories may lead here, each with a lock of its own. No fsync: every
    # create would wait for the disk, and losing preferences is harmless.
    with trusted.directory(file) as (folder, name):
        trusted.check_directory(folder, os.path.dirname(file))
        atomic.replace_in(folder, name, data, temporary=f"{name}.{os.getpid()}")


def _reason(folder: str | None, err: Exception, file: str = FILE) -> str:
    if isinstance(err, OSError):
        return f"{err.filename or folder or ''}: {err.strerror or err}".lstrip(": ")
    return str(err) if isinstance(err, LioError) else f"{folder}/{file}: {err}"
