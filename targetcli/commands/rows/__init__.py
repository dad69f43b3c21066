# SPDX-License-Identifier: Apache-2.0
"""The rows of the command table, a module a noun."""

from __future__ import annotations

from ..command import Command, may

MAP = may(
    "add_mapped_luns",
    "bool",
    "whether to map at once; without it as the preference auto_add_mapped_luns says",
)


def every_row() -> tuple[Command, ...]:
    """All commands there are."""
    from . import acls, config, exports, plan, shell, storage, targets

    return (
        *shell.ROWS,
        *config.ROWS,
        *plan.ROWS,
        *storage.ROWS,
        *targets.ROWS,
        *exports.ROWS,
        *acls.ROWS,
    )
