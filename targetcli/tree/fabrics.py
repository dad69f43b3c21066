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

from .node import Node, Summary, authentication, scalars

if TYPE_CHECKING:
    from ..settings import Group


class FabricNode(Node):
    """A fabric, such as ``/iscsi``; reading it loads no module."""

    kind = "fabric"

    @property
    def fabric(self) -> Fabric:
        """Return the properties of the fabric."""
        return fabrics.FABRICS[self.name]

    def children(self) -> Iterator[TargetNode | SingleTpgNode]:
        for wwn in self.reader.target_wwns(self.fabric):
            yield self._node(wwn)

    def find(self, name: str) -> TargetNode | SingleTpgNode | None:
        """Return a target by name, in any case."""
        try:
            wwn = naming.as_running(self.fabric.wwn_types, name)
        except InvalidValue:
            wwn = name
        for found in dict.fromkeys((name, wwn)):
            folder = self.fabric.to_folder(found)
            if folder == "discovery_auth" or not paths.is_name(folder):
                continue
            if self.fs.is_dir(paths.target(self.fabric, found)):
                return self._node(found)
        return None

    def _node(self, wwn: str) -> TargetNode | SingleTpgNode:
        configfs = paths.target(self.fabric, wwn)
        if self.fabric.has("tpgts"):
            return TargetNode(self.tree, wwn, self, configfs)
        return SingleTpgNode(self.tree, wwn, self, paths.tpg_in(configfs, 1))

    def summary(self) -> Summary:
        """Return the number of targets, and the authentication that discovery requires."""
        texts = []
        healthy = None
        folder = paths.discovery_auth(self.fabric)
        enforced = self.fabric.has("discovery_auth") and (
            self.fs.read_if_there(f"{folder}/enforce_discovery_auth") == "1"
        )
        if enforced:
            text, healthy = authentication(self.reader, folder, "disc auth")
            texts.append(text)
        texts.append(f"Targets: {len(self.reader.target_wwns(self.fabric))}")
        return Summary(", ".join(texts), healthy)

    def groups(self) -> list[Group]:
        from ..settings import DiscoveryAuth
        from ..settings.tpg import FabricFiles

        groups: list[Group] = []
        if self.fabric.has("discovery_auth"):
            groups.append(DiscoveryAuth(self.fabric, self.path))
        if self.fabric.has("cpus_allowed_list"):
            groups.append(FabricFiles(self.fabric, self.path))
        return groups

    def facts(self) -> dict[str, object]:
        """Return the properties of the fabric."""
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
        """Return the facts under the labels of targetcli-fb."""
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
    """A target of a fabric whose targets have several TPGs."""

    kind = "target"

    @property
    def fabric(self) -> Fabric:
        """Return the fabric."""
        return fabrics.FABRICS[self.above(1).name]

    def children(self) -> Iterator[Node]:
        for tag in self.reader.tags(self.configfs):
            yield TpgNode(self.tree, f"tpg{tag}", self, paths.tpg_in(self.configfs, tag))

    def find(self, name: str) -> Node | None:
        """Return a TPG by name; older tools use ``tpgt1``."""
        tag = name.removeprefix("tpgt").removeprefix("tpg")
        if not tag.isdecimal() or name == tag:
            return None
        configfs = paths.tpg_in(self.configfs, tag)
        return TpgNode(self.tree, f"tpg{tag}", self, configfs) if self.fs.is_dir(configfs) else None

    def summary(self) -> Summary:
        if not _is_valid(self.fabric, self.name):
            return Summary("INVALID WWN", False)
        return Summary(f"TPGs: {len(self.reader.tags(self.configfs))}")

    def groups(self) -> list[Group]:
        """Return the parameters of the target, on kernels that have any."""
        from rtslib_ext import schema

        from ..settings import Folder

        folders = (paths.parameters(self.configfs),)
        group = Folder("parameter", self.path, folders, schema.target_parameter)
        return [group] if group.names(self.fs) else []

    def facts(self) -> dict[str, object]:
        return {"fabric": self.fabric.name, "wwn": self.name}


class TpgNode(Node):
    """A target portal group."""

    kind = "tpg"

    @property
    def fabric(self) -> Fabric:
        """Return the fabric."""
        return fabrics.FABRICS[self.above(2).name]

    @property
    def wwn(self) -> str:
        """Return the WWN of the target."""
        return self.above(1).name

    @property
    def tag(self) -> int:
        """Return the number of the TPG."""
        return int(self.name.removeprefix("tpg"))

    @property
    def tpg_path(self) -> TpgPath:
        """Return the configfs path and shell path for steps."""
        return TpgPath.of(self.fabric, self.wwn, self.tag)

    def children(self) -> Iterator[Node]:
        """Yield the LUNs, and the ACLs and portals if the fabric has them.

        Other tools can create ACLs in a fabric that does not use them: they are shown, so that
        they can be deleted.
        """
        return (self._part(name) for name in self._parts())

    def find(self, name: str) -> Node | None:
        """Return one of them."""
        return self._part(name) if name in self._parts() else None

    def _parts(self) -> list[str]:
        features = {"acls": "acls", "luns": "", "portals": "nps"}
        return [
            name
            for name, needs in features.items()
            if not needs
            or self.fabric.has(needs)
            or (name == "acls" and self.reader.acl_names(self.configfs))
        ]

    def _part(self, name: str) -> Node:
        # Imported here: a path goes to one of them, or stops above.
        if name == "acls":
            from .acls import Acls

            return Acls(self.tree, name, self, paths.acls(self.configfs))
        if name == "luns":
            from .luns import Luns

            return Luns(self.tree, name, self, paths.luns(self.configfs))
        from .portals import Portals

        return Portals(self.tree, name, self, paths.portals(self.configfs))

    def attribute(self, name: str) -> str | None:
        """Return the value of an attribute, or None."""
        return self.fs.read_if_there(f"{paths.attributes(self.configfs)}/{name}")

    def summary(self) -> Summary:
        """Return the nexus, the access mode, and the authentication."""
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
        text, complete = authentication(self.reader, paths.auth(self.configfs), "auth")
        return ["tpg-auth", text], complete

    def groups(self) -> list[Group]:
        from rtslib_ext import schema

        from ..settings import Credentials, Folder
        from ..settings.tpg import Port, TpgAttributes

        fabric = self.fabric.name
        candidates = (
            TpgAttributes(self.fabric, self.path, self.configfs),
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
        from rtslib_ext.savefile import encode

        return scalars(encode.tpg(self.reader.tpg(self.fabric, self.wwn, self.tag)))


class SingleTpgNode(TpgNode):
    """A target of a fabric with a single TPG: target and TPG in one node."""

    kind = "single_tpg"

    @property
    def fabric(self) -> Fabric:
        """Return the fabric."""
        return fabrics.FABRICS[self.above(1).name]

    @property
    def wwn(self) -> str:
        """Return the WWN of the target."""
        return self.name

    @property
    def tag(self) -> int:
        """Return 1."""
        return 1

    def summary(self) -> Summary:
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
