# SPDX-License-Identifier: Apache-2.0
"""stats: what the kernel counts for the objects at and below a node, and rates."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Sequence

from rtslib_ext.errors import InvalidValue
from rtslib_ext.reading.reader import Reader
from rtslib_ext.statistics import counted, counters, facts, rates
from rtslib_ext.statistics.columns import KINDS, LUN, MIB
from rtslib_ext.statistics.counted import Counted
from rtslib_ext.statistics.counters import Sample
from rtslib_ext.statistics.facts import Facts
from rtslib_ext.usage import exports

from .. import closest
from ..changes import part
from ..env import Env
from ..language import binding
from ..result import Result, show
from ..tree import Node, walk
from ..tree.acls import AclNode, MappedLunNode
from ..tree.backstores import StorageObjectNode
from ..views import stats as views
from ..views.wrap import width_of

NOTHING = "(the kernel counts nothing here)"
_SECONDS = re.compile(r"[0-9]+[smh]?")


def stats(
    env: Env,
    node: Node,
    path: str | None,
    interval: float | None,
    sort: str | None,
    kind: str | None,
    count: int | None,
    csv: bool,
) -> Result:
    """Show counters, or the MIB objects; with an interval also rates, again and again."""
    walk.require_readable(env)
    if path == "mib":
        return _mib(node, interval)
    if path and interval is None and _SECONDS.fullmatch(path):
        interval = binding.duration(path)
    elif path:
        node = walk.resolve(node, path)
    kinds = _kinds(kind)
    if count is not None and interval is None:
        raise InvalidValue("count needs an interval", hint="stats 5 count=3")
    if sort:
        _require_column(sort, kinds, rates=interval is not None)
    if interval is None:
        found = [_facts(env, take(env, node, kinds), None, sort)]
    elif env.options.json:
        found = list(_repeated(env, node, kinds, interval, sort, count or 1))
    else:
        lines = _lines(env, _repeated(env, node, kinds, interval, sort, count), True, csv)
        return show(lines, list)
    return show(
        _lines(env, found, interval is not None, csv),
        lambda: {
            "interval": interval,
            "byte_step": MIB,
            "samples": [list(views.plain(each)) for each in found],
            "mib": None,
        },
    )


def _kinds(kind: str | None) -> Collection[str]:
    if kind is None:
        return KINDS
    if kind not in KINDS:
        raise InvalidValue(f"kind must be one of: {', '.join(KINDS)}")
    return (kind,)


def _require_column(name: str, kinds: Collection[str], *, rates: bool) -> None:
    known = dict.fromkeys(
        column for kind in KINDS if kind in kinds for column in facts.names(kind, rates=rates)
    )
    if name not in ("path", *known):
        raise InvalidValue(
            f"there is no column {name}", hint=closest.hint(name, known, ", ".join(known))
        )


def take(env: Env, node: Node, kinds: Collection[str]) -> Sample:
    """Return the counters of the objects at and below a node, read now."""
    return counters.sample(env.fs, objects(Reader(env.fs), node, kinds))


def objects(reader: Reader, node: Node, kinds: Collection[str]) -> Iterator[Counted]:
    """Yield the objects at and below a node; of a storage object also the LUNs that export it."""
    acl = node if isinstance(node, AclNode) else node.parent
    owner = part.owner(node)
    if isinstance(acl, AclNode):
        yield from _of_acls(reader, acl, node, kinds)
    elif isinstance(owner, StorageObjectNode):
        yield from counted.objects(reader, owner.path, kinds)
        for export in exports.of_storage_object(reader.fs, owner.configfs) if LUN in kinds else ():
            yield Counted(LUN, export.shell, export.configfs)
    else:
        yield from counted.objects(reader, node.path, kinds)


def _of_acls(reader: Reader, acl: AclNode, node: Node, kinds: Collection[str]) -> Iterator[Counted]:
    """Yield the objects of an ACL, or of all ACLs with a tag."""
    for wwn in acl.wwns:
        for item in counted.objects(reader, f"{acl.tpg.path}/acls/{wwn}", kinds):
            if not isinstance(node, MappedLunNode) or item.path.endswith(f"/{node.name}"):
                yield item


def _repeated(
    env: Env,
    node: Node,
    kinds: Collection[str],
    interval: float,
    sort: str | None,
    count: int | None,
) -> Iterator[list[Facts]]:
    """Yield counters and rates after each interval, ``count`` times or until Ctrl-C."""
    before, start, number = take(env, node, kinds), time.monotonic(), 0
    while count is None or number < count:
        number += 1
        try:
            time.sleep(max(0.0, start + number * interval - time.monotonic()))
        except KeyboardInterrupt:
            return
        after = take(env, node, kinds)
        yield _facts(env, after, before, sort)
        before = after


def _facts(env: Env, sample: Sample, before: Sample | None, sort: str | None) -> list[Facts]:
    objects = counters.exported(env.fs, sample.rows)
    if before is None:
        found = [facts.of(row, objects.get(row.configfs, "")) for row in sample.rows]
    else:
        found = [
            facts.of(rate.row, objects.get(rate.row.configfs, ""), rate)
            for rate in rates.rates(before, sample)
        ]
    return _sorted(found, sort)


def _sorted(found: list[Facts], column: str | None) -> list[Facts]:
    """Return facts in the order of a column, the largest first; without one, in their own."""
    if column == "path":
        return sorted(found, key=lambda item: item.path)
    if not column:
        return found
    # Kinds without the column stay together and in their order: the sort is stable.
    return sorted(found, key=lambda item: -(item.values.get(column) or 0))


def _lines(
    env: Env, found: Sequence[list[Facts]] | Iterator[list[Facts]], repeats: bool, csv: bool
) -> Iterator[str]:
    for number, each in enumerate(found):
        now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        if csv:
            yield from views.csv_lines(each, now, rates=repeats, heading=not number)
        else:
            if repeats:
                yield from (["", now] if number else [now])
            yield from views.text(each, rates=repeats, width=width_of(env.stdout))
            if not each:
                yield NOTHING
        # The reader of a pipe gets each of them at once.
        env.stdout.flush()


def _mib(node: Node, interval: float | None) -> Result:
    if interval is not None:
        raise InvalidValue("stats mib has no interval")
    # Imported here: its tables are long, and the counters need none of them.
    from rtslib_ext.statistics import mib

    found = mib.read(node.fs, objects(node.reader, node, KINDS))
    return show(
        _or_nothing(views.mib(found)),
        lambda: {
            "interval": None,
            "byte_step": MIB,
            "samples": [],
            "mib": views.plain_mib(found),
        },
    )


def _or_nothing(lines: Iterator[str]) -> Iterator[str]:
    """Yield lines, which are never all in memory: a thousand LUNs have 90,000."""
    yield next(lines, NOTHING)
    yield from lines
