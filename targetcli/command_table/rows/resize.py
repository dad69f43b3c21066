# SPDX-License-Identifier: Apache-2.0
"""The commands that work on what is in use: each a plan, shown with --dry-run."""

from __future__ import annotations

from ..command import Command, may, need
from . import DRY_RUN

_BACKSTORES = ("fileio", "block", "pscsi", "ramdisk", "user")
_NEW_NAME = need("new_name", text="how to call it from now on")
_NEW_INITIATOR = need("new_wwn", "initiator", "the name of the other initiator")
_NEW_TARGET = may("new_wwn", "free_wwn", "its name; without one it is made up, or found")
_CREDENTIALS = may("credentials", "bool", "copy its secrets too", "False")
_AGREED = (
    "Who is disturbed is shown, and wants --yes before the command, or an answer at\n"
    "the terminal.\n\n"
)
_RENAMED = (
    "The kernel\n"
    "renames nothing: it is made anew with the same serial number, model and settings,\n"
    "and its LUNs and mapped LUNs with it. Initiators keep their sessions, and get\n"
    "errors in that moment. Memory would lose what is in it, and is refused.\n"
    f"{_AGREED}"
)
_ANOTHER_INITIATOR = (
    "It keeps\nits tag, settings, secrets and mapped LUNs. Sessions of the first one end.\n\n"
)
_LIKE_IT = (
    "with the same\n"
    "settings and mapped LUNs. Its tag is not copied; nor are its secrets, unless\n"
    "asked for: no two initiators should share one.\n\n"
)
_SAME_DISKS = (
    "with the same TPGs,\n"
    "portals, LUNs, ACLs, secrets and settings. It exports the same storage objects:\n"
    "to an initiator they are more paths to the same disks.\n\n"
)

ROWS = (
    Command(
        "resize",
        ("storage_object",),
        "resize:resize",
        "Makes a storage object larger while it is exported: the file behind it grows,\n"
        "or the handler of a user-backed one is asked to. The size of a device is its\n"
        "own, and initiators are given it as it is: without a size this tells it. The\n"
        "kernel does not tell initiators; they have to look again, on Linux with\n"
        "iscsiadm -m session --rescan. Nothing is made smaller.\n\n"
        "Example: resize 2G",
        (
            may("size", "size", "the new size; without it, as large as what is behind it"),
            DRY_RUN,
        ),
        changes=True,
        switches=True,
    ),
    Command(
        "rescan",
        ("backstores", "storage_object"),
        "resize:rescan",
        "Looks at the files and devices behind storage objects. Where a file has grown,\n"
        "initiators are given what is new of it once they look again; what is gone, too\n"
        "short or another device now is told, with exit status 1.\n\n"
        "Example: rescan --dry-run",
        (DRY_RUN,),
        changes=True,
        switches=True,
    ),
    Command(
        "replace",
        ("storage_object",),
        "replace:replace_device",
        "Puts another device or file behind a storage object. Serial number, settings,\n"
        "target port groups, LUNs and mapped LUNs stay as they are; to initiators it is\n"
        "the same disk, so it should hold the same data. They keep their sessions, and\n"
        f"get errors while it is exchanged.\n{_AGREED}"
        "Example: replace /dev/vg0/disk2",
        (
            need("dev", "file", "the path of the device or file"),
            may("smaller", "bool", "take one that is smaller, too", "False"),
            DRY_RUN,
        ),
        changes=True,
        switches=True,
    ),
    Command(
        "rename",
        _BACKSTORES,
        "rename:rename_object",
        f"Gives a storage object another name. {_RENAMED}Example: rename disk1 disk2",
        (need("name", "storage_object_name", "the storage object"), _NEW_NAME, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "rename",
        ("storage_object",),
        "rename:rename_this_object",
        f"Gives it another name. {_RENAMED}Example: rename disk2",
        (_NEW_NAME, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "rename",
        ("acls",),
        "rename:rename_acl",
        f"Gives the ACL of one initiator to another. {_ANOTHER_INITIATOR}"
        "Example: rename iqn.1994-05.com.example:host1 iqn.1994-05.com.example:host2",
        (need("wwn", "acl", "the initiator that has it"), _NEW_INITIATOR, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "rename",
        ("acl",),
        "rename:rename_this_acl",
        f"Gives this ACL to another initiator. {_ANOTHER_INITIATOR}"
        "Example: rename iqn.1994-05.com.example:host2",
        (_NEW_INITIATOR, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "clone",
        ("acls",),
        "clone:clone_acl",
        f"Admits another initiator as one that is admitted, {_LIKE_IT}"
        "Example: clone iqn.1994-05.com.example:host1 iqn.1994-05.com.example:host2",
        (need("wwn", "acl", "the initiator to copy"), _NEW_INITIATOR, _CREDENTIALS, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "clone",
        ("acl",),
        "clone:clone_this_acl",
        f"Admits another initiator as this one, {_LIKE_IT}"
        "Example: clone iqn.1994-05.com.example:host2",
        (_NEW_INITIATOR, _CREDENTIALS, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "clone",
        ("fabric",),
        "clone:clone_target",
        f"Makes a target like one that is there, {_SAME_DISKS}"
        "Example: clone iqn.2003-01.org.example:disks iqn.2003-01.org.example:more",
        (need("wwn", "target", "the target to copy"), _NEW_TARGET, DRY_RUN),
        changes=True,
        switches=True,
    ),
    Command(
        "clone",
        ("target", "single_tpg"),
        "clone:clone_this_target",
        f"Makes a target like this one, {_SAME_DISKS}Example: clone iqn.2003-01.org.example:more",
        (_NEW_TARGET, DRY_RUN),
        changes=True,
        switches=True,
    ),
)
