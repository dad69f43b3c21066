# SPDX-License-Identifier: Apache-2.0
"""How an error is told: the object, what was refused, what to do next."""

from __future__ import annotations

import re

from rtslib_ext.errors import LioError


def error(err: LioError) -> list[str]:
    """One line where the message is one; a longer message keeps its lines."""
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
    """Tell whether a text has the shell path in it, not only as a part of another one."""
    return re.search(rf"(?<![\w/.]){re.escape(path)}(?![\w/])", text) is not None


def bug(err: BaseException) -> list[str]:
    """An error that this program did not expect."""
    return [
        f"this is a bug in targetcli: {type(err).__name__}: {err}",
        "TARGETCLI_DEBUG=1 shows where it happened; add that to a report",
    ]
