# SPDX-License-Identifier: Apache-2.0
"""The attributes in a block of scst.conf: taken one by one, the rest becomes remarks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..builder import Builder
from ..imported import Place
from ..statements import Statement

FABRIC_OF = {
    "fcst": "tcm_fc",
    "ib_srpt": "srpt",
    "iscsi": "iscsi",
    "qla2x00t": "qla2xxx",
    "scst_local": "loopback",
}
"""The fabric of LIO for each target driver of SCST."""
ACL_ATTRIBUTES = {"NopInInterval": "nopin_timeout", "NopInTimeout": "nopin_response_timeout"}
"""The attribute of an ACL for each of SCST's for all sessions of a target."""
PARAMETERS = (
    "DataDigest",
    "FirstBurstLength",
    "HeaderDigest",
    "ImmediateData",
    "InitialR2T",
    "MaxBurstLength",
    "MaxOutstandingR2T",
    "MaxRecvDataSegmentLength",
    "MaxXmitDataSegmentLength",
)
"""The keys of RFC 7143 that SCST has as attributes of a target."""


def place(builder: Builder, statement: Statement) -> Place:
    """Return the place of a statement."""
    return Place(builder.source.path, statement.line)


class Settings:
    """The attributes of a block; ``blocks`` are the words of statements that are none."""

    def __init__(
        self, builder: Builder, statement: Statement, blocks: tuple[str, ...] = ()
    ) -> None:
        self.builder = builder
        self._found: dict[str, list[Statement]] = {}
        for one in statement.body or ():
            if one.key not in blocks:
                self._found.setdefault(one.key, []).append(one)

    def names(self, pattern: re.Pattern[str]) -> list[str]:
        """Return the names of attributes of a form, in the order of the file."""
        return [name for name in self._found if pattern.fullmatch(name)]

    def all(self, name: str) -> list[Statement]:
        """Take an attribute that may occur several times."""
        return self._found.pop(name, [])

    def take(self, name: str) -> Statement | None:
        """Take an attribute; None if it is missing. The last one counts."""
        found = self._found.pop(name, None)
        return found[-1] if found else None

    def text(self, name: str) -> str | None:
        """Take the value of an attribute; None if it is missing."""
        found = self.take(name)
        return None if found is None else found.text

    def flag(self, name: str) -> bool | None:
        """Take an attribute that is 0 or 1; None if it is missing."""
        found = self.take(name)
        return None if found is None else found.text.strip() not in ("", "0")

    def number(self, name: str) -> int | None:
        """Take a number, which may be hexadecimal; None if it is missing. Raises ParseError."""
        found = self.take(name)
        if found is None:
            return None
        text = found.text.strip()
        try:
            if len(text) > 20:
                raise ValueError
            return int(text, 16) if text.lower().startswith("0x") else int(text)
        except ValueError:
            raise self.builder.source.wrong(found.line, f"expected a number after {name}") from None

    def rest(self, known: Mapping[str, str], lost: Mapping[str, str] | None = None) -> None:
        """Remark the attributes that were not taken: those of ``known`` and ``lost`` with a reason.

        An attribute with the value 0 is SCST's default, and no remark.
        """
        for name, statements in self._found.items():
            for statement in statements:
                if statement.text.strip() in ("", "0"):
                    continue
                at = place(self.builder, statement)
                if lost and name in lost:
                    self.builder.lost(at, f"{name} is lost: {lost[name]}")
                elif name in known:
                    self.builder.note(at, f"{name} has no effect: {known[name]}")
                else:
                    self.builder.unknown(at, name)
        self._found.clear()
