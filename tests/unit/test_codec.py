# SPDX-License-Identifier: Apache-2.0
"""The format of steps in journals and in the history, which later versions read too."""

from __future__ import annotations

import json

from rtslib_ext.steps import codec

TPG = "iscsi/iqn.2003-01.org.example:a/tpgt_1"
SO = "core/fileio_1048576/d1"

# As written before any class or field was renamed: names and order of keys stay.
OPERATIONS = [
    {"do": "MakeFile", "file": "/srv/d1", "size": 1048576, "sparse": True},
    {"do": "RemoveFile", "file": "/srv/d1"},
    {"do": "GrowFile", "file": "/srv/d1", "size": 2097152},
    {"do": "CheckFree", "file": "/dev/sdb"},
    {"do": "CheckThere", "file": "/srv/d1"},
    {"do": "CheckLinks", "file": "/srv/d1"},
    {"do": "CheckMemory", "size": 4096},
    {
        "do": "SetEntry",
        "file": "/etc/target/groups.json",
        "name": "web",
        "text": "{}",
        "before": "",
    },
    {"do": "Share", "file": "iscsi", "module": "iscsi_target_mod"},
    {"do": "Share", "file": "core/fileio_1048576", "module": ""},
    {"do": "Unmake", "file": "core/fileio_1048576"},
    {"do": "Unshare", "file": "core/fileio_1048576"},
    {"do": "Mkdir", "file": SO},
    {"do": "Rmdir", "file": SO},
    {"do": "RemoveLinked", "file": f"{TPG}/lun/lun_0"},
    {"do": "RmdirOverLuns", "file": TPG, "below": f"{TPG}/lun"},
    {"do": "Discard", "file": SO},
    {"do": "Link", "target": SO, "file": f"{TPG}/lun/lun_0/0123456789"},
    {"do": "Unlink", "target": SO, "file": f"{TPG}/lun/lun_0/0123456789"},
    {"do": "CheckUnmapped", "file": f"{TPG}/lun/lun_0"},
    {"do": "Write", "file": f"{SO}/enable", "value": "1", "before": None},
    {"do": "Write", "file": f"{SO}/attrib/queue_depth", "value": "64", "before": "128"},
    {
        "do": "Settle",
        "folder": f"{SO}/attrib",
        "name": "emulate_tpu",
        "value": "1",
        "fresh": "fileio file",
        "known": True,
        "owner": "/backstores/fileio/d1",
        "shown": None,
    },
    {
        "do": "Settle",
        "folder": f"{SO}/alua/default_tg_pt_gp",
        "name": "alua_access_type",
        "value": "3",
        "fresh": "alua",
        "known": True,
        "owner": "/backstores/fileio/d1/alua/default_tg_pt_gp",
        "shown": "Implicit and Explicit",
    },
    {"do": "Switch", "file": f"{TPG}/enable", "on": True, "asked": True},
    {"do": "Switch", "file": f"{TPG}/enable", "on": False, "asked": False},
    {
        "do": "Attempt",
        "operation": {"do": "Mkdir", "file": f"{TPG}/np/[::0]:3260"},
        "owner": "/iscsi/iqn.2003-01.org.example:a/tpg1/portals/[::0]:3260",
    },
    {"do": "Quiet", "luns": [f"{TPG}/lun/lun_0"], "seconds": 30.0},
    {"do": "DropDemoLuns", "acl": f"{TPG}/acls/i", "kept": {"0": "1"}, "pinned": False},
    {"do": "ClaimPort", "tpg": TPG, "value": "7", "owner": "/iscsi/iqn.2003-01.org.example:a/tpg1"},
    {
        "do": "SetRtpi",
        "tpg": TPG,
        "value": "7",
        "before": "0x1",
        "owner": "/iscsi/iqn.2003-01.org.example:a/tpg1",
        "is_set": True,
        "was_set": False,
    },
    {"do": "AssignRtpi", "tpg": "loopback/naa.5001405000000001/tpgt_1"},
    {"do": "Forgotten", "file": f"{TPG}/auth/password"},
]
STEP = {
    "action": "+",
    "path": "/iscsi/iqn.2003-01.org.example:a",
    "text": "every operation",
    "needs": ["/backstores/fileio/d1"],
    "operations": OPERATIONS,
    "undo": [{"do": "Refuse", "reason": "there is no storage object /backstores/fileio/d1"}],
}


def test_a_step_of_an_older_version_is_read() -> None:
    step = codec.decode(STEP)
    assert (step.verb, step.subject, step.text) == ("every", "operation", "every operation")


def test_a_step_is_read_and_written_again_byte_for_byte() -> None:
    """Older versions read the same keys; what is new stands beside them."""
    written = codec.encode(codec.decode(STEP))
    new = {name: written.pop(name) for name in ("verb", "subject")}
    assert json.dumps(written) == json.dumps(STEP)
    assert codec.encode(codec.decode({**written, **new})) == {**written, **new}


def test_every_operation_is_in_it() -> None:
    assert {str(item["do"]) for item in [*OPERATIONS, *STEP["undo"]]} == set(codec._TYPES)
