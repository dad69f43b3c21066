# SPDX-License-Identifier: Apache-2.0
"""The commands that move a configuration from and to other SCSI targets."""

from __future__ import annotations

from ..command import EVERYWHERE, Command, may, need
from . import DRY_RUN

ROWS = (
    Command(
        "import",
        ("root",),
        "import_:run",
        "Adds the configuration of another SCSI target. Reads its file, lists by line\n"
        "what LIO cannot express (lost) or expresses differently (changed), shows the\n"
        "changes, and makes them: it adds objects and deletes none. Initiators see the\n"
        "same disks: LUN numbers, serial numbers and NAA identifiers, vendor and product\n"
        "are kept. If something is lost, it needs --yes before the command, or an answer\n"
        "at the terminal, and the exit status is 3.\n\n"
        "Example: import /etc/iet/ietd.conf --dry-run",
        (
            need("file", "path_name", "the file to import"),
            may(
                "format",
                "foreign_format",
                "the format of the file, such as tgt; by its contents if omitted",
            ),
            may("save", "path_name", "write a save file instead of changing the kernel"),
            may(
                "keep",
                "kept_identity",
                "naa or serial: which one is kept where LIO cannot show both",
                "naa",
            ),
            DRY_RUN,
        ),
        changes=True,
        switches=True,
    ),
    Command(
        "export",
        EVERYWHERE,
        "export:export",
        "Writes the configuration in a form for other tools: as a shell script of commands\n"
        "of this program, as tasks for the Ansible collection targetcli.lio, or as a file of\n"
        "another SCSI target. Below the root, writes the part of this node: a target with its\n"
        "storage objects, or one storage object. Script and tasks create the same\n"
        "configuration on an empty kernel, and can be run again. Secrets are not in them: the\n"
        "script reads each from a file, the tasks take them from a variable. Allowed networks\n"
        "and groups without members are in scripts only. Lists what the format cannot express\n"
        "(lost) or expresses differently (changed), and owners, which no format has\n"
        "(note); the exit status is 3 if something is lost.\n\n"
        "Example: export /root/targets.sh",
        (
            need("file", "path_name", "the file to write; - prints it"),
            may(
                "format",
                "export_format",
                "script, ansible, tgt or scst; by default from the name of the file",
            ),
            may(
                "savefile",
                "saved_file",
                "export this file, or a backup, instead of the running configuration",
            ),
            may("secrets", "path_name", "write the secrets to files of this directory, mode 0600"),
        ),
    ),
)
