# SPDX-License-Identifier: Apache-2.0
"""What was found on a device or file that is to become a storage object: told, asked, refused."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from rtslib_ext.errors import InUse
from rtslib_ext.usage.preflight import Finding, Severity

from ..env import Env
from ..result import Caution
from . import prompt

_PUT_BEFORE = "Cannot configure StorageObject because "


def heed(env: Env, path: str, findings: Iterable[Finding]) -> list[Finding]:
    """Stop where something must not be done to the storage object ``path``; the rest is returned.

    At a terminal a question is asked; elsewhere --yes stands for insisting. Raises InUse.
    """
    found = _collect(findings)
    for one in found:
        if one.severity is Severity.REFUSED:
            raise InUse(f"{_PUT_BEFORE}{one.text}", path=path, hint=one.help)
    asked = [one for one in found if one.severity in (Severity.INSIST, Severity.ASK)]
    if prompt.is_possible(env):
        prompt.require_yes(env, [str(one) for one in asked])
        return found
    for one in asked:
        if one.severity is Severity.INSIST and not env.options.yes:
            hint = f"{one.help}; --yes before the command insists on it"
            raise InUse(f"{_PUT_BEFORE}{one.text}", path=path, hint=hint)
    return found


def _collect(findings: Iterable[Finding]) -> list[Finding]:
    """All findings; of what vanished meanwhile there are none, and the kernel says that."""
    found: list[Finding] = []
    with suppress(FileNotFoundError):
        found.extend(findings)
    return found


def notes(found: Iterable[Finding]) -> list[str]:
    """A line for each finding."""
    return [Caution(f"Note: {one}") for one in found]


def facts(found: Iterable[Finding]) -> dict[str, object]:
    """The same as plain values."""
    return {
        "findings": [
            {"kind": one.kind, "text": one.text, "help": one.help or None} for one in found
        ]
    }
