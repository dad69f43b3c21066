#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Creates a file disk and exports it over iSCSI to one initiator, without CHAP.

Run it as root. All of it is done or nothing, and what already runs is kept; nothing is saved:
`targetcli saveconfig` does that. Running it again changes nothing.
"""

import rtslib_ext as lio

disk = lio.StorageObject("disk1", lio.FileIO("/srv/disk1.img", size=10 << 30))
acl = lio.NodeAcl("iqn.1994-05.com.example:host1", {0: lio.MappedLun(0, tpg_lun=0)})
portal = lio.Portal("0.0.0.0", 3260)
luns = {0: lio.Lun(0, disk.key)}
tpg = lio.Tpg(
    1, True, {"authentication": "0"}, luns=luns, portals={portal.name: portal}, acls={acl.wwn: acl}
)
target = lio.Target("iscsi", "iqn.2003-01.org.example:store", {1: tpg})
config = lio.Config({disk.key: disk}, {target.key: target})

system = lio.System()
with system.changing("export disk1"):
    system.apply(system.plan(config, create_files=True))
