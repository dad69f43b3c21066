# SPDX-License-Identifier: Apache-2.0
"""Steps that create, change and delete targets and TPGs, and set the settings of a fabric."""

from __future__ import annotations

from collections.abc import Iterator

from .. import naming
from ..config import shell_paths
from ..config.model import Auth, FabricSettings, Target, Tpg, Values
from ..config.shell_paths import ShellPath
from ..errors import InvalidValue
from ..fabrics import FABRICS, WITH_ENABLE, Fabric
from ..host import cpus
from ..kernel import paths, rtpi
from ..kernel.abi import AUTH_METHOD, NO_CREDENTIAL
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import TpgPath
from .context import Operation
from .operations import (
    EnsureValue,
    Fail,
    MakeShared,
    Mkdir,
    Rmdir,
    RmdirOverLuns,
    SetEnabled,
    Write,
)
from .rtpi import AssignRtpi, ClaimRtpi, SetRtpi
from .settings import credentials, ensure_values, known
from .step import Action, Step, set_step


def create_target(target: Target) -> Iterator[Step]:
    """Create a target without TPGs."""
    fabric = FABRICS[target.fabric]
    configfs = paths.target(fabric, target.wwn)
    path = shell_paths.target(target.fabric, target.wwn)
    yield Step(
        Action.CREATE,
        path,
        "create",
        f"target {target.wwn}",
        (MakeShared(paths.fabric(fabric), fabric.module), Mkdir(configfs)),
    )
    yield from ensure_values(
        path,
        paths.parameters(configfs),
        target.parameters,
        known("target_parameter"),
        f"target of {fabric.name}",
    )


def delete_target(target: Target) -> Step:
    """Delete a target that has no TPGs."""
    fabric = FABRICS[target.fabric]
    configfs = paths.target(fabric, target.wwn)
    path = shell_paths.target(target.fabric, target.wwn)
    folder = paths.parameters(configfs)
    values = (Write(f"{folder}/{name}", value) for name, value in target.parameters.items())
    return Step(
        Action.DELETE,
        path,
        "delete",
        f"target {target.wwn}",
        (Rmdir(configfs),),
        undo=(Mkdir(configfs), *values),
    )


def create_tpg(fabric: Fabric, wwn: str, tpg: Tpg) -> Iterator[Step]:
    """Create a TPG with its settings, disabled and without LUNs."""
    tpg_path = TpgPath.of(fabric, wwn, tpg.tag)
    configfs, path = tpg_path.configfs, tpg_path.shell
    yield Step(
        Action.CREATE,
        path,
        "create",
        f"TPG {tpg.tag}",
        (*_make_tpg(fabric, configfs), *_nexus(fabric, wwn, configfs, tpg)),
        needs=(shell_paths.target(fabric.name, wwn),),
    )
    yield from _tpg_values(tpg_path, tpg)


def _make_tpg(fabric: Fabric, configfs: ConfigfsPath) -> tuple[Operation, ...]:
    assign = () if fabric.name in WITH_ENABLE else (AssignRtpi(configfs),)
    return (Mkdir(configfs), *assign)


def _nexus(fabric: Fabric, wwn: str, configfs: ConfigfsPath, tpg: Tpg) -> tuple[Operation, ...]:
    # "" is a nexus that was removed; None, which a save file without one has, generates one.
    if not fabric.has("nexus") or tpg.nexus == "":
        return ()
    try:
        name = tpg.nexus or naming.generate(_kind(fabric, wwn))
    except InvalidValue as err:
        return (Fail(err),)
    return (Write(f"{configfs}/nexus", fabric.to_folder(name)),)


def _kind(fabric: Fabric, wwn: str) -> str:
    """Return the type of a target's WWN, which its nexus must have too (tcm_loop.c)."""
    prefix = wwn.partition(".")[0]
    return prefix if prefix in fabric.wwn_types else fabric.wwn_types[0]


def set_nexus(
    fabric: Fabric, path: ShellPath, configfs: ConfigfsPath, wwn: str, before: str
) -> Step:
    """Set the nexus (initiator name) of a TPG; "" removes it.

    The kernel accepts a name only where there is none; "NULL" removes it (tcm_loop.c,
    tcm_loop_tpg_nexus_store; vhost/scsi.c, vhost_scsi_tpg_nexus_store).
    """
    nexus = f"{configfs}/nexus"

    def change(old: str, new: str) -> tuple[Operation, ...]:
        drop = (Write(nexus, NO_CREDENTIAL, fabric.to_folder(old)),) if old else ()
        return (*drop, *((Write(nexus, fabric.to_folder(new), NO_CREDENTIAL),) if new else ()))

    return set_step(path, "nexus", wwn, before, change(before, wwn), undo=change(wwn, before))


def _tpg_values(tpg_path: TpgPath, tpg: Tpg) -> Iterator[Step]:
    fabric, configfs, path = tpg_path.fabric, tpg_path.configfs, tpg_path.shell
    yield from ensure_values(
        path,
        paths.attributes(configfs),
        tpg.attributes,
        known("tpg_attribute"),
        f"tpg of {fabric.name}",
    )
    yield from ensure_values(
        path,
        paths.parameters(configfs),
        tpg.parameters,
        known("tpg_parameter"),
        f"tpg of {fabric.name}",
    )
    for name, value in sorted(tpg.files.items()):
        yield from tpg_file(tpg_path, name, value)
    if fabric.has("auth"):
        yield from credentials(path, paths.auth(configfs), tpg.auth, Auth())


def tpg_file(tpg_path: TpgPath, name: str, value: str) -> Iterator[Step]:
    """Set an attribute in a new TPG's own directory."""
    configfs, path = tpg_path.configfs, tpg_path.shell
    if name == rtpi.NAME:
        yield set_step(path, rtpi.NAME, value, None, (ClaimRtpi(configfs, value, path),))
        return
    kind = f"tpg of {tpg_path.fabric.name}"
    yield from ensure_values(path, configfs, {name: value}, known("tpg"), kind)


def set_rtpi(
    owner: ShellPath,
    tpg: ConfigfsPath,
    value: str,
    before: int,
    *,
    was_set: bool,
    is_set: bool | None = None,
) -> Step:
    """Set the number of an existing TPG; 0 leaves the choice to the kernel.

    ``before`` is the number that it shows. ``is_set`` is False for a number that only avoids
    another TPG's.
    """
    chosen = bool(rtpi.parse(value)) if is_set is None else is_set
    operation = SetRtpi(tpg, value, f"{before:#x}", owner, chosen, was_set)
    return set_step(owner, rtpi.NAME, value, f"{before:#x}", (operation,))


def keep_rtpi(tpg_path: TpgPath, number: int) -> Step:
    """Give a new TPG the number that its persistent registrations name."""
    claim = ClaimRtpi(tpg_path.configfs, str(number), tpg_path.shell, kept=True)
    return set_step(tpg_path.shell, rtpi.NAME, str(number), None, (claim,))


def delete_tpg(fabric: Fabric, wwn: str, tpg: Tpg) -> Iterator[Step]:
    """Delete a TPG that has no LUNs, portals and ACLs."""
    tpg_path = TpgPath.of(fabric, wwn, tpg.tag)
    configfs, path = tpg_path.configfs, tpg_path.shell
    steps = _tpg_values(tpg_path, tpg)
    values = [operation for step in steps for operation in step.operations]
    drop: tuple[Operation, ...] = ()
    if fabric.has("nexus") and tpg.nexus:
        # tcm_loop.c: writing NULL removes the nexus, which holds the TPG.
        drop = (Write(f"{configfs}/nexus", NO_CREDENTIAL),)
    yield Step(
        Action.DELETE,
        path,
        "delete",
        f"TPG {tpg.tag}",
        (*drop, RmdirOverLuns(configfs, paths.luns(configfs))),
        undo=(
            *_make_tpg(fabric, configfs),
            *(_nexus(fabric, wwn, configfs, tpg) if drop else ()),
            *values,
        ),
    )


def enable(fabric: Fabric, wwn: str, tag: int, on: bool, offers: str = "") -> Step:
    """Enable or disable a TPG; ``offers`` is the AuthMethod that an enabled one has ("": any)."""
    configfs, path = paths.tpg(fabric, wwn, tag), paths.shell_tpg(fabric, wwn, tag)
    file, undo = f"{configfs}/enable", None
    operations: tuple[Operation, ...] = (SetEnabled(file, on),)
    if offers:
        folder = paths.parameters(configfs)
        offer = EnsureValue(folder, AUTH_METHOD, offers, None, True, path)
        if on:
            operations = (*operations, offer)
        else:
            undo = (SetEnabled(file, True, asked=False), offer)
    return Step(Action.UPDATE, path, "enable" if on else "disable", "", operations, undo=undo)


def offered(attributes: Values, parameters: Values) -> str:
    """Return AuthMethod where a TPG with authentication offers None as well, else "".

    Enabling the TPG takes None out (iscsi_target_tpg.c, iscsit_tpg_enable_portal_group).
    """
    method = parameters.get(AUTH_METHOD, "")
    required = attributes.get("authentication", "1") == "1"
    return method if required and "None" in method else ""


def load(fabric: Fabric) -> Step:
    """Load the module of a fabric and create its directory."""
    share = MakeShared(paths.fabric(fabric), fabric.module)
    return Step(Action.UPDATE, shell_paths.fabric(fabric.name), "load", fabric.module, (share,))


def check_discovery_auth(fabric: Fabric, auth: Auth) -> None:
    """Raise InvalidValue if no initiator could discover targets with these credentials.

    iscsi_target_auth.c, chap_server_open refuses all where the name or the password is missing.
    """
    missing = [name for name in ("userid", "password") if not getattr(auth, name)]
    if missing:
        raise InvalidValue(
            f"no initiator could discover targets: discovery_auth enable=1 without "
            f"{' and '.join(missing)}",
            path=shell_paths.fabric(fabric.name),
            hint="set userid and password in the same command, or enable=0",
        )


def require_discovery_auth(fabric: Fabric, on: bool) -> Step:
    """Require authentication for discovery, or no longer."""
    file = f"{paths.discovery_auth(fabric)}/enforce_discovery_auth"
    write = Write(file, str(int(on)), str(int(not on)))
    path = shell_paths.fabric(fabric.name)
    return set_step(path, "discovery_auth enable", str(on), str(not on), (write,))


def set_fabric(settings: FabricSettings, before: FabricSettings) -> Iterator[Step]:
    """Set the discovery authentication and the CPUs of a fabric."""
    fabric = FABRICS[settings.name]
    path = shell_paths.fabric(fabric.name)
    yield load(fabric)
    folder = paths.discovery_auth(fabric)
    yield from credentials(path, folder, settings.discovery_auth, before.discovery_auth)
    yield from _discovery_switch(fabric, settings, before)
    allowed = settings.cpus_allowed_list
    if allowed is not None:
        operation: Operation = Write(
            f"{paths.fabric(fabric)}/cpus_allowed_list", allowed, before.cpus_allowed_list
        )
        try:
            cpus.check_cpus(allowed)
        except InvalidValue as err:
            operation = Fail(err)
        had_cpus = before.cpus_allowed_list
        yield set_step(path, "cpus_allowed_list", allowed, had_cpus, (operation,))


def _discovery_switch(
    fabric: Fabric, settings: FabricSettings, before: FabricSettings
) -> Iterator[Step]:
    """Require authentication for discovery, or no longer; refuse it without credentials."""
    had = bool(before.discovery_enable)
    on = had if settings.discovery_enable is None else settings.discovery_enable
    held = dict(before.discovery_auth.items())
    after = {**held, **dict(settings.discovery_auth.items())}
    if on and not (had and after == held):
        try:
            check_discovery_auth(fabric, Auth(**after))
        except InvalidValue as err:
            path = shell_paths.fabric(fabric.name)
            yield set_step(path, "discovery_auth enable", str(on), str(had), (Fail(err),))
            return
    if on != had:
        yield require_discovery_auth(fabric, on)
