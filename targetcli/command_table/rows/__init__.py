# SPDX-License-Identifier: Apache-2.0
"""The rows of the command table, one module per kind of object."""

from __future__ import annotations

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


def every_row() -> tuple[Command, ...]:
    """Return all commands, with an ``ensure`` beside each ``create``."""
    from . import (
        acls,
        config,
        history,
        luns,
        monitoring,
        navigation,
        plan,
        resize,
        storage,
        targets,
    )

    rows = (
        *navigation.ROWS,
        *config.ROWS,
        *monitoring.ROWS,
        *plan.ROWS,
        *history.ROWS,
        *storage.ROWS,
        *targets.ROWS,
        *luns.ROWS,
        *acls.ROWS,
        *resize.ROWS,
    )
    return (*rows, *(_ensure(row) for row in rows if row.name == "create"))


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
