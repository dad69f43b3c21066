# SPDX-License-Identifier: Apache-2.0
"""The errors of the library, a class for each thing a user can do next."""

from __future__ import annotations

from collections.abc import Sequence
from errno import errorcode


class LioError(Exception):
    """Something could not be done.

    ``path`` is the shell path of the object it is about ("" when there is none),
    ``hint`` what to try next, ``causes`` are the single errors where it stands for several.
    ``at`` is the number of the step that failed, from 0, where steps were performed.
    """

    causes: Sequence[LioError] = ()
    failed_step: int | None = None

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.hint = hint

    def prefix(self, text: str) -> None:
        """Put what was tried before the message."""
        self.args = (f"{text}: {self}",)


class InvalidValue(LioError):
    """A value is out of range or of the wrong form: give another one."""


class NotFound(LioError):
    """The object is not there: look with ls, or create it."""


class Exists(LioError):
    """The object is there already: use it, or choose another name."""


class InUse(LioError):
    """Somebody holds the object: release it first."""


class Unsupported(LioError):
    """This kernel, fabric or backstore cannot do it."""


class KernelRefused(LioError):
    """The kernel answered a system call with an error.

    ``errno`` is its number, ``operation`` the call (mkdir, write …) and ``file`` the path it was
    made on: in configfs, or one of the host that begins with a slash. ``reason`` is the cause,
    ``said`` what the kernel wrote in its log, ``label`` what the message begins with: the words
    that scripts match, where there are such.
    """

    def __init__(
        self,
        reason: str,
        *,
        errno: int,
        operation: str,
        file: str,
        path: str = "",
        hint: str = "",
        label: str = "",
    ) -> None:
        super().__init__(reason, path=path, hint=hint)
        self.errno = errno
        self.operation = operation
        self.file = file
        self.reason = reason
        self.kernel_message = ""
        self.label = label

    def prefix(self, text: str) -> None:
        """Put what was tried before the reason."""
        self.label = f"{text}: {self.label}" if self.label else text

    def __str__(self) -> str:
        text = f"{self.label}: {self.reason}" if self.label else self.reason
        if "[Errno" not in self.label:
            text += f" ({errorcode.get(self.errno, self.errno)})"
        return f"{text}; the kernel says: {self.kernel_message}" if self.kernel_message else text


class PermissionDenied(LioError):
    """Root is needed: run it with sudo."""


class ParseError(LioError):
    """A line or a file cannot be read: mend it at the place shown."""


class Interrupted(LioError):
    """The user, or the end of the session, stopped it half way."""


class RollbackFailed(LioError):
    """A change failed and the old state is not back: look at what the message names."""


class RestoreIncomplete(LioError):
    """Part of a configuration could not be brought up, or not be taken away.

    The message names each part, and ``causes`` holds one error for each.
    """

    def __init__(self, message: str, *, causes: Sequence[LioError] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.causes = causes
