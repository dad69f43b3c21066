# SPDX-License-Identifier: Apache-2.0
"""Errors as text: the object and the refusal, the cure, and last the details of the kernel."""

from __future__ import annotations

import re

from rtslib_ext.config.printable import printable
from rtslib_ext.errors import (
    KernelRefused,
    LioError,
    ParseError,
    RestoreIncomplete,
    RollbackFailed,
)

_LONG_PATH = 40
_LONG_MESSAGE = 60
_FEW_LINES = 3
# The errors whose message has a line for each part; in others, a line end came from outside.
_OF_SEVERAL_LINES = (ParseError, RestoreIncomplete, RollbackFailed)


def error(err: LioError) -> list[str]:
    """Return one line for scripts, ``path: message (hint); details``.

    A longer message keeps its lines.
    """
    label = err.label if isinstance(err, KernelRefused) else ""
    details = [] if "[Errno" in label else [_code(err)]
    return _lines(err, err.path, label, err.hint, [*details, _kernel_message(err)])


def at_terminal(err: LioError, width: int, near: str = "") -> list[str]:
    """Return the same for people: shorter, and wrapped between words.

    ``near`` is the shell path of the command's node, from which longer paths are shortened.
    """
    # Imported here: only an error at a terminal needs it.
    from .wrap import wrap

    label, message = "", _kernel_message(err)
    brief_hint = ""
    if isinstance(err, KernelRefused):
        label = err.brief or err.label.partition(": [Errno")[0]
        brief_hint = err.brief_hint
    if len(message) > _LONG_MESSAGE:
        message = f"{message[:_LONG_MESSAGE].rstrip()}..."
    lines: list[str] = []
    shorter = [(brief_hint, message), (brief_hint, "")] if brief_hint else []
    for cure, detail in ((err.hint, message), *shorter):
        lines = _lines(err, _short(err.path, near), label, cure, [detail or _code(err)])
        # The mark below a typed line points at a column.
        if not isinstance(err, ParseError):
            lines = [wrap(line, width) for line in lines]
        if _height(lines, width) <= _FEW_LINES:
            break
    return lines


def _height(lines: list[str], width: int) -> int:
    """Return the lines on the screen; a word that is longer than one takes several."""
    return sum(-(-len(line) // width) for text in lines for line in text.split("\n"))


def _lines(err: LioError, path: str, label: str, hint: str, details: list[str]) -> list[str]:
    several = isinstance(err, _OF_SEVERAL_LINES)
    message = _message(err, label)
    first, *rest = message.split("\n") if several else [message]
    if path and not _names(first, err.path):
        first = f"{path}: {first}"
    detail = "; ".join(filter(None, details))
    if rest or (several and "\n" in hint):
        lines = [first, *rest, *filter(None, hint.split("\n")), *filter(None, [detail])]
    else:
        cure = f" ({hint})" if hint else ""
        lines = [f"{first}{cure}{f'; {detail}' if detail else ''}"]
    return [printable(line) for line in lines]


def _message(err: LioError, label: str) -> str:
    """Return the message without the details of the kernel."""
    if not isinstance(err, KernelRefused):
        return str(err)
    return f"{label}: {err.reason}" if label else err.reason


def _code(err: LioError) -> str:
    return err.code if isinstance(err, KernelRefused) else ""


def _kernel_message(err: LioError) -> str:
    message = err.kernel_message if isinstance(err, KernelRefused) else ""
    return f"the kernel says: {message}" if message else ""


def _short(path: str, near: str) -> str:
    """Return a long path from the last name of ``near`` on, if it is at or below that."""
    if len(path) <= _LONG_PATH or not (path == near or path.startswith(f"{near}/")):
        return path
    return near.rpartition("/")[2] + path[len(near) :]


def _names(text: str, path: str) -> bool:
    """Return True if a text contains the shell path, not only as a part of another one."""
    return re.search(rf"(?<![\w/.]){re.escape(path)}(?![\w/])", text) is not None


def bug(err: BaseException) -> list[str]:
    """Return the lines for an unexpected error."""
    return [
        printable(f"this is a bug in targetcli: {type(err).__name__}: {err}"),
        "set TARGETCLI_DEBUG=1 for a traceback, and add it to a bug report",
    ]


def without_text(err: Exception) -> Exception:
    """Return an unexpected error, with its traceback, but without texts that may have a secret."""
    kind = type(type(err).__name__, (Exception,), {"__module__": type(err).__module__})
    text = "its text is not shown, because the line may have a password"
    found: Exception = kind(text).with_traceback(err.__traceback__)
    return found
