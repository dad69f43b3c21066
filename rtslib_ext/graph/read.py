# SPDX-License-Identifier: Apache-2.0
"""Read the graph of the running configuration: names, links, sessions, and the devices below."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import shell_paths
from ..config.backing import KINDS, Backing, Pscsi, RamDisk, User
from ..config.demo_mode import OPEN
from ..config.model import MappedLun
from ..errors import KernelRefused
from ..fabrics import FABRICS, Fabric
from ..host import devices
from ..host.device_stack import Stack
from ..kernel import links, paths
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import TpgPath
from ..reading.reader import Reader
from ..usage import sessions
from . import model, wwid
from .model import Fact, Graph, Portal, Tpg, Vertex

# Handlers of tcmu-runner that keep the data in a file, whose path follows their name.
_FILE_HANDLERS = ("file", "qcow")


def graph(reader: Reader) -> Graph:
    """Return the graph of everything. Raises KernelRefused where configfs cannot be read."""
    found, stack = Graph(), Stack()
    for path in sorted(reader.storage_object_paths()):
        _add_storage_object(found, reader, stack, path)
    for layer in stack.layers.values():
        found.add(Vertex(layer.id, layer.kind, layer.name, "", dict(layer.facts)))
        for below in layer.below:
            found.connect(layer.id, below)
    for fabric in FABRICS.values():
        for wwn in sorted(reader.target_wwns(fabric)):
            for tag in reader.tags(paths.target(fabric, wwn)):
                _TpgReader(found, reader, fabric, wwn, tag).add()
    return found


# -- storage objects --------------------------------------------------------------------------


def _add_storage_object(found: Graph, reader: Reader, stack: Stack, configfs: ConfigfsPath) -> None:
    key = paths.key_of_storage_object(configfs)
    if key is None or reader.fs.read_if_there(f"{configfs}/enable") != "1":
        return
    plugin, name = key
    try:
        backing = reader.backing(configfs, plugin)
    except KernelRefused:
        # It was deleted meanwhile.
        return
    below = _below(stack, backing)
    facts: dict[str, Fact] = {"plugin": plugin}
    if backing.udev_path:
        facts["device"] = backing.udev_path
    size = getattr(backing, "size", None) or stack.layers[below].facts.get("size")
    if isinstance(size, int):
        facts["size"] = size
    if KINDS[plugin].has_wwn:
        facts["serial"] = reader.unit_serial(configfs)
    if isinstance(backing, User):
        facts["handler"] = backing.handler
    facts["naa"] = wwid.of_storage_object(reader, configfs)
    shell = shell_paths.storage_object(plugin, name)
    known = {name: value for name, value in facts.items() if value != ""}
    found.add(Vertex(_so(key), model.STORAGE_OBJECT, f"{plugin}/{name}", shell, known))
    found.connect(_so(key), below)


def _so(key: tuple[str, str]) -> str:
    return f"storage object {key[0]}/{key[1]}"


def _below(stack: Stack, backing: Backing) -> str:
    """Add what a storage object is on to the stack; return the id."""
    match backing:
        case RamDisk():
            return stack.other("memory", "memory of this host", type="lost at a reboot")
        case User():
            handler, _, rest = backing.config.partition("/")
            if handler in _FILE_HANDLERS and rest.startswith("/"):
                return stack.path(rest)
            return stack.other("handler", backing.config or "no handler")
        case Pscsi():
            return stack.path(_block_of(backing.dev) or backing.dev)
        case _:
            return stack.path(backing.udev_path)


def _block_of(device: str) -> str:
    """Return the block device of a SCSI device given by its generic device or address; or ""."""
    if device.startswith("/dev/sg"):
        return devices.block_of_generic(device)
    return "" if device.startswith("/") else devices.block_of_address(device)


# -- targets ----------------------------------------------------------------------------------


class _TpgReader:
    """Adds one TPG to a graph."""

    def __init__(self, found: Graph, reader: Reader, fabric: Fabric, wwn: str, tag: int) -> None:
        self.found, self.reader, self.fabric = found, reader, fabric
        self.paths = TpgPath.of(fabric, wwn, tag)
        self.shell = self.paths.shell
        self.luns: dict[int, str] = {}

    def add(self) -> None:
        """Add the TPG, its portals, LUNs, ACLs and sessions."""
        demo_mode, authentication = self._is_on(OPEN), self._is_on("authentication")
        enabled = self.reader.enabled(self.paths.configfs)
        self.found.tpgs.append(Tpg(self.shell, enabled, authentication, demo_mode))
        self._add_luns()
        if self.fabric.has("nps"):
            self._add_portals()
        if self.fabric.has("acls"):
            for folder in self.reader.acl_names(self.paths.configfs):
                self._add_acl(folder)
            self._add_demo_mode(is_open=demo_mode is True)
        nexus = self.reader.nexus(self.fabric, self.paths.configfs)
        if nexus:
            self._see_all([self._session(nexus, {"state": "nexus"}, "nexus")])

    def _add_luns(self) -> None:
        configfs = self.paths.configfs
        for index in self.reader.lun_indexes(configfs):
            link = links.link_in(self.reader.fs, paths.lun(configfs, index))
            key = paths.key_of_storage_object(link[1]) if link else None
            lun = f"LUN {self.shell} {index}"
            facts: dict[str, Fact] = {"tpg": self.shell, "index": index, "exports": key is not None}
            shell = shell_paths.lun(self.shell, index)
            self.luns[index] = self.found.add(Vertex(lun, model.LUN, f"lun{index}", shell, facts))
            if key and _so(key) in self.found.vertices:
                self.found.connect(lun, _so(key))

    def _add_portals(self) -> None:
        for portal in self.reader.portals(self.paths.configfs):
            path = shell_paths.portal(self.shell, portal.name)
            address = portal.address.strip("[]")
            self.found.portals.append(Portal(path, self.shell, address, portal.port))

    def _add_acl(self, folder: str) -> None:
        acl = paths.acl(self.paths.configfs, folder)
        wwn = self.fabric.from_folder(folder)
        tag = self.reader.fs.read_if_there(f"{acl}/tag") or ""
        shell = shell_paths.acl(self.shell, tag or wwn)
        initiator = self._initiator(wwn, tag)
        session = sessions.of_acl(self.reader, self.fabric, self.paths.configfs, folder)
        above = initiator if session is None else self._add_session(wwn, shell, session)
        for mapped in self.reader.mapped_luns(acl):
            self._add_mapped_lun(wwn, shell, mapped, above)

    def _add_mapped_lun(self, wwn: str, acl: str, mapped: MappedLun, above: str) -> None:
        shell = f"{acl}/mapped_lun{mapped.index}"
        facts: dict[str, Fact] = {
            "tpg": self.shell,
            "acl": acl,
            "initiator": wwn,
            "index": mapped.index,
            "write_protect": mapped.write_protect,
        }
        name = f"mapped LUN {self.shell} {wwn} {mapped.index}"
        vertex = Vertex(name, model.MAPPED_LUN, f"mapped_lun{mapped.index}", shell, facts)
        self.found.connect(above, self.found.add(vertex))
        if mapped.tpg_lun in self.luns:
            self.found.connect(name, self.luns[mapped.tpg_lun])

    def _initiator(self, wwn: str, tag: str = "") -> str:
        """Add an initiator, or the tag of one that is known; return its id."""
        name = f"initiator {wwn}"
        known = self.found.vertices.get(name)
        tags = known.facts.get("tags", []) if known else []
        assert isinstance(tags, list)
        tags = sorted({*tags, *([tag] if tag else [])})
        facts: dict[str, Fact] = {"tags": tags} if tags else {}
        self.found.vertices[name] = Vertex(name, model.INITIATOR, wwn, "", facts)
        return name

    def _add_session(self, wwn: str, acl: str, session: sessions.Session) -> str:
        addresses = [item.address for item in session.connections]
        facts: dict[str, Fact] = {
            "acl": acl,
            "sid": session.sid,
            "state": session.state,
            "address": addresses,
            "dynamic": False,
        }
        if session.alias:
            facts["alias"] = session.alias
        return self._session(wwn, facts, str(session.sid))

    def _session(self, wwn: str, facts: dict[str, Fact], number: str) -> str:
        name = f"session {self.shell} {wwn} {number}"
        more: dict[str, Fact] = {"tpg": self.shell, "initiator": wwn, **facts}
        self.found.add(Vertex(name, model.SESSION, f"session of {wwn}", "", more))
        self.found.connect(self._initiator(wwn), name)
        return name

    def _is_on(self, attribute: str) -> bool | None:
        path = f"{paths.attributes(self.paths.configfs)}/{attribute}"
        text = self.reader.fs.read_if_there(path)
        return None if text is None else text == "1"

    def _add_demo_mode(self, *, is_open: bool) -> None:
        """Add the sessions without an ACL, which see all LUNs."""
        names = sessions.dynamic_initiators(self.reader, self.paths.configfs)
        if names or is_open:
            facts: dict[str, Fact] = {"state": "LOGGED_IN", "dynamic": True}
            self._see_all([self._session(*each) for each in _numbered(names, facts)])

    def _see_all(self, above: list[str]) -> None:
        name = f"all LUNs {self.shell}"
        what = "nexus" if self.fabric.has("nexus") else "demo mode"
        facts: dict[str, Fact] = {"tpg": self.shell, "demo_mode": what == "demo mode"}
        self.found.add(Vertex(name, model.ALL_LUNS, f"all LUNs ({what})", "", facts))
        for user in above:
            self.found.connect(user, name)
        for lun in self.luns.values():
            self.found.connect(name, lun)


def _numbered(
    names: list[str], facts: dict[str, Fact]
) -> Iterator[tuple[str, dict[str, Fact], str]]:
    for number, name in enumerate(names):
        yield name, facts, f"without an ACL {number}"
