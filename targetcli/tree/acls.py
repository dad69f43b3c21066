# SPDX-License-Identifier: Apache-2.0
"""The nodes of node ACLs and mapped LUNs.

ACLs with the same tag are one node, which shows the first of them and changes all. Each has a node
of its own, too, under its WWN: no list has it, but plans, messages and users can name it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

from rtslib_ext import naming
from rtslib_ext.config.model import MappedLun, NodeAcl
from rtslib_ext.errors import InvalidValue
from rtslib_ext.kernel import links, paths
from rtslib_ext.kernel.configfs import ConfigfsPath

from .node import Node, Summary, Tree, authentication, info_lines, scalars

if TYPE_CHECKING:
    from ..settings import Group
    from .node import Tpg


class Acls(Node):
    """The node ACLs of a TPG."""

    kind = "acls"

    @property
    def tpg(self) -> Tpg:
        """Return the TPG above."""
        return cast("Tpg", self.above(1))

    def children(self) -> Iterator[Node]:
        """Yield a node for each tag, and for each ACL without one."""
        for name, members in self._members().items():
            yield AclNode(self.tree, name, self, members)

    def _members(self) -> dict[str, list[ConfigfsPath]]:
        result: dict[str, list[ConfigfsPath]] = {}
        for folder in sorted(self.fs.directories(self.configfs)):
            acl = paths.child(self.configfs, folder)
            name = self.fs.read_if_there(f"{acl}/tag") or self.tpg.fabric.from_folder(folder)
            result.setdefault(name, []).append(acl)
        return result

    def find(self, name: str) -> Node | None:
        """Return the ACLs with a tag, or one ACL by its WWN (in any case), tagged or not."""
        fabric = self.tpg.fabric
        try:
            wwn = naming.as_running(fabric.wwn_types, name)
        except InvalidValue:
            wwn = ""
        if wwn:
            acl = paths.child(self.configfs, fabric.to_folder(wwn))
            if self.fs.is_dir(acl):
                return AclNode(self.tree, wwn, self, [acl])
        members = [] if wwn else self._members().get(name, [])
        return AclNode(self.tree, name, self, members) if members else None

    def with_name(self, name: str) -> list[ConfigfsPath]:
        """Return the configfs paths of the ACLs with a tag, or of the ACL with a WWN."""
        try:
            wwn = naming.as_running(self.tpg.fabric.wwn_types, name)
        except InvalidValue:
            return self._members().get(name, [])
        acl = paths.child(self.configfs, self.tpg.fabric.to_folder(wwn))
        return [acl] if self.fs.is_dir(acl) else []

    def summary(self) -> Summary:
        text = f"ACLs: {len(self._members())}"
        fabric = self.tpg.fabric
        return Summary(text) if fabric.has("acls") else Summary(f"{text}, {fabric.name} uses none")


class AclNode(Node):
    """An initiator, or several with one tag."""

    kind = "acl"

    def __init__(self, tree: Tree, name: str, parent: Node, members: list[ConfigfsPath]) -> None:
        super().__init__(tree, name, parent, members[0])
        self.members = members

    @property
    def tpg(self) -> Tpg:
        """Return the TPG above."""
        return cast("Tpg", self.above(2))

    @property
    def wwns(self) -> list[str]:
        """Return the initiators of the ACLs."""
        return [self.tpg.fabric.from_folder(paths.name_of(acl)) for acl in self.members]

    def acls(self) -> list[NodeAcl]:
        """Read the ACLs."""
        folders = map(paths.name_of, self.members)
        return [self.reader.acl(self.tpg.fabric, self.tpg.configfs, folder) for folder in folders]

    def children(self) -> Iterator[MappedLunNode]:
        """Yield the mapped LUNs of the first ACL."""
        for index in self.reader.mapped_indexes(self.configfs):
            configfs = paths.mapped_lun(self.configfs, index)
            yield MappedLunNode(self.tree, f"mapped_lun{index}", self, configfs)

    def find(self, name: str) -> MappedLunNode | None:
        number = name.removeprefix("mapped_lun")
        if not number.isdecimal() or name == number:
            return None
        configfs = paths.mapped_lun(self.configfs, number)
        return MappedLunNode(self.tree, name, self, configfs) if self.fs.is_dir(configfs) else None

    def summary(self) -> Summary:
        """Return the WWN or the size of the group, the authentication, the number of LUNs."""
        texts = []
        wwns = self.wwns
        if self.name != wwns[0]:
            texts.append(f"(group of {len(wwns)})" if len(wwns) > 1 else f"({wwns[0]})")
        more, healthy = self._authentication()
        texts += more
        texts.append(f"Mapped LUNs: {len(self.reader.mapped_indexes(self.configfs))}")
        return Summary(", ".join(texts), healthy)

    def _authentication(self) -> tuple[list[str], bool | None]:
        tpg = self.tpg
        if not tpg.fabric.has("auth") or tpg.attribute("authentication") != "1":
            return [], None
        if tpg.attribute("generate_node_acls") == "1":
            return ["auth via tpg"], None
        found = [authentication(self.reader, folder, "auth") for folder in self._each(paths.auth)]
        texts = list(dict.fromkeys(text for text, _ in found))
        return texts, all(complete for _, complete in found)

    def groups(self) -> list[Group]:
        """Return the groups of settings, which apply to all ACLs of the node."""
        from rtslib_ext import schema

        from ..settings import Credentials, Folder
        from ..settings.initiator import Initiator

        candidates = (
            Folder("attribute", self.path, self._each(paths.attributes), schema.acl_attribute),
            Folder("parameter", self.path, self._each(paths.parameters), schema.acl_parameter),
        )
        groups: list[Group] = [group for group in candidates if group.names(self.fs)]
        if self.tpg.fabric.has("auth"):
            groups.append(Credentials("auth", self.path, self._each(paths.auth)))
        groups.append(Initiator(self.path, self.members))
        return groups

    def _each(self, folder: Callable[[ConfigfsPath], ConfigfsPath]) -> tuple[ConfigfsPath, ...]:
        return tuple(map(folder, self.members))

    def facts(self) -> dict[str, object]:
        """Return the tag, queue depth and credentials, the sessions, and the WWNs."""
        from rtslib_ext.savefile import encode

        values = scalars(encode.acl(self.acls()[0]))
        facts = {name: values[name] for name in values if name not in ("node_wwn", "tcq_depth")}
        if "tcq_depth" in values:
            facts["cmdsn_depth"] = values["tcq_depth"]
        return {**facts, "sessions": list(self._sessions()), "wwns": self.wwns}

    def info(self) -> list[str]:
        """Return the scalars, then the sessions and the WWNs, a line each."""
        facts = self.facts()
        sessions = [f"session: {line}" for line in self._sessions()]
        return [*info_lines(scalars(facts)), *sessions, "wwns:", *self.wwns]

    def _sessions(self) -> Iterator[str]:
        from rtslib_ext.usage import sessions

        tpg = self.tpg
        for acl in self.members:
            found = sessions.of_acl(self.reader, tpg.fabric, tpg.configfs, paths.name_of(acl))
            if found:
                where = ", ".join(f"{item.address} {item.transport}" for item in found.connections)
                yield f"{found.initiator} sid {found.sid} {found.state} from {where}"


class MappedLunNode(Node):
    """A mapped LUN: a LUN under the number that one initiator uses."""

    kind = "mapped_lun"

    @property
    def index(self) -> int:
        """Return the number that the initiator uses."""
        return int(self.name.removeprefix("mapped_lun"))

    def mapped_lun(self) -> MappedLun | None:
        """Read the mapped LUN; None if its link is broken."""
        return self.reader.mapped_lun(self.configfs, self.index)

    def summary(self) -> Summary:
        """Return the LUN of the TPG, its storage object, and the access mode."""
        mapped = self.mapped_lun()
        if mapped is None:
            return Summary("BROKEN LUN LINK", False)
        tpg = self.nearest(AclNode).tpg
        link = links.link_in(self.fs, paths.lun(tpg.configfs, mapped.tpg_lun))
        key = paths.key_of_storage_object(link[1]) if link else None
        if key is None:
            return Summary("BROKEN LUN LINK", False)
        mode = "ro" if mapped.write_protect else "rw"
        return Summary(f"lun{mapped.tpg_lun} {'/'.join(key)} ({mode})", True)

    def facts(self) -> dict[str, object]:
        from rtslib_ext.savefile import encode

        mapped = self.mapped_lun()
        return {"index": self.index} if mapped is None else encode.mapped_lun(mapped)
