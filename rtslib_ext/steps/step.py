# SPDX-License-Identifier: Apache-2.0
"""A step: one change to one object, that can be said, done and undone."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from ..errors import KernelRefused, LioError, RollbackFailed
from ..fast_dataclasses import dataclass
from .context import Context, Operation

SET = "set"
"""The verb of a step that sets a value."""


class Action(Enum):
    """What a step does to its object; the value is the sign it is shown with."""

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
    is built again, not just its directory.
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
        """Perform the step; when it fails half way, what it did is taken back."""
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
        """Undo the step after it was done, or those of its operations that were.

        What could not be undone is returned. It ends there: what comes after a check that fails
        may do harm, as a disk would whose file is not there.
        """
        for operation in self.inverse(done):
            try:
                operation.do(context)
            except LioError as err:
                # Where the step was done in part, that is what was not.
                if not (isinstance(err, KernelRefused) and _is_so(context, operation)):
                    return [f"{self.path}: {self.text}: {err}"]
        return []

    def inverse(self, done: Sequence[Operation] | None = None) -> list[Operation]:
        """The operations that take the step back, or those of its operations that were done."""
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


def _is_so(context: Context, operation: Operation) -> bool:
    # Imported here: nothing but an error needs it.
    from .observed import is_done

    return bool(is_done(context.fs, operation))


REPAIR = "recover takes the rest back once the cause is gone"


def not_undone(
    reason: BaseException, path: str, left: list[str], *, kept: bool = False
) -> RollbackFailed:
    """The error that tells both: what failed, and what could not be undone then.

    ``kept``: a journal has what is left.
    """
    what = str(reason) or type(reason).__name__
    lines = "".join(f"\n  {line}" for line in left)
    return RollbackFailed(
        f"{what}; and what was done before could not all be undone:{lines}",
        path=getattr(reason, "path", "") or path,
        hint=REPAIR
        if kept
        else "look at the objects named, then restoreconfig or delete them by hand",
    )
