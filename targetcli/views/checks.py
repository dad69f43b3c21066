# SPDX-License-Identifier: Apache-2.0
"""The findings of check: as text, as the line of a plug-in for Nagios, and as plain values."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from rtslib_ext.checks.rule import Finding, Rule, Severity, Words
from rtslib_ext.config import wording
from rtslib_ext.config.printable import printable

from . import paint
from .wrap import wrap

Found = Sequence[tuple[Rule, Finding]]

_INDENT = "    "
_COMMENT = f"{_INDENT}# "
_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: None}
# The number of findings of one rule that are shown, unless all are wanted.
_SHOWN = 5
# The number of findings in the line for Nagios.
_IN_LINE = 3


def text(
    found: Found, rules: int, *, width: int | None, in_shell: bool, every: bool, colors: bool
) -> Iterator[str]:
    """Yield the lines: for each finding what it is, then how to fix it.

    ``rules`` is the number of rules that were applied. Without a ``width`` nothing is wrapped;
    commands never are, so that they can be copied. ``in_shell``: they are for this program's
    prompt. Without ``every``, only the first findings of a rule are shown.
    """
    for rule, one in found if every else first(found):
        if isinstance(one, int):
            yield f"{_severity(rule, colors)}: {one} more of {rule.name} (-v shows all)"
        else:
            yield from _finding(rule, one, width, in_shell=in_shell, colors=colors)
    yield f"{counted(found)} ({wording.counted(rules, 'rule')})"


def first(found: Found) -> Iterator[tuple[Rule, Finding | int]]:
    """Yield the first findings of each rule, and after them the number of its others."""
    numbers = Counter(rule.name for rule, _ in found)
    passed: Counter[str] = Counter()
    for rule, one in found:
        passed[rule.name] += 1
        if passed[rule.name] <= _SHOWN:
            yield rule, one
        elif passed[rule.name] == numbers[rule.name]:
            yield rule, numbers[rule.name] - _SHOWN


def _finding(
    rule: Rule, one: Finding, width: int | None, *, in_shell: bool, colors: bool
) -> Iterator[str]:
    line = f"{rule.severity.value}: {one.path}: {one.text} [{rule.name}]"
    first, *more = wrap(printable(line), width).split("\n")
    yield _severity(rule, colors) + first.removeprefix(rule.severity.value)
    yield from more
    lines = [command(words, in_shell=in_shell) for words in one.commands]
    if one.help and one.help not in (" ".join(words) for words in one.commands):
        # As comments, so that the lines of a finding can be copied together.
        room = None if width is None else width - len(_COMMENT)
        yield from (f"{_COMMENT}{part}" for part in wrap(printable(one.help), room).split("\n"))
    yield from (f"{_INDENT}{line}" for line in lines)


def _severity(rule: Rule, colors: bool) -> str:
    color = _COLORS[rule.severity]
    return paint(rule.severity.value, color, ("bold",), colors=colors and color is not None)


def command(words: Words, *, in_shell: bool = False) -> str:
    """Return a command as one line, for the system's shell or for this program's prompt."""
    if not words[0].startswith("/"):
        return shlex.join(words)
    line = " ".join(map(_quoted, words))
    return line if in_shell else f"targetcli {line}"


def _quoted(word: str) -> str:
    name, equals, value = word.partition("=")
    return f"{name}={shlex.quote(value)}" if equals and name.isidentifier() else shlex.quote(word)


def counted(found: Found) -> str:
    """Return the number of findings of each severity in words."""
    numbers = _numbers(found)
    words = [wording.counted(numbers[one], one.value) for one in Severity if numbers[one]]
    return ", ".join(words) or "nothing found"


def _numbers(found: Found) -> Counter[Severity]:
    return Counter(rule.severity for rule, _ in found)


def nagios(found: Found) -> str:
    """Return the findings as the line of a plug-in: its state, a text, performance data.

    https://nagios-plugins.org/doc/guidelines.html
    """
    numbers = _numbers(found)
    state = "CRITICAL" if numbers[Severity.ERROR] else "WARNING"
    state = state if numbers[Severity.ERROR] or numbers[Severity.WARNING] else "OK"
    named = [f"{one.path}: {one.text}" for _, one in found if state != "OK"]
    listed = wording.shortened(named, _IN_LINE, separator="; ", last="; and ")
    text = counted(found) + (f": {listed}" if listed else "")
    data = " ".join(
        f"{one.value}s={numbers[one]};{limits};0"
        for one, limits in zip(Severity, (";0", "0;", ";"), strict=True)
    )
    return f"TARGETCLI {state} - {_flat(text)} | {data}"


def unknown(text: str) -> str:
    """Return the line of a plug-in that could not check."""
    return f"TARGETCLI UNKNOWN - {_flat(text)}"


def _flat(text: str) -> str:
    return printable(text.replace("\n", " ")).replace("|", "/")


def data(found: Found, rules: Sequence[str], file: str | None) -> dict[str, object]:
    """Return the findings as plain values for JSON: $defs/check of docs/json.schema.json."""
    numbers = _numbers(found)
    return {
        "file": file,
        "errors": numbers[Severity.ERROR],
        "warnings": numbers[Severity.WARNING],
        "notes": numbers[Severity.NOTE],
        "applied": list(rules),
        "findings": [
            {
                "rule": rule.name,
                "severity": rule.severity.value,
                "path": one.path,
                "text": one.text,
                "help": one.help,
                "commands": [command(words) for words in one.commands],
            }
            for rule, one in found
        ],
    }


def rules(known: Iterable[Rule], width: int | None) -> Iterator[str]:
    """Yield the rules with their meaning."""
    for rule in known:
        yield f"{rule.name} ({rule.severity.value})"
        yield from wrap(f"{_INDENT}{rule.meaning} {rule.cure}", width).split("\n")


def facts(rule: Rule) -> dict[str, object]:
    """Return a rule as plain values for JSON."""
    return {
        "name": rule.name,
        "severity": rule.severity.value,
        "needs": rule.needs.value,
        "meaning": rule.meaning,
        "cure": rule.cure,
        "in_status": rule.breaks,
    }
