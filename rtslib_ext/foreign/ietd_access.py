# SPDX-License-Identifier: Apache-2.0
"""initiators.allow, initiators.deny and targets.allow, which stand beside ietd.conf.

A line is the name of a target, or ALL, and a list of addresses, networks or names of initiators.
For a target, the lines of both count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from .. import naming
from . import addresses
from .builder import Builder
from .imported import Place
from .source import Source
from .target import TargetBuilder

_ALL = "ALL"
_LINE = re.compile(r"[ \t]*([^#\s]\S*)[ \t]+([^#\s].*?)[ \t]*(?:#.*)?\r?")
# Names may be regular expressions, in which a dot is written so.
_DOT = re.compile(r"\\(.)")

Items = list[tuple[Place, str]]


def apply(source: Source, builder: Builder, targets: Mapping[str, TargetBuilder]) -> list[str]:
    """Let only those initiators log in, and where, that the files name; return their paths.

    ``targets`` are by the name in ietd.conf. Raises LioError for a file that cannot be read.
    """
    allowed, denied, portals = (
        source.beside(name) for name in ("initiators.allow", "initiators.deny", "targets.allow")
    )
    if allowed:
        _each(builder, targets, _items(allowed), _allow, Place(allowed.path))
    elif denied:
        _each(builder, targets, _items(denied), _deny, None)
    if portals:
        _each(builder, targets, _items(portals), _listen, None)
    return [found.path for found in (allowed, denied, portals) if found]


def _items(source: Source) -> dict[str, Items]:
    """Return the items of a file by target, and those for all under ALL."""
    found: dict[str, Items] = {}
    for number, text in enumerate(source.text.split("\n"), 1):
        line = _LINE.fullmatch(text)
        if line:
            items = found.setdefault(line[1], [])
            items += (
                (Place(source.path, number), item)
                for part in line[2].split(",")
                if (item := part.strip())
            )
    return found


def _each(
    builder: Builder,
    targets: Mapping[str, TargetBuilder],
    found: Mapping[str, Items],
    use: Callable[[Builder, TargetBuilder, Items], None],
    none: Place | None,
) -> None:
    """Call ``use`` for each target that has items; ``none`` is the file if others are closed."""
    for name, target in targets.items():
        items = [*found.get(name, ()), *found.get(_ALL, ())]
        if items:
            use(builder, target, items)
        elif none and found:
            target.closed = True
            builder.changed(
                none, f"no line allows an initiator of {name}: no initiator can log in to it"
            )
    for name, items in found.items():
        if name != _ALL and name not in targets:
            shown = name if naming.is_name(("iqn", "eui", "naa"), name) else "of this line"
            builder.note(items[0][0], f"there is no target {shown}")


def _allow(builder: Builder, target: TargetBuilder, items: Items) -> None:
    if any(item == _ALL for _, item in items):
        return
    target.addresses_suffice = True
    for at, item in items:
        if addresses.network(item):
            target.admit_address(at, item)
        else:
            target.admit(at, _DOT.sub(r"\1", item) if "*" not in item else item)


def _deny(builder: Builder, target: TargetBuilder, items: Items) -> None:
    for at, item in items:
        if item == _ALL:
            target.closed = True
        else:
            builder.lost(
                at,
                f"LIO has no list of denied initiators: {item} can log in to {target.wwn}",
                f"nft add rule inet filter input ip saddr {item} tcp dport {naming.ISCSI_PORT} drop"
                if addresses.network(item)
                else "create an ACL for each initiator that may log in",
            )


def _listen(builder: Builder, target: TargetBuilder, items: Items) -> None:
    if any(item == _ALL for _, item in items):
        return
    for at, item in _addresses(builder, items):
        target.listen(at, item)


def _addresses(builder: Builder, items: Items) -> Iterator[tuple[Place, str]]:
    for at, item in items:
        network = addresses.network(item)
        if network and "/" not in network:
            yield at, network
        else:
            builder.lost(at, f"a portal has an address, not {item}", "create its portals")
