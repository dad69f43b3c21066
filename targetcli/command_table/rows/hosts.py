# SPDX-License-Identifier: Apache-2.0
"""The commands about the hosts that use a target: how each connects, and a login as one of them."""

from __future__ import annotations

from ..command import Command, may, need

_INITIATOR = "the initiator, or the tag of several; if omitted, that of the only ACL"

ROWS = (
    Command(
        "recipe",
        ("root", "target", "tpg", "acl"),
        "recipe:recipe",
        "Shows how a host connects to a target, step by step. Its commands can be copied:\n"
        "they have the addresses, names and LUNs of this target and ACL, but no secrets.\n"
        "First come the rules of that system that the configuration does not meet, such\n"
        "as the length of a secret, with the commands that fix it. The systems are aix,\n"
        "esxi, freebsd, hpux, libiscsi, multipath (Linux with several paths), netbsd,\n"
        "open-iscsi, proxmox, qemu, solaris and windows; docs/HOSTS.md has their rules.\n\n"
        "Example: recipe windows",
        (
            need("system", "host_system", "the operating system or program of the host"),
            may("initiator", "known_initiator", _INITIATOR),
        ),
    ),
    Command(
        "verify",
        ("root", "target", "tpg", "acl"),
        "verify:verify",
        "Compares what initiators see with the configuration. Logs in from this host: each\n"
        "portal and each ACL are used once, as the initiator of the ACL and with its\n"
        "secrets. Compares the LUNs, sizes, identifiers, serial numbers and write\n"
        "protection, and logs out. Nothing is written, and no session of the initiator is\n"
        "replaced. For one that is logged in, only LUNs and identifiers are compared,\n"
        "unless it is named: other commands would take notices of changes that are meant\n"
        "for it. Firewalls and switches between here and the hosts are not verified. The\n"
        "exit status is 1 if anything differs. At / all targets are verified, with a line\n"
        "for each; a target without an enabled TPG is not.\n\n"
        "Example: verify",
        (
            may("target", "iscsi_target", "the target; if omitted, all"),
            may("portal", "known_portal", "only this portal: an address, or ADDRESS:PORT"),
            may("initiator", "known_initiator", "only this initiator, or those with this tag"),
        ),
    ),
)
