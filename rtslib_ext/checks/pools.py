# SPDX-License-Identifier: Apache-2.0
"""The rule about pools of thin volumes, which are as full as all volumes in them together."""

from __future__ import annotations

from collections.abc import Iterator

from ..config.backing import Block, FileIO, Pscsi
from ..config.wording import shortened
from ..fast_dataclasses import dataclass, field
from ..host.device_stack import Stack
from ..host.thin_pools import Pool, Pools
from .facts import Facts
from .rule import Finding, Needs, Rule, Severity

# Of a pool: less is nearly full.
_FREE_PERCENT = 10


@dataclass(slots=True)
class _Used:
    pool: Pool
    objects: list[str] = field(default_factory=list)


def full(facts: Facts) -> Iterator[Finding]:
    """Yield a finding for each pool below storage objects that is nearly full, or in trouble."""
    stack = Stack()
    pools = Pools(stack)
    used: dict[int, _Used] = {}
    for so in facts.config.storage_objects.values():
        if isinstance(so.backing, FileIO | Block | Pscsi) and so.backing.dev:
            for pool in pools.below(stack.path(so.backing.dev)):
                used.setdefault(id(pool), _Used(pool)).objects.append(so.path)
    for one in used.values():
        text = problem(one.pool)
        if text:
            yield Finding(
                one.objects[0],
                f"the pool {one.pool.name}, which it{_others(one.objects)} is on, {text}",
                f"enlarge the pool {one.pool.name}, or delete snapshots and volumes in it",
            )


def problem(pool: Pool) -> str:
    """Return the problem of a pool; "" if it has room."""
    if pool.trouble:
        return f"is {pool.trouble}: writes to it fail"
    nearly = pool.free * 100 < pool.size * _FREE_PERCENT
    if nearly and pool.free < pool.growth:
        return (
            f"has {pool.free >> 20} of {pool.size >> 20} MiB free, and its volumes may grow by "
            f"{pool.growth >> 20} MiB: once it is full, writes fail"
        )
    if pool.metadata > 100 - _FREE_PERCENT:
        return f"has used {pool.metadata} % of its space for metadata: once that is full, it fails"
    return ""


def _others(paths: list[str]) -> str:
    return f" (with {shortened(paths[1:], 2)})" if len(paths) > 1 else ""


RULES = (
    Rule(
        "full-thin-pool",
        Severity.WARNING,
        Needs.HOST,
        full,
        "A pool of LVM's thin volumes, or of ZFS, has less than a tenth of its space free, and "
        "less than its exported volumes can still take; or its space for metadata is nearly full, "
        "or it is read-only. Once it is full, writes of all initiators on it fail.",
        "Enlarge the pool, or delete snapshots and volumes in it. Where initiators discard blocks "
        "(emulate_tpu=1), their space returns to the pool.",
    ),
)
