# SPDX-License-Identifier: Apache-2.0
"""Graphs from initiators to disks, of any size."""

from __future__ import annotations

from rtslib_ext.graph import model
from rtslib_ext.graph.model import Graph, Portal, Tpg, Vertex

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


def pictured() -> Graph:
    """The example of README.md: two hosts of a cluster on a RAID, and a host for backups."""
    found = Graph()
    target = "iqn.2003-01.org.example:store"
    tpg, gib = f"/iscsi/{target}/tpg1", 1 << 30
    layers: tuple[tuple[str, str, dict[str, model.Fact], tuple[str, ...]], ...] = (
        ("disk", "/dev/sda", {"size": 2000 * gib, "model": "ATA ST2000NM0008"}, ()),
        ("disk", "/dev/sdb", {"size": 2000 * gib, "model": "ATA ST2000NM0008"}, ()),
        ("disk", "/dev/sdc", {"size": 8000 * gib, "model": "ATA ST8000NM0055"}, ()),
        ("RAID", "/dev/md0", {"size": 2000 * gib, "type": "raid1"}, ("/dev/sda", "/dev/sdb")),
        ("logical volume", "/dev/vg0/web", {"size": 200 * gib}, ("/dev/md0",)),
        ("logical volume", "/dev/vg0/db", {"size": 500 * gib}, ("/dev/md0",)),
        ("partition", "/dev/sdc1", {"size": 8000 * gib}, ("/dev/sdc",)),
        (
            "file system",
            "/srv",
            {"type": "xfs", "size": 7800 * gib, "available": 5200 * gib, "source": "/dev/sdc1"},
            ("/dev/sdc1",),
        ),
        ("file", "/srv/backup.img", {"size": 4000 * gib}, ("/srv",)),
    )
    for kind, name, facts, below in layers:
        found.add(Vertex(name, kind, name, "", facts))
        for one in below:
            found.connect(name, one)
    devices = {"block/web": "/dev/vg0/web", "block/db": "/dev/vg0/db"}
    devices["fileio/backup"] = "/srv/backup.img"
    for index, (name, device) in enumerate(devices.items()):
        size = found.vertices[device].facts["size"]
        naa = f"naa.6001405a3c1e07f2b5d4aa98f1e6d3c{index}"
        more: dict[str, model.Fact] = {"size": size, "naa": naa, "device": device}
        so = Vertex(name, model.STORAGE_OBJECT, name, f"/backstores/{name}", more)
        found.connect(found.add(so), device)
        path = f"{tpg}/luns/lun{index}"
        lun = Vertex(path, model.LUN, f"lun{index}", path, {"tpg": tpg, "exports": True})
        found.connect(found.add(lun), so.id)
    hosts = (("web1", "web", "192.0.2.51", (0, 1)), ("web2", "web", "192.0.2.52", (0, 1)))
    for host, tag, address, luns in (*hosts, ("backup", "", "", (2,))):
        wwn = f"iqn.1994-05.com.example:{host}"
        tags: dict[str, model.Fact] = {"tags": [tag]} if tag else {}
        above = found.add(Vertex(wwn, model.INITIATOR, wwn, "", tags))
        acl = f"{tpg}/acls/{tag or wwn}"
        own: dict[str, model.Fact] = {"tpg": tpg, "initiator": wwn, "acl": acl}
        if address:
            state: dict[str, model.Fact] = {**own, "state": "LOGGED_IN", "address": [address]}
            session = found.add(Vertex(f"session {host}", model.SESSION, "session", "", state))
            found.connect(above, session)
            above = session
        for index in luns:
            path = f"{acl}/mapped_lun{index}"
            mapped = Vertex(f"{host} {index}", model.MAPPED_LUN, f"mapped_lun{index}", path, own)
            found.connect(above, found.add(mapped))
            found.connect(mapped.id, f"{tpg}/luns/lun{index}")
    found.tpgs.append(Tpg(tpg, enabled=True, authentication=True, demo_mode=False))
    found.portals.append(Portal(f"{tpg}/portals/192.0.2.10:3260", tpg, "192.0.2.10", 3260))
    return found
