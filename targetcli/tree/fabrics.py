# SPDX-License-Identifier: Apache-2.0
"""The nodes of fabrics, targets and target portal groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rtslib_ext import fabrics, naming
from rtslib_ext.errors import InvalidValue
from rtslib_ext.fabrics import Fabric
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.paths import TpgPath

from .acls import Acls
from .luns import Luns
from .node import Node, Summary, scalars
from .portals import Portals

if TYPE_CHECKING:
    from ..settings import Group


class FabricNode(Node):
    """``/iscsi`` and the like; looking at it loads no module."""

    kind = "fabric"

    @property
    def fabric(self) -> Fabric:
        """What the fabric can do."""
        return fabrics.FABRICS[self.name]

    def children(self) -> Iterator[Node]:
        """The targets."""
        for wwn in self.reader.target_wwns(self.fabric):
            yield self._node(wwn)

    def find(self, name: str) -> Node | None:
        """One target; its name may be typed in any case."""
        try:
            wwn = naming.as_running(self.fabric.wwn_types, name)
        except InvalidValue:
            wwn = name
        for found in dict.fromkeys((name, wwn)):
            folder = self.fabric.to_folder(found)
            if folder in ("", "discovery_auth"):
                continue
            if self.fs.is_dir(paths.target(self.fabric, found)):
                return self._node(found)
        return None

    def _node(self, wwn: str) -> Node:
        configfs = paths.target(self.fabric, wwn)
        if self.fabric.has("tpgts"):
            return TargetNode(self.tree, wwn, self, configfs)
        return SingleTpgNode(self.tree, wwn, self, paths.tpg_in(configfs, 1))

    def summary(self) -> Summary:
        """How many targets, and whether discovery needs authentication."""
        texts = []
        healthy = None
        folder = paths.discovery_auth(self.fabric)
        enforced = self.fabric.has("discovery_auth") and (
            self.fs.read_if_there(f"{folder}/enforce_discovery_auth") == "1"
        )
        if enforced:
            auth = self.reader.auth(folder)
            healthy = bool(auth.userid and auth.password)
            mutual = self.fs.read_if_there(f"{folder}/authenticate_target") == "1"
            texts.append("mutual disc auth" if mutual else "1-way disc auth")
        texts.append(f"Targets: {len(self.reader.target_wwns(self.fabric))}")
        return Summary(", ".join(texts), healthy)

    def groups(self) -> list[Group]:
        """Authentication at discovery, CPUs."""
        from ..settings import DiscoveryAuth
        from ..settings.tpg import FabricFiles

        groups: list[Group] = []
        if self.fabric.has("discovery_auth"):
            groups.append(DiscoveryAuth(self.fabric, self.path))
        if self.fabric.has("cpus_allowed_list"):
            groups.append(FabricFiles(self.fabric, self.path))
        return groups

    def facts(self) -> dict[str, object]:
        """What the fabric can do."""
        # Imported here: only info shows the adapters.
        from rtslib_ext.host import adapters

        fabric = self.fabric
        return {
            "name": fabric.name,
            "folder": self.fs.absolute(paths.fabric(fabric)),
            "wwn_types": list(fabric.wwn_types),
            "hardware_wwns": adapters.hardware_wwns(fabric.name) if fabric.hardware else None,
            "features": list(fabric.features),
            "module": fabric.module,
        }

    def info(self) -> list[str]:
        """The same in words of its own."""
        facts = self.facts()
        labels = {
            "name": "Fabric module name",
            "folder": "ConfigFS path",
            "wwn_types": "Allowed WWN types",
            "hardware_wwns": "Allowed WWNs list",
            "features": "Fabric module features",
            "module": "Corresponding kernel module",
        }
        shown = {name: value for name, value in facts.items() if value is not None}
        return [
            f"{labels[name]}: {', '.join(value) if isinstance(value, list) else value}"
            for name, value in shown.items()
        ]


class TargetNode(Node):
    """A target of a fabric that has several TPGs in one."""

    kind = "target"

    @property
    def fabric(self) -> Fabric:
        """Its fabric."""
        return fabrics.FABRICS[self.above(1).name]

    def children(self) -> Iterator[Node]:
        """The TPGs."""
        for tag in self.reader.tags(self.configfs):
            yield TpgNode(self.tree, f"tpg{tag}", self, paths.tpg_in(self.configfs, tag))

    def find(self, name: str) -> Node | None:
        """One TPG; older tools called it tpgt1."""
        tag = name.removeprefix("tpgt").removeprefix("tpg")
        configfs = paths.tpg_in(self.configfs, tag)
        if not (tag.isdecimal() and name != tag and self.fs.is_dir(configfs)):
            return None
        return TpgNode(self.tree, f"tpg{tag}", self, configfs)

    def summary(self) -> Summary:
        """How many TPGs."""
        if not _is_valid(self.fabric, self.name):
            return Summary("INVALID WWN", False)
        return Summary(f"TPGs: {len(self.reader.tags(self.configfs))}")

    def groups(self) -> list[Group]:
        """Parameters of the whole target, on kernels that have any."""
        from rtslib_ext import schema

        from ..settings import Folder

        folders = (paths.parameters(self.configfs),)
        group = Folder("parameter", self.path, folders, schema.target_parameter)
        return [group] if group.names(self.fs) else []

    def facts(self) -> dict[str, object]:
        """Its fabric and name."""
        return {"fabric": self.fabric.name, "wwn": self.name}


class TpgNode(Node):
    """A target portal group."""

    kind = "tpg"

    @property
    def fabric(self) -> Fabric:
        """Its fabric."""
        return fabrics.FABRICS[self.above(2).name]

    @property
    def wwn(self) -> str:
        """The name of its target."""
        return self.above(1).name

    @property
    def tag(self) -> int:
        """Its number."""
        return int(self.name.removeprefix("tpg"))

    @property
    def tpg_path(self) -> TpgPath:
        """Where steps find it."""
        return TpgPath.of(self.fabric, self.wwn, self.tag)

    def children(self) -> Iterator[Node]:
        """Its LUNs, and what the fabric has besides."""
        if self.fabric.has("acls"):
            yield Acls(self.tree, "acls", self, paths.acls(self.configfs))
        yield Luns(self.tree, "luns", self, paths.luns(self.configfs))
        if self.fabric.has("nps"):
            yield Portals(self.tree, "portals", self, paths.portals(self.configfs))

    def attribute(self, name: str) -> str | None:
        """The value of one of its attributes."""
        return self.fs.read_if_there(f"{paths.attributes(self.configfs)}/{name}")

    def summary(self) -> Summary:
        """Whether it serves, and whom."""
        if self.reader.enabled(self.configfs) is False:
            return Summary("disabled", False)
        texts = []
        healthy = None
        if self.fabric.has("nexus"):
            texts.append(self.reader.nexus(self.fabric, self.configfs) or "None")
        if self.fabric.has("acls"):
            open_to_all = self.attribute("generate_node_acls") == "1"
            texts.append("gen-acls" if open_to_all else "no-gen-acls")
            if self.fabric.has("auth"):
                more, healthy = self._authentication(open_to_all)
                texts += more
        return Summary(", ".join(texts), healthy)

    def _authentication(self, open_to_all: bool) -> tuple[list[str], bool | None]:
        if self.attribute("authentication") != "1":
            return ["no-auth"], True if open_to_all else None
        if not open_to_all:
            return ["auth per-acl"], None
        folder = paths.auth(self.configfs)
        auth = self.reader.auth(folder)
        mutual = self.fs.read_if_there(f"{folder}/authenticate_target") == "1"
        kind = "mutual auth" if mutual else "1-way auth"
        return ["tpg-auth", kind], bool(auth.userid and auth.password)

    def groups(self) -> list[Group]:
        """Attributes, parameters, credentials, the rest."""
        from rtslib_ext import schema

        from ..settings import Credentials, Folder
        from ..settings.tpg import Port

        fabric = self.fabric.name
        candidates = (
            Folder(
                "attribute",
                self.path,
                (paths.attributes(self.configfs),),
                lambda name: schema.tpg_attribute(name, fabric),
            ),
            Folder(
                "parameter",
                self.path,
                (paths.parameters(self.configfs),),
                lambda name: schema.tpg_parameter(name, fabric),
            ),
        )
        groups: list[Group] = [group for group in candidates if group.names(self.fs)]
        if self.fabric.has("auth"):
            groups.append(Credentials("auth", self.path, (paths.auth(self.configfs),)))
        groups.append(Port(self.fabric, self.path, self.configfs))
        return groups

    def facts(self) -> dict[str, object]:
        """Its state and credentials."""
        from rtslib_ext.savefile import encode

        return scalars(encode.tpg(self.reader.tpg(self.fabric, self.wwn, self.tag)))


class SingleTpgNode(TpgNode):
    """A target of a fabric that has one TPG only: both in one node."""

    kind = "single_tpg"

    @property
    def fabric(self) -> Fabric:
        """Its fabric."""
        return fabrics.FABRICS[self.above(1).name]

    @property
    def wwn(self) -> str:
        """The name of the target."""
        return self.name

    @property
    def tag(self) -> int:
        """The only one."""
        return 1

    def summary(self) -> Summary:
        """Whether it serves, and whom."""
        if not _is_valid(self.fabric, self.wwn):
            return Summary("INVALID WWN", False)
        if not self.fs.is_dir(self.configfs):
            return Summary("NO TPG", False)
        return super().summary()


def _is_valid(fabric: Fabric, wwn: str) -> bool:
    try:
        naming.normalize(fabric.wwn_types, wwn)
    except InvalidValue:
        return False
    return True
