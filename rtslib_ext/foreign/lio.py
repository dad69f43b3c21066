# SPDX-License-Identifier: Apache-2.0
"""scsi_target.lio of Datera's targetcli and rtslib 3 -> Config.

The file has objects such as ``storage fileio disk NAME`` and ``fabric iscsi target WWN tpgt 1``,
settings, and settings in groups such as ``attribute``; lio_syntax.py reads its language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .. import fabrics, naming, schema
from ..config.backing import ALIASES, Backing, Block, FileIO, Pscsi, RamDisk
from ..config.model import Auth, FabricSettings, Key, Target, Tpg
from ..errors import InvalidValue
from ..fast_dataclasses import dataclass, field, replace
from .builder import Builder
from .identity import Identity
from .imported import Imported, Place
from .lio_settings import Given, Settings
from .lio_syntax import CLOSES, OPENS, statements
from .lio_tpg import TpgBuilder
from .source import Source
from .words import shown

# The objects that an object may contain.
_OBJECTS = {
    "": ("storage", "fabric"),
    "storage": ("disk",),
    "fabric": ("target",),
    "target": ("tpgt", "lun", "acl", "portal"),
    "tpgt": ("lun", "acl", "portal"),
    "acl": ("mapped_lun",),
}
_GROUPS = ("attribute", "auth", "parameter", "discovery_auth")
_KEYWORDS = {
    kind: frozenset((*_OBJECTS.get(kind, ()), *_GROUPS))
    for kind in (*_OBJECTS, "disk", "lun", "portal", "mapped_lun")
}
_WITH_PATH = (FileIO.plugin, Block.plugin)
# It stands for a value that is not set.
_NO_VALUE = "~"
_SIZE = re.compile(r"(\d{1,20}(?:\.\d{0,9})?) ?([kKMGTPE]?)i?B?")
_UNITS = " KMGTPE"
_TRUE = ("yes", "true", "1", "enable")
_INDEX = re.compile(r"(?:.*\s)?(\d{1,9})")


@dataclass(slots=True)
class Node:
    """An object of the file, with its settings, groups of settings, and the objects in it."""

    kind: str
    name: str
    line: int
    values: dict[str, tuple[str, int]] = field(default_factory=dict)
    groups: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)
    objects: dict[tuple[str, str], Node] = field(default_factory=dict)

    def each(self, kind: str) -> Iterator[Node]:
        """Yield the objects of a kind, in the order of the file."""
        return (node for (found, _), node in self.objects.items() if found == kind)

    def text(self, name: str, default: str = "") -> str:
        """Return a setting that is not in a group."""
        return self.values.get(name, (default, 0))[0]


@dataclass(slots=True)
class Inside:
    """Where the statements of a block belong: an object, and its settings or those of a group."""

    node: Node
    values: dict[str, tuple[str, int]]
    group: str = ""


def read(source: Source) -> Imported:
    """Return the configuration in a scsi_target.lio. Raises ParseError."""
    return _Reader(source).run(_tree(source))


def _tree(source: Source) -> Node:
    """Return the objects of a file below one; a later value replaces an earlier one."""
    root = Node("", "", 0)
    here = Inside(root, root.values)
    around: list[Inside] = []
    for line, words, mark in statements(source):
        kind = here.node.kind
        if len(words) == 2 and mark != OPENS and kind and words[0] not in _KEYWORDS[kind]:
            # Most lines: a setting and its value.
            if words[1] != _NO_VALUE:
                here.values[words[0]] = (words[1], line)
        elif words:
            inner = _enter(source, here, words, line, opens=mark == OPENS)
            if mark == OPENS:
                around.append(here)
                here = inner
        if mark == CLOSES:
            here = around.pop()
    return root


def _enter(source: Source, here: Inside, words: list[str], line: int, *, opens: bool) -> Inside:
    """Go to the object or group that a statement names, and set its value if it has one."""
    node = here.node
    while words and not here.group and words[0] in _OBJECTS.get(node.kind, ()):
        if len(words) < 2:
            raise source.wrong(line, f"expected a name after {words[0]}")
        key = (words[0], words[1])
        node = node.objects.setdefault(key, Node(*key, line))
        here, words = Inside(node, node.values), words[2:]
    if words and words[0] in _GROUPS and node.kind and not here.group:
        group, words = words[0], words[1:]
        here = Inside(node, node.groups.setdefault(group, {}), group)
        if not words and not opens:
            raise source.wrong(line, f"expected a setting after {group}")
    if words:
        _set(source, here, words, line, opens=opens)
    return here


def _set(source: Source, here: Inside, words: list[str], line: int, *, opens: bool = False) -> None:
    if len(words) != 2 or opens or not here.node.kind:
        inside = () if here.group else _OBJECTS.get(here.node.kind, ())
        expected = f"expected {', '.join((*inside, 'a setting and its value'))}"
        raise source.wrong(line, f"{expected}, not {shown(words[0])}")
    if words[1] != _NO_VALUE:
        here.values[words[0]] = (words[1], line)


class _Reader:
    """Makes the objects of the tree."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._builder = Builder(source)
        self._settings = Settings(self._builder)
        self._disks: dict[tuple[str, str], Key | None] = {}

    def run(self, root: Node) -> Imported:
        for storage in root.each("storage"):
            for disk in storage.each("disk"):
                self._disk(storage.name, disk)
        targets: dict[Key, Target] = {}
        settings: dict[str, FabricSettings] = {}
        for node in root.each("fabric"):
            fabric = fabrics.find(node.name)
            if fabric is None:
                for target in node.each("target"):
                    self._builder.lost(
                        self._at(target.line),
                        f"the target {target.name} is left out: LIO has no fabric {node.name}",
                    )
                continue
            discovery = self._discovery(fabric, node)
            if discovery:
                settings[fabric.name] = discovery
            for one in node.each("target"):
                target_made = self._target(fabric, one)
                if target_made:
                    targets[target_made.key] = target_made
        made = self._builder.imported()
        config = replace(made.config, targets=targets, fabrics=settings)
        return replace(made, config=config)

    def _at(self, line: int) -> Place:
        return Place(self._source.path, line)

    def _given(self, node: Node, group: str) -> Given:
        return Given(node.groups.get(group, {}), self._at)

    # -- storage objects --------------------------------------------------------------------

    def _disk(self, plugin: str, node: Node) -> None:
        at = self._at(node.line)
        self._disks[plugin, node.name] = None
        backing = self._backing(ALIASES.get(plugin, plugin), node, at)
        if backing is None:
            return
        if backing.plugin in _WITH_PATH and not self._builder.has_path(at, backing.udev_path):
            return
        kind = backing.plugin
        attributes = self._settings.of(
            lambda name: schema.storage_object(name, kind),
            "storage_object",
            self._given(node, "attribute"),
            kind,
        )
        identity = Identity(serial=node.text("wwn") or node.text("vpd_unit_serial") or None)
        key = self._builder.add(at, node.name, backing, identity, attributes)
        self._settings.remark_object(self._builder.object(key), node.name, at)
        self._disks[plugin, node.name] = key

    def _backing(self, plugin: str, node: Node, at: Place) -> Backing | None:
        path = node.text("path")
        if plugin in ("fileio", "block", "pscsi") and not path:
            raise self._source.wrong(node.line, f"expected the path of the disk {node.name}")
        if plugin == "fileio":
            size = self._size(node) if "size" in node.values else None
            return FileIO(path, size=size, write_back=node.text("buffered").lower() in _TRUE)
        if plugin == "block":
            return Block(path)
        if plugin == "pscsi":
            return Pscsi(path)
        if plugin == "ramdisk":
            return RamDisk(self._size(node), nullio=node.text("nullio").lower() in _TRUE)
        self._builder.lost(at, f"the disk {node.name} is left out: LIO has no backstore {plugin}")
        return None

    def _size(self, node: Node) -> int:
        text, line = node.values.get("size", ("", node.line))
        found = _SIZE.fullmatch(text)
        if found is None:
            raise self._source.wrong(line, "expected a size such as 10GB")
        return int(float(found[1]) * 1024 ** _UNITS.index(found[2].upper() or " "))

    # -- fabrics ----------------------------------------------------------------------------

    def _discovery(self, fabric: fabrics.Fabric, node: Node) -> FabricSettings | None:
        given = self._given(node, "discovery_auth")
        if not given.values or not fabric.has("discovery_auth"):
            return None
        auth = self._settings.auth(given, "for discovery")
        said = given.text("enable")
        enable = said.lower() in _TRUE if said else None
        if auth == Auth() and not enable:
            return None
        return FabricSettings(fabric.name, auth, enable)

    def _target(self, fabric: fabrics.Fabric, node: Node) -> Target | None:
        at = self._at(node.line)
        try:
            wwn = naming.as_running(fabric.wwn_types, node.name)
        except InvalidValue as err:
            self._builder.lost(at, f"the target {node.name} is left out: {err.hint}")
            return None
        tpgs = {}
        for inside in node.each("tpgt"):
            tag = self._number(inside.name, inside.line, naming.TAG_MAX)
            tpgs[tag] = self._tpg(fabric, wwn, tag, inside)
        if node.objects and not tpgs:
            # A fabric without several TPGs: the settings are those of the target.
            tpgs[1] = self._tpg(fabric, wwn, 1, node)
        return Target(fabric.name, wwn, tpgs)

    def _number(self, text: str, line: int, most: int) -> int:
        found = _INDEX.fullmatch(text)
        if found is None or int(found[1]) > most:
            raise self._source.wrong(line, f"expected a number up to {most}")
        return int(found[1])

    def _tpg(self, fabric: fabrics.Fabric, wwn: str, tag: int, node: Node) -> Tpg:
        builder = TpgBuilder(self._builder, self._settings, fabric, wwn, tag)
        for lun in node.each("lun"):
            self._lun(builder, lun)
        for portal in node.each("portal"):
            iser = portal.text("iser").lower() in _TRUE
            builder.portal(self._at(portal.line), portal.name, iser=iser)
        for acl in node.each("acl"):
            self._acl(builder, acl)
        enable = node.text("enable", "yes" if node.kind == "target" else "no")
        return builder.built(
            enable=enable.lower() in _TRUE,
            attributes=self._given(node, "attribute"),
            parameters=self._given(node, "parameter"),
            auth=self._given(node, "auth"),
            nexus=node.text("nexus") or node.text("nexus_wwn"),
        )

    def _lun(self, builder: TpgBuilder, node: Node) -> None:
        index = self._number(node.name, node.line, naming.LUN_MAX)
        backend, line = node.values.get("backend", ("", node.line))
        plugin, _, name = backend.partition(":")
        if (plugin, name) not in self._disks:
            text = f"expected a disk of this file for LUN {index}, not {backend!r}"
            raise self._source.wrong(line, text)
        builder.lun(self._at(node.line), index, self._disks[plugin, name])

    def _acl(self, builder: TpgBuilder, node: Node) -> None:
        at = self._at(node.line)
        acl = builder.acl(
            at,
            node.name,
            attributes=self._given(node, "attribute"),
            auth=self._given(node, "auth"),
            depth=node.text("tcq_depth") or node.text("cmdsn_depth"),
        )
        for mapped in node.each("mapped_lun"):
            index = self._number(mapped.name, mapped.line, naming.LUN_MAX)
            text, line = mapped.values.get("target_lun", (mapped.name, mapped.line))
            lun = self._number(text, line, naming.LUN_MAX)
            protect = mapped.text("write_protect").lower() in _TRUE
            builder.mapped(acl, self._at(mapped.line), index, lun, write_protect=protect)
