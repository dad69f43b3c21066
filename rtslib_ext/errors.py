# SPDX-License-Identifier: Apache-2.0
"""The errors of the library: one class for each action the user can take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from errno import errorcode


def reason(err: Exception) -> str:
    """Return why a system call failed, in lower case: "no space left on device"."""
    return (getattr(err, "strerror", None) or str(err)).lower()


class LioError(Exception):
    """Base of all errors of this library.

    ``path`` is the shell path of the object ("": none), ``hint`` the next thing to try, ``causes``
    the single errors if this one stands for several, ``failed_step`` the number of the step that
    failed, from 0 (None: no step was performed). ``proposal`` makes a hint that takes long, for
    an error that is often caught; it is called once, when the error is shown.
    """

    causes: Sequence[LioError] = ()
    failed_step: int | None = None
    proposal: Callable[[], str] | None = None

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.hint = hint

    def prefix(self, text: str) -> None:
        """Put the attempted action before the message."""
        self.args = (f"{text}: {self}",)

    def __reduce__(self) -> tuple[object, ...]:
        """Let pickle and copy restore the attributes: constructors differ in their arguments."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[LioError], args: tuple[object, ...], state: dict[str, object]) -> LioError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class InvalidValue(LioError):
    """A value is out of range or malformed: use another one."""


class NotFound(LioError):
    """The object does not exist: list with ls, or create it."""


class Exists(LioError):
    """The object exists: use it, or choose another name."""


class InUse(LioError):
    """The object is in use: release it first."""


class Unsupported(LioError):
    """This kernel, fabric or backstore does not support it."""


class KernelRefused(LioError):
    """The kernel failed a system call.

    ``errno`` is the error number, ``operation`` the call (mkdir, write …) and ``file`` its path:
    relative to the target tree, or absolute if it begins with a slash. ``reason`` is the cause,
    ``kernel_message`` the line in the kernel's log ("": none), ``label`` the start of the message:
    where scripts match a text, it is that text, and ``brief`` says the same to people.
    ``brief_hint`` replaces a hint that is too long for a terminal.
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
        self.brief = ""
        self.brief_hint = ""

    def prefix(self, text: str) -> None:
        """Put the attempted action before the reason."""
        self.label = f"{text}: {self.label}" if self.label else text
        self.brief = f"{text}: {self.brief}" if self.brief else ""

    @property
    def code(self) -> str:
        """The name of the errno."""
        return errorcode.get(self.errno, str(self.errno))

    def __str__(self) -> str:
        text = f"{self.label}: {self.reason}" if self.label else self.reason
        if "[Errno" not in self.label:
            text += f" ({self.code})"
        return f"{text}; the kernel says: {self.kernel_message}" if self.kernel_message else text


class PermissionDenied(LioError):
    """Root is required: run it with sudo."""


class ParseError(LioError):
    """A line or a file cannot be parsed: fix it at the position shown."""


class Interrupted(LioError):
    """The user stopped the change, or the session ended."""


class RollbackFailed(LioError):
    """A change failed, and so did its rollback: check the objects in the message."""


class RestoreIncomplete(LioError):
    """Part of a configuration could not be restored or cleared.

    The message names each part; ``causes`` holds one error for each.
    """

    def __init__(self, message: str, *, causes: Sequence[LioError] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.causes = causes
