# SPDX-License-Identifier: Apache-2.0
"""The commands about the network: registration with iSNS servers."""

from __future__ import annotations

from ..command import Command, may

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
)
