# SPDX-License-Identifier: Apache-2.0
"""The findings of preflight checks: reported, asked about or refused."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from rtslib_ext.errors import InUse
from rtslib_ext.usage import preflight
from rtslib_ext.usage.preflight import Finding, Severity

from ..env import Env
from ..result import Caution
from . import prompt

_PUT_BEFORE = "Cannot configure StorageObject because "


def refuse_links(env: Env, path: str, file: str) -> None:
    """Raise InUse for a link that others may have placed, before anything looks where it leads."""
    found = preflight.of_place(file)
    check(env, path, [one for one in found if one.severity is Severity.REFUSED])


def check(env: Env, path: str, findings: Iterable[Finding]) -> list[Finding]:
    """Check the findings about the storage object ``path``; return them.

    Raises InUse for a refused finding, and for one that needs --yes without it. At a terminal,
    raises Question instead of requiring --yes.
    """
    unchecked = _collect(findings)
    for one in unchecked:
        if one.severity is Severity.REFUSED:
            raise InUse(f"{_PUT_BEFORE}{one.text}", path=path, hint=one.help)
    asked = [one for one in unchecked if one.severity in (Severity.INSIST, Severity.ASK)]
    if prompt.is_possible(env):
        prompt.require_yes(env, [str(one) for one in asked])
        return unchecked
    for one in asked:
        if one.severity is Severity.INSIST and not env.options.yes:
            hint = f"{one.help}; to proceed: targetcli --yes …"
            raise InUse(f"{_PUT_BEFORE}{one.text}", path=path, hint=hint)
    return unchecked


def _collect(findings: Iterable[Finding]) -> list[Finding]:
    """Return all findings; none for a device that disappeared, which the kernel reports."""
    collected: list[Finding] = []
    with suppress(FileNotFoundError):
        collected.extend(findings)
    return collected


def notes(findings: Iterable[Finding]) -> list[str]:
    """Return a line for each finding."""
    return [Caution(f"Note: {one}") for one in findings]


def facts(findings: Iterable[Finding]) -> dict[str, object]:
    """Return the findings as plain values."""
    return {
        "findings": [
            {"kind": one.kind, "text": one.text, "help": one.help or None} for one in findings
        ]
    }
