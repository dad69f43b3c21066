# SPDX-License-Identifier: Apache-2.0
"""Completers for shell paths, files of the host, and numbers."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator

from rtslib_ext.fast_dataclasses import replace

from ..tree import Node, walk
from .candidates import Ask, Candidate, Completer

# Nodes without children; for the others this is not checked, because it costs a listing each.
_LEAVES = frozenset({"lun", "portal", "mapped_lun", "alua_group"})
_COUNT = re.compile(r"[0-9]+(\.[0-9]+)?")


def shell_paths(ask: Ask) -> Iterator[Candidate]:
    """Return paths below the one typed so far, and bookmarks."""
    yield from below(ask, ask.node)


def below(ask: Ask, here: Node) -> Iterator[Candidate]:
    """Return the same, relative to a node."""
    partial = ask.partial
    if partial.startswith("@") and "/" not in partial:
        yield from (Candidate(f"@{name}", "") for name in ask.env.prefs.bookmarks)
        return
    folder, slash, name = partial.rpartition("/")
    for child in walk.first(here, folder + slash or ".").children():
        if child.name.startswith(name):
            leaf = child.kind in _LEAVES
            yield Candidate(f"{folder}{slash}{child.name}{'' if leaf else '/'}", " " * leaf)


def with_history(ask: Ask) -> Iterator[Candidate]:
    """Return the arguments of cd: paths, and < and >."""
    yield from shell_paths(ask)
    yield from (Candidate("<"), Candidate(">"))


def paths_or_rules(ask: Ask) -> Iterator[Candidate]:
    """Return the arguments of check: paths, and the word for the list of rules."""
    yield from shell_paths(ask)
    yield Candidate("rules")


def child_names(ask: Ask) -> Iterator[str]:
    """Return the names of the child nodes."""
    return (child.name for child in ask.node.children())


def _numbers(prefix: str) -> Completer:
    """Make a completer for the numbers of child nodes, whose names begin with ``prefix``."""

    def complete_numbers(ask: Ask) -> Iterator[str]:
        return (child.name.removeprefix(prefix) for child in ask.node.children())

    return complete_numbers


luns, mapped_luns, tags = map(_numbers, ("lun", "mapped_lun", "tpg"))


def free_numbers(used: Iterable[int], low: int = 0) -> list[str]:
    """Return the lowest free number, and the one after the highest used number."""
    taken = set(used)
    lowest = next(number for number in range(low, low + len(taken) + 1) if number not in taken)
    return [str(number) for number in sorted({lowest, max(taken, default=low - 1) + 1})]


def _next_number(prefix: str, low: int = 0) -> Completer:
    """Make a completer for the free numbers of a new child node."""

    def complete_next(ask: Ask) -> list[str]:
        names = (child.name.removeprefix(prefix) for child in ask.node.children())
        return free_numbers(map(int, names), low)

    return complete_next


next_lun, next_mapped_lun = _next_number("lun"), _next_number("mapped_lun")
next_tag = _next_number("tpg", 1)


def sizes(ask: Ask) -> Iterator[str]:
    """Return the number typed so far with each unit."""
    if _COUNT.fullmatch(ask.partial):
        yield from (f"{ask.partial}{unit}" for unit in "KMGT")


def new_sizes(ask: Ask) -> Iterator[str]:
    """Return a size, or the amount after a sign, with each unit."""
    sign = ask.partial[:1] if ask.partial[:1] in ("+", "-") else ""
    amount = replace(ask, partial=ask.partial.removeprefix(sign))
    yield from (f"{sign}{size}" for size in sizes(amount))


# -- the host's files -----------------------------------------------------------------------


def on_disk(partial: str, wanted: Callable[[str, int], bool]) -> Iterator[Candidate]:
    """Yield directories, and files accepted by ``wanted(path, mode)``, below the path so far.

    The typed part is kept unchanged, including a leading ~.
    """
    folder, slash, name = partial.rpartition("/")
    above = os.path.expanduser(folder + slash)
    try:
        entries = sorted(os.listdir(above or "."))
    except OSError:
        return
    for entry in entries:
        if not entry.startswith(name) or (entry[0] == "." and not name):
            continue
        path, shown = f"{above}{entry}", f"{folder}{slash}{entry}"
        try:
            mode = os.stat(path).st_mode
        except OSError:
            continue
        if stat.S_ISDIR(mode):
            yield Candidate(f"{shown}/", "")
        elif wanted(path, mode):
            yield Candidate(shown)


def folders(partial: str) -> Iterator[Candidate]:
    """Return directories only."""
    return on_disk(partial, lambda path, mode: False)


def regular_files(partial: str) -> Iterator[Candidate]:
    """Return directories and regular files."""
    return on_disk(partial, lambda path, mode: stat.S_ISREG(mode))


def any_files(ask: Ask) -> Iterator[Candidate]:
    """Return directories, files and devices."""
    return on_disk(ask.partial, lambda path, mode: not stat.S_ISDIR(mode))
