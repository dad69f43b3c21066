# SPDX-License-Identifier: Apache-2.0
"""The rows of the command table, one module per kind of object."""

from __future__ import annotations

from importlib import import_module

from rtslib_ext.fast_dataclasses import replace

from ..command import Command, may

DRY_RUN = may("dry_run", "bool", "show the changes without making them", "False")
TIMEOUT = may("timeout", "duration", "the longest time to wait: 30s, 2m, 1h", "30s")
OTHER_PATHS = may(
    "other_paths",
    "bool",
    "initiators without another path here have one through another host",
    "False",
)
MAP = may(
    "add_mapped_luns",
    "bool",
    "create mapped LUNs too; if omitted, the preference auto_add_mapped_luns decides",
)


# The commands of each module: a line needs the rows of its own command only.
MODULES = {
    "navigation": "ls cd pwd get set help bookmarks exit refresh status info",
    "config": "saveconfig restoreconfig restore_pending backups clearconfig version",
    "monitoring": "sessions check logins reservations paths stats map what report browse top "
    "exporter",
    "absent": "ensure_absent",
    "plan": "diff apply confirm recover begin commit rollback",
    "history": "undo redo history revert",
    "migration": "import export",
    "storage": "create changemedium delete drain saveconfig version",
    "targets": "create delete drain version enable disable",
    "luns": "create delete drain enable_iser enable_offload",
    "acls": "create delete pin tag untag",
    "initiator_groups": "group groups hosts identity",
    "resize": "resize rescan replace rename clone",
    "network": "isns allow firewall",
    "fleet": "owners peer takeover release",
    "hosts": "recipe verify",
}


def rows_of(name: str) -> tuple[Command, ...]:
    """Return the commands of this name: a row for each kind of node, or several."""
    if name == "ensure":
        return tuple(map(_ensure, rows_of("create")))
    modules = (module for module, names in MODULES.items() if name in names.split())
    return tuple(row for module in modules for row in _rows_in(module) if row.name == name)


def every_row() -> tuple[Command, ...]:
    """Return all commands, with an ``ensure`` beside each ``create``."""
    return (*(row for module in MODULES for row in _rows_in(module)), *rows_of("ensure"))


def _rows_in(module: str) -> tuple[Command, ...]:
    found: tuple[Command, ...] = import_module(f"{__name__}.{module}").ROWS
    return found


# Kinds of parameters for which create generates a value, a different one each time.
_MADE_UP = ("free_wwn", "free_tpg_tag")


def _ensure(create: Command) -> Command:
    """Return the row of ensure for one of create.

    A value that create would generate is required: a second run must find the same object.
    """
    text, _, example = create.text.partition("\n\nExample: create")
    first = text.replace(".\n", ". ").partition(". ")[0].rstrip(".")
    return replace(
        create,
        name="ensure",
        run="ensure:run",
        text=f"Like create, but succeeds if an identical object exists.\n{first}.\nIf an object "
        f"of this name differs, fails and lists the differences.\n\nExample: ensure{example}",
        parameters=tuple(
            replace(item, required=True, text=item.text.partition(";")[0])
            if item.kind in _MADE_UP
            else item
            for item in create.parameters
        ),
    )
