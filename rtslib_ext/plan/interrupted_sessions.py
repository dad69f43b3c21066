# SPDX-License-Identifier: Apache-2.0
"""Sessions that end, or lose a LUN, by steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ..config.shell_paths import ShellPath
from ..errors import KernelRefused
from ..fast_dataclasses import dataclass, replace
from ..kernel import links, paths
from ..kernel.configfs import ConfigfsPath
from ..reading.reader import Reader
from ..steps import Step
from ..steps.operations import Unlink
from ..usage import exports, sessions, unlisted
from ..usage.sessions import Session
from ..usage.unlisted import Holder, Unlisted
from .concerned import Concerned, fabric_of, shell_path_of
from .disturbance import Disturbance


class _Verb(NamedTuple):
    """A verb for sessions: after "would", and in the past for one and for several."""

    infinitive: str
    past: str
    past_of_several: str


_LOSE = _Verb("lose", "lost", "lost")
_LOG_OUT = _Verb("be logged out of", "was logged out of", "were logged out of")
_BE_UNABLE = _Verb("be unable to", "was unable to", "were unable to")


@dataclass(frozen=True, slots=True)
class _Loss:
    """What the sessions of a holder lose by steps: a verb and its object, ``lost``.

    With ``lun``, only those that see it.
    """

    holder: Holder
    verb: _Verb
    lost: str
    steps: list[Step]
    lun: ConfigfsPath | None = None

    @property
    def text(self) -> str:
        return f"{self.verb.infinitive} {self.lost}"

    @property
    def past(self) -> str:
        return f"{self.verb.past} {self.lost}"

    @property
    def path(self) -> ShellPath:
        return shell_path_of(self.holder[0])


def of(reader: Reader, concerned: Concerned) -> Iterator[Disturbance]:
    """Yield the sessions that steps end or that lose a LUN by them.

    Those that the kernel does not list are one Disturbance for each target, with their number.
    """
    found: list[_Loss] = []
    disturbances: list[Disturbance] = []
    losses = (_sessions, _unreachable, _hidden)
    for loss in (item for each in losses for item in each(reader, concerned)):
        listed = list(_listed_of(reader, loss))
        disturbances += listed
        if listed:
            found.append(loss)
    # First: a question shows only the beginning of many.
    yield from _unlisted(reader, found)
    yield from disturbances
    yield from _demoted(reader, concerned)


def _listed_of(reader: Reader, loss: _Loss) -> Iterator[Disturbance]:
    tpg, acl = loss.holder
    if acl is not None:
        session = sessions.of_acl(reader, fabric_of(tpg), tpg, acl)
        if session and (loss.lun is None or _sees(reader, session.acl, loss.lun)):
            yield _session(session, loss)
        return
    for name, number in Counter(sessions.dynamic_initiators(reader, tpg)).items():
        several = f", {number} sessions" if number > 1 else ""
        yield _disturbance(name, f"{name} (without an ACL{several})", loss)


def _unlisted(reader: Reader, losses: list[_Loss]) -> Iterator[Disturbance]:
    """Yield the sessions of the same holders that the kernel does not list."""
    by: dict[tuple[str, _Verb, str], list[_Loss]] = {}
    for loss in losses:
        fabric, wwn, _ = paths.parse_tpg(loss.holder[0]) or (None, "", 0)
        if fabric is not None and fabric.name == "iscsi":
            by.setdefault((wwn, loss.verb, loss.lost), []).append(loss)
    seen: dict[str, Unlisted | None] = {}
    for (wwn, verb, lost), those in by.items():
        if wwn not in seen:
            seen[wwn] = unlisted.of_target(reader, wwn)
        more = seen[wwn]
        holders = {loss.holder for loss in those}
        if more is None or holders.isdisjoint(more.holders):
            continue
        number = f"{'' if more.holders <= holders else 'up to '}{more.unlisted}"
        is_one = more.unlisted == 1
        who = f"{number} {'session' if is_one else 'sessions'} that the kernel does not list"
        text = f"{who} would {verb.infinitive} {lost}"
        past = f"{who} {verb.past if is_one else verb.past_of_several} {lost}"
        steps: list[Step] = []
        for loss in those:
            steps += [step for step in loss.steps if step not in steps]
        yield Disturbance("session", "", those[0].path, text, by=tuple(steps), past=past)


def _sessions(reader: Reader, concerned: Concerned) -> Iterator[_Loss]:
    by: dict[Holder, list[Step]] = {}
    for tpg, steps in concerned.tpgs.items():
        if fabric_of(tpg).has("acls"):
            for acl in _listed(reader, tpg):
                by.setdefault((tpg, acl), []).extend(steps)
    for key, steps in concerned.acls.items():
        by.setdefault(key, []).extend(steps)
    for tpg in {**concerned.tpgs, **concerned.dynamic}:
        by[tpg, None] = [*concerned.tpgs.get(tpg, ()), *concerned.dynamic.get(tpg, ())]
    for holder, steps in by.items():
        yield _Loss(holder, *_loss(steps, shell_path_of(holder[0])), steps)


def _demoted(reader: Reader, concerned: Concerned) -> Iterator[Disturbance]:
    """Yield the sessions that lose LUNs of demo mode, because an ACL is created for them."""
    for (tpg, acl), (step, kept) in concerned.demo_luns.items():
        name = fabric_of(tpg).from_folder(acl)
        if tpg in concerned.tpgs or name not in sessions.dynamic_initiators(reader, tpg):
            continue
        lost = [str(index) for index in reader.lun_indexes(tpg) if str(index) not in kept]
        if lost:
            loss = _Loss((tpg, None), _LOSE, f"{_luns(lost)} of {shell_path_of(tpg)}", [step])
            yield _disturbance(name, f"{name} (without an ACL)", loss)


def _listed(reader: Reader, tpg: ConfigfsPath) -> list[str]:
    try:
        return list(reader.acl_names(tpg))
    except KernelRefused:
        # The TPG was removed meanwhile.
        return []


def _unreachable(reader: Reader, concerned: Concerned) -> Iterator[_Loss]:
    """Yield the sessions of TPGs that lose their last portal, which end with their connection.

    iscsi_target_tpg.c, iscsit_tpg_del_network_portal stops only the listening socket.
    """
    by: dict[ConfigfsPath, list[Step]] = {}
    for portal, steps in concerned.portals.items():
        by.setdefault(paths.tpg_of(portal), []).extend(steps)
    for tpg, steps in by.items():
        if tpg in concerned.tpgs or _listens(reader, concerned, tpg):
            continue
        lost = f"log in to {shell_path_of(tpg)} again: its last portal is deleted"
        yield from _all_of(reader, tpg, steps, lost)


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
    reader: Reader, tpg: ConfigfsPath, steps: list[Step], lost: str, lun: ConfigfsPath | None = None
) -> Iterator[_Loss]:
    """Yield what no session of a TPG can do; of those with an ACL, only if they see ``lun``."""
    for acl in _listed(reader, tpg) if fabric_of(tpg).has("acls") else ():
        yield _Loss((tpg, acl), _BE_UNABLE, lost, steps, lun)
    yield _Loss((tpg, None), _BE_UNABLE, lost, steps)


def _sees(reader: Reader, acl: ConfigfsPath, lun: ConfigfsPath) -> bool:
    for index in reader.mapped_indexes(acl):
        link = links.link_in(reader.fs, paths.mapped_lun(acl, index))
        if link is not None and link[1] == lun:
            return True
    return False


def _hidden(reader: Reader, concerned: Concerned) -> Iterator[_Loss]:
    """Yield the sessions that keep a LUN, but cannot use it, because of its ALUA state."""
    hidden = {lun: list(steps) for lun, steps in concerned.hidden.items()}
    for group, steps in concerned.groups.items():
        for export in exports.in_group(reader.fs, group):
            hidden.setdefault(export.configfs, []).extend(steps)
    for lun, steps in hidden.items():
        tpg, index = paths.parse_lun(lun) or (lun, 0)
        if lun in concerned.luns or tpg in concerned.tpgs or fabric_of(tpg).name != "iscsi":
            continue
        lost = f"use LUN {index} of {shell_path_of(tpg)} on this path"
        yield from _all_of(reader, tpg, steps, lost, lun)


def _session(session: Session, loss: _Loss) -> Disturbance:
    addresses = tuple(dict.fromkeys(item.address for item in session.connections))
    where = f" from {' and '.join(addresses)}" if addresses else ""
    which = f" (session {session.sid}{where})" if session.sid else ""
    found = _disturbance(session.initiator, f"{session.initiator}{which}", loss)
    return replace(found, sid=session.sid, addresses=addresses)


def _disturbance(initiator: str, session: str, loss: _Loss) -> Disturbance:
    text, past = f"{session} would {loss.text}", f"{session} {loss.past}"
    return Disturbance("session", initiator, loss.path, text, by=tuple(loss.steps), past=past)


def _loss(steps: list[Step], path: str) -> tuple[_Verb, str]:
    """Return what a session at a TPG loses: LUNs, or all of it where a step removes more."""
    numbers: dict[str, None] = {}
    for step in steps:
        removed = [item for item in step.operations if isinstance(item, Unlink)]
        if not removed:
            return _LOG_OUT, path
        names = (paths.name_of(paths.parent(item.link)) for item in removed)
        numbers |= {name.removeprefix("lun_"): None for name in names}
    return _LOSE, f"{_luns(list(numbers))} of {path}"


def _luns(numbers: list[str]) -> str:
    return f"LUN{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"
