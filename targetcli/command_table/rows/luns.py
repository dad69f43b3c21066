# SPDX-License-Identifier: Apache-2.0
"""The commands of LUNs and network portals."""

from __future__ import annotations

from ..command import Command, may, need
from . import DRY_RUN, MAP, OTHER_PATHS, TIMEOUT

ROWS = (
    Command(
        "create",
        ("luns",),
        "luns:create",
        "Creates a LUN, which exports a storage object. For a block device or file,\n"
        "creates the storage object first.\n\n"
        "Example: create /backstores/block/disk1",
        (
            need(
                "storage_object", "storage_object", "the storage object, device or file", many=True
            ),
            may("lun", "free_lun", "the LUN number; the first free one if omitted", many=True),
            MAP,
        ),
        changes=True,
    ),
    Command(
        "delete",
        ("luns",),
        "luns:delete",
        "Deletes a LUN and its mapped LUNs.\n\nExample: delete lun0",
        (need("lun", "lun", "the LUN number", wrong="Invalid LUN", many=True),),
        changes=True,
    ),
    Command(
        "drain",
        ("luns",),
        "drain:lun",
        "Deletes a LUN once no initiator sends commands to it. Its target port group goes\n"
        "to standby, or the LUN goes offline if the group has other LUNs, so that\n"
        "initiators switch to another path. If commands still arrive after the timeout,\n"
        "restores the previous state.\n"
        "A host without another path gets I/O errors, and its file system becomes read-only.\n"
        "Stop using the disk there first. If a command of such a host arrives while it\n"
        "waits, stops at once and restores the previous state.\n\n"
        "Example: drain lun0 --dry-run",
        (need("lun", "lun", "the LUN number"), TIMEOUT, DRY_RUN, OTHER_PATHS),
        changes=True,
        switches=True,
    ),
    Command(
        "create",
        ("portals",),
        "portals:create",
        "Creates a portal: the TPG listens on an address. Without an address, it listens\n"
        "on all IPv6 and IPv4 addresses.\n\n"
        "Example: create 192.0.2.10",
        (
            may("ip_address", "address", "the IP address", "::0", many=True),
            may("ip_port", "port", "the TCP port", "3260", many=True),
        ),
        changes=True,
    ),
    Command(
        "delete",
        ("portals",),
        "portals:delete",
        "Deletes a portal: the TPG stops listening on its address.\n\n"
        "Example: delete 192.0.2.10 3260",
        (
            need("ip_address", "portal_address", "the IP address", many=True),
            need("ip_port", "portal_port", "the TCP port", many=True),
        ),
        changes=True,
    ),
    Command(
        "enable_iser",
        ("portal",),
        "portals:enable_iser",
        "Enables or disables iSER (iSCSI over RDMA) on this portal.\n\nExample: enable_iser true",
        (need("boolean", "bool", "true or false"),),
        changes=True,
    ),
    Command(
        "enable_offload",
        ("portal",),
        "portals:enable_offload",
        "Enables or disables offload to the card on this portal.\n\nExample: enable_offload true",
        (need("boolean", "bool", "true or false"),),
        changes=True,
    ),
)
