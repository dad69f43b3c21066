# SPDX-License-Identifier: Apache-2.0
"""Ranges and patterns: one line for several calls, disk[001-100] or /backstores/block/disk*.

A range expands to new or existing names, ``*`` and ``?`` match existing names. Only parameters that
the command table marks with ``many`` are expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from rtslib_ext.errors import InvalidValue, NotFound

from ..command_table.command import Command, Parameter
from ..tree import Node, walk

MOST = 16384
_RANGE = r"\[([0-9]{1,9}(?:-[0-9]{1,9})?(?:,[0-9]{1,9}(?:-[0-9]{1,9})?)*)\]"
# Typed for a range: a bracket that is not closed, or numbers that are no range.
_MISTYPED = r"\[[0-9][^\]]*$|\[[0-9,-]*[,-][0-9,-]*\]"
# A literal bracket, as in shell patterns.
_BRACKET = "[[]"
# Kinds of parameters that name existing objects: by path, or among the children of the node.
_PATHS = ("storage_object",)
CHILDREN = ("storage_object_name", "lun", "mapped_lun", "acl", "target", "tpg_tag")

Call = tuple[Sequence[str], Mapping[str, str]]


def calls(
    node: Node, command: Command, positional: Sequence[str], keywords: Mapping[str, str]
) -> list[Call]:
    """Return the calls that a line expands to; usually the line itself.

    Raises InvalidValue, NotFound.
    """
    found: dict[int | str, list[str]] = {}
    single: list[Parameter] = []
    for place, item in enumerate(command.parameters):
        key: int | str = place if place < len(positional) else item.name
        text = positional[place] if place < len(positional) else keywords.get(item.name)
        if item.many and text is not None:
            values = _values(node, item, text)
            if values != [text]:
                found[key] = values
            if item.each and len(values) == 1:
                single.append(item)
    if not found:
        return [(positional, keywords)]
    counts = {len(values) for values in found.values() if len(values) > 1}
    if len(counts) > 1:
        listed = ", ".join(f"{len(values)} ({values[0]} …)" for values in found.values())
        raise InvalidValue(f"the ranges expand to different numbers of values: {listed}")
    number = max(counts, default=1)
    if single and number > 1:
        name = single[0].name
        raise InvalidValue(
            f"{name} would be the same for {number} objects",
            hint=f"give a range, such as {name}=NAME[1-{number}], or omit it",
        )
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
    ranges = [one for one in re.finditer(_RANGE, text) if not one[1].isdecimal()]
    if len(ranges) > 1:
        raise InvalidValue(f"{text} contains more than one range")
    if ranges:
        before, after = text[: ranges[0].start()], text[ranges[0].end() :]
        return [f"{before}{number}{after}" for number in _numbers(ranges[0][1])]
    if re.search(_MISTYPED, text) and not (item.kind in CHILDREN and node.find(text)):
        first = text.partition("[")[0]
        raise InvalidValue(
            f"{text} is not a complete range",
            hint=f"a range is {first}[1-3] or {first}[1,3]; a literal bracket is {_BRACKET}",
        )
    if any(char in text for char in "*?"):
        names = _existing(node, item, text)
        if names is not None:
            return names
    return [text.replace(_BRACKET, "[")]


def _numbers(text: str) -> list[str]:
    """Return the numbers of a range, padded with zeros like its first one."""
    result: list[str] = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        first, last = int(low), int(high or low)
        if first > last:
            raise InvalidValue(f"the range [{text}] is reversed: write [{high}-{low}]")
        if len(result) + last - first >= MOST:
            raise InvalidValue(f"the range [{text}] has more than {MOST} values")
        width = len(low) if low.startswith("0") else 0
        result += (f"{number:0{width}}" for number in range(first, last + 1))
    return result


def _existing(node: Node, item: Parameter, pattern: str) -> list[str] | None:
    """Return the matching names; None for a parameter that does not name existing objects."""
    if item.kind in _PATHS:
        if walk.find(node, pattern) is not None:
            return None
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
