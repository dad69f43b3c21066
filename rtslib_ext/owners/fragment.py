# SPDX-License-Identifier: Apache-2.0
"""What applying the fragment of one owner changes: its part of the configuration, then and now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from ..config import shell_paths
from ..config.model import Config, Key, NodeAcl, Target, Tpg
from ..errors import Exists, InUse, InvalidValue, LioError, NotFound
from ..fast_dataclasses import dataclass, replace
from ..kernel.configfs import ReadFS
from . import selected, units
from .record import Owners
from .units import Units, acl_path

_NO_OWNER = "the settings of a whole fabric have no owner; they are not changed"


@dataclass(frozen=True, slots=True)
class Part:
    """The objects of one owner: the running and the wanted ones, with what they refer to.

    ``mine`` are the wanted ones, ``before`` those that the owner has had until now. ``read`` reads
    the running ones again. ``owners`` is the record afterwards, ``adopted`` the former owners of
    objects ("": none) by shell path. ``notes`` are (shell path, text).
    """

    mine: Units
    before: Units
    have: Config
    want: Config
    read: Callable[[ReadFS], Config]
    owners: Owners
    adopted: Mapping[str, str]
    notes: tuple[tuple[str, str], ...]


def part(fs: ReadFS, name: str, fragment: Config, owners: Owners, *, adopt: bool = False) -> Part:
    """Return the part of the configuration that an owner's fragment changes.

    Raises InUse for an object of another owner, Exists for one without an owner, unless ``adopt``.
    """
    mine = units.of_config(fragment)
    before = units.of_paths(path for path, owner in owners.items() if owner == name)
    needed = selected.needed_by(mine.acls, fragment)
    lent = _exported(fragment, mine) - before.objects
    both = mine | before
    have = selected.read(fs, both, needed, lent)
    # The same LUNs again after the change, when no ACL may map them any more.
    luns = selected.luns_of_hosts(have, both)
    read = partial(selected.read, units=both, needed=luns, lent=lent)
    adopted = dict(_of_others(mine, name, have, fragment, owners))
    if not adopt:
        _refuse_adopting(adopted)
    kept = {path: owner for path, owner in owners.items() if path not in adopted}
    scene = _Scene(name, mine, before, have, fragment, kept)
    want = scene.wanted()
    after = {path: owner for path, owner in kept.items() if owner != name}
    notes = ((f"/{fabric}", _NO_OWNER) for fabric in fragment.fabrics)
    return Part(
        mine,
        before,
        have,
        want,
        read,
        {**after, **dict.fromkeys(mine.paths(), name)},
        adopted,
        tuple(notes),
    )


def _exported(fragment: Config, mine: Units) -> frozenset[Key]:
    """Return the storage objects that the targets of a fragment export."""
    return frozenset(so for key in mine.targets for so in fragment.targets[key].exported())


def _of_others(
    mine: Units, name: str, have: Config, fragment: Config, owners: Owners
) -> Iterator[tuple[str, str]]:
    """Yield (shell path, owner or "") of the objects of a fragment that are not its owner's."""
    for path in mine.paths():
        owner = owners.get(path, "")
        if owner not in ("", name) or (not owner and units.in_config({path: name}, have)):
            yield path, owner
    for place, owner in owners.items():
        # An ACL of another owner, in a target of this one.
        found = units.of_paths([place]).acls if owner != name else ()
        for fabric, wwn, _, _ in found:
            if (fabric, wwn) in mine.targets and units.in_config({place: owner}, fragment):
                yield place, owner


def _refuse_adopting(adopted: Mapping[str, str]) -> None:
    named = {path: owner for path, owner in adopted.items() if owner}
    if named:
        path, owner = next(iter(named.items()))
        raise InUse(
            f"it belongs to {owner}; nothing was changed{_more(len(named))}",
            path=path,
            hint=f"delete it from the fragment of {owner} and apply that first; "
            "apply --adopt takes it over",
        )
    if adopted:
        raise Exists(
            f"it exists and has no owner; nothing was changed{_more(len(adopted))}",
            path=next(iter(adopted)),
            hint="apply --adopt takes it over",
        )


def _more(number: int) -> str:
    return f" ({number} objects of the fragment are not its own)" if number > 1 else ""


@dataclass(frozen=True, slots=True)
class _Scene:
    """The objects of one owner before an apply, and the fragment; ``owners`` are all of them."""

    name: str
    mine: Units
    before: Units
    have: Config
    fragment: Config
    owners: Owners

    def wanted(self) -> Config:
        """Return the configuration after the apply. Raises LioError."""
        gone = self.before - self.mine
        self._refuse_exporting(gone)
        objects = {
            key: so for key, so in self.have.storage_objects.items() if key not in gone.objects
        }
        targets = {
            key: self._host(target)
            for key, target in self.have.targets.items()
            if key not in self.before.targets | self.mine.targets
        }
        for key in gone.targets & self.have.targets.keys():
            self._refuse_with_guests(self.have.targets[key])
        for key, target in self.fragment.targets.items():
            if key in self.mine.targets:
                targets[key] = self._target(target)
            else:
                targets[key] = self._with_guests(target, targets.get(key))
        return Config({**objects, **self.fragment.storage_objects}, targets, {}, self._lu_groups())

    def _lu_groups(self) -> dict[str, str]:
        """Return the logical unit groups: those that exist are not changed."""
        have, wanted = self.have.lu_groups, self.fragment.lu_groups
        for name, number in wanted.items():
            if have.get(name, number) != number:
                raise Exists(
                    f"it has the number {have[name]}, not {number}; storage objects of others "
                    "may be in it",
                    path=shell_paths.lu_gp(name),
                    hint="use another group in the fragment",
                )
        return {**have, **wanted}

    def _refuse_exporting(self, gone: Units) -> None:
        """Raise LioError if a target of the fragment exports what the fragment deletes."""
        for key in sorted(_exported(self.fragment, self.mine) & gone.objects):
            raise InvalidValue(
                f"a target of the fragment exports it, but the fragment of {self.name} does "
                "not have it any more",
                path=shell_paths.storage_object(*key),
                hint="put it into the fragment, or delete its LUNs from it",
            )

    def _guests(self, target: Target) -> Iterator[tuple[int, NodeAcl, str]]:
        """Yield (tag, ACL, owner) of the running ACLs in a target that others own."""
        for tag, tpg in target.tpgs.items():
            for wwn, acl in tpg.acls.items():
                owner = self.owners.get(acl_path((*target.key, tag, wwn)), self.name)
                if owner != self.name:
                    yield tag, acl, owner

    def _refuse_with_guests(self, target: Target) -> None:
        for tag, acl, owner in self._guests(target):
            raise _guest(target, tag, acl, owner, "this would delete its target")

    def _target(self, wanted: Target) -> Target:
        """Return a target of the fragment, with the ACLs in it that others own."""
        running = self.have.targets.get(wanted.key)
        if running is None:
            return wanted
        tpgs = dict(wanted.tpgs)
        for tag, acl, owner in self._guests(running):
            if tag not in tpgs:
                raise _guest(wanted, tag, acl, owner, "this would delete its TPG")
            tpg = tpgs[tag]
            for mapped in acl.mapped_luns.values():
                now, then = running.tpgs[tag].luns.get(mapped.tpg_lun), tpg.luns.get(mapped.tpg_lun)
                if now and (then is None or then.storage_object != now.storage_object):
                    why = f"this would change LUN {mapped.tpg_lun}, which it maps"
                    raise _guest(wanted, tag, acl, owner, why)
            tpgs[tag] = replace(tpg, acls={**tpg.acls, acl.wwn: acl})
        return replace(wanted, tpgs=tpgs)

    def _host(self, target: Target) -> Target:
        """Return another's target without the ACLs that go."""
        gone = (self.before - self.mine).acls
        return replace(
            target,
            tpgs={
                tag: replace(
                    tpg,
                    acls={
                        wwn: acl
                        for wwn, acl in tpg.acls.items()
                        if (*target.key, tag, wwn) not in gone
                    },
                )
                for tag, tpg in target.tpgs.items()
            },
        )

    def _with_guests(self, wanted: Target, host: Target | None) -> Target:
        """Return another's target with the ACLs of the fragment."""
        path = shell_paths.target(*wanted.key)
        if wanted.key in self.before.targets:
            raise InvalidValue(
                f"the fragment has only ACLs of this target, which belongs to {self.name}",
                path=path,
                hint="give all of the target; without it, the fragment deletes the target",
            )
        if host is None:
            raise NotFound(
                "it does not exist, and the fragment has only ACLs of it",
                path=path,
                hint="its owner creates it first",
            )
        return replace(host, tpgs={**host.tpgs, **dict(_tpgs(wanted, host, path))})


def _tpgs(wanted: Target, host: Target, path: str) -> Iterator[tuple[int, Tpg]]:
    for tag, tpg in wanted.tpgs.items():
        running = host.tpgs.get(tag)
        if running is None:
            raise NotFound(f"it has no TPG {tag}", path=path, hint="its owner creates it first")
        acls = {**running.acls, **tpg.acls}
        for acl in tpg.acls.values():
            for mapped in acl.mapped_luns.values():
                if mapped.tpg_lun not in running.luns:
                    raise NotFound(
                        f"mapped LUN {mapped.index} maps LUN {mapped.tpg_lun}, which does not "
                        "exist",
                        path=acl_path((*wanted.key, tag, acl.wwn)),
                        hint="the owner of the target creates it first",
                    )
        yield tag, replace(running, acls=acls)


def _guest(target: Target, tag: int, acl: NodeAcl, owner: str, why: str) -> LioError:
    return InUse(
        f"it belongs to {owner}, and {why}; nothing was changed",
        path=acl_path((*target.key, tag, acl.wwn)),
        hint=f"delete it from the fragment of {owner} and apply that first",
    )
