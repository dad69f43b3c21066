# SPDX-License-Identifier: Apache-2.0
"""clone: copy targets and ACLs."""

from __future__ import annotations

from rtslib_ext.config import refactor
from rtslib_ext.errors import Exists, NotFound
from rtslib_ext.kernel import paths

from ..changes import running
from ..env import Env
from ..result import Result
from ..tree.acls import AclNode, Acls
from ..tree.fabrics import FabricNode, SingleTpgNode, TargetNode
from . import targets
from .acls import name_notes
from .rename import carry_out, named_acl, new_initiator, target_key, this_acl


def clone_acl(
    env: Env, node: Acls, wwn: str, new_wwn: str, credentials: bool, dry_run: bool
) -> Result:
    """Create an ACL as a copy of another one."""
    return _clone_acl(env, *named_acl(node, wwn), new_wwn, credentials, dry_run)


def clone_this_acl(
    env: Env, node: AclNode, new_wwn: str, credentials: bool, dry_run: bool
) -> Result:
    """Create an ACL as a copy of this one."""
    return _clone_acl(env, *this_acl(node), new_wwn, credentials, dry_run)


def _clone_acl(
    env: Env, acls: Acls, wwn: str, new_wwn: str, credentials: bool, dry_run: bool
) -> Result:
    name = new_initiator(env, acls, new_wwn)
    tpg, created = acls.tpg, f"{acls.path}/{name}"
    have = running.read(env)
    want = refactor.clone_acl(have, target_key(tpg), tpg.tag, wwn, name, credentials=credentials)
    result = carry_out(env, have, want, created, dry_run=dry_run)
    result.notes += name_notes(name)
    if not credentials and have.targets[target_key(tpg)].tpgs[tpg.tag].acls[wwn].auth.userid:
        result.notes.append(
            f"Note: the credentials of {wwn} were not copied, initiators should not share a "
            f"secret; set them with: {created} set auth"
        )
    return result


def clone_target(
    env: Env, node: FabricNode, wwn: str, new_wwn: str | None, dry_run: bool
) -> Result:
    """Create a target as a copy of another one."""
    found = node.find(wwn)
    if found is None:
        raise NotFound(f"there is no target {wwn}", path=node.path, hint="ls lists the targets")
    return clone_this_target(env, found, new_wwn, dry_run)


def clone_this_target(
    env: Env, node: TargetNode | SingleTpgNode, new_wwn: str | None, dry_run: bool
) -> Result:
    """Create a target as a copy of this one."""
    folder = node.nearest(FabricNode)
    name, lines = targets.choose_name(env, folder, new_wwn)
    created = f"{folder.path}/{name}"
    if env.fs.is_dir(paths.target(folder.fabric, name)):
        raise Exists("This Target already exists in configFS", path=created)
    have = running.read(env)
    want = refactor.clone_target(have, (folder.fabric.name, node.name), name)
    result = carry_out(env, have, want, created, dry_run=dry_run)
    result.notes += lines
    return result
