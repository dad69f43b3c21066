# SPDX-License-Identifier: Apache-2.0
"""Errors as text: the object, the reason, and a hint at the cure."""

from __future__ import annotations

import re

from rtslib_ext.errors import LioError


def error(err: LioError) -> list[str]:
    """Return one line, ``path: message (hint)``; a longer message keeps its lines."""
    message = str(err)
    first, *rest = message.splitlines() or [""]
    if err.path and not _names(first, err.path):
        first = f"{err.path}: {first}"
    if not err.hint:
        return [first, *rest]
    if rest or "\n" in err.hint:
        return [first, *rest, *err.hint.splitlines()]
    return [f"{first} ({err.hint})"]


def _names(text: str, path: str) -> bool:
    """Return True if a text contains the shell path, not only as a part of another one."""
    return re.search(rf"(?<![\w/.]){re.escape(path)}(?![\w/])", text) is not None


def bug(err: BaseException) -> list[str]:
    """Return the lines for an unexpected error."""
    return [
        f"this is a bug in targetcli: {type(err).__name__}: {err}",
        "set TARGETCLI_DEBUG=1 for a traceback, and add it to a bug report",
    ]
