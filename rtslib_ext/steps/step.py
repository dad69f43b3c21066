# SPDX-License-Identifier: Apache-2.0
"""A step: one change to one object, that can be described, performed and reversed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

from ..errors import KernelRefused, LioError, RollbackFailed
from ..fast_dataclasses import dataclass
from .context import Context, Operation

SET = "set"
"""The verb of a step that sets a value."""


class Action(Enum):
    """What a step does to its object; the value is its sign in a plan."""

    CREATE = "+"
    UPDATE = "~"
    DELETE = "-"


@dataclass(frozen=True, slots=True)
class Step:
    """One change as data.

    ``path`` is the shell path of the object, ``verb`` and ``subject`` say what happens to it:
    ``create`` and ``ACL iqn...``. A step that sets a value has the verb SET, the name of the
    setting as its subject, ``value`` and, where that is known, the value ``before``; both are
    masked where they are secret. ``needs`` are the shell paths of objects that must exist.
    ``undo`` is given where the operations cannot be reversed one by one: a deleted storage object
    is built again, not just its directory. It is () where nothing can: the object was not read.
    """

    action: Action
    path: str
    verb: str
    subject: str
    operations: tuple[Operation, ...]
    undo: tuple[Operation, ...] | None = None
    needs: tuple[str, ...] = ()
    value: str | None = None
    before: str | None = None

    @property
    def text(self) -> str:
        """The change in one line: ``create ACL iqn...``, ``set NAME=VALUE``, ``enable``."""
        if self.value is not None:
            return f"{self.verb} {self.subject}={self.value}"
        return f"{self.verb} {self.subject}" if self.subject else self.verb

    def __str__(self) -> str:
        return f"{self.action.value} {self.path}: {self.text}"

    def do(self, context: Context) -> None:
        """Perform the step, all of it or nothing.

        Raises LioError; RollbackFailed where its completed operations could not be rolled back.
        """
        done: list[Operation] = []
        try:
            for operation in self.operations:
                context.begin()
                operation.do(context)
                done.append(operation)
        except BaseException as err:
            left = self.roll_back(context, done) if done else []
            if left:
                raise not_undone(err, self.path, left) from err
            raise

    def roll_back(self, context: Context, done: Sequence[Operation] | None = None) -> list[str]:
        """Reverse the step, or only its operations in ``done``; return what could not be reversed.

        It stops at the first failure: an operation after a failed check may do harm, as enabling
        a disk whose backing file is missing would.
        """
        for operation in self.inverse(done):
            try:
                operation.do(context)
            except LioError as err:
                # An operation that was not performed needs no reversal.
                if not (isinstance(err, KernelRefused) and _is_so(context, operation)):
                    return [f"{self.path}: {self.text}: {err}"]
        return []

    def inverse(self, done: Sequence[Operation] | None = None) -> list[Operation]:
        """Return the operations that reverse the step, or only its operations in ``done``."""
        if self.undo is not None:
            return list(self.undo)
        inverses = [item.inverse() for item in reversed(self.operations if done is None else done)]
        return [item for item in inverses if item is not None]


def set_step(
    path: str,
    name: str,
    value: str,
    before: str | None,
    operations: tuple[Operation, ...],
    undo: tuple[Operation, ...] | None = None,
) -> Step:
    """Return a step that sets one value; ``before`` is None on a new object."""
    return Step(Action.UPDATE, path, SET, name, operations, undo=undo, value=value, before=before)


def deleted(steps: Iterable[Step]) -> set[str]:
    """Return the shell paths of the objects that steps delete, and do not create again."""
    gone: set[str] = set()
    for step in steps:
        if step.action is Action.DELETE:
            gone.add(step.path)
        elif step.action is Action.CREATE:
            gone.discard(step.path)
    return gone


def changed(steps: Sequence[Step]) -> Iterator[str]:
    """Yield the shell paths of what steps create or set, except in objects that they delete."""
    gone = deleted(steps)
    for step in steps:
        above = step.path
        while above and above not in gone:
            above = above.rpartition("/")[0]
        if step.action is not Action.DELETE and not above:
            yield step.path


def _is_so(context: Context, operation: Operation) -> bool:
    # Imported here: only an error needs it.
    from .observed import is_done

    return bool(is_done(context.fs, operation))


REPAIR = "once the cause is gone, recover rolls back the rest"


def not_undone(
    reason: BaseException, path: str, left: list[str], *, kept: bool = False
) -> RollbackFailed:
    """Return the error that names both the failure and the steps that could not be rolled back.

    ``kept``: the remaining steps are in a journal.
    """
    what = str(reason) or type(reason).__name__
    lines = "".join(f"\n  {line}" for line in left)
    return RollbackFailed(
        f"{what}; and not all earlier changes could be rolled back:{lines}",
        path=getattr(reason, "path", "") or path,
        hint=REPAIR
        if kept
        else "check these objects, then run restoreconfig or delete them by hand",
    )
