# SPDX-License-Identifier: Apache-2.0
"""The start scripts of lio-utils, tcm_start.sh and lio_start.sh -> Config.

The storage objects are in one script, the targets in the other, or both in one. SUSE names them
tcm_setup.sh and lio_setup.sh. If the other one stands beside the file, it is read as well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from .. import fabrics, naming, schema
from ..config.backing import PREFIXES, Backing, Block, FileIO, Pscsi, RamDisk
from ..config.model import FabricSettings, Key, Target, Tpg
from ..errors import InvalidValue
from ..fast_dataclasses import replace
from ..kernel.abi import DEFAULT_GROUP
from .builder import Builder
from .identity import Identity
from .imported import Imported, Place
from .lio_settings import Given, Settings
from .lio_tpg import TpgBuilder
from .lio_utils_options import PARAMETERS
from .lio_utils_tree import Folder, Link, Tree
from .source import Source

_PAGE = 4096
_WITH_PATH = (FileIO.plugin, Block.plugin)
# In the place of a directory that the scripts do not make.
_NONE = Folder()
_HBA = re.compile(r"(\w+?)_\d+")
_PAIRS = (("tcm_", "lio_"), ("lio_", "tcm_"))
_PSCSI = ("scsi_host_id", "scsi_channel_id", "scsi_target_id", "scsi_lun_id")
# Files of a LUN of which the kernel makes others, or that name something else.
_LUN_GROUP = "alua_tg_pt_gp"
_NOT_SET = ("", "NULL", DEFAULT_GROUP, "default_lu_gp")


def read(source: Source) -> Imported:
    """Return the configuration that a script, or a pair of them, would make. Raises ParseError."""
    scripts = _scripts(source)
    tree = Tree()
    for script in scripts:
        tree.run(script)
    return _Reader(source, tree).run([script.path for script in scripts])


def _scripts(source: Source) -> list[Source]:
    """Return the script and the one beside it; the storage objects come first."""
    name = os.path.basename(source.path)
    for start, other in _PAIRS:
        if name.startswith(start):
            beside = source.beside(other + name.removeprefix(start))
            if beside:
                return [beside, source] if start == "lio_" else [source, beside]
    return [source]


class _Reader:
    """Makes the objects of the tree."""

    def __init__(self, source: Source, tree: Tree) -> None:
        self._tree = tree
        self._builder = Builder(source)
        self._builder.remarks += tree.remarks
        self._settings = Settings(self._builder)
        self._disks: dict[tuple[str, ...], Key | None] = {}
        self._lu_groups: dict[str, str] = {}

    def run(self, files: list[str]) -> Imported:
        core = self._tree.root.at("core") or _NONE
        for name, folder in (core.at("alua", "lu_gps") or _NONE).folders.items():
            self._lu_group(name, folder)
        for hba, folder in core.folders.items():
            if hba != "alua":
                for name, device in folder.folders.items():
                    self._disks["core", hba, name] = self._disk(hba, name, device)
        targets: dict[Key, Target] = {}
        settings: dict[str, FabricSettings] = {}
        for name, folder in self._tree.root.folders.items():
            if name == "core":
                continue
            fabric = _fabric(name)
            if fabric is None:
                self._builder.lost(self._at(folder), f"LIO has no fabric {name}: it is left out")
                continue
            targets |= {target.key: target for target in self._targets(fabric, folder)}
            discovery = self._discovery(fabric, folder)
            if discovery:
                settings[fabric.name] = discovery
        made = self._builder.imported(files)
        config = replace(made.config, targets=targets, fabrics=settings, lu_groups=self._lu_groups)
        return replace(made, config=config)

    def _lu_group(self, name: str, folder: Folder) -> None:
        number = _number(folder.text("lu_gp_id"), naming.TAG_MAX)
        if name in _NOT_SET:
            return
        at = self._at(folder)
        try:
            naming.check_folder_name(name, "")
        except InvalidValue as err:
            self._builder.lost(at, f"a logical unit group is left out: {err.message}")
            return
        if number:
            self._lu_groups[name] = str(number)
            return
        self._builder.changed(at, f"the logical unit group {name} has no number: it is left out")

    def _at(self, item: Folder | Link) -> Place:
        return Place(item.file, item.line)

    def _given(self, folder: Folder | None) -> Given:
        return Given(folder.values if folder else {}, _place)

    # -- storage objects --------------------------------------------------------------------

    def _disk(self, hba: str, name: str, folder: Folder) -> Key | None:
        at = self._at(folder)
        found = _HBA.fullmatch(hba)
        prefix = {"rd_dr": "rd_mcp"}.get(found[1], found[1]) if found else ""
        if prefix not in PREFIXES:
            self._builder.lost(at, f"{hba}/{name} is left out: LIO has no such backstore")
            return None
        backing = self._backing(prefix, f"{hba}/{name}", folder, at)
        if backing is None:
            return None
        if backing.plugin in _WITH_PATH and not self._builder.has_path(at, backing.udev_path):
            return None
        kind = backing.plugin
        attributes = self._settings.of(
            lambda one: schema.storage_object(one, kind),
            "storage_object",
            self._given(folder.folders.get("attrib")),
            kind,
        )
        wwn = folder.folders.get("wwn") or _NONE
        key = self._builder.add(
            at,
            name,
            backing,
            Identity(serial=wwn.text("vpd_unit_serial") or None),
            attributes,
        )
        groups = {}
        for group, inside in (folder.folders.get("alua") or _NONE).folders.items():
            made = self._settings.alua_group(group, self._given(inside), self._at(inside))
            if made:
                groups[group] = made
        lu_group = folder.text("alua_lu_gp")
        if lu_group not in _NOT_SET and lu_group not in self._lu_groups:
            self._builder.changed(at, f"{hba}/{name} is in no logical unit group {lu_group!r}")
        so = self._builder.object(key)
        wanted = lu_group if lu_group in self._lu_groups else None
        if groups or wanted:
            so = replace(so, alua_groups=groups, lu_group=wanted)
            self._builder.put(so)
        self._settings.remark_object(so, name, at)
        return key

    def _backing(self, prefix: str, name: str, folder: Folder, at: Place) -> Backing | None:
        text = folder.text(PARAMETERS) or folder.text("control")
        pairs = (part.partition("=") for part in text.split(","))
        options = {key.strip(): value.strip() for key, _, value in pairs}
        path = folder.text("udev_path") or (text.strip() if text.startswith("/") else "")
        if prefix == "iblock" and (path or "udev_path" in options):
            readonly = options.get("readonly") == "1"
            return Block(path or options["udev_path"], readonly=readonly)
        if prefix == "fileio" and "fd_dev_name" in options:
            return self._fileio(options)
        if prefix == "rd_mcp":
            pages = options.get("rd_pages", text.strip())
            if pages.isascii() and pages.isdecimal() and len(pages) < 16:
                return RamDisk(int(pages) * _PAGE, nullio=options.get("rd_nullio") == "1")
        if prefix == "pscsi":
            device = path or _scsi_address(text, options)
            if device:
                return Pscsi(device)
        self._builder.lost(
            at,
            f"{name} is left out: what it is on is not in the script",
            "give its path in a copy of the script: tcm_node --establishdev HBA/NAME PATH",
        )
        return None

    def _fileio(self, options: dict[str, str]) -> FileIO:
        size = options.get("fd_dev_size", "")
        known = size.isascii() and size.isdecimal() and len(size) < 20 and int(size) > 0
        # lio-utils wrote 0 for a block device, whose size the kernel reads itself.
        return FileIO(
            options["fd_dev_name"],
            size=int(size) if known else None,
            write_back=options.get("fd_buffered_io") == "1",
        )

    # -- targets ----------------------------------------------------------------------------

    def _discovery(self, fabric: fabrics.Fabric, folder: Folder) -> FabricSettings | None:
        inside = folder.at("discovery_auth")
        if inside is None or not fabric.has("discovery_auth"):
            return None
        auth = self._settings.auth(self._given(inside), "for discovery")
        enable = inside.text("enforce_discovery_auth")
        return FabricSettings(fabric.name, auth, enable == "1" if enable else None)

    def _targets(self, fabric: fabrics.Fabric, folder: Folder) -> Iterator[Target]:
        for name, inside in folder.folders.items():
            if name == "discovery_auth":
                continue
            try:
                wwn = naming.as_running(fabric.wwn_types, fabric.from_folder(name))
            except InvalidValue as err:
                self._builder.lost(
                    self._at(inside), f"the target {name} is left out: {err.hint}", "rename it"
                )
                continue
            tpgs = {}
            for number, tpg in inside.named("tpgt_"):
                tag = _number(number, naming.TAG_MAX)
                if tag is None:
                    self._builder.lost(self._at(tpg), f"the TPG {number} of {wwn} is left out")
                else:
                    tpgs[tag] = self._tpg(fabric, wwn, tag, tpg)
            yield Target(fabric.name, wwn, tpgs)

    def _tpg(self, fabric: fabrics.Fabric, wwn: str, tag: int, folder: Folder) -> Tpg:
        builder = TpgBuilder(self._builder, self._settings, fabric, wwn, tag)
        for number, lun in (folder.at("lun") or _NONE).named("lun_"):
            self._lun(builder, wwn, number, lun)
        for name, portal in (folder.at("np") or _NONE).folders.items():
            builder.portal(self._at(portal), name, iser=portal.text("iser") == "1")
        for name, acl in (folder.at("acls") or _NONE).folders.items():
            self._acl(builder, fabric, name, acl)
        return builder.built(
            enable=folder.text("enable") == "1",
            attributes=self._given(folder.at("attrib")),
            parameters=self._given(folder.at("param")),
            auth=self._given(folder.at("auth")),
            nexus=folder.text("nexus"),
        )

    def _lun(self, builder: TpgBuilder, wwn: str, number: str, folder: Folder) -> None:
        index = _number(number, naming.LUN_MAX)
        at = self._at(folder)
        if index is None or not folder.links:
            why = "it exports nothing" if index is not None else "its number is too large"
            self._builder.lost(at, f"LUN {number} of {wwn} is left out: {why}")
            return
        alias, link = next(iter(folder.links.items()))
        if link.to not in self._disks:
            self._builder.lost(
                self._at(link),
                f"LUN {index} of {wwn} is left out: no script makes {'/'.join(link.to)}",
                "put the script with the storage objects, tcm_start.sh, beside this one",
            )
        group = folder.text(_LUN_GROUP)
        builder.lun(
            at,
            index,
            self._disks.get(link.to),
            alias=alias,
            alua_group=None if group in _NOT_SET else group,
            alua=self._given(folder).without(_LUN_GROUP) if folder.values else None,
        )

    def _acl(self, builder: TpgBuilder, fabric: fabrics.Fabric, name: str, folder: Folder) -> None:
        acl = builder.acl(
            self._at(folder),
            fabric.from_folder(name),
            attributes=self._given(folder.at("attrib")),
            auth=self._given(folder.at("auth")),
            depth=folder.text("cmdsn_depth"),
        )
        for number, mapped in folder.named("lun_"):
            index = _number(number, naming.LUN_MAX)
            for link in mapped.links.values():
                lun = _number(link.to[-1].removeprefix("lun_"), naming.LUN_MAX)
                if index is not None and lun is not None:
                    protect = mapped.text("write_protect") == "1"
                    builder.mapped(acl, self._at(link), index, lun, write_protect=protect)


def _place(mark: tuple[str, int]) -> Place:
    return Place(*mark)


def _fabric(folder: str) -> fabrics.Fabric | None:
    found = (one for one in fabrics.FABRICS.values() if one.folder == folder)
    return next(found, None)


def _number(text: str, most: int) -> int | None:
    if text.isascii() and text.isdecimal() and len(text) < 9 and int(text) <= most:
        return int(text)
    return None


def _scsi_address(text: str, options: dict[str, str]) -> str:
    """Return H:C:T:L of the parameters of a pscsi object; "" if they do not name all four."""
    if all(name in options for name in _PSCSI):
        return ":".join(options[name] for name in _PSCSI)
    return text.strip() if re.fullmatch(r"\d+:\d+:\d+:\d+", text.strip()) else ""
