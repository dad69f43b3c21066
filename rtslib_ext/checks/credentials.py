# SPDX-License-Identifier: Apache-2.0
"""Rules about CHAP secrets. Findings never contain one."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import secrets
from ..config.secrets import Credentials
from ..config.shell_paths import ShellPath
from ..config.wording import shortened
from .facts import Facts
from .rule import Finding, Needs, Rule, Severity, Words


def _new(owner: Credentials, name: str) -> Words:
    return (owner.path, "set", owner.group, f"{name}=@new")


def equal(facts: Facts) -> Iterator[Finding]:
    """Yield the credentials with the same secret in both directions."""
    for owner in secrets.credentials(facts.config):
        if secrets.are_equal(owner.auth):
            yield Finding(owner.path, secrets.EQUAL, commands=(_new(owner, "mutual_password"),))


def weak(facts: Facts) -> Iterator[Finding]:
    """Yield the secrets that can be guessed."""
    for owner in secrets.credentials(facts.config):
        for name, text in secrets.weak(owner.auth, owner.holder):
            yield Finding(owner.path, f"{name} {text}", commands=(_new(owner, name),))


def reused(facts: Facts) -> Iterator[Finding]:
    """Yield the secrets that several hosts, or a host and a target, have."""
    for uses in secrets.reused(facts.config):
        (first, name), *others = uses
        also = shortened([_use(owner.path, other, name) for owner, other in others])
        yield Finding(
            first.path,
            f"its {name} is also {also}: each of them can pose as the others",
            commands=tuple(_new(owner, other) for owner, other in others),
        )


def _use(path: ShellPath, name: str, first: str) -> str:
    return f"that of {path}" if name == first else f"the {name} of {path}"


RULES = (
    Rule(
        "equal-secrets",
        Severity.ERROR,
        Needs.CONFIG,
        equal,
        "The secret of the initiator and that of the target are equal. RFC 7143 forbids it, since "
        "an attacker can send a challenge back, and initiators such as open-iscsi do not log in.",
        "Give the target a secret of its own.",
    ),
    Rule(
        "weak-secret",
        Severity.WARNING,
        Needs.CONFIG,
        weak,
        "A secret is shorter than the 12 characters that RFC 7143 section 9.2.1 asks for, is the "
        "name of its user or initiator, repeats few characters, or is a well-known word. It "
        "can be found from one recorded login.",
        "Set a random one; password=@new makes it.",
    ),
    Rule(
        "reused-secret",
        Severity.WARNING,
        Needs.CONFIG,
        reused,
        "Several hosts have the same secret, or one in each direction: each can log in as the "
        "others, or pose as the target. Initiators with the same tag, and one initiator at several "
        "targets, count as one host.",
        "Give each host a secret of its own.",
    ),
)
