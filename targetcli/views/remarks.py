# SPDX-License-Identifier: Apache-2.0
"""Remarks about a file that is imported: lines, or values for --json."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rtslib_ext.config import wording
from rtslib_ext.config.printable import printable
from rtslib_ext.foreign.imported import Remark


def lines(remarks: Iterable[Remark]) -> list[str]:
    """Return ``FILE:LINE: SEVERITY: TEXT (CURE)`` for each remark.

    Remarks that differ only in their place, of which a file may have thousands, are one line.
    """
    places: dict[tuple[str, str, str], list[str]] = {}
    for remark in remarks:
        key = (remark.severity, remark.text, remark.cure)
        places.setdefault(key, []).append(str(remark.place))
    return [
        printable(
            f"{wording.shortened(found, 1)}: {severity}: {text}{f' ({cure})' if cure else ''}"
        )
        for (severity, text, cure), found in places.items()
    ]


def counted(remarks: Sequence[Remark]) -> str:
    """Return a number of things: "3 things"."""
    return wording.counted(len(remarks), "thing")


def facts(remarks: Iterable[Remark]) -> list[dict[str, object]]:
    """Return remarks as plain values: $defs/imported of docs/json.schema.json."""
    return [
        {
            "severity": remark.severity,
            "file": remark.file or None,
            "line": remark.line or None,
            "path": remark.path or None,
            "text": remark.text,
            "cure": remark.cure or None,
        }
        for remark in remarks
    ]
