# SPDX-License-Identifier: Apache-2.0
"""All rules, and their application to a configuration."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ..errors import LioError, reason
from . import access, backing, credentials, hosts, kernel, peer, pools, portals, saved, storage
from .facts import Facts
from .rule import Finding, Needs, Rule, Severity

RULES: tuple[Rule, ...] = (
    *saved.RULES,
    *backing.RULES,
    *pools.RULES,
    *storage.RULES,
    *portals.RULES,
    *access.RULES,
    *credentials.RULES,
    *hosts.RULES,
    *kernel.RULES,
    *peer.RULES,
)
ORDER = tuple(Severity)


def selected(
    facts: Facts,
    *,
    least: Severity = Severity.NOTE,
    ignored: Collection[str] = (),
    host: bool = True,
) -> list[Rule]:
    """Return the rules that apply to a configuration.

    ``least`` is the least severity, ``ignored`` are names of rules, ``host`` is False for a file
    of another host.
    """
    possible = {Needs.PEER} if facts.peer is not None else {Needs.CONFIG}
    possible |= {Needs.HOST} if host and facts.peer is None else set()
    possible |= {Needs.KERNEL} if facts.fs is not None else set()
    worse = ORDER[: ORDER.index(least) + 1]
    return [
        rule
        for rule in RULES
        if rule.needs in possible and rule.severity in worse and rule.name not in ignored
    ]


def findings(facts: Facts, rules: Iterable[Rule]) -> list[tuple[Rule, Finding]]:
    """Return what the rules find, the most severe first; each finding once."""
    found: dict[tuple[str, str, str], tuple[Rule, Finding]] = {}
    for rule in sorted(rules, key=lambda rule: ORDER.index(rule.severity)):
        for one in _applied(rule, facts):
            # ACLs with one tag are one object.
            found.setdefault((rule.name, one.path, one.text), (rule, one))
    return list(found.values())


def _applied(rule: Rule, facts: Facts) -> Iterator[Finding]:
    """Yield what a rule finds; that it could not be applied is a finding, too."""
    try:
        yield from rule.find(facts)
    except (LioError, OSError) as err:
        why = reason(err) if isinstance(err, OSError) else str(err)
        name = f"{err.filename}: " if isinstance(err, OSError) and err.filename else ""
        yield Finding("/", f"the rule {rule.name} could not be applied: {name}{why}")
