# SPDX-License-Identifier: Apache-2.0
"""Steps that change existing targets and TPGs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .. import schema
from ..config import shell_paths
from ..config.model import FabricSettings, Key, Lun, Portal, Target, Tpg
from ..fabrics import FABRICS, Fabric
from ..fast_dataclasses import replace
from ..host import cpus
from ..kernel import paths, rtpi
from ..kernel.abi import AUTH_METHOD, DEFAULT_GROUP
from ..kernel.paths import TpgPath
from ..steps import Step, luns, portals, targets
from ..steps.settings import credentials
from . import acls, build, remove
from .builder import PlanBuilder
from .settings import complete, differing, set_values

_METHOD = (AUTH_METHOD,)
RemovedGroups = Mapping[tuple[Key, str], str]
"""Target port groups to delete, by storage object and name."""


def change_target(
    builder: PlanBuilder,
    have: Target,
    want: Target,
    unexport: Mapping[Key, str],
    removed_groups: RemovedGroups,
) -> None:
    """Change one target.

    ``unexport`` are storage objects whose LUNs are recreated, with the reasons;
    ``removed_groups`` are target port groups to delete.
    """
    fabric = FABRICS[want.fabric]
    builder.create += set_values(
        builder,
        shell_paths.target(want.fabric, want.wwn),
        paths.parameters(paths.target(fabric, want.wwn)),
        have.parameters,
        want.parameters,
        lambda name: schema.known("target_parameter", name),
    )
    for tag, tpg in have.tpgs.items():
        if tag not in want.tpgs:
            builder.remove += remove.remove_tpg(have, tpg, builder.locate)
    for tag, tpg in want.tpgs.items():
        running = have.tpgs.get(tag)
        if running is None:
            create_tpg(builder, want, tpg)
            continue
        why = _why_recreate(fabric, running, tpg)
        if why:
            builder.replaced[paths.shell_tpg(fabric, want.wwn, tag)] = why
            builder.remove += remove.remove_tpg(have, running, builder.locate)
            create_tpg(builder, want, _kept(running, tpg))
        else:
            _TpgChange(builder, fabric, want, running, tpg, unexport, removed_groups).add()


def create_target(builder: PlanBuilder, want: Target) -> None:
    """Create a target."""
    builder.create += targets.create_target(want)
    for tpg in want.tpgs.values():
        create_tpg(builder, want, tpg)


def create_tpg(builder: PlanBuilder, target: Target, tpg: Tpg) -> None:
    """Create a TPG that does not exist, or was deleted by an earlier step."""
    builder.create += build.build_tpg(target, tpg, builder.locate_after, None, builder.read_only)
    kept = build.claim_kept(target, tpg, builder.objects, builder.reservations)
    builder.create += kept
    if tpg.enable:
        offers = targets.offered(tpg.attributes, tpg.parameters)
        step = targets.enable(FABRICS[target.fabric], target.wwn, tpg.tag, True, offers)
        builder.enable_tpg(step, is_set=rtpi.NAME in tpg.files or bool(kept))


def _why_recreate(fabric: Fabric, have: Tpg, want: Tpg) -> str:
    if fabric.has("nexus") and want.nexus is not None and have.nexus != want.nexus:
        # drivers/target/loopback/tcm_loop.c, tcm_loop_drop_nexus: not while there are LUNs.
        return f"port nexus: {have.nexus or 'not set'} -> {want.nexus or 'not set'}"
    return ""


def _kept(have: Tpg, want: Tpg) -> Tpg:
    """Return ``want`` with the values of ``have`` that a recreated TPG would lose."""
    return replace(
        want,
        attributes={**have.attributes, **want.attributes},
        parameters={**have.parameters, **want.parameters},
        files={**have.files, **want.files},
    )


class _TpgChange:
    """The change of one existing TPG."""

    def __init__(
        self,
        builder: PlanBuilder,
        fabric: Fabric,
        target: Target,
        have: Tpg,
        want: Tpg,
        unexport: Mapping[Key, str],
        removed_groups: RemovedGroups,
    ) -> None:
        self.builder = builder
        self.fabric = fabric
        self.target = target
        self.have = have
        self.want = want
        self.removed_groups = removed_groups
        self.tpg_path = TpgPath.of(fabric, target.wwn, want.tag)
        self.port = builder.ports.get(self.tpg_path.configfs)
        self.recreate = {
            index: why
            for index, lun in have.luns.items()
            if index in want.luns and (why := _why_recreate_lun(lun, want.luns[index], unexport))
        }

    def add(self) -> None:
        """Add all steps to the builder."""
        self._enable()
        self._values()
        self._luns()
        self._portals()
        acls.change_acls(self.builder, self.tpg_path, self.have, self.want, self.recreate)

    def _enable(self) -> None:
        have, want = self.have.enable, self.want.enable
        if have is None:  # a fabric without enable
            self._release()
            return
        want = have if want is None else want
        cut = self.port is not None and self.port.cuts
        if have and (cut or not want):
            self.builder.disable.append(self._switch(False))
        self._release()
        if want and (cut or not have):
            self.builder.enable_tpg(self._switch(True), is_set=rtpi.NAME in self.want.files)

    def _release(self) -> None:
        """Give the port number away before another TPG gets it."""
        port, path = self.port, self.tpg_path
        if port is not None and port.releases:
            number = f"{port.parked:#x}"
            had = {"was_set": port.was_set, "is_set": False}
            step = targets.set_rtpi(path.shell, path.configfs, number, port.before, **had)
            self.builder.disable.append(step)

    def _switch(self, on: bool) -> Step:
        have, want = self.have, self.want if on else self.have
        offers = targets.offered(
            {**have.attributes, **want.attributes}, {**have.parameters, **want.parameters}
        )
        return targets.enable(self.fabric, self.target.wwn, self.want.tag, on, offers)

    def _values(self) -> None:
        have, want, tpg_path = self.have, self.want, self.tpg_path
        method = {f"../param/{name}": have.parameters.get(name, "") for name in _METHOD}
        steps: list[Step] = list(
            set_values(
                self.builder,
                tpg_path.shell,
                paths.attributes(tpg_path.configfs),
                have.attributes,
                want.attributes,
                lambda name: schema.known("tpg_attribute", name),
                method,
            )
        )
        steps += set_values(
            self.builder,
            tpg_path.shell,
            paths.parameters(tpg_path.configfs),
            have.parameters,
            want.parameters,
            lambda name: schema.known("tpg_parameter", name),
            written_before=_METHOD if _authentication_changes(have, want) else (),
        )
        steps += self._files()
        if self.fabric.has("auth"):
            auth = complete(want.auth)
            steps += credentials(
                tpg_path.shell, paths.auth(tpg_path.configfs), auth, complete(have.auth)
            )
        self.builder.create += steps

    def _files(self) -> Iterator[Step]:
        have, want, tpg_path = self.have, self.want, self.tpg_path
        files = {name: value for name, value in want.files.items() if name != rtpi.NAME}
        yield from set_values(
            self.builder,
            tpg_path.shell,
            tpg_path.configfs,
            have.files,
            files,
            lambda name: schema.known("tpg", name),
        )
        port = self.port
        if port is not None and port.number:
            number, before = f"{port.number:#x}", port.parked or port.before
            set_now = port.was_set and not port.releases
            yield targets.set_rtpi(
                tpg_path.shell, tpg_path.configfs, number, before, was_set=set_now
            )

    # -- LUNs -----------------------------------------------------------------------------

    def _luns(self) -> None:
        builder, tpg_path = self.builder, self.tpg_path
        acls.unmap_luns(builder, tpg_path, self.have, self.want, self.recreate)
        for index, lun in self.have.luns.items():
            if index not in self.want.luns or index in self.recreate:
                builder.remove += luns.delete_lun(tpg_path, lun, builder.locate(lun.storage_object))
        for index, lun in self.want.luns.items():
            running = self.have.luns.get(index)
            if running is None or index in self.recreate:
                if index in self.recreate:
                    builder.replaced[shell_paths.lun(tpg_path.shell, index)] = self.recreate[index]
                    lun = replace(lun, alias=lun.alias or (running.alias if running else None))
                configfs = builder.locate_after(lun.storage_object)
                builder.create += luns.create_lun(tpg_path, lun, configfs)
            else:
                builder.create += luns.set_lun(tpg_path, self._after_removed_groups(running), lun)

    def _after_removed_groups(self, lun: Lun) -> Lun:
        """Return the LUN, in the default target port group if its own is deleted."""
        if (lun.storage_object, lun.alua_group or "") in self.removed_groups:
            return replace(lun, alua_group=DEFAULT_GROUP)
        return lun

    # -- portals --------------------------------------------------------------------------

    def _portals(self) -> None:
        builder, tpg_path = self.builder, self.tpg_path
        for name, portal in self.have.portals.items():
            if name not in self.want.portals:
                builder.remove.append(portals.delete_portal(tpg_path, portal))
        for name, portal in self.want.portals.items():
            running = self.have.portals.get(name)
            if running is None:
                builder.create.append(portals.create_portal(tpg_path, portal))
            else:
                builder.create += _flags(tpg_path, running, portal)


def _authentication_changes(have: Tpg, want: Tpg) -> bool:
    """Return whether authentication changes, which changes the parameter AuthMethod too."""
    return "authentication" in differing(have.attributes, want.attributes)


def _flags(tpg_path: TpgPath, have: Portal, want: Portal) -> list[Step]:
    return [
        portals.set_portal_flag(tpg_path, want, flag, getattr(want, flag))
        for flag in ("iser", "offload")
        if getattr(have, flag) != getattr(want, flag)
    ]


def _why_recreate_lun(have: Lun, want: Lun, unexport: Mapping[Key, str]) -> str:
    if have.storage_object != want.storage_object:
        return f"{'/'.join(have.storage_object)} -> {'/'.join(want.storage_object)}"
    return unexport.get(want.storage_object, "")


def change_fabric(
    builder: PlanBuilder, name: str, have: FabricSettings | None, want: FabricSettings | None
) -> None:
    """Change the settings of a fabric; None stands for the defaults."""
    before = have or FabricSettings(name)
    after = want or FabricSettings(name)
    allowed = after.cpus_allowed_list
    if allowed is None and before.cpus_allowed_list is not None:
        allowed = cpus.possible_cpus()
    after = FabricSettings(
        name, complete(after.discovery_auth), bool(after.discovery_enable), allowed
    )
    before = FabricSettings(
        name,
        complete(before.discovery_auth),
        bool(before.discovery_enable),
        before.cpus_allowed_list,
    )
    if after != before:
        steps = list(targets.set_fabric(after, before))
        # A fabric with settings is loaded; skip that step.
        builder.create += steps[1:] if have else steps
