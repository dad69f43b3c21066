# SPDX-License-Identifier: Apache-2.0
"""configfs -> Config, in one pass, and in parts for commands that need only a part.

An object that is deleted while it is read is omitted: other processes change the tree too.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from ..config import backing, inquiry
from ..config.intern import Interner
from ..config.model import (
    AUTH_NAMES,
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
    Values,
)
from ..errors import KernelRefused
from ..fabrics import FABRICS, Fabric
from ..fast_dataclasses import replace
from ..host import devices
from ..kernel import abi, links, paths
from ..kernel.attributes import Attributes
from ..kernel.configfs import ConfigfsPath, ReadFS
from .consistent import stable


class Reader:
    """Reads one tree; caches the names that all objects of a kind have in common.

    Raises KernelRefused where a required file cannot be read. Paths are configfs paths.
    """

    def __init__(self, fs: ReadFS) -> None:
        self.fs = fs
        self.attributes = Attributes(fs)
        self._settings = Interner()

    # -- everything ---------------------------------------------------------------------

    def config(self) -> Config:
        """Return the running configuration."""
        return Config(
            storage_objects={so.key: so for so in sorted(self.storage_objects(), key=_key)},
            targets={target.key: target for target in sorted(self.targets(), key=_key)},
            fabrics={name: value for name in FABRICS if (value := self.fabric_settings(name))},
            lu_groups=self.lu_groups(),
        )

    def lu_groups(self) -> dict[str, str]:
        """Return the identifiers of the logical unit groups by name, without the default group."""
        names = sorted(set(self.fs.directories(paths.LU_GROUPS)) - {abi.DEFAULT_LU_GROUP})
        pairs = ((name, self.fs.read_if_there(f"{paths.lu_gp(name)}/lu_gp_id")) for name in names)
        return {name: text for name, text in pairs if text}

    def lu_group_members(self, name: str) -> list[ConfigfsPath]:
        """Return the configfs paths of the storage objects in a logical unit group."""
        text = self.fs.read_if_there(f"{paths.lu_gp(name)}/members") or ""
        if len(text) > abi.MEMBERS_FULL:
            return [path for path in self.storage_object_paths() if self.lu_group(path) == name]
        lines = text.replace("\0", "").split("\n")
        return [paths.of_lu_gp_member(line) for line in lines if line]

    def storage_objects(self) -> Iterator[StorageObject]:
        """Yield every configured storage object."""
        objects = ((path, path) for path in self.storage_object_paths())
        return stable(self.fs, objects, lambda path, _: self.storage_object(path))

    def storage_object_paths(
        self, plugin: str = "", known: Set[ConfigfsPath] = frozenset()
    ) -> Iterator[ConfigfsPath]:
        """Yield the configfs paths of all storage objects, or of one plugin's.

        Those in ``known`` are omitted; a directory that can hold nothing else is not listed.
        """
        prefix = f"{backing.KINDS[plugin].prefix}_" if plugin else ""
        full = set(map(paths.parent, known))
        for folder in self.fs.directories(paths.CORE):
            if not folder.startswith(prefix) or not paths.split_hba(folder):
                continue
            hba = paths.hba(folder)
            if hba in full and paths.holds_one(folder):
                continue
            for name in self.fs.directories(hba):
                path = paths.storage_object_in(hba, name)
                if path not in known:
                    yield path

    def targets(self) -> Iterator[Target]:
        """Yield every target of every fabric."""
        keys = ((fabric, wwn) for fabric in FABRICS.values() for wwn in self.target_wwns(fabric))
        objects = ((paths.target(*key), key) for key in keys)
        return stable(self.fs, objects, lambda _, key: self.target(*key))

    def target_wwns(self, fabric: Fabric) -> list[str]:
        """Return the WWNs of a fabric's targets, without loading its module."""
        names = self.fs.directories(paths.fabric(fabric))
        return [fabric.from_folder(name) for name in names if name != "discovery_auth"]

    # -- storage objects ----------------------------------------------------------------

    def storage_object(self, path: ConfigfsPath) -> StorageObject | None:
        """Return a storage object; None if it was deleted or never enabled."""
        key = paths.key_of_storage_object(path)
        if key is None or self.fs.read_if_there(f"{path}/enable") != "1":
            return None
        try:
            return self._storage_object(path, *key)
        except KernelRefused:
            # It was deleted meanwhile.
            return None

    def _storage_object(self, path: ConfigfsPath, plugin: str, name: str) -> StorageObject:
        fs = self.fs
        attributes = self.attributes.values(paths.attributes(path), f"attrib of {plugin}")
        return StorageObject(
            name=name,
            backing=self.backing(path, plugin),
            wwn=self.unit_serial(path) if backing.KINDS[plugin].has_wwn else None,
            attributes=self._settings.one(attributes),
            alua_groups={} if attributes.get("alua_support") == "0" else self.alua_groups(path),
            identity=self.identity(
                path, plugin, name, named=attributes.get("emulate_model_alias") == "1"
            ),
            alias=fs.read_if_there(f"{path}/alias") or None,
            lu_group=self.lu_group(path),
            lba_map=fs.read_if_there(f"{path}/lba_map") or None,
        )

    def backing_shown(self, path: ConfigfsPath, plugin: str) -> backing.Backing:
        """Return the backing as the kernel shows it: the size of a fileio device is 0."""
        kind = backing.KINDS[plugin]
        folder = paths.attributes(path)
        pairs = ((name, self.fs.read_if_there(f"{folder}/{name}")) for name in kind.hardware)
        info = backing.Info(
            text=self.fs.read(f"{path}/info"),
            udev_path=self.fs.read_if_there(f"{path}/udev_path") or "",
            attributes={name: value for name, value in pairs if value is not None},
        )
        shown: backing.Backing = kind.from_info(info)
        return shown

    def backing(self, path: ConfigfsPath, plugin: str) -> backing.Backing:
        """Return the backing of a storage object; a device may be opened for its size."""
        result = self.backing_shown(path, plugin)
        if isinstance(result, backing.FileIO) and not result.size:
            # The kernel does not store the size of a device (target_core_file.c).
            return replace(result, size=devices.device_size(result.dev))
        return result

    def unit_serial(self, path: ConfigfsPath) -> str:
        """Return the VPD unit serial number."""
        text = self.fs.read_if_there(f"{paths.identity(path)}/vpd_unit_serial") or ""
        return text.partition(":")[2].strip()

    def identity(self, path: ConfigfsPath, plugin: str, name: str, *, named: bool) -> Values:
        """Return the writable files of ``wwn`` that differ from the defaults.

        By default the product is the object's name if emulate_model_alias is on (``named``). A
        passed-through device has its own INQUIRY data: no field is returned.
        """
        if not backing.KINDS[plugin].has_wwn:
            return {}
        default = inquiry.defaults(plugin, name, named=named)
        folder, but = paths.identity(path), (abi.SERIAL_FILE,)
        values = self.attributes.values(folder, f"wwn of {plugin}", but)
        return {file: value for file, value in values.items() if value != default.get(file, "")}

    def lu_group(self, path: ConfigfsPath) -> str | None:
        """Return the name of a storage object's logical unit group; None for the default group."""
        text = self.fs.read_if_there(f"{path}/alua_lu_gp") or ""
        name = text.partition("\n")[0].partition("LU Group Alias: ")[2]
        return None if name in ("", abi.DEFAULT_LU_GROUP) else name

    def alua_groups(self, path: ConfigfsPath) -> dict[str, AluaGroup]:
        """Return the target port groups of a storage object by name."""
        names = sorted(self.fs.directories(paths.tg_pt_gps(path)))
        groups = ((paths.tg_pt_gp(path, name), name) for name in names)
        return {group.name: group for group in stable(self.fs, groups, self.alua_group)}

    def alua_group(self, path: ConfigfsPath, name: str) -> AluaGroup:
        """Return one target port group."""
        values = self.attributes.values(path, "alua")
        tag = values.pop("tg_pt_gp_id", "")
        for file in abi.ALUA_READ_ONLY:
            values.pop(file, None)
        if values.get(abi.LBA_DEPENDENT) == "0":
            # The value of every new group.
            values.pop(abi.LBA_DEPENDENT)
        for file, texts in abi.ALUA_TEXTS.items():
            if values.get(file) in texts:
                values[file] = str(texts.index(values[file]))
        return AluaGroup(name, int(tag) if tag.isdecimal() else None, self._settings.one(values))

    # -- targets ------------------------------------------------------------------------

    def target(self, fabric: Fabric, wwn: str) -> Target:
        """Return a target with its TPGs."""
        path = paths.target(fabric, wwn)
        return Target(
            fabric=fabric.name,
            wwn=wwn,
            parameters=self.attributes.values(paths.parameters(path), f"param of {fabric.name}"),
            tpgs={tpg.tag: tpg for tpg in self.tpgs(fabric, wwn)},
        )

    def tpgs(self, fabric: Fabric, wwn: str) -> Iterator[Tpg]:
        """Yield the TPGs of a target in the order of their tags."""
        tags = self.tags(paths.target(fabric, wwn))
        objects = ((paths.tpg(fabric, wwn, tag), tag) for tag in tags)
        return stable(self.fs, objects, lambda _, tag: self.tpg(fabric, wwn, tag))

    def tags(self, path: ConfigfsPath) -> list[int]:
        """Return the tags of a target's TPGs in order."""
        return _numbers(self.fs.directories(path), "tpgt_")

    def tpg(self, fabric: Fabric, wwn: str, tag: int) -> Tpg:
        """Return a TPG with its LUNs, portals and node ACLs."""
        path = paths.tpg(fabric, wwn, tag)
        name = fabric.name
        return Tpg(
            tag=tag,
            enable=self.enabled(path),
            attributes=self.attributes.values(paths.attributes(path), f"tpg attrib of {name}"),
            parameters=self.attributes.values(paths.parameters(path), f"tpg param of {name}"),
            auth=self.auth(paths.auth(path)) if fabric.has("auth") else Auth(),
            luns={lun.index: lun for lun in self.luns(path)},
            portals={portal.name: portal for portal in self.portals(path)}
            if fabric.has("nps")
            else {},
            acls={acl.wwn: acl for acl in self.acls(fabric, path)},
            nexus=self.nexus(fabric, path),
            files=self.attributes.of_tpg(path, f"tpg of {fabric.name}"),
        )

    def enabled(self, path: ConfigfsPath) -> bool | None:
        """Return True if a TPG is enabled; None if its fabric cannot disable TPGs."""
        text = self.fs.read_if_there(f"{path}/enable")
        return None if text is None else text == "1"

    def nexus(self, fabric: Fabric, path: ConfigfsPath) -> str | None:
        """Return the initiator name of the I_T nexus, "" without a nexus.

        None: initiators of this fabric log in by themselves.
        """
        return (self.fs.read_if_there(f"{path}/nexus") or "") if fabric.has("nexus") else None

    def auth(self, path: ConfigfsPath) -> Auth:
        """Return the CHAP credentials; "" for those that are not set (the kernel shows NULL)."""
        values = {}
        for name in AUTH_NAMES:
            text = self.fs.read_if_there(f"{path}/{abi.AUTH_FILES[name]}")
            values[name] = "" if text in (None, abi.NO_CREDENTIAL) else text
        return Auth(**values)

    def lun_indexes(self, path: ConfigfsPath) -> list[int]:
        """Return the numbers of a TPG's LUNs in order."""
        return _numbers(self.fs.directories(paths.luns(path)), "lun_")

    def luns(self, path: ConfigfsPath) -> Iterator[Lun]:
        """Yield the LUNs of a TPG that export a storage object."""
        luns = ((paths.lun(path, index), index) for index in self.lun_indexes(path))
        return stable(self.fs, luns, self.lun)

    def lun(self, path: ConfigfsPath, index: int) -> Lun | None:
        """Return a LUN; None if it exports nothing."""
        link = links.link_in(self.fs, path)
        if link is None or (key := paths.key_of_storage_object(link[1])) is None:
            return None
        group, alua = self.lun_alua(path)
        return Lun(index, key, alias=link[0], alua_group=group, alua=alua)

    def lun_alua(self, path: ConfigfsPath) -> tuple[str | None, Values]:
        """Return (target port group, secondary access state) of a LUN.

        One file has the group, state and status (target_core_alua.c, core_alua_show_tg_pt_gp_info);
        it is empty for pass-through objects: (None, {}).
        """
        if not (text := self.fs.read_if_there(f"{path}/alua_tg_pt_gp")):
            return None, {}
        lines = dict(line.partition(": ")[::2] for line in text.split("\n"))
        state = lines.get("TG Port Secondary Access State", "None")
        status = lines.get("TG Port Secondary Access Status", "None")
        values = {
            "alua_tg_pt_offline": str(int(state == "Offline")),
            "alua_tg_pt_status": str(abi.SECONDARY_STATUS.index(status))
            if status in abi.SECONDARY_STATUS
            else "0",
        }
        metadata = self.fs.read_if_there(f"{path}/alua_tg_pt_write_md")
        if metadata is not None:
            values["alua_tg_pt_write_md"] = metadata
        return lines.get("TG Port Alias"), self._settings.one(values)

    def portals(self, path: ConfigfsPath) -> Iterator[Portal]:
        """Yield the network portals of a TPG, by address and port."""
        names = sorted(self.portal_names(paths.portals(path)), key=_portal_order)
        return stable(self.fs, ((paths.portal(path, name), name) for name in names), self.portal)

    def portal_names(self, folder: ConfigfsPath) -> list[str]:
        """Return the names of the portals in a directory, ADDRESS:PORT, in the kernel's order."""
        names = self.fs.directories(folder)
        return [name for name in names if name.rpartition(":")[2].isdecimal()]

    def portal(self, path: ConfigfsPath, name: str) -> Portal:
        """Return one network portal."""
        address, _, port = name.rpartition(":")
        return Portal(
            address,
            int(port),
            iser=self.fs.read_if_there(f"{path}/iser") == "1",
            offload=self.fs.read_if_there(f"{path}/cxgbit") == "1",
        )

    def acl_names(self, path: ConfigfsPath) -> list[str]:
        """Return the names of a TPG's node ACLs as configfs writes them."""
        return sorted(self.fs.directories(paths.acls(path)))

    def acls(self, fabric: Fabric, path: ConfigfsPath) -> Iterator[NodeAcl]:
        """Yield the node ACLs of a TPG, also of a fabric that does not use them."""
        acls = ((paths.acl(path, name), name) for name in self.acl_names(path))
        return stable(self.fs, acls, lambda _, name: self.acl(fabric, path, name))

    def acl(self, fabric: Fabric, tpg: ConfigfsPath, name: str) -> NodeAcl:
        """Return a node ACL with its mapped LUNs."""
        path, kind = paths.acl(tpg, name), f"acl attrib of {fabric.name}"
        return NodeAcl(
            wwn=fabric.from_folder(name),
            mapped_luns={lun.index: lun for lun in self.mapped_luns(path)},
            attributes=self.attributes.values(paths.attributes(path), kind),
            auth=self.auth(paths.auth(path)) if fabric.has("auth") else Auth(),
            tag=self.fs.read_if_there(f"{path}/tag") or None,
            cmdsn_depth=self.fs.read_if_there(f"{path}/cmdsn_depth"),
        )

    def mapped_indexes(self, path: ConfigfsPath) -> list[int]:
        """Return the numbers of an ACL's mapped LUNs in order."""
        return _numbers(self.fs.directories(path), "lun_")

    def mapped_luns(self, path: ConfigfsPath) -> Iterator[MappedLun]:
        """Yield the mapped LUNs of an ACL that lead to a LUN."""
        luns = ((paths.mapped_lun(path, index), index) for index in self.mapped_indexes(path))
        return stable(self.fs, luns, self.mapped_lun)

    def mapped_lun(self, path: ConfigfsPath, index: int) -> MappedLun | None:
        """Return a mapped LUN; None if it does not lead to a LUN."""
        link = links.link_in(self.fs, path)
        lun = paths.parse_lun(link[1]) if link else None
        if link is None or lun is None:
            return None
        return MappedLun(index, lun[1], self.write_protected(path), alias=link[0])

    def write_protected(self, path: ConfigfsPath) -> bool:
        """Return True if the initiator may only read a mapped LUN."""
        return self.fs.read_if_there(f"{path}/write_protect") == "1"

    # -- fabrics ------------------------------------------------------------------------

    def fabric_settings(self, name: str) -> FabricSettings | None:
        """Return the settings of a fabric; None if they are all the kernel's defaults."""
        fabric = FABRICS[name]
        if not fabric.has("discovery_auth") or not self.fs.is_dir(paths.fabric(fabric)):
            return None
        folder = paths.discovery_auth(fabric)
        auth = self.auth(folder)
        enable = self.fs.read_if_there(f"{folder}/enforce_discovery_auth") == "1"
        allowed = self.fs.read_if_there(f"{fabric.folder}/cpus_allowed_list")
        if allowed is not None:
            # Imported here: most commands read no fabric's settings.
            from ..host import cpus

            allowed = None if allowed == cpus.possible_cpus() else allowed
        if not enable and allowed is None and not any(value for _, value in auth.items()):
            return None
        return FabricSettings(name, auth, enable, allowed)


def _numbers(names: list[str], prefix: str) -> list[int]:
    texts = (name.removeprefix(prefix) for name in names if name.startswith(prefix))
    return sorted(int(text) for text in texts if text.isdecimal())


def _key(item: StorageObject | Target) -> tuple[str, str]:
    return item.key


def _portal_order(name: str) -> tuple[str, int]:
    address, _, port = name.rpartition(":")
    return address, int(port)
