# SPDX-License-Identifier: Apache-2.0
"""CHAP secrets with which initiators cannot log in, or that others can guess."""

from __future__ import annotations

from collections.abc import Iterator

from ..fast_dataclasses import dataclass
from . import shell_paths
from .model import SECRET_NAMES, Auth, Config, Tpg
from .shell_paths import ShellPath

EQUAL = "password and mutual_password are equal, so initiators such as open-iscsi do not log in"
EQUAL_HINT = "give the target a secret of its own"

# RFC 7143 section 9.2.1 asks for 96 bits at least where IPsec does not encrypt; the Microsoft
# iSCSI initiator refuses shorter secrets and longer ones than 16 characters.
_SHORTEST, _LONGEST = 12, 16
# The fewest different characters of a secret that no one can guess.
_FEWEST = 5
# Of documents and defaults; with letters in small, and digits or signs at the end left out.
_KNOWN = frozenset({"password", "secret", "iscsi", "target", "initiator", "admin", "administrator"})
_ENDS = "0123456789!.-_"
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of the object ``path``; ``holder`` is the host that has them.

    That is a tag, the WWN of an initiator, or the path of a fabric; "" for all without an ACL.
    """

    path: ShellPath
    holder: str
    auth: Auth
    group: str = "auth"
    """The group of settings that they are in."""


def are_equal(auth: Auth) -> bool:
    """Return True if initiator and target have the same secret.

    The kernel accepts that; open-iscsi refuses the answer of the target then.
    """
    return bool(auth.password) and auth.password == auth.mutual_password


def length_notes(auth: Auth) -> Iterator[str]:
    """Yield a note for each secret of a length that not all initiators accept."""
    for name, value in _secrets(auth):
        if not _SHORTEST <= len(value) <= _LONGEST:
            characters = "character" if len(value) == 1 else "characters"
            yield (
                f"{name} has {len(value)} {characters}; initiators on Windows accept only "
                f"{_SHORTEST} to {_LONGEST}"
            )


def weak(auth: Auth, holder: str = "") -> Iterator[tuple[str, str]]:
    """Yield (name, why) for each secret that can be guessed; ``holder`` as in Credentials."""
    names = {name.lower() for name in (auth.userid, auth.mutual_userid, holder) if name}
    for name, value in _secrets(auth):
        if len(value) < _SHORTEST:
            yield name, f"is shorter than the {_SHORTEST} characters of RFC 7143"
        elif value.lower() in names:
            yield name, "is a name that is sent in clear text"
        elif len(set(value)) < _FEWEST or _is_known(value.lower()):
            yield name, "is easily guessed"


def _is_known(text: str) -> bool:
    stem = text.rstrip(_ENDS)
    halved = stem[: len(stem) // 2] if stem[: len(stem) // 2] * 2 == stem else stem
    return halved in _KNOWN or any(text[:_SHORTEST] in row for row in _ROWS)


def reused(config: Config) -> Iterator[list[tuple[Credentials, str]]]:
    """Yield the (credentials, name) of each secret that several holders have.

    Two of one holder, in the same direction, count as one; both of one object are not reported
    here (are_equal).
    """
    found: dict[str, dict[tuple[str, str], tuple[Credentials, str]]] = {}
    for owner in credentials(config):
        for name, value in _secrets(owner.auth):
            if not (name == "mutual_password" and are_equal(owner.auth)):
                found.setdefault(value, {}).setdefault((owner.holder, name), (owner, name))
    yield from (list(uses.values()) for uses in found.values() if len(uses) > 1)


def _secrets(auth: Auth) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in auth.items() if name in SECRET_NAMES and value)


def of_config(config: Config) -> Iterator[tuple[ShellPath, str]]:
    """Yield (path, text) for each object of a configuration with two equal secrets."""
    equal = (owner.path for owner in credentials(config) if are_equal(owner.auth))
    # Those with one tag have one path.
    yield from ((path, EQUAL) for path in dict.fromkeys(equal))


def credentials(config: Config) -> Iterator[Credentials]:
    """Yield the credentials of all fabrics, TPGs and ACLs; equal ones of a tag share a path."""
    for settings in config.fabrics.values():
        path = shell_paths.fabric(settings.name)
        yield Credentials(path, path, settings.discovery_auth, "discovery_auth")
    for target in config.targets.values():
        for tpg in target.tpgs.values():
            path = shell_paths.tpg(shell_paths.target(target.fabric, target.wwn), tpg.tag)
            # All initiators without an ACL have these, at any target.
            yield Credentials(path, "", tpg.auth)
            mixed = _mixed(tpg)
            for acl in tpg.acls.values():
                name = acl.tag if acl.tag and acl.tag not in mixed else acl.wwn
                yield Credentials(shell_paths.acl(path, name), name, acl.auth)


def _mixed(tpg: Tpg) -> set[str]:
    """Return the tags whose ACLs differ in their credentials, so that each is named by its WWN."""
    first: dict[str, Auth] = {}
    tagged = [(acl.tag, acl.auth) for acl in tpg.acls.values() if acl.tag]
    return {tag for tag, auth in tagged if first.setdefault(tag, auth) != auth}
