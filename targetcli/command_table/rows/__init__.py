# SPDX-License-Identifier: Apache-2.0
"""The rows of the command table, a module a noun."""

from __future__ import annotations

from rtslib_ext.fast_dataclasses import replace

from ..command import Command, may

DRY_RUN = may("dry_run", "bool", "show what would be done", "False")
TIMEOUT = may("timeout", "duration", "how long to wait at most: 30s, 2m, 1h", "30s")
MAP = may(
    "add_mapped_luns",
    "bool",
    "whether to map at once; without it as the preference auto_add_mapped_luns says",
)


def every_row() -> tuple[Command, ...]:
    """All commands there are."""
    from . import acls, config, history, luns, navigation, plan, resize, storage, targets

    rows = (
        *navigation.ROWS,
        *config.ROWS,
        *plan.ROWS,
        *history.ROWS,
        *storage.ROWS,
        *targets.ROWS,
        *luns.ROWS,
        *acls.ROWS,
        *resize.ROWS,
    )
    return (*rows, *(_ensure(row) for row in rows if row.name == "create"))


# Kinds of parameters for which create makes a value up, another one each time.
_MADE_UP = ("free_wwn", "free_tpg_tag")


def _ensure(create: Command) -> Command:
    """The row of ensure beside one of create: it takes the same, and can be run twice."""
    text, _, example = create.text.partition("\n\nExample: create")
    first = text.partition(". ")[0].rstrip(".")
    return replace(
        create,
        name="ensure",
        run="ensure:run",
        text=f"{first}, unless it is there: then it\nstays as it is where it is the same,"
        f" and an error says how it differs where it does.\n\nExample: ensure{example}",
        parameters=tuple(
            replace(item, required=item.required or item.kind in _MADE_UP)
            for item in create.parameters
        ),
    )
