# SPDX-License-Identifier: Apache-2.0
"""Sessions that the kernel counts, but does not list.

It lists those of initiators without an ACL on one page, and of an ACL only the latest one; the
number of sessions with a target includes all.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..fabrics import FABRICS
from ..fast_dataclasses import dataclass
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath
from ..reading.reader import Reader
from . import sessions

Holder = tuple[ConfigfsPath, str | None]
"""The configfs path of a TPG, and the directory of an ACL; None: those without an ACL."""

# drivers/target/target_core_transport.c, target_show_dynamic_sessions: a page, of whole names only.
_PAGE = 4096
# RFC 7143 section 4.2.7.1, with the line end and the NUL that follow a name.
_LONGEST = 223 + 2


@dataclass(frozen=True, slots=True)
class Unlisted:
    """The ``unlisted`` ones of the ``sessions`` with a target, whose WWN is ``target``.

    ``holders`` are those of which they may be.
    """

    target: str
    sessions: int
    unlisted: int
    holders: frozenset[Holder]


def of_target(reader: Reader, wwn: str) -> Unlisted | None:
    """Return the sessions with an iSCSI target that are not listed; None if all are."""
    before = count(reader, wwn)
    if not before:
        return None
    listed, holders = 0, set()
    for holder, number, whole in _lists(reader, wwn):
        listed += number
        if number and not whole:
            holders.add(holder)
    # Sessions may have ended meanwhile.
    now = min(before, count(reader, wwn))
    return Unlisted(wwn, now, now - listed, frozenset(holders)) if now > listed else None


def count(reader: Reader, wwn: str) -> int:
    """Return the number of all sessions with an iSCSI target (iscsi_target_stat.c)."""
    target = paths.target(FABRICS["iscsi"], wwn)
    text = reader.fs.read_if_there(f"{target}/fabric_statistics/iscsi_instance/sessions") or ""
    return int(text) if text.isdecimal() else 0


def _lists(reader: Reader, wwn: str) -> Iterator[tuple[Holder, int, bool]]:
    """Yield each holder, the number of its listed sessions, and whether these are surely all."""
    fabric = FABRICS["iscsi"]
    for tag in reader.tags(paths.target(fabric, wwn)):
        tpg = paths.tpg(fabric, wwn, tag)
        for folder in reader.acl_names(tpg):
            yield (tpg, folder), int(bool(sessions.of_acl(reader, fabric, tpg, folder))), False
        names = sessions.dynamic_initiators(reader, tpg)
        size = sum(len(name.encode("utf-8", "surrogateescape")) + 2 for name in names)
        yield (tpg, None), len(names), size + _LONGEST <= _PAGE
