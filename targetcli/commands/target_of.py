# SPDX-License-Identifier: Apache-2.0
"""The iSCSI target of a node, the initiator that is meant, and what this initiator meets there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rtslib_ext import naming
from rtslib_ext.config import shell_paths
from rtslib_ext.config.backing import Block, FileIO
from rtslib_ext.config.model import Config, StorageObject, Target
from rtslib_ext.errors import InvalidValue, NotFound, Unsupported
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.host import devices
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.reading.reader import Reader
from rtslib_ext.recipes import access
from rtslib_ext.recipes.access import Access

from ..tree import Node, walk
from ..tree.acls import AclNode
from ..tree.fabrics import TargetNode, TpgNode

_ISCSI = FABRICS["iscsi"]
Read = Callable[[Reader, ConfigfsPath], "StorageObject | None"]


@dataclass(frozen=True, slots=True)
class Place:
    """A target, with a TPG (``tag``) and initiators if the node is one of them or below it."""

    target: Target
    tag: int | None
    names: tuple[str, ...]


def place(node: Node, wwn: str | None = None) -> Place:
    """Return the iSCSI target at or above a node; at the root ``wwn``, or the only one.

    Raises NotFound or Unsupported.
    """
    walk.require_readable(node.tree.env)
    names = tuple(node.wwns) if isinstance(node, AclNode) else ()
    tag = None
    while not isinstance(node, TargetNode) and node.parent is not None:
        tag = node.tag if isinstance(node, TpgNode) else tag
        node = node.parent
    if isinstance(node, TargetNode):
        if node.fabric.name != _ISCSI.name:
            text = f"only for iSCSI targets; initiators of {node.fabric.name} need no steps"
            raise Unsupported(text, path=node.path)
        return Place(node.reader.target(_ISCSI, node.name), tag, names)
    return Place(node.reader.target(_ISCSI, _chosen(node, wwn)), tag, names)


def every(node: Node, wwn: str | None = None) -> list[Place]:
    """Return the iSCSI target at or above a node; at the root ``wwn``, or all, by name.

    Raises NotFound or Unsupported.
    """
    if node.parent is None and wwn is None:
        walk.require_readable(node.tree.env)
        names = sorted(node.reader.target_wwns(_ISCSI))
        if len(names) > 1:
            return [Place(node.reader.target(_ISCSI, name), None, ()) for name in names]
    return [place(node, wwn)]


def _chosen(root: Node, wwn: str | None) -> str:
    targets = root.reader.target_wwns(_ISCSI)
    if wwn is not None:
        found = naming.as_running(_ISCSI.wwn_types, wwn)
        if found in targets:
            return found
        raise NotFound(f"no target {found}", path="/iscsi", hint="ls /iscsi shows the targets")
    if len(targets) == 1:
        return targets[0]
    if not targets:
        raise NotFound("there is no target", path="/iscsi", hint="/iscsi create makes one")
    example = shell_paths.target(_ISCSI.name, targets[0])
    raise InvalidValue(
        f"there are {len(targets)} targets",
        path="/iscsi",
        hint=f"call it at one, such as {example}",
    )


def config_of(reader: Reader, target: Target, *, read: Read = Reader.storage_object) -> Config:
    """Return a configuration of one target, with the storage objects that it exports.

    ``read`` reads a storage object; None if it is gone.
    """
    keys = sorted(set(target.exported()))
    places = (paths.find_storage_object(reader.fs, *key) for key in keys)
    objects = (read(reader, path) for path in places if path)
    settings = reader.fabric_settings(_ISCSI.name)
    return Config(
        {so.key: so for so in objects if so},
        {target.key: target},
        {settings.name: settings} if settings else {},
    )


def initiators(found: Place, wanted: str | None) -> list[str]:
    """Return the initiators that a name or tag means; all with an ACL if None is wanted."""
    if wanted is None:
        every = found.names or tuple(wwn for wwn, _ in _acls(found))
        return list(dict.fromkeys(every))
    tagged = [wwn for wwn, tag in _acls(found) if tag == wanted]
    return list(dict.fromkeys(tagged)) or [naming.as_running(_ISCSI.wwn_types, wanted)]


def _acls(found: Place) -> Iterator[tuple[str, str | None]]:
    for tpg in found.target.tpgs.values():
        if found.tag in (None, tpg.tag):
            yield from ((acl.wwn, acl.tag) for acl in tpg.acls.values())


def met_by(config: Config, found: Place, initiator: str | None, addresses: Sequence[str]) -> Access:
    """Return what an initiator meets at the target, on these addresses of this host."""
    return access.of_target(
        config, found.target, initiator, tag=found.tag, addresses=addresses, size=size_of
    )


def size_of(so: StorageObject) -> int | None:
    """Return the bytes of a storage object, of a device its present ones; None if not known."""
    backing = so.backing
    if isinstance(backing, Block) or (isinstance(backing, FileIO) and backing.size is None):
        return devices.device_size(backing.dev)
    size: int | None = getattr(backing, "size", None)
    return size
