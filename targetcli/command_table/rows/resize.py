# SPDX-License-Identifier: Apache-2.0
"""The commands that change objects while they are in use; --dry-run shows their plan."""

from __future__ import annotations

from ..command import Command, may, need
from . import DRY_RUN

_BACKSTORES = ("fileio", "block", "pscsi", "ramdisk", "user")
_NEW_NAME = need("new_name", text="the new name")
_NEW_INITIATOR = need("new_wwn", "initiator", "the name of the other initiator")
_NEW_TARGET = may(
    "new_wwn",
    "free_wwn",
    "the name of the new target; generated, or that of a free adapter, if omitted",
)
_CREDENTIALS = may("credentials", "bool", "copy the secrets too", "False")
_AGREED = (
    "Lists the initiators that would be interrupted, and then needs --yes before the\n"
    "command, or an answer at the terminal.\n\n"
)
_RENAMED = (
    "The kernel has no rename: the object is recreated with the same serial number,\n"
    "model, settings, LUNs and mapped LUNs. Sessions continue, but initiators get\n"
    "errors in the meantime. A ramdisk is refused, because it would lose its data.\n"
    f"{_AGREED}"
)
_ANOTHER_INITIATOR = (
    "The tag, settings, secrets and mapped LUNs are kept. Sessions of the first\ninitiator end.\n\n"
)
_LIKE_IT = (
    "with the same settings and mapped LUNs. The tag is not copied. Secrets are copied\n"
    "only with credentials=true, because two initiators should not share one.\n\n"
)
_SAME_DISKS = (
    ", with the same TPGs, portals, LUNs, ACLs, secrets\n"
    "and settings. The copy exports the same storage objects, so initiators see more\n"
    "paths to the same disks.\n\n"
)

ROWS = (
    Command(
        "resize",
        ("storage_object",),
        "resize:resize",
        "Enlarges a storage object while it is exported: extends its file, or asks the\n"
        "handler of a user-backed object. A block device has its own size, which initiators\n"
        "get unchanged; without a size, the command reports it. The kernel does not notify\n"
        "initiators of a new size: rescan there, on Linux with iscsiadm -m session\n"
        "--rescan. Shrinking is refused.\n\n"
        "Example: resize +2G",
        (
            may(
                "size",
                "new_size",
                "the new size, or +SIZE for that much more; that of the backing file or device if "
                "omitted",
            ),
            DRY_RUN,
        ),
        changes=True,
        switches=True,
    ),
    Command(
        "rescan",
        ("backstores", "storage_object"),
        "resize:rescan",
        "Checks the files and devices that back storage objects. If a file has grown,\n"
        "adopts its new size, which initiators see after a rescan. Reports a file or device\n"
        "that is missing, too short or replaced; the exit status is then 1.\n\n"
        "Example: rescan --dry-run",
        (DRY_RUN,),
        changes=True,
        switches=True,
    ),
    Command(
        "replace",
        ("storage_object",),
        "replace:replace_device",
        "Replaces the device or file that backs a storage object. Serial number, settings,\n"
        "target port groups, LUNs and mapped LUNs are kept: initiators see the same disk,\n"
        "so the new device should hold the same data. Sessions continue, but initiators\n"
        f"get errors during the exchange.\n{_AGREED}"
        "Example: replace /dev/vg0/disk2",
        (
            need("dev", "file", "the path of the new device or file"),
            may("smaller", "bool", "accept a smaller device or file", "False"),
            DRY_RUN,
        ),
        changes=True,
        switches=True,
    ),
    Command(
        "rename",
        _BACKSTORES,
        "rename:rename_object",
        f"Renames a storage object.\n{_RENAMED}Example: rename disk1 disk2",
        (need("name", "storage_object_name", "the storage object"), _NEW_NAME, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "rename",
        ("storage_object",),
        "rename:rename_this_object",
        f"Renames this storage object.\n{_RENAMED}Example: rename disk2",
        (_NEW_NAME, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "rename",
        ("acls",),
        "rename:rename_acl",
        f"Changes the initiator of an ACL.\n{_ANOTHER_INITIATOR}"
        "Example: rename iqn.1994-05.com.example:host1 iqn.1994-05.com.example:host2",
        (need("wwn", "acl", "the initiator of the ACL"), _NEW_INITIATOR, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "rename",
        ("acl",),
        "rename:rename_this_acl",
        f"Changes the initiator of this ACL.\n{_ANOTHER_INITIATOR}"
        "Example: rename iqn.1994-05.com.example:host2",
        (_NEW_INITIATOR, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "clone",
        ("acls",),
        "clone:clone_acl",
        f"Creates an ACL for another initiator from an existing ACL,\n{_LIKE_IT}"
        "Example: clone iqn.1994-05.com.example:host1 iqn.1994-05.com.example:host2",
        (
            need("wwn", "acl", "the initiator whose ACL is copied"),
            _NEW_INITIATOR,
            _CREDENTIALS,
            DRY_RUN,
        ),
        changes=True,
        switches=True,
    ),
    Command(
        "clone",
        ("acl",),
        "clone:clone_this_acl",
        f"Creates an ACL for another initiator from this one,\n{_LIKE_IT}"
        "Example: clone iqn.1994-05.com.example:host2",
        (_NEW_INITIATOR, _CREDENTIALS, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "clone",
        ("fabric",),
        "clone:clone_target",
        f"Creates a copy of a target{_SAME_DISKS}"
        "Example: clone iqn.2003-01.org.example:disks iqn.2003-01.org.example:more",
        (need("wwn", "target", "the target to copy"), _NEW_TARGET, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "clone",
        ("target", "single_tpg"),
        "clone:clone_this_target",
        f"Creates a copy of this target{_SAME_DISKS}Example: clone iqn.2003-01.org.example:more",
        (_NEW_TARGET, DRY_RUN),
        changes=True,
        switches=True,
    ),
)
