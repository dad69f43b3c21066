# SPDX-License-Identifier: Apache-2.0
"""Find what steps would interrupt: sessions that end or lose a LUN, reservations, active I/O.

The operations of the steps decide, not the plan that they come from. Only affected objects are
read; a plan that deletes nothing reads nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from ..config import shell_paths
from ..config.shell_paths import ShellPath
from ..errors import KernelRefused
from ..fabrics import Fabric, of_folder
from ..fast_dataclasses import dataclass, field
from ..kernel import links, paths
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..reading.reader import Reader
from ..steps import Step
from ..steps.context import Operation
from ..steps.operations import (
    BestEffort,
    Mkdir,
    RemoveLinked,
    RemoveTree,
    Rmdir,
    RmdirOverLuns,
    SetEnabled,
    Unlink,
    Write,
)
from ..steps.quiesce import commands
from ..usage import exports, reservations, sessions
from ..usage.sessions import Session

# Seconds between the two counts of commands that show whether I/O is active.
APART_SECONDS = 0.5
# SPC-4 section 5.15.2.4, table 36: standby, unavailable, offline. Commands to the disk fail.
_HIDING_STATES = (2, 3, 14)


@dataclass(frozen=True, slots=True)
class Disturbance:
    """An initiator, or I/O of an unknown one, that steps would interrupt.

    ``kind`` is session, reservation or io; ``initiator`` is "" for io. ``path`` is the shell
    path of the TPG, the storage object or the LUN in use, ``sid`` and ``addresses`` are those of
    an iSCSI session that has an ACL. ``by`` are the steps that interrupt it.
    """

    kind: str
    initiator: str
    path: str
    text: str
    sid: int | None = None
    addresses: tuple[str, ...] = ()
    by: tuple[Step, ...] = ()

    def __str__(self) -> str:
        first, *others = self.by
        more = f" and {len(others)} more" if others else ""
        return f"{self.text}; {first.path}: {first.text}{more}"

    @property
    def past(self) -> str:
        """Return the text once the steps were performed."""
        return self.text.replace(" would be ", " was ").replace(" would lose ", " lost ")


@dataclass(slots=True)
class _Concerned:
    """The objects that steps remove, with the steps.

    The keys are configfs paths; of ``acls`` (TPG, directory of the ACL), of ``mapped`` (directory
    of the ACL, LUN). ``dynamic`` are TPGs whose initiators without an ACL lose something.
    ``portals`` and ``listening`` are the portals that steps delete and create, ``hidden`` the
    LUNs that stay, but in an ALUA state in which initiators cannot use them, and ``groups`` the
    target port groups that get such a state.
    """

    tpgs: dict[ConfigfsPath, list[Step]] = field(default_factory=dict)
    dynamic: dict[ConfigfsPath, list[Step]] = field(default_factory=dict)
    acls: dict[tuple[ConfigfsPath, str], list[Step]] = field(default_factory=dict)
    luns: dict[ConfigfsPath, list[Step]] = field(default_factory=dict)
    mapped: dict[tuple[str, ConfigfsPath], list[Step]] = field(default_factory=dict)
    objects: dict[ConfigfsPath, list[Step]] = field(default_factory=dict)
    portals: dict[ConfigfsPath, list[Step]] = field(default_factory=dict)
    listening: set[ConfigfsPath] = field(default_factory=set)
    hidden: dict[ConfigfsPath, list[Step]] = field(default_factory=dict)
    groups: dict[ConfigfsPath, list[Step]] = field(default_factory=dict)

    def note(self, step: Step) -> None:
        """Add the objects that a step removes."""
        for operation in step.operations:
            self._note(step, operation)

    def _note(self, step: Step, operation: Operation) -> None:
        match operation:
            case BestEffort():
                self._note(step, operation.operation)
            case Unlink():
                self._unlinked(step, operation)
            case Rmdir() | RmdirOverLuns() | RemoveLinked() | RemoveTree():
                self._removed(step, operation.directory)
            case SetEnabled() if not operation.on:
                _add(self.tpgs, paths.parent(operation.file), step)
            case Write() if operation.file.endswith("/cmdsn_depth") and operation.before:
                # iscsi_target_tpg.c, iscsit_tpg_set_initiator_node_queue_depth: it ends sessions.
                self._removed(step, paths.parent(operation.file))
            case Write():
                self._written(step, operation)
            case Mkdir() if paths.is_portal(operation.directory):
                self.listening.add(operation.directory)

    def _written(self, step: Step, operation: Write) -> None:
        folder, name = paths.parent(operation.file), paths.name_of(operation.file)
        if operation.before == operation.value:
            return
        if name == "alua_tg_pt_offline" and operation.value == "1":
            _add(self.hidden, folder, step)
        elif name == "alua_access_state" and _hides(operation.value):
            _add(self.groups, folder, step)

    def _unlinked(self, step: Step, operation: Unlink) -> None:
        owner, target = paths.parent(operation.link), operation.target
        if lun := paths.parse_lun(owner):
            _add(self.luns, owner, step)
            _add(self.dynamic, lun[0], step)
            if paths.key_of_storage_object(target):
                _add(self.objects, target, step)
        elif acl := paths.parse_acl(owner):
            _add(self.acls, acl, step)
            _add(self.mapped, (acl[1], target), step)

    def _removed(self, step: Step, removed: ConfigfsPath) -> None:
        acl = paths.parse_acl(removed)
        if paths.parse_tpg(removed):
            _add(self.tpgs, removed, step)
        elif paths.key_of_storage_object(removed):
            _add(self.objects, removed, step)
        elif acl and paths.acl(*acl) == removed:
            _add(self.acls, acl, step)
        elif paths.is_portal(removed):
            self.listening.discard(removed)
            _add(self.portals, removed, step)


def _hides(state: str) -> bool:
    """Return True if an ALUA access state, as written, makes commands fail."""
    try:
        return int(state, 0) in _HIDING_STATES
    except ValueError:
        return False


_Key = TypeVar("_Key")


def _add(found: dict[_Key, list[Step]], key: _Key, step: Step) -> None:
    known = found.setdefault(key, [])
    if step not in known[-1:]:
        known.append(step)


def of(
    fs: ReadFS, steps: Iterable[Step], sleep: Callable[[float], object] = time.sleep
) -> list[Disturbance]:
    """Return what steps would interrupt; objects that vanish meanwhile are left out.

    On LUNs of fabrics that list no sessions, I/O is detected by counting commands twice,
    APART_SECONDS apart; ``sleep`` waits for so many seconds.
    """
    concerned = _Concerned()
    for step in steps:
        concerned.note(step)
    reader = Reader(fs)
    found = [
        *_sessions(reader, concerned),
        *_unreachable(reader, concerned),
        *_hidden(reader, concerned),
        *_reservations(reader, concerned),
    ]
    return [*found, *_io(reader, concerned, sleep)]


# -- sessions ---------------------------------------------------------------------------------


def _sessions(reader: Reader, concerned: _Concerned) -> Iterator[Disturbance]:
    by: dict[tuple[ConfigfsPath, str], list[Step]] = {}
    for tpg, steps in concerned.tpgs.items():
        if _fabric(tpg).has("acls"):
            for acl in _listed(reader, tpg):
                by.setdefault((tpg, acl), []).extend(steps)
    for key, steps in concerned.acls.items():
        by.setdefault(key, []).extend(steps)
    for (tpg, acl), steps in by.items():
        session = sessions.of_acl(reader, _fabric(tpg), tpg, acl)
        if session:
            yield _session(session, _shell_path(tpg), steps)
    for tpg in {**concerned.tpgs, **concerned.dynamic}:
        steps = [*concerned.tpgs.get(tpg, ()), *concerned.dynamic.get(tpg, ())]
        for name in sessions.dynamic_initiators(reader, tpg):
            path = _shell_path(tpg)
            text = f"{name} (without an ACL) would {_loss(steps, path)}"
            yield Disturbance("session", name, path, text, by=tuple(steps))


def _listed(reader: Reader, tpg: ConfigfsPath) -> list[str]:
    try:
        return list(reader.acl_names(tpg))
    except KernelRefused:
        # The TPG was removed meanwhile.
        return []


def _unreachable(reader: Reader, concerned: _Concerned) -> Iterator[Disturbance]:
    """Yield the sessions of TPGs that lose their last portal, which end with their connection.

    iscsi_target_tpg.c, iscsit_tpg_del_network_portal stops only the listening socket.
    """
    by: dict[ConfigfsPath, list[Step]] = {}
    for portal, steps in concerned.portals.items():
        by.setdefault(paths.tpg_of(portal), []).extend(steps)
    for tpg, steps in by.items():
        if tpg in concerned.tpgs or _listens(reader, concerned, tpg):
            continue
        path = _shell_path(tpg)
        loss = f"be unable to log in to {path} again: its last portal is deleted"
        yield from _all_of(reader, tpg, steps, loss)


def _listens(reader: Reader, concerned: _Concerned, tpg: ConfigfsPath) -> bool:
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
    path = _shell_path(tpg)
    for acl in _listed(reader, tpg) if _fabric(tpg).has("acls") else ():
        session = sessions.of_acl(reader, _fabric(tpg), tpg, acl)
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


def _hidden(reader: Reader, concerned: _Concerned) -> Iterator[Disturbance]:
    """Yield the sessions that keep a LUN, but cannot use it, because of its ALUA state."""
    hidden = {lun: list(steps) for lun, steps in concerned.hidden.items()}
    for group, steps in concerned.groups.items():
        for export in exports.in_group(reader.fs, group) or ():
            hidden.setdefault(export.configfs, []).extend(steps)
    for lun, steps in hidden.items():
        tpg, index = paths.parse_lun(lun) or (lun, 0)
        if lun in concerned.luns or tpg in concerned.tpgs or _fabric(tpg).name != "iscsi":
            continue
        loss = f"be unable to use LUN {index} of {_shell_path(tpg)} on this path"
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


# -- reservations -----------------------------------------------------------------------------


def _reservations(reader: Reader, concerned: _Concerned) -> Iterator[Disturbance]:
    for storage_object, steps in concerned.objects.items():
        yield from _of_object(reader, storage_object, steps)
    for (folder, lun), steps in concerned.mapped.items():
        link = links.link_in(reader.fs, lun)
        if link and link[1] not in concerned.objects:
            initiator = _fabric(lun).from_folder(folder)
            yield from _of_object(reader, link[1], steps, initiator)


def _of_object(
    reader: Reader, configfs: ConfigfsPath, steps: list[Step], initiator: str | None = None
) -> Iterator[Disturbance]:
    """Yield the holder and registrants of a storage object's reservation, or one of these."""
    key = paths.key_of_storage_object(configfs)
    path = shell_paths.storage_object(*key) if key else configfs
    found = reservations.read(reader.fs, configfs)
    by = tuple(steps)
    if found.holder and initiator in (None, found.holder):
        text = f"{found.holder} would lose its reservation of {path}"
        yield Disturbance("reservation", found.holder, path, text, by=by)
    for name in dict.fromkeys(item.initiator for item in found.registrants):
        if name != found.holder and initiator in (None, name):
            text = f"{name} would lose its reservation key of {path}"
            yield Disturbance("reservation", name, path, text, by=by)


# -- I/O --------------------------------------------------------------------------------------


def _io(
    reader: Reader, concerned: _Concerned, sleep: Callable[[float], object]
) -> Iterator[Disturbance]:
    luns = {
        lun: steps
        for lun, steps in _without_sessions(reader, concerned)
        if commands(reader.fs, lun)
    }
    if not luns:
        return
    before = {lun: commands(reader.fs, lun) for lun in luns}
    sleep(APART_SECONDS)
    for lun, steps in luns.items():
        if commands(reader.fs, lun) not in (None, before[lun]):
            tpg, index = paths.parse_lun(lun) or (lun, 0)
            path = shell_paths.lun(_shell_path(tpg), index)
            yield Disturbance("io", "", path, f"{path} has active I/O", by=tuple(steps))


def _without_sessions(
    reader: Reader, concerned: _Concerned
) -> Iterator[tuple[ConfigfsPath, list[Step]]]:
    """Yield the LUNs of fabrics that list no sessions: only iSCSI does."""
    found: dict[ConfigfsPath, list[Step]] = {}
    for lun, steps in concerned.luns.items():
        found.setdefault(lun, []).extend(steps)
    for (_, lun), steps in concerned.mapped.items():
        found.setdefault(lun, []).extend(steps)
    for tpg, steps in concerned.tpgs.items():
        if _fabric(tpg).name != "iscsi":
            for index in reader.lun_indexes(tpg):
                found.setdefault(paths.lun(tpg, index), []).extend(steps)
    yield from ((lun, steps) for lun, steps in found.items() if _fabric(lun).name != "iscsi")


# -- paths -----------------------------------------------------------------------------------


def _fabric(configfs: ConfigfsPath) -> Fabric:
    fabric = of_folder(configfs.partition("/")[0])
    assert fabric is not None, configfs
    return fabric


def _shell_path(tpg: ConfigfsPath) -> ShellPath:
    parsed = paths.parse_tpg(tpg)
    assert parsed is not None, tpg
    return paths.shell_tpg(*parsed)
