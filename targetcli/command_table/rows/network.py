# SPDX-License-Identifier: Apache-2.0
"""The commands about the network: registration with iSNS servers, allowed networks."""

from __future__ import annotations

from ..command import Command, may
from . import DRY_RUN

ROWS = (
    Command(
        "isns",
        ("root",),
        "isns:isns",
        "Registers iSCSI targets with iSNS servers (RFC 4171).\n"
        "Initiators ask such a server for targets, instead of each portal. The servers are\n"
        "in /etc/target/isns.conf, with the keys of target-isns: isns_server = ADDRESS.\n"
        "status asks each of them for the objects of this host, and lists missing ones and\n"
        "those that should not be registered; the exit status is 1 if a server is not up to\n"
        "date. show lists the objects to register: the targets with an enabled TPG, their\n"
        "portals, and their TPGs as portal groups. A portal on every address stands\n"
        "for the addresses of this host. serve keeps the servers up to date until Ctrl-C,\n"
        "then deregisters everything; the service targetcli-isns runs it.\n\n"
        "Example: isns show",
        (
            may("action", "isns_action", "status, show or serve", "status"),
            may("file", "file", "the file that names the servers, not /etc/target/isns.conf"),
        ),
    ),
    Command(
        "allow",
        ("portal",),
        "firewall:allow",
        "Shows or sets the networks that may reach this portal.\n"
        "Packets from other addresses are dropped by nftables, also those of sessions that\n"
        "exist; the addresses of this host itself are no exception. The kernel's target has\n"
        "no such setting for a target: all targets that listen on this address and port\n"
        "share it. any admits all networks again. The networks are saved with the\n"
        "configuration; the command firewall shows them all.\n\n"
        "Example: allow 192.0.2.0/24 2001:db8::/64",
        more="networks",
    ),
    Command(
        "firewall",
        ("root",),
        "firewall:firewall",
        "Shows, loads or removes the rules of allowed networks.\n"
        "show lists the portals with their networks (allow), the number of dropped packets,\n"
        "and the targets that listen there; the exit status is 1 if the rules are not\n"
        "loaded, as after nft flush ruleset. apply replaces the table inet targetcli of\n"
        "nftables by the rules of the running portals, or of those in a save file, at once\n"
        "and without a gap. With dry_run it prints them. remove deletes the table and\n"
        "keeps the networks.\n\n"
        "Example: firewall show",
        (
            may("action", "firewall_action", "show, apply or remove", "show"),
            may("file", "saved_file", "with apply: the networks in this save file"),
            DRY_RUN,
        ),
        switches=True,
    ),
)
