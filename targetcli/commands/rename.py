# SPDX-License-Identifier: Apache-2.0
"""rename: give storage objects and ACLs another name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from rtslib_ext import naming
from rtslib_ext.config import refactor
from rtslib_ext.config.backing import RamDisk
from rtslib_ext.config.model import Config
from rtslib_ext.errors import Exists, InvalidValue, LioError, NotFound
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.kernel import paths
from rtslib_ext.steps import Step, kept_groups
from rtslib_ext.transaction import apply as applying

from ..changes import running
from ..env import Env
from ..result import Result
from ..tree.acls import AclNode, Acls
from ..tree.backstores import Backstore, StorageObjectNode
from . import plan, storage
from .acls import name_notes

if TYPE_CHECKING:
    from ..tree.node import Tpg


def rename_object(env: Env, node: Backstore, name: str, new_name: str, dry_run: bool) -> Result:
    """Rename a storage object."""
    found = node.find(name)
    if found is None:
        raise NotFound(f"No storage object named {name}.", path=node.path)
    return rename_this_object(env, found, new_name, dry_run)


def rename_this_object(env: Env, node: StorageObjectNode, new_name: str, dry_run: bool) -> Result:
    """Recreate a storage object under another name, with its LUNs."""
    folder = node.above(1)
    so = node.read()
    if so is None:
        raise LioError("it is not configured", path=node.path, hint="delete it and create it again")
    storage.new_object(env.fs, folder, node.plugin, new_name)
    if isinstance(so.backing, RamDisk) and not so.backing.nullio:
        raise InvalidValue(
            "a ramdisk cannot be renamed: it would be recreated empty",
            path=node.path,
            hint="create another one, and copy the data on the initiators",
        )
    have = running.read(env)
    want = refactor.rename_storage_object(have, so.key, new_name)
    created = f"{folder.path}/{new_name}"
    file = kept_groups.file_beside(env.save_file)
    more = kept_groups.renamed(env.host, file, so.key, (so.key[0], new_name))
    return carry_out(env, have, want, created, dry_run=dry_run, old=node.path, more=more)


def rename_acl(env: Env, node: Acls, wwn: str, new_wwn: str, dry_run: bool) -> Result:
    """Rename an ACL: assign it to another initiator."""
    return _rename_acl(env, *named_acl(node, wwn), new_wwn, dry_run)


def rename_this_acl(env: Env, node: AclNode, new_wwn: str, dry_run: bool) -> Result:
    """Rename this ACL: assign it to another initiator."""
    return _rename_acl(env, *this_acl(node), new_wwn, dry_run)


def _rename_acl(env: Env, acls: Acls, wwn: str, new_wwn: str, dry_run: bool) -> Result:
    name = new_initiator(env, acls, new_wwn)
    tpg = acls.tpg
    have = running.read(env)
    want = refactor.rename_acl(have, target_key(tpg), tpg.tag, wwn, name)
    created, old = f"{acls.path}/{name}", f"{acls.path}/{wwn}"
    result = carry_out(env, have, want, created, dry_run=dry_run, old=old)
    result.notes += name_notes(name)
    return result


# -- shared with clone ------------------------------------------------------------------------


def carry_out(
    env: Env,
    have: Config,
    want: Config,
    created: str,
    *,
    dry_run: bool,
    old: str = "",
    more: Sequence[Step] = (),
) -> Result:
    """Apply or show a change, then the steps ``more``.

    A current path at or below ``old`` moves to the new node.
    """
    planned = applying.prepare(env.fs, want, have)
    steps = (*planned.plan.steps, *more)
    planned = replace(planned, plan=replace(planned.plan, steps=steps))
    with _owner(env, "" if dry_run else old, created):
        result = plan.carry_out(env, planned, dry_run=dry_run)
    if not dry_run:
        result.created = created
        if old and f"{env.session.cwd}/".startswith(f"{old}/"):
            result.cd = created
    return result


def _owner(env: Env, old: str, new: str) -> AbstractContextManager[None]:
    """Return what keeps the owner of an object around its renaming; "": there is none."""
    if not old or not env.has_owners:
        return nullcontext()
    # Imported here: few systems have owners.
    from ..changes import owners

    return owners.renaming(env, old, new)


def target_key(tpg: Tpg) -> tuple[str, str]:
    return (tpg.fabric.name, tpg.wwn)


def named_acl(acls: Acls, name: str) -> tuple[Acls, str]:
    """Return the one initiator that a WWN or a tag selects; raises NotFound, InvalidValue."""
    members = acls.with_name(name)
    if not members:
        raise NotFound(f"there is no ACL {name}", path=acls.path, hint="ls lists the ACLs")
    fabric = acls.tpg.fabric
    return acls, _one(acls, [fabric.from_folder(paths.name_of(acl)) for acl in members])


def this_acl(node: AclNode) -> tuple[Acls, str]:
    acls = node.nearest(Acls)
    return acls, _one(acls, node.wwns)


def _one(acls: Acls, wwns: list[str]) -> str:
    if len(wwns) > 1:
        raise InvalidValue(
            f"the tag belongs to {len(wwns)} initiators",
            path=acls.path,
            hint=f"name one of them: {', '.join(wwns)}",
        )
    return wwns[0]


def new_initiator(env: Env, acls: Acls, text: str) -> str:
    """Return the normal form of a new initiator's name; raises Exists if it has an ACL."""
    fabric = acls.tpg.fabric
    name = naming.as_running(fabric.wwn_types, text, acls.path)
    if env.fs.is_dir(acls.tpg.tpg_path.acl(name)):
        raise Exists("This NodeACL already exists in configFS", path=f"{acls.path}/{name}")
    return name
