# SPDX-License-Identifier: Apache-2.0
"""check: the findings of the rules about the running configuration, or about a file."""

from __future__ import annotations

from collections.abc import Sequence

from rtslib_ext.checks import rules
from rtslib_ext.checks.facts import Facts
from rtslib_ext.checks.rule import Finding, Rule, Severity
from rtslib_ext.config import shell_paths
from rtslib_ext.config.printable import printable
from rtslib_ext.errors import InvalidValue, LioError
from rtslib_ext.fast_dataclasses import dataclass

from .. import closest
from ..changes import apply, part
from ..env import Env
from ..result import Result, show
from ..tree import Node, walk
from ..tree.backstores import StorageObjectNode
from ..views import checks as view
from ..views.wrap import width_of
from . import situation

RULES = "rules"
_TEXT, _NAGIOS = FORMATS = ("text", "nagios")
_STATUS = {Severity.ERROR: 2, Severity.WARNING: 1, Severity.NOTE: 0}
UNKNOWN = 3


def check(
    env: Env,
    node: Node,
    path: str | None,
    file: str | None,
    severity: str,
    ignore: str | None,
    format: str,
    host: bool,
    peer: str | None,
) -> Result:
    """Check the running configuration at and below a node, or a file; or list the rules."""
    if path == RULES:
        return _listed(env)
    if format not in FORMATS:
        raise InvalidValue(f"format takes {' or '.join(FORMATS)}, not {format!r}")
    try:
        choice = _Choice(_least(severity), *_ignored(ignore), host)
        found, applied = _checked(env, node, path, (file, peer), choice)
    except LioError as err:
        if format != _NAGIOS:
            raise
        # Nagios reads standard output only.
        return Result([view.unknown(str(err))], status=UNKNOWN)
    if format == _NAGIOS:
        result = Result([view.nagios(found)])
    else:
        result = _shown(env, found, applied, file)
    result.status = max((_STATUS[rule.severity] for rule, _ in found), default=0)
    return result


def _shown(env: Env, found: view.Found, applied: Sequence[Rule], file: str | None) -> Result:
    return show(
        view.text(
            found,
            len(applied),
            width=width_of(env.stdout),
            in_shell=env.session.several,
            every=env.options.verbose,
            colors=env.uses_colors,
        ),
        lambda: view.data(found, [rule.name for rule in applied], file),
    )


@dataclass(frozen=True, slots=True)
class _Choice:
    """The findings to show: of which severity, and without which rules and (rule, path)."""

    least: Severity
    ignored: Sequence[str]
    spared: Sequence[tuple[str, str]]
    host: bool

    def has(self, rule: Rule, one: Finding, within: Sequence[str]) -> bool:
        """Return True for a finding to show; ``within`` are the paths that were asked for."""
        return any(shell_paths.is_within(one.path, above) for above in within) and not any(
            rule.name == name and shell_paths.is_within(one.path, above)
            for name, above in self.spared
        )


def _checked(
    env: Env,
    node: Node,
    path: str | None,
    sources: tuple[str | None, str | None],
    choice: _Choice,
) -> tuple[list[tuple[Rule, Finding]], list[Rule]]:
    """Return the findings of a node, and the rules that were applied.

    ``sources`` are the file and the peer that were given.
    """
    file, peer = sources
    if peer is not None:
        # Imported here, as few checks compare.
        from . import peer as peers

        apply.require_root(env)
        facts = peers.facts(env, peer, file)
        within = [_absolute(node, path)]
    elif file is None:
        apply.require_root(env)
        node = walk.resolve(node, path or ".")
        facts = situation.of_running(env, node)
        within = _paths(facts, node)
    else:
        facts = situation.of_file(env, file)
        within = [_absolute(node, path)]
    applied = rules.selected(facts, least=choice.least, ignored=choice.ignored, host=choice.host)
    found = rules.findings(facts, applied)
    return [(rule, one) for rule, one in found if choice.has(rule, one, within)], applied


def _absolute(node: Node, path: str | None) -> str:
    """Return the path in a file that a path at a node means; it may not be running."""
    if not path:
        return node.path
    return path if path.startswith("/") else f"{node.path.rstrip('/')}/{path}"


def _paths(facts: Facts, node: Node) -> list[str]:
    """Return the path of a node, and those of the storage objects that its target exports."""
    found = part.owner(node)
    if found is None or isinstance(found, StorageObjectNode) or found is not node:
        return [node.path]
    objects = facts.config.storage_objects
    exported = [
        objects[key].path
        for key, exports in facts.exports.items()
        if key in objects
        and any(shell_paths.is_within(port.shell, node.path) for port, _ in exports)
    ]
    return [node.path, *exported]


def _least(text: str) -> Severity:
    try:
        return Severity(text)
    except ValueError:
        names = ", ".join(one.value for one in Severity)
        raise InvalidValue(f"severity takes one of {names}, not {text!r}") from None


def _ignored(text: str | None) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the rules to leave out, and those to leave out at a path: RULE or RULE:PATH."""
    names: list[str] = []
    spared: list[tuple[str, str]] = []
    known = [rule.name for rule in rules.RULES]
    for item in filter(None, (word.strip() for word in (text or "").split(","))):
        name, colon, path = item.partition(":")
        if name not in known:
            hint = closest.hint(name, known, "check rules lists them")
            raise InvalidValue(f"there is no rule {printable(name)}", hint=hint)
        if colon:
            spared.append((name, path))
        else:
            names.append(name)
    return names, spared


def _listed(env: Env) -> Result:
    return show(
        view.rules(rules.RULES, width_of(env.stdout)),
        lambda: {"rules": [view.facts(rule) for rule in rules.RULES]},
    )
