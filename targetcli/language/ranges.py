# SPDX-License-Identifier: Apache-2.0
"""One line that stands for several calls of its command: disk[001-100], /backstores/block/disk*.

A range stands for names that are to be made or that are there; ``*`` and ``?`` for what is there.
Only parameters that the command table marks with ``many`` are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from rtslib_ext.errors import InvalidValue, NotFound

from ..command_table.command import Command, Parameter
from ..tree import Node, walk

MOST = 16384
_RANGE = re.compile(r"\[([0-9]{1,9}(?:-[0-9]{1,9})?(?:,[0-9]{1,9}(?:-[0-9]{1,9})?)*)\]")
# How a bracket is written that begins no range, as in the shell's own patterns.
_BRACKET = "[[]"
# Kinds of parameters that name what is there: by its path, or among the children of the node.
_PATHS = ("storage_object",)
CHILDREN = ("storage_object_name", "lun", "mapped_lun", "acl", "target", "tpg_tag")

Call = tuple[Sequence[str], Mapping[str, str]]


def calls(
    node: Node, command: Command, positional: Sequence[str], keywords: Mapping[str, str]
) -> list[Call]:
    """What is to be called, one after the other; mostly the line as it stands.

    Raises InvalidValue, NotFound.
    """
    found: dict[int | str, list[str]] = {}
    for place, item in enumerate(command.parameters):
        key: int | str = place if place < len(positional) else item.name
        text = positional[place] if place < len(positional) else keywords.get(item.name)
        if item.many and text is not None:
            values = _values(node, item, text)
            if values != [text]:
                found[key] = values
    if not found:
        return [(positional, keywords)]
    counts = {len(values) for values in found.values() if len(values) > 1}
    if len(counts) > 1:
        told = ", ".join(f"{len(values)} ({values[0]} …)" for values in found.values())
        raise InvalidValue(f"the ranges stand for different numbers of values: {told}")
    number = max(counts, default=1)
    return [_call(positional, keywords, found, place) for place in range(number)]


def _call(
    positional: Sequence[str],
    keywords: Mapping[str, str],
    found: Mapping[int | str, list[str]],
    place: int,
) -> Call:
    words, named = list(positional), dict(keywords)
    for key, values in found.items():
        value = values[place if len(values) > 1 else 0]
        if isinstance(key, int):
            words[key] = value
        else:
            named[key] = value
    return words, named


def _values(node: Node, item: Parameter, text: str) -> list[str]:
    ranges = [one for one in _RANGE.finditer(text) if not one[1].isdigit()]
    if len(ranges) > 1:
        raise InvalidValue(f"{text} has more than one range in it")
    if ranges:
        before, after = text[: ranges[0].start()], text[ranges[0].end() :]
        return [f"{before}{number}{after}" for number in _numbers(ranges[0][1])]
    if any(char in text for char in "*?"):
        names = _there(node, item, text)
        if names is not None:
            return names
    return [text.replace(_BRACKET, "[")]


def _numbers(text: str) -> list[str]:
    """The numbers of a range, with as many zeros before them as its first one has."""
    result: list[str] = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        first, last = int(low), int(high or low)
        if first > last:
            raise InvalidValue(f"the range [{text}] is upside down: write [{high}-{low}]")
        if len(result) + last - first >= MOST:
            raise InvalidValue(f"the range [{text}] stands for more than {MOST} values")
        width = len(low) if low.startswith("0") else 0
        result += (f"{number:0{width}}" for number in range(first, last + 1))
    return result


def _there(node: Node, item: Parameter, pattern: str) -> list[str] | None:
    """What matches of that which is there; None for a parameter that names nothing of it."""
    if item.kind in _PATHS:
        found = list(_matching_paths(node, pattern))
    elif item.kind in CHILDREN:
        if node.find(pattern) is not None:
            return None
        found = [child.name for child in walk.in_order(node) if fnmatchcase(child.name, pattern)]
    else:
        return None
    if not found:
        raise NotFound(f"nothing matches {pattern}", path=node.path)
    return found


def _matching_paths(node: Node, pattern: str) -> Iterator[str]:
    above, slash, last = pattern.rpartition("/")
    for parent in walk.expand(node, f"{above}{slash}" or "."):
        for child in walk.in_order(parent):
            if fnmatchcase(child.name, last):
                yield child.path
