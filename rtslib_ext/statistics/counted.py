# SPDX-License-Identifier: Apache-2.0
"""The objects for which the kernel counts, by their names alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..config import backing, shell_paths
from ..config.shell_paths import ShellPath
from ..fabrics import FABRICS, Fabric
from ..fast_dataclasses import dataclass
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import TpgPath
from ..reading.reader import Reader
from .columns import KINDS, LUN, MAPPED_LUN, SESSION, STORAGE_OBJECT, TARGET


@dataclass(frozen=True, slots=True)
class Counted:
    """An object for which the kernel counts.

    ``kind`` is one of columns.KINDS. ``path`` is the shell path; a session has that of its ACL,
    and an ACL one session at most, the latest (SESSION). ``configfs`` is the object's directory.
    """

    kind: str
    path: ShellPath
    configfs: ConfigfsPath


def objects(reader: Reader, above: str = "/", kinds: Collection[str] = KINDS) -> Iterator[Counted]:
    """Yield the objects of some kinds at and below a shell path.

    Directories are listed only where such objects can be; no file is read. ``above`` names an ACL
    by the WWN of its initiator.
    """
    if STORAGE_OBJECT in kinds and shell_paths.is_related(shell_paths.BACKSTORES, above):
        yield from _storage_objects(reader, above)
    if not set(kinds) & {LUN, MAPPED_LUN, TARGET, SESSION}:
        return
    for fabric in FABRICS.values():
        if not shell_paths.is_related(shell_paths.fabric(fabric.name), above):
            continue
        for wwn in reader.target_wwns(fabric):
            if shell_paths.is_related(shell_paths.target(fabric.name, wwn), above):
                yield from _of_target(reader, fabric, wwn, above, kinds)


def _storage_objects(reader: Reader, above: str) -> Iterator[Counted]:
    # "", "backstores", the plugin, the name
    plugin = f"{above}///".split("/")[2]
    if plugin and plugin not in backing.KINDS:
        return
    for configfs in reader.storage_object_paths(plugin):
        key = paths.key_of_storage_object(configfs)
        if key and shell_paths.is_within(path := shell_paths.storage_object(*key), above):
            yield Counted(STORAGE_OBJECT, path, configfs)


def _of_target(
    reader: Reader, fabric: Fabric, wwn: str, above: str, kinds: Collection[str]
) -> Iterator[Counted]:
    configfs, path = paths.target(fabric, wwn), shell_paths.target(fabric.name, wwn)
    # Only iSCSI counts logins and errors (iscsi_target_stat.c).
    if TARGET in kinds and fabric.name == "iscsi" and shell_paths.is_within(path, above):
        yield Counted(TARGET, path, configfs)
    if set(kinds) <= {TARGET, STORAGE_OBJECT}:
        return
    for tag in reader.tags(configfs):
        tpg = TpgPath.of(fabric, wwn, tag)
        if shell_paths.is_related(tpg.shell, above):
            yield from _of_tpg(reader, tpg, above, kinds)


def _of_tpg(reader: Reader, tpg: TpgPath, above: str, kinds: Collection[str]) -> Iterator[Counted]:
    if LUN in kinds and shell_paths.is_related(shell_paths.luns(tpg.shell), above):
        for index in reader.lun_indexes(tpg.configfs):
            if shell_paths.is_within(path := shell_paths.lun(tpg.shell, index), above):
                yield Counted(LUN, path, paths.lun(tpg.configfs, index))
    if not set(kinds) & {MAPPED_LUN, SESSION} or not tpg.fabric.has("acls"):
        return
    if shell_paths.is_related(shell_paths.acls(tpg.shell), above):
        for folder in reader.acl_names(tpg.configfs):
            yield from _of_acl(reader, tpg, folder, above, kinds)


def _of_acl(
    reader: Reader, tpg: TpgPath, folder: str, above: str, kinds: Collection[str]
) -> Iterator[Counted]:
    configfs = paths.acl(tpg.configfs, folder)
    path = shell_paths.acl(tpg.shell, tpg.fabric.from_folder(folder))
    if not shell_paths.is_related(path, above):
        return
    if SESSION in kinds and tpg.fabric.name == "iscsi" and shell_paths.is_within(path, above):
        yield Counted(SESSION, path, configfs)
    if MAPPED_LUN in kinds:
        for index in reader.mapped_indexes(configfs):
            if shell_paths.is_within(at := shell_paths.mapped_lun(path, index), above):
                yield Counted(MAPPED_LUN, at, paths.mapped_lun(configfs, index))
