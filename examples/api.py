#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exports a disk to one initiator over iSCSI: api.py /dev/sdb 192.168.1.128

Run it as root. Nothing is saved; `targetcli saveconfig` does that.
"""

import sys

from rtslib_ext import restore
from rtslib_ext.config import backing
from rtslib_ext.config.model import (
    Config,
    Lun,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)
from rtslib_ext.kernel import configfs

# A configuration is a value: nothing happens before restore() gets it.
disk = StorageObject("sdb", backing.Block(sys.argv[1]))
luns = {0: Lun(0, disk.key)}

# An address that this host has.
portal = Portal(sys.argv[2], 5060)

# The initiator that may log in; the target's LUN 0 is its LUN 0.
acl = NodeAcl("iqn.2003-01.org.linux-iscsi.y.x8664:sn.abcdefghijkl", {0: MappedLun(0, 0)})

# TPG 1, enabled, without CHAP.
tpg = Tpg(
    1, True, {"authentication": "0"}, luns=luns, portals={portal.name: portal}, acls={acl.wwn: acl}
)
target = Target("iscsi", "iqn.2003-01.org.linux-iscsi.x.x8664:sn.d3d8b0500fde", {1: tpg})

outcome = restore.restore(configfs.ConfigFS(), Config({disk.key: disk}, {target.key: target}))
sys.exit("\n".join(map(str, outcome.failures)) or 0)
