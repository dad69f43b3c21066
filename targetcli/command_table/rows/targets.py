# SPDX-License-Identifier: Apache-2.0
"""The commands of fabrics, targets and TPGs."""

from __future__ import annotations

from ..command import Command, may, need
from . import DRY_RUN, TIMEOUT

_TPGS = ("tpg", "single_tpg")

ROWS = (
    Command(
        "create",
        ("fabric",),
        "targets:create",
        "Makes a target. Without a WWN one is made up, or where the fabric needs an\n"
        "adapter, its first free one is taken.\n\n"
        "Example: create iqn.2003-01.org.example:disks",
        (may("wwn", "free_wwn", "its name", many=True),),
        changes=True,
    ),
    Command(
        "delete",
        ("fabric",),
        "targets:delete",
        "Deletes a target with everything below it; its sessions end.\n\n"
        "Example: delete iqn.2003-01.org.example:disks",
        (need("wwn", "target", "its name", many=True),),
        changes=True,
    ),
    Command(
        "drain",
        ("fabric",),
        "drain:target",
        "Takes a target away when nobody sends commands to it any more: its LUNs go to\n"
        "standby or offline, so that initiators take another path. When commands still\n"
        "come after the time-out, everything is put back.\n\n"
        "Example: drain iqn.2003-01.org.example:disks --timeout 10s",
        (need("wwn", "target", "its name"), TIMEOUT, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "version",
        ("fabric",),
        "targets:version",
        "Shows the version of the kernel's fabric.\n\nExample: version",
    ),
    Command(
        "create",
        ("target",),
        "targets:create_tpg",
        "Makes a target portal group.\n\nExample: create 2",
        (
            may(
                "tag",
                "free_tpg_tag",
                "its number; without it the first one free",
                wrong="Tag argument must be a number.",
                many=True,
            ),
        ),
        changes=True,
    ),
    Command(
        "delete",
        ("target",),
        "targets:delete_tpg",
        "Deletes a target portal group with everything below it; its sessions end.\n\n"
        "Example: delete 2",
        (need("tag", "tpg_tag", "its number", wrong="Tag argument must be a number.", many=True),),
        changes=True,
    ),
    Command(
        "enable",
        _TPGS,
        "targets:enable",
        "Lets initiators log in.\n\nExample: enable",
        changes=True,
    ),
    Command(
        "disable",
        _TPGS,
        "targets:disable",
        "Ends the sessions, and lets nobody log in.\n\nExample: disable",
        changes=True,
    ),
)
