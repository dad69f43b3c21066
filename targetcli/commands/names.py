# SPDX-License-Identifier: Apache-2.0
"""Storage objects and ACLs under other names; targets and ACLs a second time."""

from __future__ import annotations

from typing import cast

from rtslib_ext import apply as applying
from rtslib_ext import edit, naming, paths
from rtslib_ext.backing import RamDisk
from rtslib_ext.errors import Exists, InvalidValue, LioError, NotFound
from rtslib_ext.model import Config

from ..env import Env
from ..nodes import Node
from ..nodes.acls import AclNode, Acls
from ..nodes.backstores import StorageObjectNode
from ..nodes.fabrics import FabricNode, TargetNode, TpgNode
from ..result import Result
from . import plan, storage, targets, whole


def rename_object(env: Env, node: Node, name: str, new_name: str, dry_run: bool = False) -> Result:
    """Give a storage object another name."""
    found = node.find(name)
    if not isinstance(found, StorageObjectNode):
        raise NotFound(f"No storage object named {name}.", path=node.path)
    return rename_this_object(env, found, new_name, dry_run)


def rename_this_object(env: Env, node: Node, new_name: str, dry_run: bool = False) -> Result:
    """Make a storage object anew under another name, with its LUNs."""
    assert isinstance(node, StorageObjectNode)
    folder = node.above(1)
    so = node.read()
    if so is None:
        raise LioError("it is not configured", path=node.path, hint="delete it and make it anew")
    storage.new_object(env.fs, folder, node.plugin, new_name)
    if isinstance(so.backing, RamDisk) and not so.backing.nullio:
        raise InvalidValue(
            "memory cannot be given another name: it would be made anew, and be empty",
            path=node.path,
            hint="make another one, and have the initiators copy what is in it",
        )
    have = whole.running(env)
    want = edit.rename_storage_object(have, so.key, new_name)
    created = f"{folder.path}/{new_name}"
    return _reach(env, have, want, created, dry_run=dry_run, old=node.path)


def rename_acl(env: Env, node: Node, wwn: str, new_wwn: str, dry_run: bool = False) -> Result:
    """Give an ACL to another initiator."""
    return _rename_acl(env, *_acl(cast(Acls, node), wwn), new_wwn, dry_run)


def rename_this_acl(env: Env, node: Node, new_wwn: str, dry_run: bool = False) -> Result:
    """Give this ACL to another initiator."""
    return _rename_acl(env, *_this_acl(cast(AclNode, node)), new_wwn, dry_run)


def _rename_acl(env: Env, acls: Acls, wwn: str, new_wwn: str, dry_run: bool) -> Result:
    name = _new_initiator(env, acls, new_wwn)
    tpg = acls.tpg
    have = whole.running(env)
    want = edit.rename_acl(have, _target(tpg), tpg.tag, wwn, name)
    created, old = f"{acls.path}/{name}", f"{acls.path}/{wwn}"
    return _reach(env, have, want, created, dry_run=dry_run, old=old)


def clone_acl(
    env: Env, node: Node, wwn: str, new_wwn: str, credentials: bool = False, dry_run: bool = False
) -> Result:
    """Admit another initiator as one that is admitted."""
    return _clone_acl(env, *_acl(cast(Acls, node), wwn), new_wwn, credentials, dry_run)


def clone_this_acl(
    env: Env, node: Node, new_wwn: str, credentials: bool = False, dry_run: bool = False
) -> Result:
    """Admit another initiator as this one."""
    return _clone_acl(env, *_this_acl(cast(AclNode, node)), new_wwn, credentials, dry_run)


def _clone_acl(
    env: Env, acls: Acls, wwn: str, new_wwn: str, credentials: bool, dry_run: bool
) -> Result:
    name = _new_initiator(env, acls, new_wwn)
    tpg, created = acls.tpg, f"{acls.path}/{name}"
    have = whole.running(env)
    want = edit.clone_acl(have, _target(tpg), tpg.tag, wwn, name, credentials=credentials)
    result = _reach(env, have, want, created, dry_run=dry_run)
    if not credentials and have.targets[_target(tpg)].tpgs[tpg.tag].acls[wwn].auth.userid:
        result.notes.append(
            f"Note: the credentials of {wwn} were not copied, no two initiators should share a "
            f"secret: {created} set auth"
        )
    return result


def clone_target(
    env: Env, node: Node, wwn: str, new_wwn: str | None = None, dry_run: bool = False
) -> Result:
    """Make a target like one that is there."""
    found = node.find(wwn)
    if found is None:
        raise NotFound(f"there is no target {wwn}", path=node.path, hint="ls shows those there are")
    return clone_this_target(env, found, new_wwn, dry_run)


def clone_this_target(
    env: Env, node: Node, new_wwn: str | None = None, dry_run: bool = False
) -> Result:
    """Make a target like this one."""
    assert isinstance(node, TargetNode | TpgNode)
    folder = cast(FabricNode, node.above(1))
    name, lines = targets.choose_name(env, folder, new_wwn)
    created = f"{folder.path}/{name}"
    if env.fs.is_dir(paths.target(folder.fabric, name)):
        raise Exists("This Target already exists in configFS", path=created)
    have = whole.running(env)
    want = edit.clone_target(have, (folder.fabric.name, node.name), name)
    result = _reach(env, have, want, created, dry_run=dry_run)
    result.notes += lines
    return result


# -- what these have in common ----------------------------------------------------------------


def _reach(
    env: Env, have: Config, want: Config, created: str, *, dry_run: bool, old: str = ""
) -> Result:
    """Do it, or show it; who stood on the node ``old``, or below, stands on the new one then."""
    result = plan.carry_out(env, applying.prepare(env.fs, want, have), dry_run=dry_run)
    if not dry_run:
        result.created = created
        if old and f"{env.cwd}/".startswith(f"{old}/"):
            result.cd = created
    return result


def _target(tpg: TpgNode) -> tuple[str, str]:
    return (tpg.fabric.name, tpg.wwn)


def _acl(acls: Acls, name: str) -> tuple[Acls, str]:
    """The one initiator that a WWN or a tag stands for."""
    files = acls.with_name(name)
    if not files:
        raise NotFound(f"there is no ACL {name}", path=acls.path, hint="ls shows those there are")
    return acls, _one(
        acls, [acls.tpg.fabric.from_folder(file.rpartition("/")[2]) for file in files]
    )


def _this_acl(node: AclNode) -> tuple[Acls, str]:
    acls = cast(Acls, node.above(1))
    return acls, _one(acls, node.wwns)


def _one(acls: Acls, wwns: list[str]) -> str:
    if len(wwns) > 1:
        raise InvalidValue(
            f"the tag stands for {len(wwns)} initiators",
            path=acls.path,
            hint=f"name one of them: {', '.join(wwns)}",
        )
    return wwns[0]


def _new_initiator(env: Env, acls: Acls, text: str) -> str:
    """The normal form of the name of an initiator that has no ACL yet."""
    fabric = acls.tpg.fabric
    name = naming.normalize(fabric.wwn_types, text, acls.path)
    if env.fs.is_dir(f"{acls.file}/{fabric.to_folder(name)}"):
        raise Exists("This NodeACL already exists in configFS", path=f"{acls.path}/{name}")
    return name
