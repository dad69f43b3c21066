# SPDX-License-Identifier: Apache-2.0
"""Create, tag and delete node ACLs and mapped LUNs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtslib_ext import naming
from rtslib_ext.config import shell_paths
from rtslib_ext.config.model import MappedLun, NodeAcl
from rtslib_ext.errors import Exists, NotFound, Unsupported
from rtslib_ext.kernel import links, paths
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.naming import LUN_MAX
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Step, acls, settings

from ..changes import apply
from ..changes.reused import LoggedIn
from ..env import Env
from ..result import Aside, Result, Warn, say
from ..tree.acls import AclNode, Acls
from .luns import exported_as, find_source, new_lun, proposal

if TYPE_CHECKING:
    from ..tree.node import Tpg
    from .profiles import Profile


def create(
    env: Env, node: Acls, wwn: str, add_mapped_luns: bool | None, profile: str | None
) -> Result:
    """Create an ACL for an initiator, with the settings that suit its system."""
    tpg = node.tpg
    if not tpg.fabric.has("acls"):
        raise Unsupported(f"{tpg.fabric.name} uses no ACLs", path=node.path)
    name = naming.as_running(tpg.fabric.wwn_types, wwn, node.path)
    if env.fs.is_dir(tpg.tpg_path.acl(name)):
        raise Exists("This NodeACL already exists in configFS", path=f"{node.path}/{name}")
    lines = [f"Created Node ACL for {name}"]
    suits = _profile(env, node, name, profile) if profile else None
    mapped = {}
    if env.prefs.flag("auto_add_mapped_luns") if add_mapped_luns is None else add_mapped_luns:
        for index in Reader(env.fs).lun_indexes(tpg.configfs):
            mapped[index] = MappedLun(index, index)
            lines.append(f"Created mapped LUN {index}.")
    acl = NodeAcl(name, mapped, cmdsn_depth=suits.depth if suits else None)
    apply.apply(env, acls.create_acl(tpg.tpg_path, acl))
    more = suits.lines() if suits else ()
    return Result([*lines, *more, *name_notes(name)], created=f"{node.path}/{name}")


def _profile(env: Env, node: Acls, name: str, profile: str) -> Profile:
    # Imported here: most ACLs are created without one.
    from .profiles import Profile

    return Profile(env, node, name, profile)


def name_notes(wwn: str) -> list[str]:
    """Return a note about a name of an initiator that RFC 3722 does not allow."""
    text = naming.unusual(wwn)
    return [Aside(f"Note: {text}")] if text else []


def delete(env: Env, node: Acls, wwn: str) -> Result:
    """Delete the ACL of an initiator, or all ACLs with a tag."""
    tpg = node.tpg
    steps: list[Step] = []
    for acl in _named(node, wwn):
        steps += acls.delete_acl(tpg.tpg_path, _acl(env, tpg, acl))
    apply.apply(env, steps)
    return say(f"Deleted Node ACL {wwn}.")


def _named(node: Acls, name: str) -> list[ConfigfsPath]:
    members = node.with_name(name)
    if not members:
        path = node.fs.absolute(paths.child(node.configfs, name))
        raise NotFound(f"No such NodeACL in configfs: {path}", path=node.path)
    return members


def _acl(env: Env, tpg: Tpg, acl: ConfigfsPath) -> NodeAcl:
    return Reader(env.fs).acl(tpg.fabric, tpg.configfs, paths.name_of(acl))


# -- tags -----------------------------------------------------------------------------------


def tag(env: Env, node: Acls, wwn_or_tag: str, new_tag: str) -> Result:
    """Tag ACLs; an ACL that joins a tag takes over its mapped LUNs and settings."""
    if wwn_or_tag == new_tag:
        return Result()
    naming.check_tag(new_tag, node.path)
    members = node.with_name(wwn_or_tag)
    if not members:
        raise NotFound(f"wwn_or_tag {wwn_or_tag} not found.", path=node.path)
    others = [item for item in node.with_name(new_tag) if item not in members]
    steps: list[Step] = []
    for member in members:
        acl = _acl(env, node.tpg, member)
        if acl.tag == new_tag:
            continue
        steps.append(acls.set_tag(node.tpg.tpg_path, acl, new_tag, acl.tag or ""))
        if others:
            steps += _join(env, node.tpg, member, acl, _acl(env, node.tpg, others[0]))
    apply.apply(env, steps)
    return Result()


def _join(env: Env, tpg: Tpg, configfs: ConfigfsPath, acl: NodeAcl, model: NodeAcl) -> list[Step]:
    """Plan to give an ACL the mapped LUNs, credentials and attributes of another."""
    steps = [acls.delete_mapped_lun(tpg.tpg_path, acl.wwn, lun) for lun in acl.mapped_luns.values()]
    for lun in model.mapped_luns.values():
        mapped = MappedLun(lun.index, lun.tpg_lun, lun.write_protect)
        steps.append(acls.create_mapped_lun(tpg.tpg_path, acl.wwn, mapped))
    path = shell_paths.acl(tpg.path, acl.wwn)
    if tpg.fabric.has("auth"):
        steps += settings.credentials(path, paths.auth(configfs), model.auth, acl.auth)
    for name, value in model.attributes.items():
        before = acl.attributes.get(name, "")
        if value != before:
            file = f"{paths.attributes(configfs)}/{name}"
            steps.append(settings.write(env.fs, path, file, name, value, before))
    return steps


def untag(env: Env, node: Acls, wwn_or_tag: str) -> Result:
    """Remove the tag from ACLs."""
    members = node.with_name(wwn_or_tag)
    if not members:
        raise NotFound(f"wwn_or_tag {wwn_or_tag} not found.", path=node.path)
    found = [_acl(env, node.tpg, member) for member in members]
    apply.apply(
        env, [acls.set_tag(node.tpg.tpg_path, acl, "", acl.tag) for acl in found if acl.tag]
    )
    return Result()


# -- mapped LUNs ----------------------------------------------------------------------------


def create_mapped_lun(
    env: Env, node: AclNode, mapped_lun: int, tpg_lun_or_backstore: str, write_protect: bool
) -> Result:
    """Map a LUN for an initiator."""
    created = shell_paths.mapped_lun(node.path, mapped_lun)
    if env.fs.is_dir(paths.mapped_lun(node.configfs, mapped_lun)):
        raise Exists("This MappedLUN already exists in configFS", path=created)
    known = LoggedIn(env.fs)
    index, steps, lines = _lun(env, node, tpg_lun_or_backstore, known)
    if _is_mapped(env, node, index):
        lines.append(Warn(f"Warning: TPG LUN {index} already mapped to this NodeACL"))
    for wwn in node.wwns:
        mapped = MappedLun(mapped_lun, index, write_protect)
        steps.append(acls.create_mapped_lun(node.tpg.tpg_path, wwn, mapped))
    apply.apply(env, steps, logged_in=known)
    lines.append(f"Created Mapped LUN {mapped_lun}.")
    return Result(lines, created=created)


def _is_mapped(env: Env, acl: AclNode, index: int) -> bool:
    """Return True if a LUN is mapped under its own number, which is the default.

    To find it under another number, all mapped LUNs would have to be read.
    """
    mapped = paths.mapped_lun(acl.configfs, index)
    link = links.link_in(env.fs, mapped) if env.fs.is_dir(mapped) else None
    return link is not None and link[1] == paths.lun(acl.tpg.configfs, index)


def _lun(env: Env, acl: AclNode, text: str, known: LoggedIn) -> tuple[int, list[Step], list[str]]:
    """Find or plan the LUN that a text names: (number, steps that create it, messages)."""
    digits = text.removeprefix("lun")
    if digits.isascii() and digits.isdecimal():
        index = int(digits)
        if index > LUN_MAX or not env.fs.is_dir(paths.lun(acl.tpg.configfs, index)):
            raise NotFound(
                f"LUN {index} does not exist in this TPG",
                path=shell_paths.luns(acl.tpg.path),
                hint="luns/ ls lists the LUNs",
            )
        return index, [], []
    try:
        source = find_source(env, acl, text)
    except NotFound as err:
        raise NotFound(
            "LUN, storage object, or path not valid",
            path=acl.path,
            hint=proposal(acl, text) or f"{text} is none of them",
        ) from err
    if not source.steps:
        existing = exported_as(env, acl.tpg, source.configfs)
        if existing:
            return existing.index, [], []
    return new_lun(env, acl.tpg, source, None, known)


def delete_mapped_lun(env: Env, node: AclNode, mapped_lun: int) -> Result:
    """Unmap a LUN for an initiator."""
    steps = []
    tpg_path = node.tpg.tpg_path
    for member, wwn in zip(node.members, node.wwns, strict=True):
        configfs = paths.mapped_lun(member, mapped_lun)
        if not env.fs.is_dir(configfs):
            raise NotFound(
                f"No such MappedLUN in configfs: {env.fs.absolute(configfs)}", path=node.path
            )
        found = Reader(env.fs).mapped_lun(configfs, mapped_lun)
        steps.append(
            acls.delete_mapped_lun(tpg_path, wwn, found)
            if found
            else acls.discard_mapped_lun(tpg_path, wwn, mapped_lun)
        )
    apply.apply(env, steps)
    return say(f"Deleted Mapped LUN {mapped_lun}.")
