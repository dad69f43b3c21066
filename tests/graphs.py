# SPDX-License-Identifier: Apache-2.0
"""Graphs from initiators to disks, of any size."""

from __future__ import annotations

from rtslib_ext.graph import model
from rtslib_ext.graph.model import Graph, Portal, Vertex

TPG = "/iscsi/iqn.2003-01.org.example:disks/tpg1"
HOST = "iqn.1994-05.com.example:host"


def example(luns: int, hosts: int, *, own: bool = False, logged_in: bool = True) -> Graph:
    """LUNs on volumes of one disk; each host sees all of them, or its ``own`` one."""
    found = Graph()
    disk = found.add(
        Vertex("block 8:0", "disk", "/dev/sda", "", {"size": 1 << 40, "serial": "WD-42"})
    )
    for number in range(luns):
        naa = f"naa.60014051234567890123456789{number:06x}"
        so = Vertex(f"so{number}", model.STORAGE_OBJECT, f"block/d{number}")
        so = Vertex(
            so.id, so.kind, so.name, f"/backstores/{so.name}", {"naa": naa, "size": 1 << 30}
        )
        volume = Vertex(f"block 254:{number}", "logical volume", f"/dev/vg0/d{number}")
        lun = Vertex(
            f"lun{number}", model.LUN, f"lun{number}", f"{TPG}/luns/lun{number}", {"tpg": TPG}
        )
        for vertex in (so, volume, lun):
            found.add(vertex)
        found.connect(lun.id, so.id)
        found.connect(so.id, volume.id)
        found.connect(volume.id, disk)
    for host in range(hosts):
        name = f"{HOST}{host}"
        above = found.add(
            Vertex(f"initiator {name}", model.INITIATOR, name, "", {"tags": [f"t{host}"]})
        )
        if logged_in:
            facts: dict[str, model.Fact] = {"tpg": TPG, "initiator": name, "state": "LOGGED_IN"}
            facts |= {"acl": f"{TPG}/acls/{name}"}
            facts |= {"address": [f"192.0.2.{host}"], "alias": f"alias{host}"}
            session = found.add(Vertex(f"session {host}", model.SESSION, "s", "", facts))
            found.connect(above, session)
            above = session
        for number in [host] if own else range(luns):
            acl = f"{TPG}/acls/{name}"
            path = f"{acl}/mapped_lun{number}"
            more: dict[str, model.Fact] = {"tpg": TPG, "acl": acl, "initiator": name}
            mapped = Vertex(path, model.MAPPED_LUN, f"mapped_lun{number}", path, more)
            found.connect(above, found.add(mapped))
            found.connect(path, f"lun{number}")
    found.portals.append(Portal(f"{TPG}/portals/192.0.2.100:3260", TPG, "192.0.2.100", 3260))
    return found
