# SPDX-License-Identifier: Apache-2.0
"""The commands for several sources of configuration, and for several hosts."""

from __future__ import annotations

from ..command import EVERYWHERE, Command, may, need
from . import DRY_RUN

ROWS = (
    Command(
        "owners",
        EVERYWHERE,
        "owners:owners",
        "Lists the objects that have an owner, at and below a path.\n"
        "An owner is a source of configuration, such as csi or pool1, whose fragment\n"
        "apply --owner applies. Objects that were created by hand have no owner. With a\n"
        "name, the exit status is 0 if all its objects serve, 1 if some do not, 2 if it has\n"
        "none, or all are in standby. The state unfinished is of objects that a change may\n"
        "restore: one in progress, interrupted (recover) or not confirmed (confirm).\n\n"
        "Example: owners",
        (may("name", "owner", "only the objects of this owner"),),
    ),
    Command(
        "peer",
        EVERYWHERE,
        "peer:peer",
        "Shows the configuration for check peer= of another host.\n"
        "Reads a key on standard input, and shows digests under this key in place of all\n"
        "secrets. That check makes a new key for each comparison.\n\n"
        "Example: peer",
    ),
    Command(
        "takeover",
        EVERYWHERE,
        "takeover:takeover",
        "Serves the objects of an owner on this host, once their devices exist.\n"
        "For a pair of hosts on shared or replicated storage: applies the fragment of the\n"
        "owner, all of it or nothing, and TPGs are enabled last. With peer, first asks that\n"
        "host by ssh whether it has released them, and again before the first change, as it\n"
        "may have begun a takeover, too. With pr, a directory on the shared\n"
        "storage keeps the persistent reservations. The save file does not have these\n"
        "objects, so no host serves them after a boot until a takeover.\n"
        "With standby, creates them in the ALUA state standby: they refuse I/O, and initiators\n"
        "have a second path to the host that takes over next.\n\n"
        "Example: takeover pool1 --wait 30s",
        (
            need("owner", "owner", "the owner"),
            may(
                "file",
                "saved_file",
                "its fragment; if omitted, pairs/OWNER.json beside the save file",
            ),
            may("wait", "duration", "the longest time to wait for devices", "30s"),
            may("pr", "path_name", "the directory that keeps the persistent reservations"),
            may("peer", "peer", "the other host, as ssh:[USER@]HOST; it must have released them"),
            may("standby", "bool", "a path for later: serve nothing, the other host does", "False"),
            may("force", "bool", "do not ask the other host: it is fenced", "False"),
            DRY_RUN,
        ),
        changes=True,
        switches=True,
    ),
    Command(
        "release",
        EVERYWHERE,
        "takeover:release",
        "Stops serving the objects of an owner, so that another host can.\n"
        "First waits until their initiators have sent nothing for a second, at most until\n"
        "timeout. Initiators with a single path, which moves with its addresses, send their\n"
        "commands again after the takeover. With standby, initiators with another path\n"
        "leave this one first, and the wait is for that. Succeeds if there is nothing to\n"
        "release.\n\n"
        "Example: release pool1",
        (
            need("owner", "owner", "the owner"),
            may("timeout", "duration", "the longest time to wait for initiators", "5s"),
            may("standby", "bool", "set the ALUA state standby before the LUNs go", "False"),
            DRY_RUN,
        ),
        changes=True,
        switches=True,
    ),
)
