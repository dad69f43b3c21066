# SPDX-License-Identifier: Apache-2.0
"""Completers for groups of settings, their names and values."""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext.kernel import links, paths

from ..settings import Group, LunAlua, is_secret
from ..tree import walk
from .candidates import Ask, Candidate

_CHANGED = "--changed"


def group_names(ask: Ask) -> list[str]:
    """Return the groups of the node."""
    return list(walk.groups_of(ask.node))


def names(ask: Ask) -> Iterator[str]:
    """Return the settings of the group that are not typed yet."""
    group = _group(ask)
    if group is not None:
        given = {*ask.positional[1:], *ask.keywords}
        yield from (name for name in group.names(ask.node.fs) if name not in given)


def names_to_get(ask: Ask) -> Iterator[str]:
    """Return the settings of the group that are not typed yet, and the option of get."""
    if ask.partial.startswith("-") and _CHANGED not in ask.positional:
        yield _CHANGED
    yield from names(ask)


def names_to_set(ask: Ask) -> Iterator[Candidate]:
    """Return the writable settings that are not typed yet."""
    group = _group(ask)
    if group is not None:
        for name in names(ask):
            if name.startswith(ask.partial) and group.row(ask.node.fs, name).writable:
                yield Candidate(name, "=")


def values(ask: Ask) -> Iterator[str]:
    """Return the valid values of a setting, or its present value if they cannot be listed."""
    group, name = _group(ask), ask.keyword
    if group is None or name not in group.names(ask.node.fs):
        return
    if isinstance(group, LunAlua) and name == "alua_tg_pt_gp_name":
        link = links.link_in(ask.node.fs, group.configfs)
        yield from ask.node.fs.directories(paths.tg_pt_gps(link[1])) if link else ()
        return
    choices = group.choices(name)
    yield from choices
    if not choices and not is_secret(group, name):
        value = group.row(ask.node.fs, name).value
        yield from [value] if value else []


def _group(ask: Ask) -> Group | None:
    return walk.groups_of(ask.node).get(ask.given.get("group", ""))
