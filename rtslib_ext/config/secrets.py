# SPDX-License-Identifier: Apache-2.0
"""CHAP secrets with which initiators cannot log in."""

from __future__ import annotations

from collections.abc import Iterator

from . import shell_paths
from .model import SECRET_NAMES, Auth, Config
from .shell_paths import ShellPath

EQUAL = "password and mutual_password are equal, so initiators such as open-iscsi do not log in"
EQUAL_HINT = "give the target a secret of its own"

# RFC 7143 section 9.2.1 asks for 96 bits at least where IPsec does not encrypt; the Microsoft
# iSCSI initiator refuses shorter secrets and longer ones than 16 characters.
_SHORTEST, _LONGEST = 12, 16


def are_equal(auth: Auth) -> bool:
    """Return True if initiator and target have the same secret.

    The kernel accepts that; open-iscsi refuses the answer of the target then.
    """
    return bool(auth.password) and auth.password == auth.mutual_password


def length_notes(auth: Auth) -> Iterator[str]:
    """Yield a note for each secret of a length that not all initiators accept."""
    for name, value in auth.items():
        if name in SECRET_NAMES and value and not _SHORTEST <= len(value) <= _LONGEST:
            characters = "character" if len(value) == 1 else "characters"
            yield (
                f"{name} has {len(value)} {characters}; initiators on Windows accept only "
                f"{_SHORTEST} to {_LONGEST}"
            )


def of_config(config: Config) -> Iterator[tuple[ShellPath, str]]:
    """Yield (path, text) for each object of a configuration with two equal secrets."""
    for path, auth in _credentials(config):
        if are_equal(auth):
            yield path, EQUAL


def _credentials(config: Config) -> Iterator[tuple[ShellPath, Auth]]:
    for settings in config.fabrics.values():
        yield shell_paths.fabric(settings.name), settings.discovery_auth
    for target in config.targets.values():
        for tpg in target.tpgs.values():
            path = shell_paths.tpg(shell_paths.target(target.fabric, target.wwn), tpg.tag)
            yield path, tpg.auth
            for acl in tpg.acls.values():
                yield shell_paths.acl(path, acl.wwn), acl.auth
