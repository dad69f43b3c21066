# SPDX-License-Identifier: Apache-2.0
"""The counterpart of ensure."""

from __future__ import annotations

from ..command import EVERYWHERE, Command, need

ROWS = (
    Command(
        "ensure_absent",
        EVERYWHERE,
        "absent:run",
        "Deletes an object unless it does not exist.\n"
        "The path is that of a storage object, group, target, TPG, LUN, portal, ACL or mapped\n"
        "LUN. It is deleted as by the command delete. An object above it that does not exist\n"
        "is not an error either.\n\n"
        "Example: ensure_absent /iscsi/iqn.2003-01.org.example:disks",
        (need("path", "path", "the path of the object"),),
        changes=True,
    ),
)
