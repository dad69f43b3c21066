# SPDX-License-Identifier: Apache-2.0
"""The commands for several sources of configuration, and for several hosts."""

from __future__ import annotations

from ..command import EVERYWHERE, Command, may

ROWS = (
    Command(
        "owners",
        EVERYWHERE,
        "owners:owners",
        "Lists the objects that have an owner, at and below a path.\n"
        "An owner is a source of configuration, such as csi or pool1, whose fragment\n"
        "apply --owner applies. Objects that were created by hand have no owner.\n\n"
        "Example: owners",
        (may("name", "owner", "only the objects of this owner"),),
    ),
    Command(
        "peer",
        EVERYWHERE,
        "peer:peer",
        "Shows the configuration for check peer= of another host.\n"
        "Reads a key on standard input, and shows digests under this key in the place of\n"
        "all secrets. That check makes a new key for each comparison.\n\n"
        "Example: peer",
    ),
)
