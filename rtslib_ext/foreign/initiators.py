# SPDX-License-Identifier: Apache-2.0
"""The names of initiators in files of other targets, some of which have patterns of names too."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .. import naming
from ..errors import InvalidValue

# RFC 7143 section 4.2.7.2 excludes them from names; SCST, IET and ctld have patterns with them.
_PATTERN = re.compile(r"[*?!\[\]#]")


def one_name(types: Sequence[str], text: str) -> str:
    """Return the normal form of the name of one initiator.

    Raises InvalidValue for a pattern as well: LIO would take it for a name, which no initiator has.
    """
    if _PATTERN.search(text):
        hint = f"{text!r} is a pattern, not the name of one initiator"
        raise InvalidValue("the name of one initiator is needed", hint=hint)
    return naming.as_running(types, text)
