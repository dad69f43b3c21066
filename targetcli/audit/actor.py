# SPDX-License-Identifier: Apache-2.0
"""The user that runs this process, for the history of changes."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator

from rtslib_ext.fast_dataclasses import dataclass

# The loginuid of a process outside any login (proc(5)).
_NO_LOGIN = 2**32 - 1
# The most processes to check between this one and the login.
_ANCESTORS = 16
_FROM = re.compile(rb"(?:^|\0)SSH_CONNECTION=([^ \0]*)")


@dataclass(frozen=True, slots=True)
class Actor:
    """The author of a change: ``user`` is the effective user, ``login`` the one before sudo.

    ``terminal`` and ``address`` (the peer of an SSH connection) are "" if there is none.
    """

    user: str = ""
    login: str = ""
    terminal: str = ""
    address: str = ""


def present() -> Actor:
    """Return the actor of this process."""
    return Actor(_user_name(os.geteuid()), _login(), _terminal(), _address())


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _login() -> str:
    """Return the user that ran sudo or logged in; "" for a service."""
    if os.environ.get("SUDO_USER"):
        return os.environ["SUDO_USER"]
    try:
        with open("/proc/self/loginuid", encoding="utf-8") as file:
            uid = int(file.read())
    except (OSError, ValueError):
        return ""
    return "" if uid == _NO_LOGIN else _user_name(uid)


def _terminal() -> str:
    for handle in (0, 1, 2):
        try:
            return os.ttyname(handle)
        except OSError:
            continue
    return ""


def _address() -> str:
    """Return the peer of the SSH connection; sudo removes the variable, its parents have it."""
    for process in _ancestors():
        try:
            with open(f"/proc/{process}/environ", "rb") as file:
                found = _FROM.search(file.read())
        except OSError:
            continue
        if found:
            return found[1].decode(errors="replace")
    return ""


def _ancestors() -> Iterator[int]:
    process = os.getpid()
    for _ in range(_ANCESTORS):
        if process <= 1:
            return
        yield process
        try:
            with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
                # The name, in parentheses, may contain any character.
                process = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return
