# SPDX-License-Identifier: Apache-2.0
"""Read some objects of the running configuration: what an owner has and its fragment names."""

from __future__ import annotations

from collections.abc import Iterator, Set

from ..config.model import Config, Key, Lun, Target, Tpg
from ..fabrics import FABRICS, Fabric
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..reading.consistent import stable
from ..reading.reader import Reader
from .units import AclKey, Units

Numbers = dict[tuple[Key, int], set[int]]
"""LUNs by (target, tag)."""


class SelectedReader(Reader):
    """A reader for which the other objects do not exist.

    Targets are read whole. Of a target that only has some of the ACLs, a TPG has its attributes,
    these ACLs, and the LUNs that they map or that ``needed`` names.
    """

    def __init__(self, fs: ReadFS, units: Units, needed: Numbers) -> None:
        super().__init__(fs)
        self._units = units
        self._needed = needed

    def config(self) -> Config:
        whole = {target.key: target for target in self.targets()}
        guests = {key: target for key in self._hosts() if (target := self._host(key))}
        return Config(
            {so.key: so for so in self.storage_objects()}, {**guests, **whole}, {}, self.lu_groups()
        )

    def storage_object_paths(
        self, plugin: str = "", known: Set[ConfigfsPath] = frozenset()
    ) -> Iterator[ConfigfsPath]:
        found = map(paths.locator(self.fs), sorted(self._units.objects))
        return (path for path in found if path)

    def target_wwns(self, fabric: Fabric) -> list[str]:
        named = sorted(wwn for name, wwn in self._units.targets if name == fabric.name)
        return [wwn for wwn in named if self.fs.is_dir(paths.target(fabric, wwn))]

    def _hosts(self) -> list[Key]:
        """Return the targets of which only ACLs are read."""
        return sorted({key[:2] for key in self._units.acls} - self._units.targets)

    def _host(self, key: Key) -> Target | None:
        fabric, wwn = FABRICS[key[0]], key[1]
        tags = sorted({acl[2] for acl in self._units.acls if acl[:2] == key})
        found = ((paths.tpg(fabric, wwn, tag), tag) for tag in tags)
        there = ((path, tag) for path, tag in found if self.fs.is_dir(path))
        tpgs = list(stable(self.fs, there, lambda path, tag: self._tpg(fabric, key, path, tag)))
        return Target(*key, {tpg.tag: tpg for tpg in tpgs}) if tpgs else None

    def _tpg(self, fabric: Fabric, key: Key, path: ConfigfsPath, tag: int) -> Tpg:
        names = sorted(acl[3] for acl in self._units.acls if acl[:3] == (*key, tag))
        folders = ((paths.acl(path, name), name) for name in map(fabric.to_folder, names))
        there = ((folder, name) for folder, name in folders if self.fs.is_dir(folder))
        acls = list(stable(self.fs, there, lambda _, name: self.acl(fabric, path, name)))
        numbers = {mapped.tpg_lun for acl in acls for mapped in acl.mapped_luns.values()}
        luns = self._luns(path, numbers | self._needed.get((key, tag), set()))
        return Tpg(
            tag,
            attributes=self.attributes.values(
                paths.attributes(path), f"tpg attrib of {fabric.name}"
            ),
            luns={lun.index: lun for lun in luns},
            acls={acl.wwn: acl for acl in acls},
        )

    def _luns(self, path: ConfigfsPath, numbers: Set[int]) -> Iterator[Lun]:
        pairs = ((paths.lun(path, number), number) for number in sorted(numbers))
        there = ((folder, number) for folder, number in pairs if self.fs.is_dir(folder))
        return stable(self.fs, there, self.lun)


def read(fs: ReadFS, units: Units, needed: Numbers, lent: Set[Key]) -> Config:
    """Return these objects, and the storage objects that LUNs of them export.

    ``lent`` are storage objects of others that are read as well.
    """
    found = SelectedReader(fs, units, needed).config()
    exported = {
        so
        for key, target in found.targets.items()
        if key not in units.targets
        for so in target.exported()
    }
    others = Units(frozenset((lent | exported) - units.objects))
    more = SelectedReader(fs, others, {}) if others.objects else None
    objects = {so.key: so for so in more.storage_objects()} if more else {}
    return Config({**objects, **found.storage_objects}, found.targets, {}, found.lu_groups)


def needed_by(acls: frozenset[AclKey], fragment: Config) -> Numbers:
    """Return the LUNs that the ACLs of a fragment map in targets of others."""
    found: Numbers = {}
    for fabric, wwn, tag, initiator in acls:
        acl = fragment.targets[fabric, wwn].tpgs[tag].acls[initiator]
        numbers = {mapped.tpg_lun for mapped in acl.mapped_luns.values()}
        found.setdefault(((fabric, wwn), tag), set()).update(numbers)
    return found


def luns_of_hosts(have: Config, units: Units) -> Numbers:
    """Return the LUNs in the targets of others that were read."""
    return {
        (key, tag): set(tpg.luns)
        for key, target in have.targets.items()
        if key not in units.targets
        for tag, tpg in target.tpgs.items()
    }
