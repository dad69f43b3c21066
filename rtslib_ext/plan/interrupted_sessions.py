# SPDX-License-Identifier: Apache-2.0
"""Sessions that end, or lose a LUN, by steps."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import KernelRefused
from ..kernel import links, paths
from ..kernel.configfs import ConfigfsPath
from ..reading.reader import Reader
from ..steps import Step
from ..steps.operations import Unlink
from ..usage import exports, sessions
from ..usage.sessions import Session
from .concerned import Concerned, fabric_of, shell_path_of
from .disturbance import Disturbance


def of(reader: Reader, concerned: Concerned) -> Iterator[Disturbance]:
    """Yield the sessions that steps end or that lose a LUN by them."""
    yield from _sessions(reader, concerned)
    yield from _unreachable(reader, concerned)
    yield from _hidden(reader, concerned)


def _sessions(reader: Reader, concerned: Concerned) -> Iterator[Disturbance]:
    by: dict[tuple[ConfigfsPath, str], list[Step]] = {}
    for tpg, steps in concerned.tpgs.items():
        if fabric_of(tpg).has("acls"):
            for acl in _listed(reader, tpg):
                by.setdefault((tpg, acl), []).extend(steps)
    for key, steps in concerned.acls.items():
        by.setdefault(key, []).extend(steps)
    for (tpg, acl), steps in by.items():
        session = sessions.of_acl(reader, fabric_of(tpg), tpg, acl)
        if session:
            yield _session(session, shell_path_of(tpg), steps)
    for tpg in {**concerned.tpgs, **concerned.dynamic}:
        steps = [*concerned.tpgs.get(tpg, ()), *concerned.dynamic.get(tpg, ())]
        for name in sessions.dynamic_initiators(reader, tpg):
            path = shell_path_of(tpg)
            text = f"{name} (without an ACL) would {_loss(steps, path)}"
            yield Disturbance("session", name, path, text, by=tuple(steps))


def _listed(reader: Reader, tpg: ConfigfsPath) -> list[str]:
    try:
        return list(reader.acl_names(tpg))
    except KernelRefused:
        # The TPG was removed meanwhile.
        return []


def _unreachable(reader: Reader, concerned: Concerned) -> Iterator[Disturbance]:
    """Yield the sessions of TPGs that lose their last portal, which end with their connection.

    iscsi_target_tpg.c, iscsit_tpg_del_network_portal stops only the listening socket.
    """
    by: dict[ConfigfsPath, list[Step]] = {}
    for portal, steps in concerned.portals.items():
        by.setdefault(paths.tpg_of(portal), []).extend(steps)
    for tpg, steps in by.items():
        if tpg in concerned.tpgs or _listens(reader, concerned, tpg):
            continue
        path = shell_path_of(tpg)
        loss = f"be unable to log in to {path} again: its last portal is deleted"
        yield from _all_of(reader, tpg, steps, loss)


def _listens(reader: Reader, concerned: Concerned, tpg: ConfigfsPath) -> bool:
    """Return True if a TPG has a portal after the steps."""
    if any(paths.tpg_of(portal) == tpg for portal in concerned.listening):
        return True
    folder = paths.portals(tpg)
    try:
        names = reader.portal_names(folder)
    except KernelRefused:
        return False
    return any(paths.child(folder, name) not in concerned.portals for name in names)


def _all_of(
    reader: Reader, tpg: ConfigfsPath, steps: list[Step], loss: str, lun: ConfigfsPath | None = None
) -> Iterator[Disturbance]:
    """Yield all sessions of a TPG; of those with an ACL, only the ones that see ``lun``."""
    path = shell_path_of(tpg)
    for acl in _listed(reader, tpg) if fabric_of(tpg).has("acls") else ():
        session = sessions.of_acl(reader, fabric_of(tpg), tpg, acl)
        if session and (lun is None or _sees(reader, session.acl, lun)):
            yield _session(session, path, steps, loss)
    for name in sessions.dynamic_initiators(reader, tpg):
        text = f"{name} (without an ACL) would {loss}"
        yield Disturbance("session", name, path, text, by=tuple(steps))


def _sees(reader: Reader, acl: ConfigfsPath, lun: ConfigfsPath) -> bool:
    for index in reader.mapped_indexes(acl):
        link = links.link_in(reader.fs, paths.mapped_lun(acl, index))
        if link is not None and link[1] == lun:
            return True
    return False


def _hidden(reader: Reader, concerned: Concerned) -> Iterator[Disturbance]:
    """Yield the sessions that keep a LUN, but cannot use it, because of its ALUA state."""
    hidden = {lun: list(steps) for lun, steps in concerned.hidden.items()}
    for group, steps in concerned.groups.items():
        for export in exports.in_group(reader.fs, group) or ():
            hidden.setdefault(export.configfs, []).extend(steps)
    for lun, steps in hidden.items():
        tpg, index = paths.parse_lun(lun) or (lun, 0)
        if lun in concerned.luns or tpg in concerned.tpgs or fabric_of(tpg).name != "iscsi":
            continue
        loss = f"be unable to use LUN {index} of {shell_path_of(tpg)} on this path"
        yield from _all_of(reader, tpg, steps, loss, lun)


def _session(
    session: Session, path: str, steps: list[Step], loss: str | None = None
) -> Disturbance:
    addresses = tuple(dict.fromkeys(item.address for item in session.connections))
    where = f" from {' and '.join(addresses)}" if addresses else ""
    loss = _loss(steps, path) if loss is None else loss
    text = f"{session.initiator} (session {session.sid}{where}) would {loss}"
    return Disturbance(
        "session", session.initiator, path, text, session.sid, addresses, tuple(steps)
    )


def _loss(steps: list[Step], path: str) -> str:
    """Return what a session at a TPG loses: LUNs, or all of it where a step removes more."""
    numbers: dict[str, None] = {}
    for step in steps:
        removed = [item for item in step.operations if isinstance(item, Unlink)]
        if not removed:
            return f"be logged out of {path}"
        names = (paths.name_of(paths.parent(item.link)) for item in removed)
        numbers |= {name.removeprefix("lun_"): None for name in names}
    listed = ", ".join(numbers)
    return f"lose LUN{'s' if len(numbers) > 1 else ''} {listed} of {path}"
