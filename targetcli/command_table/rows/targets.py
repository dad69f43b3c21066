# SPDX-License-Identifier: Apache-2.0
"""The commands of fabrics, targets and TPGs."""

from __future__ import annotations

from ..command import Command, may, need
from . import DRY_RUN, OTHER_PATHS, TIMEOUT

_TPGS = ("tpg", "single_tpg")
_PORTAL = may(
    "default_portal",
    "bool",
    "listen on all addresses; if omitted, the preference auto_add_default_portal decides",
)
_ENABLE = may(
    "enable", "bool", "enable the TPG; if omitted, the preference auto_enable_tpgt decides"
)

ROWS = (
    Command(
        "create",
        ("fabric",),
        "targets:create",
        "Creates a target. Without a WWN, generates one, or on a fabric that needs an\n"
        "adapter, uses the WWN of the first free adapter.\n\n"
        "Example: create iqn.2003-01.org.example:disks",
        (
            may("wwn", "free_wwn", "the name of the target", many=True),
            may("tag", "first_tpg_tag", "the number of its first TPG", "1"),
            _PORTAL,
            _ENABLE,
        ),
        changes=True,
    ),
    Command(
        "delete",
        ("fabric",),
        "targets:delete",
        "Deletes a target and everything below it; its sessions end.\n\n"
        "Example: delete iqn.2003-01.org.example:disks",
        (need("wwn", "target", "the name of the target", many=True),),
        changes=True,
    ),
    Command(
        "drain",
        ("fabric",),
        "drain:target",
        "Deletes a target once no initiator sends commands to it. Its LUNs go\n"
        "to standby or offline, so that initiators switch to another path. If commands\n"
        "still arrive after the timeout, restores the previous state.\n"
        "A host without another path gets I/O errors, and its file system becomes read-only.\n"
        "Stop using the disk there first. If a command of such a host arrives while it\n"
        "waits, stops at once and restores the previous state.\n\n"
        "Example: drain iqn.2003-01.org.example:disks --timeout 10s",
        (need("wwn", "target", "the name of the target"), TIMEOUT, DRY_RUN, OTHER_PATHS),
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
        "Creates a target portal group.\n\nExample: create 2",
        (
            may(
                "tag",
                "free_tpg_tag",
                "the number of the TPG; the first free one if omitted",
                wrong="Tag argument must be a number.",
                many=True,
            ),
            _PORTAL,
            _ENABLE,
        ),
        changes=True,
    ),
    Command(
        "delete",
        ("target",),
        "targets:delete_tpg",
        "Deletes a target portal group and everything below it; its sessions end.\n\n"
        "Example: delete 2",
        (
            need(
                "tag",
                "tpg_tag",
                "the number of the TPG",
                wrong="Tag argument must be a number.",
                many=True,
            ),
        ),
        changes=True,
    ),
    Command(
        "enable",
        _TPGS,
        "targets:enable",
        "Enables the TPG, so that initiators can log in.\n\nExample: enable",
        changes=True,
    ),
    Command(
        "disable",
        _TPGS,
        "targets:disable",
        "Disables the TPG: ends its sessions and refuses logins.\n\nExample: disable",
        changes=True,
    ),
)
