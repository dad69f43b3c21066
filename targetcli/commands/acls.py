# SPDX-License-Identifier: Apache-2.0
"""Making, tagging and deleting node ACLs and mapped LUNs."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rtslib_ext import naming
from rtslib_ext.config.model import MappedLun, NodeAcl
from rtslib_ext.errors import Exists, InvalidValue, NotFound
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.abi import NO_CREDENTIAL
from rtslib_ext.naming import LUN_MAX
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Step, acls, settings

from ..changes import apply, consent
from ..env import Env
from ..result import Result, Warn, say
from ..tree import Node
from ..tree.acls import AclNode, Acls
from .luns import exported_as, find_source, new_lun

if TYPE_CHECKING:
    from ..tree.node import Tpg


def create(env: Env, node: Node, wwn: str, add_mapped_luns: bool | None = None) -> Result:
    """Admit an initiator."""
    tpg = cast(Acls, node).tpg
    name = naming.normalize(tpg.fabric.wwn_types, wwn, node.path)
    if env.fs.is_dir(f"{node.file}/{tpg.fabric.to_folder(name)}"):
        raise Exists("This NodeACL already exists in configFS", path=f"{node.path}/{name}")
    lines = [f"Created Node ACL for {name}"]
    mapped = {}
    if env.prefs.flag("auto_add_mapped_luns") if add_mapped_luns is None else add_mapped_luns:
        for index in Reader(env.fs).lun_indexes(tpg.file):
            mapped[index] = MappedLun(index, index, alias=naming.alias())
            lines.append(f"Created mapped LUN {index}.")
    apply.apply(env, acls.create_acl(tpg.place, NodeAcl(name, mapped)))
    return Result(lines, created=f"{node.path}/{name}")


def delete(env: Env, node: Node, wwn: str) -> Result:
    """Take an initiator's ACL away; with a tag, those of all its ACLs."""
    tpg = cast(Acls, node).tpg
    files = _named(cast(Acls, node), wwn)
    steps: list[Step] = []
    for file in files:
        steps += acls.delete_acl(tpg.place, _acl(env, tpg, file))
    consent.ask(env, steps)
    apply.apply(env, steps)
    return say(f"Deleted Node ACL {wwn}.")


def _named(node: Acls, name: str) -> list[str]:
    files = node.with_name(name)
    if not files:
        file = f"{node.fs.absolute(node.file)}/{name}"
        raise NotFound(f"No such NodeACL in configfs: {file}", path=node.path)
    return files


def _acl(env: Env, tpg: Tpg, file: str) -> NodeAcl:
    return Reader(env.fs).acl(tpg.fabric, tpg.file, file.rpartition("/")[2])


# -- tags -----------------------------------------------------------------------------------


def tag(env: Env, node: Node, wwn_or_tag: str, new_tag: str) -> Result:
    """Give ACLs a tag; who joins others takes what they have."""
    folder = cast(Acls, node)
    if wwn_or_tag == new_tag:
        return Result()
    if "." in new_tag:
        raise InvalidValue("'.' not permitted in tag names.", path=node.path)
    naming.check_object_name(new_tag, node.path)
    if new_tag.startswith(NO_CREDENTIAL):
        # target_core_tpg.c, core_tpg_set_initiator_node_tag: it compares four characters.
        raise InvalidValue(f"a tag must not begin with {NO_CREDENTIAL}", path=node.path)
    files = folder.with_name(wwn_or_tag)
    if not files:
        raise NotFound(f"wwn_or_tag {wwn_or_tag} not found.", path=node.path)
    others = [file for file in folder.with_name(new_tag) if file not in files]
    steps: list[Step] = []
    for file in files:
        acl = _acl(env, folder.tpg, file)
        steps.append(acls.set_tag(folder.tpg.place, acl, new_tag, acl.tag or ""))
        if others:
            steps += _join(env, folder.tpg, file, acl, _acl(env, folder.tpg, others[0]))
    apply.apply(env, steps)
    return Result()


def _join(env: Env, tpg: Tpg, file: str, acl: NodeAcl, model: NodeAcl) -> list[Step]:
    """Give an ACL the mapped LUNs, credentials and attributes of another."""
    steps = [acls.delete_mapped_lun(tpg.place, acl.wwn, lun) for lun in acl.mapped_luns.values()]
    for lun in model.mapped_luns.values():
        mapped = MappedLun(lun.index, lun.tpg_lun, lun.write_protect, naming.alias())
        steps.append(acls.create_mapped_lun(tpg.place, acl.wwn, mapped))
    path = f"{tpg.path}/acls/{acl.wwn}"
    if tpg.fabric.has("auth"):
        steps += settings.credentials(path, f"{file}/auth", model.auth, acl.auth)
    for name, value in model.attributes.items():
        before = acl.attributes.get(name, "")
        if value != before:
            steps.append(settings.write(env.fs, path, f"{file}/attrib/{name}", name, value, before))
    return steps


def untag(env: Env, node: Node, wwn_or_tag: str) -> Result:
    """Take a tag away."""
    folder = cast(Acls, node)
    files = folder.with_name(wwn_or_tag)
    if not files:
        raise NotFound(f"wwn_or_tag {wwn_or_tag} not found.", path=node.path)
    found = [_acl(env, folder.tpg, file) for file in files]
    apply.apply(env, [acls.set_tag(folder.tpg.place, acl, "", acl.tag) for acl in found if acl.tag])
    return Result()


# -- mapped LUNs ----------------------------------------------------------------------------


def create_mapped_lun(
    env: Env, node: Node, mapped_lun: int, tpg_lun_or_backstore: str, write_protect: bool = False
) -> Result:
    """Show a LUN to an initiator under a number of its own."""
    acl = cast(AclNode, node)
    if env.fs.is_dir(f"{acl.file}/lun_{mapped_lun}"):
        raise Exists(
            "This MappedLUN already exists in configFS", path=f"{node.path}/mapped_lun{mapped_lun}"
        )
    index, steps, lines = _lun(env, acl, tpg_lun_or_backstore)
    if _is_mapped(env, acl, index):
        lines.append(Warn(f"Warning: TPG LUN {index} already mapped to this NodeACL"))
    for wwn in acl.wwns:
        mapped = MappedLun(mapped_lun, index, write_protect, naming.alias())
        steps.append(acls.create_mapped_lun(acl.tpg.place, wwn, mapped))
    apply.apply(env, steps)
    lines.append(f"Created Mapped LUN {mapped_lun}.")
    return Result(lines, created=f"{node.path}/mapped_lun{mapped_lun}")


def _is_mapped(env: Env, acl: AclNode, index: int) -> bool:
    """Tell whether a LUN is mapped under its own number, as it is by default.

    To find it under any other number, all mapped LUNs would have to be looked at.
    """
    folder = f"{acl.file}/lun_{index}"
    link = paths.link_in(env.fs, folder) if env.fs.is_dir(folder) else None
    return link is not None and link[1] == f"{acl.tpg.file}/lun/lun_{index}"


def _lun(env: Env, acl: AclNode, text: str) -> tuple[int, list[Step], list[str]]:
    """The LUN that is meant: (number, steps that make it, what is said)."""
    digits = text.removeprefix("lun")
    if digits.isascii() and digits.isdigit():
        index = int(digits)
        if index > LUN_MAX or not env.fs.is_dir(f"{acl.tpg.file}/lun/lun_{index}"):
            raise NotFound(
                f"LUN {index} does not exist in this TPG",
                path=f"{acl.tpg.path}/luns",
                hint="luns/ ls shows those there are",
            )
        return index, [], []
    try:
        source = find_source(env, acl, text)
    except NotFound as err:
        raise NotFound(
            "LUN, storage object, or path not valid", path=acl.path, hint=f"{text} is none of them"
        ) from err
    if not source.steps:
        there = exported_as(env, acl.tpg, source.file)
        if there:
            return there.index, [], []
    return new_lun(env, acl.tpg, source, None)


def delete_mapped_lun(env: Env, node: Node, mapped_lun: int) -> Result:
    """Hide a LUN from an initiator."""
    acl = cast(AclNode, node)
    steps = []
    for file, wwn in zip(acl.files, acl.wwns, strict=True):
        folder = f"{file}/lun_{mapped_lun}"
        if not env.fs.is_dir(folder):
            raise NotFound(
                f"No such MappedLUN in configfs: {env.fs.absolute(folder)}", path=node.path
            )
        found = Reader(env.fs).mapped_lun(folder, mapped_lun)
        place = acl.tpg.place
        steps.append(
            acls.delete_mapped_lun(place, wwn, found)
            if found
            else acls.discard_mapped_lun(place, wwn, mapped_lun)
        )
    apply.apply(env, steps)
    return say(f"Deleted Mapped LUN {mapped_lun}.")
