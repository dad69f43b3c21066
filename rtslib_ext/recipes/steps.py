# SPDX-License-Identifier: Apache-2.0
"""Steps that several systems share, and the quoting of their shells."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from ..config.model import Portal
from .access import Access, Disk, TpgAccess
from .recipe import HostStep

quoted = shlex.quote
"""Return a word for a POSIX shell."""


def read_secret(what: str) -> HostStep:
    """Return the step in which a user types a secret, so that no history of commands has it.

    It stands alone: pasted lines would be read as the secret.
    """
    return HostStep(f"Paste the next line alone, then type {what}", ("read -r secret",))


# PowerShell takes typographic quotes for the plain one (about_Quoting_Rules; CharTraits.cs).
_QUOTES = re.compile("['\u2018\u2019\u201a\u201b]")


def powershell(text: str) -> str:
    """Return a word for PowerShell."""
    return "'" + _QUOTES.sub(r"\g<0>\g<0>", text) + "'"


def bare(portal: Portal) -> str:
    """Return the address of a portal without brackets."""
    return portal.address.strip("[]")


def login(access: Access) -> TpgAccess | None:
    """Return the TPG whose credentials a login needs; None without CHAP."""
    tpg = access.tpgs[0] if access.tpgs else None
    return tpg if tpg is not None and tpg.chap else None


def where_secrets_are(access: Access) -> Iterator[HostStep]:
    """Yield the commands that show the secrets, on the target's host."""
    tpg = login(access)
    if tpg is None:
        return
    names = (
        "userid",
        "password",
        *(("mutual_userid", "mutual_password") if tpg.is_mutual else ()),
    )
    show = f"# targetcli --show-secrets {quoted(tpg.auth_path)} get auth {' '.join(names)}"
    yield HostStep(
        "The CHAP secret is on the host of the target, where this shows it", lines=(show,)
    )


def name_of(disk: Disk) -> str:
    """Return the LUN of a disk and the identifier that its host shows."""
    return f"LUN {disk.lun} is {disk.naa or disk.path}"


def disks(access: Access) -> Iterator[str]:
    """Yield a line for each disk, as a comment."""
    for disk in access.disks:
        size = f", {disk.size} bytes" if disk.size is not None else ""
        only = ", read-only" if disk.write_protected else ""
        yield f"# {name_of(disk)} ({disk.vendor} {disk.product}{size}{only})"
