# SPDX-License-Identifier: Apache-2.0
"""Demo mode of a TPG (generate_node_acls): initiators without an ACL may log in.

With cache_dynamic_acls the kernel keeps the ACLs that it creates for them. They then come in
after demo mode is off as well, so closing it takes both attributes, in this order.
"""

from __future__ import annotations

from .model import Values

OPEN = "generate_node_acls"
CACHE = "cache_dynamic_acls"

KEPT = f"the kernel keeps {CACHE}=1 while {OPEN}=1"


def closing(wanted: Values, has: Values) -> Values:
    """Return the attributes to set, with CACHE=0 if they close demo mode and do not name CACHE.

    ``has`` are the present ones.
    """
    if wanted.get(OPEN) != "0" or CACHE in wanted or has.get(CACHE) != "1":
        return wanted
    return {**wanted, CACHE: "0"}


def is_kept(fabric: str, wanted: Values, has: Values) -> bool:
    """Return True if CACHE=0 is wanted in demo mode: the kernel accepts it, and keeps 1.

    ``fabric`` is the name of the fabric: only iSCSI does so (iscsi_target_tpg.c,
    iscsit_ta_cache_dynamic_acls).
    """
    in_demo_mode = wanted.get(OPEN, has.get(OPEN)) == "1"
    return in_demo_mode and wanted.get(CACHE) == "0" and fabric == "iscsi"
