# SPDX-License-Identifier: Apache-2.0
"""The groups of initiators of an SCST target, as ACLs of LIO.

SCST looks for the first group whose patterns match the initiator; one in no group sees the LUNs of
the target itself. LIO has ACLs for names, and demo mode, in which everybody else sees all LUNs.
"""

from __future__ import annotations

from ...config.model import MappedLun, NodeAcl, Target, Tpg
from ...errors import InvalidValue
from ...fabrics import FABRICS
from ...fast_dataclasses import dataclass, field, replace
from ..builder import Builder
from ..imported import Place
from ..initiators import one_name
from ..target import TargetBuilder
from .devices import Device

# Fabrics in which initiators without an ACL can log in if their TPG allows it, or always.
_DEMO_MODE = ("iscsi", "qla2xxx")
_OPEN = (*_DEMO_MODE, "loopback")


@dataclass(frozen=True, slots=True)
class Export:
    """A device under a LUN: of a target, or of a group."""

    at: Place
    lun: int
    device: Device
    readonly: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A group of initiators: patterns of names, and what they see."""

    name: str
    exports: list[Export] = field(default_factory=list)
    patterns: list[tuple[Place, str]] = field(default_factory=list)


class GroupedTarget(TargetBuilder):
    """A target with groups; ``enabled`` and ``files`` are those of its TPG."""

    def __init__(self, builder: Builder, at: Place, fabric: str, wwn: str) -> None:
        super().__init__(builder, at, fabric, wwn)
        self.enabled = True
        self.files: dict[str, str] = {}
        self.per_portal = False
        self.restricted = False
        """Whether the file names portals: then the target does not listen on all addresses."""
        self.mapped: dict[str, dict[int, MappedLun]] = {}
        self.alua: dict[tuple[str, str], str] = {}
        self._index_of: dict[tuple[str, str], int] = {}
        self._next = 0

    # -- groups -----------------------------------------------------------------------------

    def give(self, own: list[Export], groups: list[Group]) -> None:
        """Export the LUNs of the target and of its groups, and admit the initiators."""
        everybody = next((group for group in groups if self._is_open(group)), None)
        if everybody is not None:
            self._all_patterns(everybody)
            for export in own:
                self.objects.note(
                    export.at,
                    f"LUN {export.lun} is left out: group {everybody.name} matches all initiators, "
                    "so none sees the LUNs of the target itself",
                )
            own = everybody.exports
        named = [group for group in groups if group is not everybody]
        if everybody is not None and named:
            self.objects.note(
                everybody.patterns[0][0],
                "initiators in another group see its LUNs here; in SCST the first group counts, "
                f"and {everybody.name} matches all",
            )
        for export in own:
            self.lun(export.at, export.lun, export.device.key, readonly=export.readonly)
            if export.device.key:
                self._index_of.setdefault(export.device.key, export.lun)
        # TPG LUNs get the numbers of the groups where they can, so those are taken first.
        self._next = 1 + max(
            (export.lun for group in named for export in group.exports),
            default=max(self.luns, default=-1),
        )
        self._close(own, named)
        for group in named:
            self._admit_group(group)

    def _is_open(self, group: Group) -> bool:
        return any(self._split(pattern)[0] == "*" for _, pattern in group.patterns)

    def _split(self, pattern: str) -> tuple[str, str]:
        """Return the patterns of the initiator and, with per_portal_acl, of the portal."""
        if self.per_portal and "#" in pattern:
            name, _, portal = pattern.rpartition("#")
            return name, portal
        return pattern, "*"

    def _all_patterns(self, group: Group) -> None:
        """Note portals of a group that is open to all."""
        for at, pattern in group.patterns:
            name, portal = self._split(pattern)
            if portal != "*":
                self.portal(at, portal)
            if name != "*":
                self.objects.note(at, f"{name} sees what all initiators see")

    def portal(self, at: Place, pattern: str) -> None:
        """Listen on an address that SCST limits initiators to."""
        if any(char in pattern for char in "*?!"):
            self.restricted = True
            self.objects.lost(
                at,
                f"LIO has portals for single addresses, not for {pattern}: none is made",
                f"create the portals below /{self.fabric}/{self.wwn}/tpg1/portals",
            )
            return
        self.restricted = True
        self.listen(at, pattern)

    def _close(self, own: list[Export], groups: list[Group]) -> None:
        """Decide whether initiators without an ACL may log in."""
        more = {
            export.device.key
            for group in groups
            for export in group.exports
            if export.device.key and export.device.key not in self._index_of
        }
        if groups and not own:
            self.closed = True
        elif own and more:
            self.closed = True
            seen = ", ".join(str(export.lun) for export in own if export.device.key)
            self.objects.lost(
                own[0].at,
                f"initiators in no group no longer see LUN {seen}: LIO would "
                "show them the LUNs of the groups too",
                f"create an ACL for each of them: /{self.fabric}/{self.wwn}/tpg1/acls create NAME",
            )

    def _admit_group(self, group: Group) -> None:
        mapped: dict[int, MappedLun] = {}
        for export in group.exports:
            index = self._tpg_lun(export)
            if index is None:
                continue
            if export.lun in mapped:
                self.objects.lost(export.at, f"group {group.name} has LUN {export.lun} already")
                continue
            mapped[export.lun] = MappedLun(export.lun, index, write_protect=export.readonly)
        for at, pattern in group.patterns:
            self._admit_pattern(at, pattern, mapped)

    def _tpg_lun(self, export: Export) -> int | None:
        """Return the TPG LUN of a device: that of the same number if it is free."""
        key = export.device.key
        if key is None:
            return None
        if key in self._index_of:
            return self._index_of[key]
        index = export.lun
        if index in self.luns:
            index = self._next
            self._next += 1
        self.lun(export.at, index, key)
        if index not in self.luns:
            return None
        self._index_of[key] = index
        return index

    def _admit_pattern(self, at: Place, pattern: str, mapped: dict[int, MappedLun]) -> None:
        name, portal = self._split(pattern)
        if portal != "*":
            self.portal(at, portal)
        wwn = self._initiator(name)
        if wwn is None:
            self.objects.lost(
                at,
                f"{name!r} is a pattern, not the name of one initiator: those that it matches "
                "cannot log in",
                f"create an ACL for each: /{self.fabric}/{self.wwn}/tpg1/acls create NAME",
            )
        elif wwn in self.mapped:
            if not self.per_portal:
                self.objects.note(at, f"{wwn} is in an earlier group already, which counts")
        else:
            self.mapped[wwn] = mapped

    def _initiator(self, text: str) -> str | None:
        """Return the name of an initiator; None for a pattern, which naming may take for one."""
        try:
            return one_name(FABRICS[self.fabric].wwn_types, text)
        except InvalidValue:
            return None

    # -- result -----------------------------------------------------------------------------

    def built(self) -> Target:
        """Return the target, with remarks about logins."""
        if not self.closed and self.luns and self.fabric not in _OPEN:
            self.objects.lost(
                self.at,
                f"only initiators with an ACL can log in with {self.fabric}",
                f"create an ACL for each: /{self.fabric}/{self.wwn}/acls create NAME",
            )
        target = super().built()
        tpg = target.tpgs[1]
        luns = {
            index: replace(lun, alua_group=self.alua.get(lun.storage_object))
            for index, lun in tpg.luns.items()
        }
        if self.restricted and not self.portals:
            tpg = replace(tpg, portals={})
        tpg = replace(
            tpg, enable=self.enabled, luns=luns, acls=self._acls(), files=dict(self.files)
        )
        return replace(target, tpgs={1: self._of_fabric(tpg)})

    def _acls(self) -> dict[str, NodeAcl]:
        return {
            wwn: NodeAcl(
                wwn,
                {index: one for index, one in mapped.items() if one.tpg_lun in self.luns},
                attributes=self.acl_attributes,
                auth=self.auth,
            )
            for wwn, mapped in self.mapped.items()
        }

    def _drop_readonly(self) -> None:
        """Leave out LUNs that demo mode would make writable, or close the target for ACLs."""
        if len(self.readonly) == len(self.luns):
            return
        used = {one.tpg_lun for mapped in self.mapped.values() for one in mapped.values()}
        for index, at in self.readonly.items():
            if self._is_open_read_only(index):
                continue
            if index in used:
                self.closed = True
                what = "initiators in no group see no LUN"
            else:
                del self.luns[index]
                what = f"LUN {index} is left out"
            self._cannot_protect(at, what)

    def _of_fabric(self, tpg: Tpg) -> Tpg:
        """Return a TPG without what its fabric does not have."""
        if self.fabric == "iscsi":
            return tpg
        attributes = {
            name: value
            for name, value in tpg.attributes.items()
            if self.fabric in _DEMO_MODE and name != "authentication"
        }
        acls = tpg.acls if FABRICS[self.fabric].has("acls") else {}
        return replace(tpg, attributes=attributes, acls=acls, portals={})
