# SPDX-License-Identifier: Apache-2.0
"""The entry point of the library: read the running configuration, plan a change, apply it.

Changes take the same lock and keep the same journal as those of targetcli. Each is applied
completely or rolled back, and verified by reading the kernel again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from .config.merge import merge
from .config.model import Config
from .errors import InUse, InvalidValue, LioError, PermissionDenied
from .fabrics import FABRICS
from .fast_dataclasses import dataclass, replace
from .kernel.configfs import ConfigFS, WriteFS
from .owners import exported, fragment, kept, ports, record, states, units
from .owners.fragment import Part
from .plan import backing_files, interrupted
from .plan.disturbance import Disturbance
from .reading.reader import Reader
from .steps import Action, Step
from .steps.step import changed, deleted
from .transaction import apply as applying
from .transaction import beside, confirmed_commit
from .transaction import journal as journals
from .transaction.executor import Outcome
from .transaction.lock import JOURNAL, LOCK_FILE, LastChange, change_lock
from .usage import preflight, sessions, unlisted
from .usage.sessions import DynamicSession, Session


class Outdated(InUse):
    """The configuration changed after the change was planned: plan it again."""


@dataclass(frozen=True, slots=True)
class Change(applying.Change):
    """A planned change; false if it has no steps.

    ``have`` is the configuration that it starts from, ``want`` the one that it leads to.
    ``plan.replaced`` are the shell paths of objects that are recreated, with the reason;
    ``plan.notes`` are (shell path, text) about files and devices. ``interrupts`` are the
    sessions, reservations and active I/O that the steps interrupt. ``asked``, ``exact``,
    ``create_files``, ``owner`` and ``adopt`` are the arguments of ``System.plan``. With an owner,
    ``have`` and ``want`` are only the part of the configuration that its fragment changes, and
    ``part`` says more about that.
    """

    asked: Config
    exact: bool
    create_files: bool
    interrupts: tuple[Disturbance, ...]
    owner: str | None = None
    adopt: bool = False
    part: Part | None = None

    def __bool__(self) -> bool:
        return bool(self.plan)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the steps in order; ``str`` of a step is one line without passwords."""
        return self.plan.steps


def _refuse_unknown(want: Config) -> None:
    """Raise InvalidValue for a target of an unknown fabric."""
    for fabric, wwn in want.targets:
        if fabric not in FABRICS:
            known = ", ".join(sorted(FABRICS))
            path = f"/{fabric}/{wwn}"
            raise InvalidValue(f"unknown fabric {fabric}", path=path, hint=f"use {known}")


def _this_thread() -> tuple[int, int]:
    return os.getpid(), threading.get_ident()


class System:
    """The SCSI target of this host's kernel.

    Threads may share one object. Changes need root, and are not saved: ``targetcli saveconfig``
    does that. ``wait`` is how many seconds to wait for the lock (None: ten minutes); ``fs``,
    ``lock_file`` and ``journal`` are for tests; the record of the owners is beside the journal.
    To use a fabric that is described in /etc/target/fabrics, call
    ``rtslib_ext.fabrics.drop_ins.add_drop_ins`` first.
    """

    def __init__(
        self,
        fs: WriteFS | None = None,
        *,
        wait: float | None = None,
        lock_file: str = LOCK_FILE,
        journal: str = JOURNAL,
    ) -> None:
        self.fs: WriteFS = fs or ConfigFS()
        self._wait, self._lock_file, self._journal = wait, lock_file, journal
        self._owners = beside.Files.of(journal).owners
        self._thread: tuple[int, int] | None = None
        self._name = ""
        # In a block of changing(): the configuration and the last plan, until the next change.
        self._running: Config | None = None
        self._latest: Change | None = None

    def read(self) -> Config:
        """Return the running configuration, passwords included; empty if nothing is configured.

        Objects that another process deletes meanwhile are left out. Raises KernelRefused.
        """
        running = Reader(self.fs).config()
        if self._is_changing():
            self._running = running
        return running

    def owners(self) -> dict[str, str]:
        """Return the names of owners by the shell paths of their objects, as ``targetcli owners``.

        Raises PermissionDenied for users other than root, as an empty answer would mean that this
        host serves nothing; LioError if the record is damaged.
        """
        if os.geteuid():
            raise PermissionDenied("the record of the owners needs root", hint="run it with sudo")
        return record.load(self._owners)

    def sessions(self) -> list[Session]:
        """Return the sessions of initiators with an ACL; only iSCSI reports them."""
        return list(sessions.sessions(Reader(self.fs)))

    def dynamic_sessions(self) -> list[DynamicSession]:
        """Return the sessions of initiators without an ACL; the kernel reports only names."""
        return list(sessions.dynamic_sessions(Reader(self.fs)))

    def session_count(self, target: str) -> int:
        """Return the number of sessions with an iSCSI target; the kernel may not list all."""
        return unlisted.count(Reader(self.fs), target)

    @contextmanager
    def changing(self, name: str) -> Iterator[System]:
        """Hold the lock for several changes; each is applied or rolled back on its own.

        ``name`` is shown to other processes that wait, so it must not contain secrets. Blocks
        can be nested: the outer one holds the lock, for its thread. Raises Locked, an InUse, if
        the lock is not free in time; InUse if an earlier change was interrupted, until ``targetcli
        recover`` ends it; PermissionDenied without root.
        """
        if self._is_changing():
            yield self
            return
        with change_lock(name, path=self._lock_file, wait=self._wait) as held:
            files = beside.Files.of(self._journal)
            if not os.path.exists(self._journal) and beside.is_unfinished(files):
                beside.settle(files)
            journals.refuse_unfinished(self._journal)
            if held.left is LastChange.UNCONFIRMED:
                # The shell looks for such a change only if the last holder says so.
                held.leaves = LastChange.UNCONFIRMED
            self._thread, self._name = _this_thread(), name
            try:
                yield self
            finally:
                self._thread = self._running = self._latest = None

    def _is_changing(self) -> bool:
        """Return True if this thread holds the lock; not for one of a forked process."""
        return self._thread == _this_thread()

    def plan(
        self,
        want: Config,
        *,
        exact: bool = False,
        create_files: bool = False,
        owner: str | None = None,
        adopt: bool = False,
    ) -> Change:
        """Return the change that adds ``want`` to the running configuration; apply nothing.

        It deletes nothing, and keeps values that ``want`` does not manage. With ``exact``, the
        change replaces the running configuration by ``want``, except running objects that have an
        owner: ``plan.notes`` names those that ``want`` lacks or has with other values.

        With ``owner``, ``want`` is the fragment of that owner, such as the name of a driver: the
        change creates and changes what it has, deletes what the owner had before, and touches
        nothing else. It costs what the owner's objects cost. An entry of a target with nothing but
        ACLs stands for these ACLs in a target of another owner; an empty ``want`` deletes all. An
        object of another owner raises InUse, one of none Exists, unless ``adopt`` is set.

        With ``create_files``, it creates the missing files of new FileIO objects; otherwise they
        are refused when it is applied: an unmounted file system must not become an empty disk.

        Raises InvalidValue for an unknown fabric or the name of an owner, Exists for an rtpi in a
        fragment that another TPG has, and KernelRefused. Other problems, such as a LUN of a missing
        storage object, are raised by ``apply``.
        """
        _refuse_unknown(want)
        if owner is None and adopt:
            raise InvalidValue("adopt needs an owner")
        if owner is not None and exact:
            raise InvalidValue("a fragment is always exact: omit exact")
        part = None if owner is None else self._part(want, owner, adopt=adopt)
        found = self._of_part(part) if part else self._whole(want, exact=exact)
        have = found.have
        notes = ((path, str(one)) for path, one in preflight.of_config(self.fs, have, found.want))
        plan = replace(found.plan, notes=(*found.plan.notes, *notes))
        if create_files:
            plan = backing_files.with_files(plan, found.want)
        hit = tuple(interrupted.of(self.fs, plan.steps))
        change = Change(have, found.want, plan, want, exact, create_files, hit, owner, adopt, part)
        if self._is_changing():
            self._latest = change
        return change

    def _whole(self, want: Config, *, exact: bool) -> applying.Change:
        """Plan a change that may concern the whole configuration."""
        have = (self._running if self._is_changing() else None) or self.read()
        if not exact:
            return applying.prepare(self.fs, merge(have, want), have)
        want, notes = kept.keep(self.owners(), have, want, record.moving(self._owners))
        found = applying.prepare(self.fs, want, have)
        return replace(found, plan=replace(found.plan, notes=(*found.plan.notes, *notes)))

    def _part(self, want: Config, owner: str, *, adopt: bool) -> Part:
        """Return what the fragment of an owner changes."""
        units.check_name(owner)
        return fragment.part(self.fs, owner, want, self.owners(), adopt=adopt)

    def _of_part(self, part: Part) -> applying.Change:
        """Plan the change to the fragment of an owner."""
        found = applying.prepare(self.fs, part.want, part.have)
        removed = [step.path for step in found.plan.steps if step.action is Action.DELETE]
        exported.refuse_deleted(self.fs, part.have, removed, self.owners())
        ports.refuse_taken(self.fs, found.want, part.mine, part.before)
        plan = replace(found.plan, notes=(*found.plan.notes, *part.notes))
        return replace(found, plan=plan)

    def apply(self, change: Change, name: str = "", *, interrupt: bool = False) -> Outcome:
        """Perform all steps of a change, or none of them.

        Takes the lock as ``changing`` does, with this ``name``, unless a block holds it. Of the
        outcome, ``done`` are the steps, ``notes`` are (shell path, text), ``remaining`` are steps
        that are still needed: the kernel stored another value. The record of the owners follows.

        Raises Outdated if the same arguments of ``plan`` now lead to other steps, never for the
        last plan of the same block; InUse if the change would interrupt initiators and
        ``interrupt`` is not set, if another change waits for ``targetcli confirm``, or if it sets
        objects in standby, which the other host of a pair may serve; the errors of ``changing``;
        and the error of the first step that failed, with the shell path of its object:
        KernelRefused, NotFound, Exists, InvalidValue or another LioError. All steps are then
        rolled back, as for KeyboardInterrupt; if that fails, RollbackFailed.
        """
        with self.changing(name or "rtslib_ext"):
            change = self._current(change)
            if not change and change.part is None:
                return Outcome()
            self._check(change, interrupt)
            self._running = self._latest = None
            about = {"command": name or self._name, "path": "/", "since": time.time()}
            journal = journals.Journal(self._journal, about)
            part = change.part
            if part is None:
                outcome = applying.perform(self.fs, change, journal=journal)
                self._drop_deleted(outcome.done)
                left = applying.differences(self.fs, change, self.read)
            else:
                partly = applying.PartChange(change.have, change.want, change.plan, part.read)
                with record.claiming(self._owners, part.owners):
                    outcome = applying.perform(self.fs, partly, journal=journal)
                left = applying.differences(self.fs, partly, lambda: part.read(self.fs))
            outcome.remaining += left.steps
            self._drop_missing(outcome.done)
            return outcome

    def _drop_deleted(self, done: Iterable[Step]) -> None:
        """Drop the owners of deleted objects."""
        gone = deleted(done)
        if not gone:
            return
        owners = self.owners()
        left = record.without_deleted(owners, gone)
        if left != owners:
            record.store(self._owners, left)

    def _drop_missing(self, done: Iterable[Step]) -> None:
        """Drop what could not be restored of deleted objects: new ones of that name lack it."""
        path = f"{os.path.dirname(self._journal)}/unrestored.json"
        if not os.path.exists(path) or all(step.action is Action.UPDATE for step in done):
            return
        # Imported here: after most restores nothing is missing.
        from .savefile import unrestored

        # A damaged record stays, for what needs it.
        with suppress(LioError):
            found, have = unrestored.load(path), Reader(self.fs).config()
            left = unrestored.remaining(found, have, have.storage_objects)
            if left.paths != found.paths or left.part != found.part:
                unrestored.store(path, left)

    def _current(self, change: Change) -> Change:
        """Return the change as planned under the lock; raise Outdated if its steps differ."""
        if change is self._latest:
            return change
        latest = self.plan(
            change.asked,
            exact=change.exact,
            create_files=change.create_files,
            owner=change.owner,
            adopt=change.adopt,
        )
        if list(map(str, latest.steps)) != list(map(str, change.steps)):
            raise Outdated(
                "the configuration changed after this change was planned",
                hint="plan it again, or plan and apply it in one block of System.changing",
            )
        return latest

    def _check(self, change: Change, interrupt: bool) -> None:
        """Raise InUse for a change that must not be applied now."""
        pending = confirmed_commit.find(confirmed_commit.beside(self._journal))
        if pending:
            raise InUse(
                f"{pending} is waiting for confirmation",
                hint="targetcli confirm keeps it, targetcli confirm back rolls it back now",
            )
        states.refuse_standby(self.fs, self._owners, changed(change.steps))
        if change.interrupts and not interrupt:
            listed = "; ".join(item.text for item in change.interrupts)
            raise InUse(
                f"Refused, nothing was changed: {listed}",
                hint="to proceed: apply(change, interrupt=True)",
            )
