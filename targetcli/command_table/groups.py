# SPDX-License-Identifier: Apache-2.0
"""The groups in which help lists the commands, and the commands that targetcli-fb lacks."""

from __future__ import annotations

from collections.abc import Iterable

from .command import Command

# The names of the commands by the title of their group.
GROUPS = {
    "Look": ("ls", "info", "get", "browse", "version"),
    "Monitor": (
        "status",
        "check",
        "sessions",
        "logins",
        "reservations",
        "paths",
        "stats",
        "top",
        "map",
        "what",
        "report",
        "exporter",
    ),
    "Change": (
        "create",
        "ensure",
        "ensure_absent",
        "delete",
        "set",
        "enable",
        "disable",
        "enable_iser",
        "enable_offload",
        "tag",
        "untag",
        "pin",
        "rename",
        "clone",
        "resize",
        "rescan",
        "replace",
        "changemedium",
        "drain",
    ),
    "Hosts": ("group", "groups", "hosts", "recipe", "verify", "identity"),
    "Save and restore": (
        "saveconfig",
        "restoreconfig",
        "restore_pending",
        "backups",
        "clearconfig",
    ),
    "Plan and history": (
        "diff",
        "apply",
        "confirm",
        "begin",
        "commit",
        "rollback",
        "undo",
        "redo",
        "history",
        "revert",
        "recover",
    ),
    "Move in and out": ("import", "export"),
    "Network": ("isns", "allow", "firewall"),
    "Pairs and fleets": ("owners", "peer", "takeover", "release"),
    "Session": ("cd", "pwd", "bookmarks", "help", "refresh", "exit"),
}
_OLD_MONITORS = ("status", "sessions")
_NEW = frozenset(
    (
        *GROUPS["Plan and history"],
        *GROUPS["Network"],
        *GROUPS["Move in and out"],
        *GROUPS["Hosts"],
        *GROUPS["Pairs and fleets"],
        *(name for name in GROUPS["Monitor"] if name not in _OLD_MONITORS),
        "backups",
        "browse",
        "clone",
        "drain",
        "ensure",
        "ensure_absent",
        "pin",
        "rename",
        "replace",
        "rescan",
        "resize",
        "restore_pending",
    )
)
# targetcli-fb has no such nodes.
_NEW_KINDS = frozenset(("lu_groups",))


def is_new(row: Command) -> bool:
    """Return True for a command that targetcli-fb does not have."""
    return row.name in _NEW or _NEW_KINDS.issuperset(row.on)


def of(row: Command) -> str:
    """Return the title of the group of a command."""
    return next(title for title, names in GROUPS.items() if row.name in names)


def grouped(rows: Iterable[Command]) -> dict[str, list[Command]]:
    """Return commands by group, both in the order of GROUPS; no empty groups."""
    found = {row.name: row for row in rows}
    groups = {
        title: [found[name] for name in names if name in found] for title, names in GROUPS.items()
    }
    return {title: commands for title, commands in groups.items() if commands}
