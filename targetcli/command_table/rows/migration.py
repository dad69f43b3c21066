# SPDX-License-Identifier: Apache-2.0
"""The commands that move a configuration from and to other SCSI targets."""

from __future__ import annotations

from ..command import Command, may, need
from . import DRY_RUN

ROWS = (
    Command(
        "import",
        ("root",),
        "import_:run",
        "Adds the configuration of another SCSI target. Reads its file, lists by line what\n"
        "LIO cannot express (lost) or expresses otherwise (changed), shows the changes, and\n"
        "makes them: it adds objects and deletes none. Initiators see the same disks: LUN\n"
        "numbers, serial numbers and NAA identifiers, vendor and product are kept. If\n"
        "something is lost, it needs --yes before the command, or an answer at the terminal,\n"
        "and the exit status is 3.\n\n"
        "Example: import /etc/iet/ietd.conf --dry-run",
        (
            need("file", "path_name", "the file to import"),
            may("format", "foreign_format", "the format of the file; by its contents if omitted"),
            may("save", "path_name", "write a save file instead of changing the kernel"),
            may(
                "keep",
                "kept_identity",
                "naa or serial: which of both is kept where LIO cannot show both",
                "naa",
            ),
            DRY_RUN,
        ),
        changes=True,
        switches=True,
    ),
)
