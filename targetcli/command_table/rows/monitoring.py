# SPDX-License-Identifier: Apache-2.0
"""The commands that only look: sessions, counters, logins, paths to the disks, checks."""

from __future__ import annotations

from ..command import EVERYWHERE, Command, may, need

ROWS = (
    Command(
        "stats",
        EVERYWHERE,
        "stats:stats",
        "Shows commands, bytes, errors and logins, and rates.\n"
        "The values are those that the kernel counts for the objects at and below a node;\n"
        "at a storage object, also for the LUNs that export it. With an interval, the\n"
        "output repeats with the growth per second, count times or until Ctrl-C. The\n"
        "kernel shows bytes of LUNs in whole MiB, and one session for each ACL: the\n"
        "latest. stats mib shows the objects of the SCSI MIB (RFC 4455) and the iSCSI MIB\n"
        "(RFC 4544) with the real meaning of each value.\n\n"
        "Example: stats 5 sort=commands_per_second count=1",
        (
            may("path", "stats_path", "the node; this one if omitted. mib shows the MIB objects"),
            may("interval", "duration", "the time between two outputs: 5s, 1m"),
            may("sort", "stats_column", "the column to sort by, as --json names it"),
            may("kind", "stats_kind", "show only objects of this kind"),
            may("count", "stats_count", "the number of outputs; if omitted, until Ctrl-C"),
            may("csv", "bool", "print comma-separated values with all columns", "False"),
        ),
        switches=True,
    ),
    Command(
        "map",
        EVERYWHERE,
        "map:map_path",
        "Shows the path from initiators to disks. For each storage object: its LUNs and\n"
        "mapped LUNs, the initiators that see them and are logged in, and the volumes,\n"
        "RAIDs, partitions and file systems below it, down to the disks. Below the root,\n"
        "all that this object is connected with. Equal objects are shown as one. With a\n"
        "file, writes a drawing (.svg), the input of Graphviz (.dot), or this text.\n\n"
        "Example: map",
        (
            may("file", "path_name", "the file to write; printed if omitted"),
            may("format", "map_format", "text, dot or svg; by default from the name of the file"),
        ),
    ),
    Command(
        "what",
        EVERYWHERE,
        "map:what",
        "Shows what a word names, and all that is connected with it. The word is a path of\n"
        "this tree, a device such as /dev/disk/by-id/NAME, a file or directory, a serial\n"
        "number, a WWID as multipath, VMware, Windows or Linux write it or its last digits,\n"
        "the name or tag of an initiator, or an IP address.\n\n"
        "Example: what /dev/vg0/disk1",
        (need("word", "known_word", "what to look for"),),
    ),
    Command(
        "browse",
        EVERYWHERE,
        "browse:browse",
        "Shows the tree on the full screen, beginning at this node. Walk through it, search\n"
        "as you type, see each setting with its meaning, default and range, and change it:\n"
        "first it shows the plan and the initiators that it would interrupt, and makes the\n"
        "change only after y. u undoes the last change, ? shows all keys. Needs a terminal.\n\n"
        "Example: browse",
    ),
)
