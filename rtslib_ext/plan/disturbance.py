# SPDX-License-Identifier: Apache-2.0
"""What steps interrupt, as data."""

from __future__ import annotations

from ..fast_dataclasses import dataclass
from ..steps import Step


@dataclass(frozen=True, slots=True)
class Disturbance:
    """An initiator, or I/O of an unknown one, that steps would interrupt.

    ``kind`` is session, reservation or io; ``initiator`` is "" for io, and for sessions that the
    kernel does not list. ``path`` is the shell path of the TPG, the storage object or the LUN in
    use, ``sid`` and ``addresses`` are those of an iSCSI session that has an ACL. ``by`` are the
    steps that interrupt it. ``past`` is the text once they were performed, if it differs.
    """

    kind: str
    initiator: str
    path: str
    text: str
    sid: int | None = None
    addresses: tuple[str, ...] = ()
    by: tuple[Step, ...] = ()
    past: str = ""

    def __str__(self) -> str:
        first, *others = self.by
        more = f" and {len(others)} more" if others else ""
        return f"{self.text}; {first.path}: {first.text}{more}"
