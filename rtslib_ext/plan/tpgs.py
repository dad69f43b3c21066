# SPDX-License-Identifier: Apache-2.0
"""Steps for targets and TPGs that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .. import schema
from ..config.model import FabricSettings, Lun, Portal, Target, Tpg
from ..fabrics import FABRICS, Fabric
from ..fast_dataclasses import replace
from ..host import cpus
from ..kernel import paths
from ..kernel.abi import DEFAULT_GROUP
from ..kernel.paths import Key, TpgPath
from ..steps import Step, luns, portals, targets
from ..steps.rtpi import number
from ..steps.settings import credentials
from . import acls, build, remove
from .builder import Draft
from .settings import differing, set_values, whole

_METHOD = ("AuthMethod",)
Gone = Mapping[tuple[Key, str], str]
"""Target port groups that go, by storage object and name."""


def change_target(
    draft: Draft, have: Target, want: Target, moved: Mapping[Key, str], gone: Gone
) -> None:
    """Make one target what is wanted.

    ``moved`` are storage objects that nobody may export for a moment, with the reasons; ``gone``
    target port groups that go.
    """
    fabric = FABRICS[want.fabric]
    draft.make += set_values(
        draft,
        f"/{want.fabric}/{want.wwn}",
        f"{paths.target(fabric, want.wwn)}/param",
        have.parameters,
        want.parameters,
        lambda name: schema.known("target_parameter", name),
    )
    for tag, tpg in have.tpgs.items():
        if tag not in want.tpgs:
            draft.away += remove.remove_tpg(have, tpg, draft.home)
    for tag, tpg in want.tpgs.items():
        running = have.tpgs.get(tag)
        if running is None:
            make_tpg(draft, want, tpg)
            continue
        why = _why_again(fabric, running, tpg)
        if why:
            draft.replaced[paths.shell_tpg(fabric, want.wwn, tag)] = why
            draft.away += remove.remove_tpg(have, running, draft.home)
            make_tpg(draft, want, _kept(running, tpg))
        else:
            _TpgChange(draft, fabric, want, running, tpg, moved, gone).add()


def make_target(draft: Draft, want: Target) -> None:
    """Make a target that is not there."""
    draft.make += targets.create_target(want)
    for tpg in want.tpgs.values():
        make_tpg(draft, want, tpg)


def make_tpg(draft: Draft, target: Target, tpg: Tpg) -> None:
    """Make a TPG that is not there, or not there any more."""
    draft.make += build.build_tpg(target, tpg, draft.home_after, None, draft.read_only)
    if tpg.enable:
        draft.last.append(targets.enable(FABRICS[target.fabric], target.wwn, tpg.tag, True))


def _why_again(fabric: Fabric, have: Tpg, want: Tpg) -> str:
    if fabric.has("nexus") and want.nexus is not None and have.nexus != want.nexus:
        # drivers/target/loopback/tcm_loop.c, tcm_loop_drop_nexus: not while there are LUNs.
        return f"its nexus {have.nexus or 'none'} becomes {want.nexus or 'none'}"
    before, after = have.files.get("rtpi"), want.files.get("rtpi")
    if before and after and number(before) != number(after):
        # drivers/target/target_core_fabric_configfs.c: not while it is enabled.
        return f"its rtpi {before} becomes {after}"
    return ""


def _kept(have: Tpg, want: Tpg) -> Tpg:
    """``want`` with what it leaves alone: a TPG made anew would lose that."""
    return replace(
        want,
        attributes={**have.attributes, **want.attributes},
        parameters={**have.parameters, **want.parameters},
        files={**have.files, **want.files},
    )


class _TpgChange:
    """What becomes of one TPG that is there before and after."""

    def __init__(
        self,
        draft: Draft,
        fabric: Fabric,
        target: Target,
        have: Tpg,
        want: Tpg,
        moved: Mapping[Key, str],
        gone: Gone,
    ) -> None:
        self.draft = draft
        self.fabric = fabric
        self.target = target
        self.have = have
        self.want = want
        self.gone = gone
        self.place = TpgPath.of(fabric, target.wwn, want.tag)
        self.again = {
            index: why
            for index, lun in have.luns.items()
            if index in want.luns and (why := _why_lun_again(lun, want.luns[index], moved))
        }

    def add(self) -> None:
        """Put all of it into the draft."""
        self._switch()
        self._values()
        self._luns()
        self._portals()
        acls.change_acls(self.draft, self.place, self.have, self.want, self.again)

    def _switch(self) -> None:
        if self.want.enable is None or bool(self.have.enable) == self.want.enable:
            return
        if self.have.enable is None:  # the fabric has no switch
            return
        step = targets.enable(self.fabric, self.target.wwn, self.want.tag, self.want.enable)
        (self.draft.last if self.want.enable else self.draft.first).append(step)

    def _values(self) -> None:
        have, want, place = self.have, self.want, self.place
        method = {f"../param/{name}": have.parameters.get(name, "") for name in _METHOD}
        steps: list[Step] = list(
            set_values(
                self.draft,
                place.path,
                f"{place.file}/attrib",
                have.attributes,
                want.attributes,
                lambda name: schema.known("tpg_attribute", name),
                method,
            )
        )
        steps += set_values(
            self.draft,
            place.path,
            f"{place.file}/param",
            have.parameters,
            want.parameters,
            lambda name: schema.known("tpg_parameter", name),
            moved_before=_METHOD if _switched(have, want) else (),
        )
        steps += self._files()
        if self.fabric.has("auth"):
            auth = whole(want.auth)
            steps += credentials(place.path, f"{place.file}/auth", auth, whole(have.auth))
        self.draft.make += steps

    def _files(self) -> Iterator[Step]:
        have, want, place = self.have, self.want, self.place
        files = {name: value for name, value in want.files.items() if name != "rtpi"}
        yield from set_values(
            self.draft,
            place.path,
            place.file,
            have.files,
            files,
            lambda name: schema.known("tpg", name),
        )
        if "rtpi" in want.files and "rtpi" not in have.files:
            rtpi = want.files["rtpi"]
            yield from targets.tpg_file(self.fabric, place.path, place.file, "rtpi", rtpi)

    # -- LUNs -----------------------------------------------------------------------------

    def _luns(self) -> None:
        draft, place = self.draft, self.place
        acls.hide_luns(draft, place, self.have, self.want, self.again)
        for index, lun in self.have.luns.items():
            if index not in self.want.luns or index in self.again:
                draft.away += luns.delete_lun(place, lun, draft.home(lun.storage_object))
        for index, lun in self.want.luns.items():
            running = self.have.luns.get(index)
            if running is None or index in self.again:
                if index in self.again:
                    draft.replaced[f"{place.path}/luns/lun{index}"] = self.again[index]
                    lun = replace(lun, alias=lun.alias or (running.alias if running else None))
                home = draft.home_after(lun.storage_object)
                draft.make += luns.create_lun(place, lun, home)
            else:
                draft.make += luns.set_lun(place, self._fallen_back(running), lun)

    def _fallen_back(self, lun: Lun) -> Lun:
        """A LUN whose target port group goes is in the default one then."""
        if (lun.storage_object, lun.alua_group or "") in self.gone:
            return replace(lun, alua_group=DEFAULT_GROUP)
        return lun

    # -- portals --------------------------------------------------------------------------

    def _portals(self) -> None:
        draft, place = self.draft, self.place
        for name, portal in self.have.portals.items():
            if name not in self.want.portals:
                draft.away.append(portals.delete_portal(place, portal))
        for name, portal in self.want.portals.items():
            running = self.have.portals.get(name)
            if running is None:
                draft.make += portals.create_portal(place, portal)
            else:
                draft.make += _flags(place, running, portal)


def _switched(have: Tpg, want: Tpg) -> bool:
    """Whether authentication is switched on or off, which moves the parameter AuthMethod."""
    return "authentication" in differing(have.attributes, want.attributes)


def _flags(place: TpgPath, have: Portal, want: Portal) -> list[Step]:
    return [
        portals.set_portal_flag(place, want, flag, getattr(want, flag))
        for flag in ("iser", "offload")
        if getattr(have, flag) != getattr(want, flag)
    ]


def _why_lun_again(have: Lun, want: Lun, moved: Mapping[Key, str]) -> str:
    if have.storage_object != want.storage_object:
        return f"{'/'.join(have.storage_object)} becomes {'/'.join(want.storage_object)}"
    return moved.get(want.storage_object, "")


def change_fabric(
    draft: Draft, name: str, have: FabricSettings | None, want: FabricSettings | None
) -> None:
    """Make the settings of a whole fabric what is wanted; None: as the kernel has them."""
    before = have or FabricSettings(name)
    after = want or FabricSettings(name)
    allowed = after.cpus_allowed_list
    if allowed is None and before.cpus_allowed_list is not None:
        allowed = cpus.possible_cpus()
    after = FabricSettings(name, whole(after.discovery_auth), bool(after.discovery_enable), allowed)
    before = FabricSettings(
        name, whole(before.discovery_auth), bool(before.discovery_enable), before.cpus_allowed_list
    )
    if after != before:
        steps = list(targets.set_fabric(after, before))
        # It is loaded where it has settings.
        draft.make += steps[1:] if have else steps
