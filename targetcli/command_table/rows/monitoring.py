# SPDX-License-Identifier: Apache-2.0
"""The commands that only look: sessions, counters, logins, paths to the disks, checks."""

from __future__ import annotations

from ..command import EVERYWHERE, Command, Parameter, may, need

_WATCH = Parameter(
    "watch",
    "duration",
    text="show them again after this time, until Ctrl-C; --watch alone: every 2 s",
    alone="2s",
)

ROWS = (
    Command(
        "sessions",
        EVERYWHERE,
        "sessions:sessions",
        "Lists the sessions of initiators; below the root, those of that target, TPG or\n"
        "ACL, and at a storage object, those that see it. At a terminal it is a table;\n"
        "elsewhere, for scripts, the lines of targetcli-fb. initiator, target and address\n"
        "are patterns such as *host1; initiator matches the tag of an ACL, too.\n"
        "For an initiator that logged in without an ACL (generate_node_acls) the kernel\n"
        "reports only the name. The portal, the time of the login and the address of such\n"
        "an initiator are shown where the connections of this host make them certain;\n"
        "detail has the possible ones. ACLs that the kernel keeps for such initiators\n"
        "after logout (cache_dynamic_acls) are not visible: they end with the TPG, or\n"
        "become the ACL that is created for the initiator. The kernel lists one session of\n"
        "each ACL, and some 90 initiators without one; a last line has the number of those\n"
        "that it does not list. AUTH is what a login requires now.\n"
        "end ends the session sid, and with it all sessions of its initiator with that\n"
        "TPG. It lists what they lose, and needs --yes or an answer at the terminal. The\n"
        "initiator may log in again; to keep it out, delete its ACL.\n\n"
        "Example: sessions detail",
        (
            may(
                "action",
                "session_action",
                "list, detail for LUNs and addresses too, or end to end session sid",
                "list",
            ),
            may("sid", "sid", "only the session with this number"),
            may("initiator", "session_initiator", "only initiators with this name or tag"),
            may("target", "session_target", "only targets with this name"),
            may("address", "session_address", "only initiators with this address"),
            may("format", "table_format", "table or lines; if omitted, table at a terminal"),
            _WATCH,
        ),
        switches=True,
    ),
    Command(
        "check",
        EVERYWHERE,
        "check:check",
        "Checks the configuration by rules: what lets strangers in, puts data at risk, is\n"
        "broken, or is not as it was saved. Each finding has a severity, the object, the\n"
        "reason, the name of the rule, and the commands that fix it. They fit the\n"
        "configuration of that moment: run those of one finding, then check again. Below\n"
        "the root, checks that node; a target with the storage objects that it exports.\n"
        "check rules lists the rules with their meaning; docs/CHECKS.md has them, too.\n"
        "With file, checks a saved file instead, and does not read the kernel; host=false\n"
        "leaves out devices, files and addresses, for a file of another host. Of many\n"
        "findings of a rule the first ones are shown, with -v all.\n"
        "With peer, compares with another host that serves the same disks, by a copy of\n"
        "its saved file or by ssh, and applies the rules about peers only: serial\n"
        "numbers, port numbers, LUNs, ACLs, secrets by digests, ALUA groups and\n"
        "attributes. ssh must be able to log in there and run sudo targetcli without a\n"
        "password prompt.\n"
        "The exit status is 0 if there are no errors or warnings, 1 if there are warnings,\n"
        "2 if there are errors, and 3 if nothing could be checked; findings that severity\n"
        "and ignore leave out do not count. format=nagios prints one line with\n"
        "performance data, as plug-ins of Nagios and Icinga do.\n\n"
        "Example: check severity=error",
        (
            may("path", "check_path", "check this path, not the current one; or rules"),
            may("file", "saved_file", "check this file or backup, not the running configuration"),
            may("severity", "severity", "the least severity: error, warning or note", "note"),
            may(
                "ignore",
                "rules",
                "the rules to leave out, separated by commas; RULE:PATH at a path only",
            ),
            may("format", "check_format", "text, or nagios for one line", "text"),
            may("host", "bool", "with file: check what it needs of this host, too", "True"),
            may("peer", "peer", "compare with this file of another host, or ssh:[USER@]HOST"),
        ),
        failed=3,
        verbose=True,
        switches=True,
    ),
    Command(
        "logins",
        EVERYWHERE,
        "logins:logins",
        "Shows the refused logins of this boot, and the command that admits each.\n"
        "Each line has the time of the last one, the count, target, initiator, address\n"
        "and reason; a * marks those since the last look. The kernel's log, or the\n"
        "journal if that reaches further back, has the reasons, and names only\n"
        "initiators without an ACL; a target counts its refused logins, and keeps\n"
        "initiator and address of the last one. So some of this is unknown for earlier\n"
        "ones. Refused discoveries, targets that do not exist and disabled TPGs are in\n"
        "the log only. At a target and below it, shows those of this target.\n\n"
        "Example: logins",
        (_WATCH,),
        switches=True,
    ),
    Command(
        "reservations",
        EVERYWHERE,
        "reservations:reservations",
        "Shows reservations, their holders and the keys.\n"
        "Each line has the storage object, the initiator that holds it, the type of the\n"
        "reservation in words and the number of registered keys; below it are the meaning\n"
        "of the type and each key with its initiator. At a target, shows the storage\n"
        "objects that it exports. Only initiators can change reservations.\n\n"
        "Example: reservations",
    ),
    Command(
        "paths",
        EVERYWHERE,
        "paths:paths",
        "Shows the LUNs of each storage object with ALUA states.\n"
        "Each is a path for initiators: its target port group, its portals and the state\n"
        "in words, which decides whether multipath initiators use it. Below the root,\n"
        "shows those of that target, LUN or storage object.\n\n"
        "Example: paths",
    ),
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
        "Example: stats 5s kind=lun sort=commands_per_second count=1",
        (
            may("path", "stats_path", "the node; this one if omitted. mib shows the MIB objects"),
            may("interval", "duration", "the time between two outputs: 5s, 1m"),
            may("sort", "stats_column", "the column to sort by, as --json names it"),
            may("kind", "stats_kind", "only storage_object, lun, mapped_lun, target or session"),
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
        "everything that this object is connected with. Equal objects are shown as one.\n"
        "With a file, writes a drawing (.svg), the input of Graphviz (.dot), or this\n"
        "text.\n\n"
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
        "Shows what a word names, and everything that is connected with it. The word is a\n"
        "path of this tree, a device such as /dev/disk/by-id/NAME, a file or directory, a\n"
        "serial number, a WWID as multipath, VMware, Windows or Linux write it or its\n"
        "last digits, the name or tag of an initiator, or an IP address.\n\n"
        "Example: what /dev/vg0/disk1",
        (need("word", "known_word", "what to look for"),),
    ),
    Command(
        "report",
        ("root",),
        "report:report",
        "Writes a report on this system: the map, the findings of check, targets, LUNs,\n"
        "initiators, sessions, storage objects and capacity. It is a single HTML file,\n"
        "which contains no passwords and loads nothing from the network.\n\n"
        "Example: report /root/targets.html",
        (may("file", "path_name", "the file to write; printed if omitted"),),
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
    Command(
        "top",
        EVERYWHERE,
        "top:top",
        "Shows the activity of LUNs, targets and initiators on the full screen, those at\n"
        "and below this node: commands and bytes a second, a small history, and on demand\n"
        "the latency of commands. Sort by a key, filter as you type, hide idle rows, open\n"
        "a target, LUN or initiator; ? shows all keys. Needs a terminal. Only the visible\n"
        "rows and the column by which they are sorted are read.\n\n"
        "Example: top 5s",
        (may("interval", "duration", "the time between two updates: 1s, 5s", "2s"),),
    ),
    Command(
        "exporter",
        ("root",),
        "exporter:exporter",
        "Serves metrics for Prometheus until Ctrl-C.\n"
        "They are at http://127.0.0.1:10860/metrics, or at another address and port, or\n"
        "on the socket that systemd passes (targetcli-exporter.socket). With textfile,\n"
        "writes them once, for the textfile collector of node_exporter. Any user may run\n"
        "it; only root can read the saved file and the record of unrestored objects.\n"
        "drift also compares the saved file and its devices with the kernel, which takes\n"
        "as long as diff: for textfile at once, otherwise every five minutes.\n\n"
        "Example: exporter --textfile /run/lio.prom",
        (
            may("textfile", "file", "write the metrics to this file and end"),
            may("address", "metrics_address", "the address to serve on", "127.0.0.1"),
            may("port", "metrics_port", "the port to serve on", "10860"),
            may("drift", "bool", "compare with the saved file too", "False"),
        ),
        switches=True,
    ),
)
