# SPDX-License-Identifier: Apache-2.0
"""logins: the refused logins, each with the command that admits its initiator."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from rtslib_ext.errors import Unsupported
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.reading.reader import Reader
from rtslib_ext.statistics import logins as counters
from rtslib_ext.statistics import refused_logins as library
from rtslib_ext.statistics.logins import Logins
from rtslib_ext.statistics.refused_logins import History, Refusal

from ..changes import seen_logins
from ..changes.seen_logins import Seen
from ..env import Env
from ..result import Again, Result
from ..tree import Node, walk
from ..tree.fabrics import TargetNode, TpgNode
from ..views import logins as view
from ..views.logins import Group
from ..views.wrap import width_of
from .login_cures import Cures


@dataclass(frozen=True, slots=True)
class Found:
    """The refused logins that a node shows, the latest last, and the counters of its targets."""

    groups: list[Group]
    targets: list[Logins]
    history: History
    missing: int
    """How many the targets count and the log no longer has."""
    remember: Callable[[], object] | None
    """Makes the next look mark what comes after this one; None if it may not."""


def logins(env: Env, node: Node, watch: float | None) -> Result:
    """Show the refused logins at and below a node, those since the last look marked."""
    walk.require_readable(env)
    seen = seen_logins.read(env)
    if watch is not None:
        return _watched(env, node, seen, watch)
    found = _found(env, node, seen)
    lines = view.lines(found.groups, width_of(env.stdout), notes=_notes(found, seen))
    return Result(lines, data=lambda: _facts(found, seen), shows=True, printed=found.remember)


def _watched(env: Env, node: Node, seen: Seen | None, every: float) -> Result:
    if env.options.json:
        raise Unsupported("--json shows one moment, so it cannot be used with watch")

    def frame() -> list[str]:
        found = _found(env, node, seen, seen_logins.read(env))
        if found.remember is not None:
            found.remember()
        return view.lines(found.groups, width_of(env.stdout), notes=_notes(found, seen))

    return Result(frame(), again=Again(f"{node.path}: logins", every, frame))


def _found(env: Env, node: Node, seen: Seen | None, latest: Seen | None = None) -> Found:
    """Return what a node shows; ``seen`` marks new ones, ``latest`` is a later look."""
    latest = latest or seen
    reader = Reader(env.fs)
    cures = Cures(reader)
    now = time.monotonic()
    targets = list(counters.read(reader))
    history = library.read(targets, latest.last if latest else (), discovery=cures.discovery)
    target, tag = _place(node)
    shown = [item for item in history.refusals if _is_at(item, target, tag)]
    since = seen.time if seen else None
    groups = [Group.of(items, cures.of(items[-1]), since) for items in _grouped(shown)]
    here = [item for item in targets if target in ("", item.target)]
    remember = None
    if env.is_root and env.session.transaction is None:
        remember = partial(seen_logins.write, env, targets, latest, now)
    return Found(groups, here, history, _missing(here, shown), remember)


def _place(node: Node) -> tuple[str, int | None]:
    """Return the target and the tag of the TPG of a node; "" and None if it has none."""
    found: Node | None = node
    while found is not None:
        if isinstance(found, TpgNode):
            return found.wwn, found.tag
        if isinstance(found, TargetNode):
            return found.name, None
        found = found.parent
    return "", None


def _is_at(item: Refusal, target: str, tag: int | None) -> bool:
    return target in ("", item.target) and (tag is None or item.tpg in (None, tag))


def _grouped(refusals: Sequence[Refusal]) -> list[list[Refusal]]:
    """Return equal ones together, in the order of the last of each."""
    by: dict[tuple[object, ...], list[Refusal]] = {}
    for item in refusals:
        key = (item.kind, item.stage, item.target, item.tpg, item.initiator)
        by.setdefault(key, []).append(item)
    return sorted(by.values(), key=lambda items: items[-1].seconds)


def _missing(targets: Sequence[Logins], shown: Sequence[Refusal]) -> int:
    """Return how many refused logins of targets are not among those shown."""
    counted = sum(item.total for item in targets)
    names = {item.target for item in targets}
    return max(0, counted - sum(item.target in names and item.kind in _COUNTED for item in shown))


_COUNTED = library.AUTHENTICATION | {library.UNKNOWN_INITIATOR, library.BROKEN_OFF}


def _notes(found: Found, seen: Seen | None) -> list[str]:
    notes = []
    if seen is not None and any(group.new for group in found.groups):
        new = sum(group.new for group in found.groups)
        notes.append(f"{new} new since {view.time_of(seen.time)} (*)")
    if not found.history.readable:
        notes.append("the kernel's log cannot be read: only the last of each target is shown")
    elif found.missing and not found.history.complete:
        notes.append(f"{found.missing} more that the targets count are no longer in the log")
    return notes


def _facts(found: Found, seen: Seen | None) -> dict[str, object]:
    return {
        "seen": round(seen.time, 2) if seen else None,
        "log_complete": found.history.complete,
        "log_readable": found.history.readable,
        "refused": [view.facts(group) for group in found.groups],
        "targets": [
            {
                "target": item.target,
                "accepted": item.accepted,
                "refused": item.total,
                "by_kind": item.refused,
                "last": None if item.last is None else round(counters.at(item.last.seconds), 2),
                "last_initiator": (item.last.initiator if item.last else "") or None,
                "last_address": (item.last.address if item.last else "") or None,
            }
            for item in found.targets
        ],
    }
