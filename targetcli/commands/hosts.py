# SPDX-License-Identifier: Apache-2.0
"""groups and hosts: the groups of initiators, and what each initiator sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from rtslib_ext.config import initiator_groups as model
from rtslib_ext.config.initiator_groups import Group, GroupLun, Place
from rtslib_ext.config.model import Config, Key, Tpg
from rtslib_ext.errors import NotFound
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.graph import wwid
from rtslib_ext.host import devices
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.reading.members import MemberReader
from rtslib_ext.steps import kept_groups
from rtslib_ext.usage import sessions

from .. import closest
from ..env import Env
from ..result import Result, show
from ..sizes import format_size
from ..tree import Node, walk
from ..views import groups as view
from ..views.groups import Disk, Host, Shown
from ..views.wrap import width_of


@dataclass(slots=True)
class _Running:
    """The running groups and LUNs; a storage object is read when it is shown, and once."""

    reader: MemberReader
    config: Config
    locations: Mapping[Key, ConfigfsPath]
    disks: dict[Key, Disk]

    @classmethod
    def read(cls, env: Env) -> _Running:
        """Read the names and links of everything."""
        walk.require_readable(env)
        reader = MemberReader(env.fs)
        found = reader.topology()
        return cls(reader, found.config, found.locations, {})

    def disk(self, lun: GroupLun) -> Disk:
        """Return the facts of a LUN's storage object."""
        key = lun.storage_object
        if key not in self.disks:
            self.disks[key] = self._disk(key)
        return self.disks[key]

    def _disk(self, key: Key) -> Disk:
        configfs = self.locations.get(key)
        if configfs is None:
            return Disk("/".join(key), None, "", "", "")
        backing = self.reader.backing(configfs, key[0])
        size: int | None = getattr(backing, "size", None)
        if size is None:
            size = devices.device_size(backing.udev_path)
        text = "" if size is None else format_size(size)
        naa = wwid.of_storage_object(self.reader, configfs)
        return Disk("/".join(key), size, text, self.reader.unit_serial(configfs), naa)

    def luns(self, luns: Mapping[int, GroupLun]) -> list[tuple[GroupLun, Disk]]:
        """Return LUNs with their storage objects."""
        return [(lun, self.disk(lun)) for lun in luns.values()]


def path_of(place: Place) -> TpgPath:
    """Return the path of a TPG."""
    (fabric, wwn), tag = place
    return TpgPath.of(FABRICS[fabric], wwn, tag)


def show_groups(env: Env, node: Node, name: str | None) -> Result:
    """Show all groups, or one with its members and LUNs."""
    running = _Running.read(env)
    # Only root can read saved files.
    file = kept_groups.file_beside(env.save_file)
    kept = kept_groups.read(env.host, file) if env.is_root else {}
    every = model.of_config(running.config, kept)
    if name is not None and name not in every:
        near = closest.find(name, every)
        hint = f"did you mean {near}?" if near else f"group create {name}"
        raise NotFound(f"there is no group {name}", hint=hint)
    found = [_shown(running, group) for key, group in every.items() if name in (None, key)]
    width = width_of(env.stdout)
    lines = view.groups(found, width) if name is None else view.one(found[0], width)
    return show(lines, lambda: {"groups": [view.group_facts(item) for item in found]})


def _shown(running: _Running, group: Group) -> Shown:
    members = [
        _host(running, place, wwn)
        for place in group.places
        for wwn in group.members
        if wwn in model.tpg_at(running.config, place).acls
        and model.tpg_at(running.config, place).acls[wwn].tag == group.name
    ]
    tpgs = [path_of(place).shell for place in group.places]
    differing: set[tuple[str, str]] = {
        (path_of(place).shell, wwn) for place, wwn in group.differing
    }
    return Shown(group.name, tpgs, members, running.luns(group.luns), differing)


def _host(running: _Running, place: Place, wwn: str) -> Host:
    """Return an initiator with an ACL, and what it sees of a TPG."""
    tpg, path = model.tpg_at(running.config, place), path_of(place)
    acl = tpg.acls[wwn]
    session = sessions.of_acl(
        running.reader, path.fabric, path.configfs, path.fabric.to_folder(wwn)
    )
    luns = running.luns(model.seen(tpg, acl))
    return Host(wwn, acl.tag or "", path.shell, session is not None, True, luns)


def show_hosts(env: Env, node: Node, host: str | None) -> Result:
    """Show what initiators see, all of them or those that a pattern selects."""
    running = _Running.read(env)
    every = [*_with_acl(running), *_without_acl(running)]
    found = [item for item in every if host is None or _matches(host, item)]
    if host is not None and not found:
        names = [name for item in every for name in (item.initiator, item.group) if name]
        raise NotFound(
            f"there is no initiator {host}", hint=closest.hint(host, names) or "hosts lists them"
        )
    lines = view.hosts(found, width_of(env.stdout))
    return show(lines, lambda: {"hosts": [view.host_facts(item) for item in found]})


def _matches(pattern: str, host: Host) -> bool:
    names = (host.initiator, host.group)
    return any(fnmatchcase(name.lower(), pattern.lower()) for name in names)


def _with_acl(running: _Running) -> Iterator[Host]:
    for place, tpg in model.tpgs(running.config):
        for wwn in tpg.acls:
            yield _host(running, place, wwn)


def _without_acl(running: _Running) -> Iterator[Host]:
    """Yield the initiators that are logged in without an ACL; they see all LUNs of the TPG."""
    for place, tpg in model.tpgs(running.config):
        path = path_of(place)
        if not path.fabric.has("acls"):
            continue
        for name in dict.fromkeys(sessions.dynamic_initiators(running.reader, path.configfs)):
            luns = _all_luns(running, tpg, path)
            yield Host(name, "", path.shell, True, False, running.luns(luns))


def _all_luns(running: _Running, tpg: Tpg, path: TpgPath) -> dict[int, GroupLun]:
    # target_core_device.c, core_tpg_add_node_to_devs: disks are read only with this attribute.
    file = f"{paths.attributes(path.configfs)}/demo_mode_write_protect"
    protected = running.reader.fs.read_if_there(file) == "1"
    return {
        index: GroupLun(index, lun.storage_object, protected) for index, lun in tpg.luns.items()
    }
