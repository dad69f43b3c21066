# SPDX-License-Identifier: Apache-2.0
"""A configuration in which every field of every kind of object has a value of its own."""

from __future__ import annotations

from rtslib_ext.config.backing import Block, FileIO, Pscsi, RamDisk, User
from rtslib_ext.config.model import (
    AluaGroup,
    Auth,
    Config,
    FabricSettings,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)

AUTH = Auth("user", "secret", "mutual-user", "mutual-secret")

_OBJECTS = (
    StorageObject(
        "f",
        FileIO("/f", 4096, write_back=True, aio=True),
        "serial",
        {"emulate_tpu": "1"},
        {"g": AluaGroup("g", 16, {"alua_access_state": "1", "alua_access_status": "2"})},
        {"company_id": "0x1", "product_id": "p", "revision": "1", "vendor_id": "v"},
        alias="a",
        lu_group="lu",
        lba_map="map",
    ),
    StorageObject("b", Block("/dev/b", readonly=True, exclusive=False), "serial"),
    StorageObject("p", Pscsi("/dev/p", (1, 2, 3, 4))),
    StorageObject("r", RamDisk(4096, nullio=True), "serial"),
    StorageObject("u", User("handler/text", 4096, 128, "hw_block_size=512"), "serial"),
)
_INITIATOR = "iqn.2003-01.org.example:i"
_ACL = NodeAcl(
    _INITIATOR,
    {3: MappedLun(3, 2, write_protect=True, alias="m")},
    {"nopin_timeout": "15"},
    AUTH,
    "tag",
    "64",
)
_TPG = Tpg(
    1,
    enable=True,
    attributes={"authentication": "1"},
    parameters={"TargetAlias": "a"},
    auth=AUTH,
    luns={2: Lun(2, ("fileio", "f"), "l", "g", {"alua_tg_pt_offline": "1"})},
    portals={
        "192.0.2.1:3260": Portal("192.0.2.1", 3260, iser=True),
        "[2001:db8::1]:3261": Portal("[2001:db8::1]", 3261, offload=True),
    },
    acls={_INITIATOR: _ACL},
    nexus="naa.5001405000000001",
    files={"rtpi": "7"},
)
_IQN = "iqn.2003-01.org.example:a"

WHOLE = Config(
    storage_objects={item.key: item for item in _OBJECTS},
    targets={
        ("iscsi", _IQN): Target("iscsi", _IQN, {1: _TPG}, {"cmd_completion_affinity": "-1"}),
    },
    fabrics={"iscsi": FabricSettings("iscsi", AUTH, True, "0-3")},
    lu_groups={"lu": "1"},
)
