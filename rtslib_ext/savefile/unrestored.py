# SPDX-License-Identifier: Apache-2.0
"""What the last restore could not create or set, which a save must not lose.

The running configuration is not the wanted one after such a restore. The missing objects and
refused settings are recorded in a file in ``/run``, in the format of a save file, until they exist
or are dropped.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Mapping
from functools import partial
from typing import TypeVar

from ..config import shell_paths, without_luns
from ..config.merge import merge
from ..config.model import Config, Key, Lun, NodeAcl, Target, Tpg
from ..config.shell_paths import ShellPath
from ..errors import LioError, NotFound, ParseError
from ..fabrics import FABRICS
from ..fast_dataclasses import dataclass, field, replace
from ..files.trusted import Untrusted
from ..kernel.paths import TpgPath
from . import disk, loads, pieces
from .encode import Identities

K = TypeVar("K")
V = TypeVar("V")


class DamagedRecord(LioError):
    """The record cannot be read: the objects that could not be restored are unknown."""


@dataclass(frozen=True, slots=True)
class Unrestored:
    """Objects and settings that could not be restored, and their shell paths.

    ``part`` has them below the objects that hold them; of these, the ones that exist have no other
    settings and are not in ``paths``. TPG/enable is the path of a TPG that exists and could not be
    enabled; in ``part`` it is enabled, the other TPGs that exist are not.
    """

    part: Config = field(default_factory=Config)
    paths: tuple[ShellPath, ...] = ()
    identities: Identities = field(default_factory=dict)
    """The identities of their devices, by shell path."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """The running values of the settings (refused.py), "" for target port groups, by path."""

    def __bool__(self) -> bool:
        return bool(self.paths)


def find(
    want: Config, have: Config, objects: Container[Key], names: Container[str] = ()
) -> Unrestored:
    """Return the objects of ``want`` that do not exist, and the settings that were refused.

    ``have`` has at least the names of the running targets, ``objects`` are the keys of the running
    storage objects. ``names`` are the settings and target port groups that the restore could not
    set or create (refused.py); with any, ``have`` must be complete.
    """
    found = _Search(have, objects).of(want)
    if not names:
        return found
    # Imported here, and below: few restores are refused a setting.
    from . import refused

    return _with_refused(found, want, refused.find(want, have, names))


def remaining(found: Unrestored, have: Config, objects: Container[Key]) -> Unrestored:
    """Return the part that is still missing, and of use.

    An object that was created since, by any program, is not missing. One in a target, TPG or
    ACL that was deleted since is dropped with it, and so is a LUN whose storage object is gone.
    So is a LUN of one that was created since with another serial number: its name leads to another
    disk. A setting that was set to another value since is dropped. For both, ``have`` must be
    complete.
    """
    known = frozenset(found.paths) - found.instead.keys()
    left = _Search(have, objects, known).of(_of_these_disks(found.part, have))
    if found.instead:
        from . import refused

        names = refused.remaining(found.part, have, found.instead)
        left = _with_refused(left, found.part, {path: found.instead[path] for path in names})
    return replace(left, identities=found.identities)


def other_disks(want: Config, have: Config) -> set[Key]:
    """Return the storage objects that have another serial number than in ``want``."""
    return {
        key
        for key, so in want.storage_objects.items()
        if so.wwn is not None and have.storage_objects.get(key, so).wwn not in (None, so.wwn)
    }


def of_other_disks(found: Unrestored, have: Config) -> Iterator[ShellPath]:
    """Yield the missing LUNs of ``found`` whose storage object is another disk now."""
    others = other_disks(found.part, have)
    for key, target in found.part.targets.items() if others else ():
        for tag, tpg in target.tpgs.items():
            path = shell_paths.tpg(shell_paths.target(*key), tag)
            for index, lun in tpg.luns.items():
                if lun.storage_object in others:
                    yield shell_paths.lun(path, index)


def _of_these_disks(want: Config, have: Config) -> Config:
    """Return ``want`` without the LUNs whose storage object is another disk now."""
    others = other_disks(want, have)
    if not others:
        return want
    targets = {key: without_luns.target(item, others) for key, item in want.targets.items()}
    return replace(want, targets=targets)


def _with_refused(found: Unrestored, want: Config, instead: Mapping[str, str]) -> Unrestored:
    """Return the missing objects with those settings and groups of ``want``."""
    if not instead:
        return found
    from . import refused

    part = merge(refused.part(want, instead), found.part)
    paths = (*found.paths, *map(ShellPath, sorted(instead)))
    return replace(found, part=part, paths=paths, instead=instead)


def add(one: Unrestored, other: Unrestored) -> Unrestored:
    """Return both; ``other`` wins."""
    paths = dict.fromkeys((*one.paths, *other.paths))
    identities = {**one.identities, **other.identities}
    instead = {**one.instead, **other.instead}
    return Unrestored(merge(one.part, other.part), tuple(paths), identities, instead)


def keep(have: Config, found: Unrestored) -> Config:
    """Return the running configuration with what could not be restored."""
    targets = {
        key: replace(target, tpgs=dict(_onto(target, have.targets[key])))
        if key in have.targets
        else target
        for key, target in found.part.targets.items()
    }
    objects = {
        key: replace(so, backing=have.storage_objects[key].backing)
        if key in have.storage_objects
        else so
        for key, so in found.part.storage_objects.items()
    }
    return merge(have, replace(found.part, storage_objects=objects, targets=targets))


def superseded(found: Unrestored, want: Config) -> Unrestored:
    """Return ``found`` without the settings for which a newer file has another value."""
    if not found.instead:
        return found
    from . import refused

    gone = refused.superseded(found.part, want, found.instead)
    instead = {path: text for path, text in found.instead.items() if path not in gone}
    paths = tuple(path for path in found.paths if path not in gone)
    return replace(found, paths=paths, instead=instead)


def with_refused(have: Config, want: Config, record: Unrestored) -> Config:
    """Return the running configuration with the settings that were refused, as in ``want``.

    A setting that was set to another value since stays. TPGs that could not be enabled are.
    """
    from . import refused

    names = refused.remaining(want, have, record.instead)
    found = keep(have, Unrestored(refused.part(want, names)))
    targets = {
        key: replace(target, tpgs=dict(_enabled(target, want.targets[key], record.paths)))
        if key in want.targets
        else target
        for key, target in found.targets.items()
    }
    return replace(found, targets=targets)


def _enabled(target: Target, want: Target, paths: Container[str]) -> Iterator[tuple[int, Tpg]]:
    """Yield the TPGs of a target, those enabled that ``want`` enables and ``paths`` name."""
    for tag, tpg in target.tpgs.items():
        path = TpgPath.of(FABRICS[target.fabric], target.wwn, tag).shell
        wanted = tag in want.tpgs and want.tpgs[tag].enable
        yield tag, replace(tpg, enable=True) if wanted and f"{path}/enable" in paths else tpg


def _onto(target: Target, running: Target) -> Iterator[tuple[int, Tpg]]:
    """Yield TPGs to merge: whether an existing one is enabled stays, unless that was refused."""
    for tag, tpg in target.tpgs.items():
        yield tag, replace(tpg, enable=tpg.enable or None) if tag in running.tpgs else tpg


# -- the record -----------------------------------------------------------------------------


def load(path: str) -> Unrestored:
    """Read the record; empty without one, or if this user cannot read it.

    Raises DamagedRecord; LioError if it cannot be read.
    """
    if not os.access(path, os.R_OK):
        return Unrestored()
    try:
        found = loads(disk.read(path), path)
    except NotFound:
        return Unrestored()
    except (ParseError, Untrusted) as err:
        raise DamagedRecord(
            f"the record of the objects that could not be restored is damaged: {err}",
            hint="restoreconfig keep_existing=true restores them and replaces it; "
            "saveconfig drop_missing=true drops them",
        ) from err
    paths = tuple(map(ShellPath, found.unrestored))
    return Unrestored(found.config, paths, found.identities, found.instead)


def store(path: str, found: Unrestored) -> None:
    """Write the record, or remove it if nothing is missing. Raises LioError."""
    if found:
        text = partial(
            pieces, found.part, found.paths, identities=found.identities, instead=found.instead
        )
        disk.write(path, text)
    elif os.path.exists(path):
        os.unlink(path)


# -- comparing ------------------------------------------------------------------------------


class _Search:
    """Compares a wanted configuration with the existing objects.

    ``known`` are the paths of objects that were missing before (None: nothing is known): only these
    can be missing now.
    """

    def __init__(
        self, have: Config, objects: Container[Key], known: frozenset[str] | None = None
    ) -> None:
        self.have = have
        self.objects = objects
        self.known = known
        self.paths: list[ShellPath] = []

    def of(self, want: Config) -> Unrestored:
        """Return the missing part of a configuration."""
        missing = {
            key: so
            for key, so in want.storage_objects.items()
            if key not in self.objects and self._is_missing(so.path)
        }
        groups = {
            name: number
            for name, number in want.lu_groups.items()
            if name not in self.have.lu_groups and self._is_missing(shell_paths.lu_gp(name))
        }
        usable = _Either(self.objects, missing)
        targets = {key: self._target(target, usable) for key, target in want.targets.items()}
        part = Config(missing, _present(targets), {}, groups)
        return Unrestored(part, tuple(self.paths))

    def _is_missing(self, path: ShellPath) -> bool:
        """Return True if an object that does not exist is missing, and note its path."""
        if self.known is not None and path not in self.known:
            return False
        self.paths.append(path)
        return True

    def _target(self, want: Target, usable: Container[Key]) -> Target | None:
        path = shell_paths.target(*want.key)
        running = self.have.targets.get(want.key)
        if running is None:
            return want if self._is_missing(path) else None
        if self.known and path in self.known:
            return None
        tpgs = _present(
            {
                tag: self._tpg(want, tpg, running.tpgs.get(tag), usable)
                for tag, tpg in want.tpgs.items()
            }
        )
        return Target(want.fabric, want.wwn, tpgs) if tpgs else None

    def _tpg(
        self, target: Target, want: Tpg, running: Tpg | None, usable: Container[Key]
    ) -> Tpg | None:
        path = TpgPath.of(FABRICS[target.fabric], target.wwn, want.tag).shell
        if running is None:
            return want if self._is_missing(path) else None
        off = bool(want.enable) and running.enable is False
        enable = off and self._is_missing(ShellPath(f"{path}/enable"))
        luns = dict(self._luns(path, want, running, usable))
        portals = {
            name: portal
            for name, portal in want.portals.items()
            if name not in running.portals and self._is_missing(shell_paths.portal(path, name))
        }
        numbers = {lun.index for lun in self._same(want, running)} | luns.keys()
        acls = _present(
            {
                wwn: self._acl(path, acl, running.acls.get(wwn), numbers)
                for wwn, acl in want.acls.items()
            }
        )
        if not (enable or luns or portals or acls):
            return None
        return Tpg(want.tag, enable, luns=luns, portals=portals, acls=acls)

    def _luns(
        self, tpg: ShellPath, want: Tpg, running: Tpg, usable: Container[Key]
    ) -> Iterator[tuple[int, Lun]]:
        for index, lun in want.luns.items():
            if index not in running.luns and lun.storage_object in usable:
                if self._is_missing(shell_paths.lun(tpg, index)):
                    yield index, lun

    def _same(self, want: Tpg, running: Tpg) -> Iterator[Lun]:
        """Yield the running LUNs, without those that took the number of a missing one."""
        for index, lun in running.luns.items():
            wanted = want.luns.get(index)
            if wanted is None or wanted.storage_object == lun.storage_object:
                yield lun

    def _acl(
        self, tpg: ShellPath, want: NodeAcl, running: NodeAcl | None, numbers: Container[int]
    ) -> NodeAcl | None:
        path = shell_paths.acl(tpg, want.wwn)
        usable = {i: mapped for i, mapped in want.mapped_luns.items() if mapped.tpg_lun in numbers}
        if running is None:
            return replace(want, mapped_luns=usable) if self._is_missing(path) else None
        luns = {
            index: mapped
            for index, mapped in usable.items()
            if index not in running.mapped_luns
            and self._is_missing(shell_paths.mapped_lun(path, index))
        }
        return NodeAcl(want.wwn, luns) if luns else None


class _Either:
    """The keys of two containers."""

    def __init__(self, one: Container[Key], other: Container[Key]) -> None:
        self.one, self.other = one, other

    def __contains__(self, key: object) -> bool:
        return key in self.one or key in self.other


def _present(values: Mapping[K, V | None]) -> dict[K, V]:
    return {key: value for key, value in values.items() if value is not None}
