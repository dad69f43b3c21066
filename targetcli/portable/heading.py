# SPDX-License-Identifier: Apache-2.0
"""The comment at the beginning of an exported file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rtslib_ext.config.printable import printable
from rtslib_ext.foreign.imported import Remark

from ..views import remarks as view


def lines(
    about: str, remarks: Sequence[Remark], secrets: str, names: Sequence[str]
) -> Iterator[str]:
    """Yield what the file is, the remarks, and the secrets that it needs, if any, by name."""
    yield from about.split("\n")
    yield from (f"# {printable(line)}" for line in view.lines(remarks))
    if names:
        yield from secrets.split("\n")
        yield from (f"#   {name}" for name in names)
