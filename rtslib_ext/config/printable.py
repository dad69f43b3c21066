# SPDX-License-Identifier: Apache-2.0
"""Text from outside, in a form that a terminal, a log and a reader of lines can take.

Names of initiators and their aliases come over the network; others come from files and from
objects that another program created. Any of them may contain control characters and line ends.
"""

from __future__ import annotations

import re

# C0, DEL and C1; the separators and overrides of Unicode that break or reorder a line.
_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""Return a text as one line; what cannot be printed is escaped as in Python: ``\x1b``."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def has_controls(text: str) -> bool:
    """Return True if a text does something to a terminal, or is more than one line."""
    return _CONTROLS.search(text) is not None


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
