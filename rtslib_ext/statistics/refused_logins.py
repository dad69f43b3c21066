# SPDX-License-Identifier: Apache-2.0
"""Refused logins: the kernel's log for the history, its counters for the last one of each target.

The log has the reason, and a name only of initiators without an ACL and of unknown targets; it
has no address. A target keeps initiator and address of its last refused login, and no reason.
Refused discoveries and unknown targets are in the log only.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from ..fast_dataclasses import dataclass, replace
from ..host import journal
from ..kernel import log
from .logins import LastRefusal, Logins

UNKNOWN_INITIATOR = "unknown_initiator"
WRONG_USER = "wrong_user"
WRONG_SECRET = "wrong_secret"
NO_SECRET = "no_secret"
SECRET_NOT_SET = "secret_not_set"
UNKNOWN_TARGET = "unknown_target"
NO_TPG = "no_tpg"
BROKEN_OFF = "broken_off"
AUTHENTICATION = frozenset({WRONG_USER, WRONG_SECRET, NO_SECRET, SECRET_NOT_SET})

SESSION, DISCOVERY = "session", "discovery"

# Messages of drivers/target/iscsi: iscsi_target_nego.c, iscsi_target_auth.c, iscsi_target_login.c.
_NOT_AUTHORIZED = re.compile(
    r"iSCSI Initiator Node: (?P<initiator>.+) is not authorized to access iSCSI target portal "
    r"group: (?P<tpg>\d+)\.?"
)
_NO_TARGET = re.compile(r"Unable to locate Target IQN: (?P<target>.+) in Storage Node")
_NO_TPG = re.compile(r"Unable to locate Target Portal Group on (?P<target>.+)")
_CAUSES = ((_NOT_AUTHORIZED, UNKNOWN_INITIATOR), (_NO_TARGET, UNKNOWN_TARGET), (_NO_TPG, NO_TPG))
_NO_CHAP = "Initiator is requesting CSG: 1, has not been successfully authenticated"
_DETAILS = {
    "CHAP_N values do not match!": WRONG_USER,
    "CHAP user or password not set for Initiator ACL": SECRET_NOT_SET,
}
_SECURITY = "Security negotiation failed."
_END = "iSCSI Login negotiation failed."
# The clocks of the log and of the counters differ by this part of the time since boot at most.
_DRIFT = 50e-6
_CLOSE = 1.5


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused login, ``seconds`` after boot; "" and None are unknown.

    ``kind`` is one of the constants above, ``stage`` SESSION or DISCOVERY.
    """

    seconds: float
    kind: str
    stage: str = ""
    target: str = ""
    tpg: int | None = None
    initiator: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """The refused logins in their order.

    ``complete``: the log begins with the boot. ``readable``: there is a log at all.
    """

    refusals: tuple[Refusal, ...]
    complete: bool
    readable: bool


def read(
    targets: Sequence[Logins], earlier: Sequence[LastRefusal] = (), *, discovery: bool
) -> History:
    """Return the refused logins of this boot.

    ``earlier`` are last refused logins that targets had before. ``discovery``: a discovery
    requires a secret, too.
    """
    records = log.records()
    complete = bool(records) and records[0].number == 0
    messages = [(record.seconds, record.text) for record in records]
    if not complete:
        messages = _with_journal(messages)
    refusals = joined(list(parsed(messages)), targets, earlier, discovery=discovery)
    return History(tuple(refusals), complete, bool(records))


def _with_journal(messages: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return messages with the earlier ones of the journal before them."""
    first = messages[0][0] if messages else float("inf")
    return [*(item for item in journal.of_this_boot() if item[0] < first), *messages]


def parsed(messages: Iterable[tuple[float, str]]) -> Iterator[Refusal]:
    """Yield the refused logins of the kernel's messages (seconds since boot, text).

    Each ends with the same message; of those that come at once, the first one ends first.
    """
    begun: deque[Refusal] = deque()
    detail = WRONG_SECRET
    for seconds, text in messages:
        refusal = _begun(seconds, text)
        if refusal:
            begun.append(refusal)
        elif text in _DETAILS:
            detail = _DETAILS[text]
        elif text == _SECURITY:
            begun.append(Refusal(seconds, detail))
            detail = WRONG_SECRET
        elif text == _END:
            yield begun.popleft() if begun else Refusal(seconds, BROKEN_OFF)
    yield from begun


def _begun(seconds: float, text: str) -> Refusal | None:
    if text.startswith(_NO_CHAP):
        return Refusal(seconds, NO_SECRET)
    for pattern, kind in _CAUSES:
        found = pattern.fullmatch(text)
        if found:
            names = found.groupdict()
            tag = names.get("tpg")
            return Refusal(
                seconds,
                kind,
                SESSION,
                names.get("target", ""),
                None if tag is None else int(tag),
                names.get("initiator", ""),
            )
    return None


def joined(
    refusals: list[Refusal],
    targets: Sequence[Logins],
    earlier: Sequence[LastRefusal] = (),
    *,
    discovery: bool,
) -> list[Refusal]:
    """Return refused logins with all that the counters of the targets say about them.

    A last refused login that the log does not have is added.
    """
    found = list(refusals)
    known: set[int] = set()
    by_name = {item.target: item for item in targets}
    now = [item.last for item in targets if item.last]
    for last in dict.fromkeys([*now, *earlier]):
        place = _place(found, known, last)
        if place is None and last.target in by_name:
            found.append(_uncovered(by_name[last.target], last))
            known.add(len(found) - 1)
        elif place is not None:
            found[place] = _with_last(found[place], last)
            known.add(place)
    left = [place for place in range(len(found)) if place not in known]
    _place_others(found, left, targets, discovery=discovery)
    return sorted(found, key=lambda item: item.seconds)


def _place(found: list[Refusal], known: set[int], last: LastRefusal) -> int | None:
    """Return the place of the refused login of the log that is a target's last one."""
    kinds = {BROKEN_OFF, *AUTHENTICATION} if last.initiator else {UNKNOWN_INITIATOR}
    close = _CLOSE + _DRIFT * time.monotonic()
    places = [
        place
        for place, item in enumerate(found)
        if place not in known and item.kind in kinds and abs(item.seconds - last.seconds) <= close
    ]
    return min(places, key=lambda place: abs(found[place].seconds - last.seconds), default=None)


def _with_last(item: Refusal, last: LastRefusal) -> Refusal:
    initiator = item.initiator or last.initiator
    return replace(
        item, stage=SESSION, target=last.target, initiator=initiator, address=last.address
    )


def _uncovered(logins: Logins, last: LastRefusal) -> Refusal:
    """Return a target's last refused login without the log: the reason is hardly known."""
    kind = BROKEN_OFF
    if not last.initiator:
        kind = UNKNOWN_INITIATOR
    elif logins.refused["wrong_secret"]:
        kind = WRONG_SECRET
    return Refusal(last.seconds, kind, SESSION, logins.target, None, last.initiator, last.address)


def _place_others(
    found: list[Refusal], left: Sequence[int], targets: Sequence[Logins], *, discovery: bool
) -> None:
    """Set target and stage of the earlier ones, where only one is possible."""
    strangers = [item for item in targets if item.refused["unknown_initiator"]]
    secrets = [item for item in targets if item.refused["wrong_secret"]]
    counted = sum(item.refused["wrong_secret"] for item in secrets)
    placed = sum(
        item.kind in AUTHENTICATION for place, item in enumerate(found) if place not in left
    )
    unplaced = sum(found[place].kind in AUTHENTICATION for place in left)
    stage = ""
    if not discovery or counted - placed >= unplaced:
        stage = SESSION
    elif counted - placed <= 0:
        stage = DISCOVERY
    for place in left:
        item = found[place]
        if item.kind == UNKNOWN_INITIATOR and len(strangers) == 1:
            found[place] = replace(item, target=strangers[0].target)
        elif item.kind in AUTHENTICATION:
            target = secrets[0].target if stage == SESSION and len(secrets) == 1 else ""
            found[place] = replace(item, stage=stage, target=target)
