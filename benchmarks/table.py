# SPDX-License-Identifier: Apache-2.0
"""Values -> the table of figures: what was to be reached, what was, with the spread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .values import Values
from .where import PROGRAM

FIGURES, PLACES, END = "<!-- figures: make bench -->", "<!-- places: make bench -->", "<!-- end -->"
WHOLE = (
    "restoreconfig",
    "saveconfig",
    "diff",
    "ls",
    "clearconfig",
    "sessions",
    "stats",
    "exporter",
)
# A command and another one, and how much of its time it may take.
APPLY = (("apply", "restoreconfig", 1.25), ("second apply", "saveconfig", 1.15))
# The same, at the smaller number of LUNs.
LOOKING = (
    ("check", "saveconfig", 1.2),
    ("map", "saveconfig", 1.2),
    ("report", "saveconfig", 1.5),
)
# The bare calls that a command is held against, and how much of their time it may take.
AGAINST = {
    "restoreconfig": ("restoreconfig", 0.27),
    "saveconfig": ("read", 1.0),
    "diff": ("read", 1.3),
    "sessions": ("sessions", 1.3),
    "stats": ("stats", 1.3),
    "exporter": ("exporter", 1.3),
    "ls": ("read", 0.5),
    "clearconfig": ("clearconfig", 1.15),
}
# The memory that a command may take, in MiB; others 150.
MOST_MEMORY = {"stats": 100, "exporter": 100}
SHELL = ("first prompt", "cd", "Tab, the first", "Tab", "Tab among backstores")
PEERS = (
    ("restoreconfig", "targetcli-fb", 10),
    ("restoreconfig", "rtslib-fb", 10),
    ("saveconfig", "targetcli-fb", 5),
    ("saveconfig", "rtslib-fb", 5),
    ("ls", "targetcli-fb", 5),
)


@dataclass(frozen=True)
class Row:
    """One figure; ``reached`` is None where it could not be measured."""

    what: str
    target: str
    found: str
    reached: bool | None

    @property
    def verdict(self) -> str:
        """The figure against its target, in a word."""
        return {True: "reached", False: "not reached", None: "not measured"}[self.reached]


def rows(values: Values, few: int, many: int, peers: int) -> Iterator[Row]:
    """All figures, in the order of the table."""
    for what in WHOLE:
        raw, most = AGAINST[what]
        yield _most(
            f"{what}, {few} LUNs, of the bare calls",
            most,
            partial(_ratio, values, (what, "ours", few), (raw, "raw", few)),
        )
    for what in WHOLE:
        yield _most(
            f"{what}, time for each LUN, {many} of {few} LUNs",
            1.3,
            partial(_growth, values, what, few, many),
        )
    for what, other, most in APPLY:
        yield _most(
            f"{what}, {many} LUNs, of {other}",
            most,
            partial(_ratio, values, (what, "ours", many), (other, "ours", many)),
        )
    for what, other, most in LOOKING:
        yield _most(
            f"{what}, {few} LUNs, of {other}",
            most,
            partial(_ratio, values, (what, "ours", few), (other, "ours", few)),
        )
    for what in WHOLE:
        yield _most(
            f"{what}, memory at {many} LUNs, MiB",
            MOST_MEMORY.get(what, 150),
            partial(_memory, values, what, many),
        )
    yield from _one_shot(values, many)
    yield from _starts(values)
    for what in SHELL:
        yield _most(
            f"shell: {what}, {many} LUNs, s",
            0.1,
            partial(_spread, values, f"shell: {what}", many),
        )
    yield _most(
        "shell: first prompt outside, s over Python's start",
        0.1,
        partial(_spread, values, "shell outside: first prompt", 0),
    )
    for what, peer, least in PEERS:
        yield _least(
            f"{what}, {peers} LUNs, {peer} of this",
            least,
            partial(_ratio, values, (what, peer, peers), (what, "ours", peers)),
        )
    yield _least(
        f"create over version, {peers} LUNs, targetcli-fb of this",
        10,
        partial(_creating, values, peers),
    )


def _one_shot(values: Values, many: int) -> Iterator[Row]:
    names = dict.fromkeys(key[0] for key in values.found if key[3] == "starts")
    for what in names:
        yield _most(
            f"{what}, system calls at {many} LUNs over those at 1",
            0,
            partial(_calls, values, what, many),
        )
        yield _most(
            f"{what}, time over --version, {many} LUNs of 1",
            1.1,
            partial(_starting, values, what, many),
        )


def _starts(values: Values) -> Iterator[Row]:
    for words in ("--version", "ls /iscsi 1"):
        yield _most(
            f"{words}, of python3 -c pass",
            4,
            partial(
                _ratio, values, (f"{words} outside", "ours", 0), ("start outside", "python", 0)
            ),
        )
    for words in ("version", "ls /iscsi 1"):
        yield _most(
            f"{words}, nothing configured, of targetcli-fb",
            0.5,
            partial(_ratio, values, (words, "ours", 0), (words, "targetcli-fb", 0)),
        )


def _ratio(
    values: Values, one: tuple[str, str, int], other: tuple[str, str, int]
) -> tuple[float, str]:
    first, second = values.of(*one), values.of(*other)
    spread = f"{min(first):.3g}–{max(first):.3g} s of {min(second):.3g}–{max(second):.3g} s"
    return values.middle(*one) / values.middle(*other), spread


def _growth(values: Values, what: str, few: int, many: int) -> tuple[float, str]:
    small, large = values.middle(what, "ours", few), values.middle(what, "ours", many)
    return large / many / (small / few), f"{small:.3g} s, {large:.3g} s"


def _calls(values: Values, what: str, many: int) -> tuple[float, str]:
    name = f"{what}: calls"
    few, lot = (values.of(name, "ours", size, "calls") for size in (1, many))
    if len(few) != len(lot):
        raise KeyError(f"all of {what}")
    counts = ", ".join(f"{one:.0f}: {two:.0f}" for one, two in zip(few, lot, strict=True))
    return sum(lot) - sum(few), counts


def _spread(values: Values, what: str, size: int) -> tuple[float, str]:
    found = values.of(what, "ours", size)
    return values.middle(what, "ours", size), f"{min(found):.3f}–{max(found):.3f} s"


def _memory(values: Values, what: str, size: int) -> tuple[float, str]:
    return values.middle(what, "ours", size, "MiB"), ""


def _starting(values: Values, what: str, many: int) -> tuple[float, str]:
    one = values.middle(what, "ours", 1, "starts")
    return values.middle(what, "ours", many, "starts") / one, f"{one:.2f} of a start at 1"


def _creating(values: Values, size: int) -> tuple[float, str]:
    return _over(values, "targetcli-fb", size) / _over(values, "ours", size), ""


def _over(values: Values, who: str, size: int) -> float:
    return values.middle("create", who, size) - values.middle("version", who, size)


def _most(what: str, most: float, ask: Callable[[], tuple[float, str]]) -> Row:
    return _row(what, f"≤ {most:g}", ask, lambda found: found <= most)


def _least(what: str, least: float, ask: Callable[[], tuple[float, str]]) -> Row:
    return _row(what, f"≥ {least:g}", ask, lambda found: found >= least)


def _row(
    what: str, target: str, ask: Callable[[], tuple[float, str]], good: Callable[[float], bool]
) -> Row:
    try:
        found, spread = ask()
    except KeyError as err:
        return Row(what, target, f"no value for {err.args[0]}", None)
    return Row(what, target, f"{found:.3g}{f' ({spread})' if spread else ''}", good(found))


def text(found: Sequence[Row]) -> Iterator[str]:
    """The table for a terminal."""
    width = max(len(row.what) for row in found)
    for row in found:
        yield f"{row.what:{width}}  {row.target:>6}  {row.verdict:12}  {row.found}"


def markdown(found: Iterable[Row], problems: Iterable[str]) -> Iterator[str]:
    """The table for a document."""
    yield "| what | to reach | found | |"
    yield "| --- | --- | --- | --- |"
    for row in found:
        yield f"| {row.what} | {row.target} | {row.found} | {row.verdict} |"
    for problem in problems:
        yield f"\nNot measured: {problem}"


def places(values: Values, sizes: Sequence[int]) -> Iterator[str]:
    """Where the time goes: for each work the seconds in each kind of call, for a document."""
    yield "| work | LUNs | system calls | seconds in them | in this program |"
    yield "| --- | --- | --- | --- | --- |"
    works = dict.fromkeys(key[0] for key in values.found if key[0].startswith("where: "))
    for what in works:
        for size in sizes:
            spent = {
                key[1]: values.middle(*key)
                for key in values.found
                if (key[0], key[2], key[3]) == (what, size, "s")
            }
            own = spent.pop(PROGRAM, None)
            if own is None:
                continue
            kinds = sorted(spent, key=lambda kind: -spent[kind])
            told = ", ".join(f"{kind} {spent[kind]:.2f}" for kind in kinds if spent[kind] >= 0.005)
            calls = sum(values.found.get((what, "calls", size, "calls"), [0]))
            whole = f"{sum(spent.values()):.2f}: {told}" if spent else "-"
            yield f"| {what[7:]} | {size} | {calls:.0f} | {whole} | {own:.2f} |"


def write(report: Path, mark: str, lines: Iterable[str]) -> None:
    """Put lines between their marks in a document."""
    before, begin, rest = report.read_text().partition(mark)
    _, end, after = rest.partition(END)
    assert begin and end, f"{report} has no place for {mark}"
    text = "\n".join(lines)
    report.write_text(f"{before}{mark}\n{text}\n{END}{after}")
