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
        "First come the rules of that system that the configuration does not meet, such as\n"
        "the length of a secret, with the commands that mend it. The systems are aix,\n"
        "esxi, freebsd, hpux, libiscsi, multipath (Linux with several paths), netbsd,\n"
        "open-iscsi, proxmox, qemu, solaris and windows; docs/HOSTS.md has their rules.\n\n"
        "Example: recipe windows",
        (
            need("system", "host_system", "the operating system or program of the host"),
            may("initiator", "known_initiator", _INITIATOR),
        ),
    ),
)
