# SPDX-License-Identifier: Apache-2.0
"""The commands of LUNs and network portals."""

from __future__ import annotations

from ..command import Command, may, need
from . import DRY_RUN, MAP, TIMEOUT

ROWS = (
    Command(
        "create",
        ("luns",),
        "luns:create",
        "Exports a storage object. A block device or file may be given instead, for\n"
        "which a storage object is made first.\n\n"
        "Example: create /backstores/block/disk1",
        (
            need(
                "storage_object", "storage_object", "the storage object, device or file", many=True
            ),
            may("lun", "free_lun", "its number; without it the first one free", many=True),
            MAP,
        ),
        changes=True,
    ),
    Command(
        "delete",
        ("luns",),
        "luns:delete",
        "Deletes a LUN and the mapped LUNs that lead to it.\n\nExample: delete lun0",
        (need("lun", "lun", "its number", wrong="Invalid LUN", many=True),),
        changes=True,
    ),
    Command(
        "drain",
        ("luns",),
        "drain:lun",
        "Takes a LUN away when nobody sends commands to it any more: its target port\n"
        "group goes to standby, or the LUN offline where others are in the group, so that\n"
        "initiators take another path. When commands still come after the time-out,\n"
        "everything is put back.\n\n"
        "Example: drain lun0 --dry-run",
        (need("lun", "lun", "its number"), TIMEOUT, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "create",
        ("portals",),
        "portals:create",
        "Listens on an address. Without one it listens on all of them, IPv6 and IPv4.\n\n"
        "Example: create 192.0.2.10",
        (
            may("ip_address", "address", "the address", "::0", many=True),
            may("ip_port", "port", "the TCP port", "3260", many=True),
        ),
        changes=True,
    ),
    Command(
        "delete",
        ("portals",),
        "portals:delete",
        "Stops listening on an address.\n\nExample: delete 192.0.2.10 3260",
        (
            need("ip_address", "portal_address", "the address", many=True),
            need("ip_port", "portal_port", "the TCP port", many=True),
        ),
        changes=True,
    ),
    Command(
        "enable_iser",
        ("portal",),
        "portals:enable_iser",
        "Switches iSER (iSCSI over RDMA) on or off for this portal.\n\nExample: enable_iser true",
        (need("boolean", "bool", "true or false"),),
        changes=True,
    ),
    Command(
        "enable_offload",
        ("portal",),
        "portals:enable_offload",
        "Switches the offload of the network card on or off for this portal.\n\n"
        "Example: enable_offload true",
        (need("boolean", "bool", "true or false"),),
        changes=True,
    ),
)
