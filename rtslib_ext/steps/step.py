# SPDX-License-Identifier: Apache-2.0
"""A step: one change to one object, that can be said, done and undone."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from enum import Enum

from ..errors import KernelRefused, LioError, RollbackFailed
from .operations import Kernel, Link, Mkdir, Operation, Rmdir, Unlink


class Action(Enum):
    """What a step does to its object; the value is the sign it is shown with."""

    CREATE = "+"
    UPDATE = "~"
    DELETE = "-"


# What undoing may meet where the step was done in part.
_ALREADY_SO: dict[type, tuple[int, ...]] = {
    Mkdir: (errno.EEXIST,),
    Link: (errno.EEXIST,),
    Rmdir: (errno.ENOENT,),
    Unlink: (errno.ENOENT,),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One change as data.

    ``path`` is the shell path of the object, ``text`` the change in one line, ``needs`` the shell
    paths of objects that must be there for it. ``undo`` is given where the operations cannot be
    taken back one by one: a removed storage object is made again, not just its folder.
    """

    action: Action
    path: str
    text: str
    operations: tuple[Operation, ...]
    undo: tuple[Operation, ...] | None = None
    needs: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.action.value} {self.path}: {self.text}"

    def do(self, kernel: Kernel) -> None:
        """Perform the step; when it fails half way, what it did is taken back."""
        done: list[Operation] = []
        try:
            for operation in self.operations:
                operation.do(kernel)
                done.append(operation)
        except BaseException as err:
            left = self._take_back(kernel, done) if done else []
            if left:
                raise not_undone(err, self.path, left) from err
            raise

    def take_back(self, kernel: Kernel) -> list[str]:
        """Undo the step after it was done; what could not be undone is returned."""
        return self._take_back(kernel, list(self.operations))

    def _take_back(self, kernel: Kernel, done: list[Operation]) -> list[str]:
        if self.undo is not None:
            operations = list(self.undo)
        else:
            inverses = [operation.inverse() for operation in reversed(done)]
            operations = [inverse for inverse in inverses if inverse is not None]
        left = []
        for operation in operations:
            try:
                operation.do(kernel)
            except KernelRefused as err:
                if err.errno not in _ALREADY_SO.get(type(operation), ()):
                    left.append(f"{self.path}: {self.text}: {err}")
            except LioError as err:
                left.append(f"{self.path}: {self.text}: {err}")
        return left


def not_undone(reason: BaseException, path: str, left: list[str]) -> RollbackFailed:
    """The error that tells both: what failed, and what could not be undone then."""
    what = str(reason) or type(reason).__name__
    lines = "".join(f"\n  {line}" for line in left)
    return RollbackFailed(
        f"{what}; and what was done before could not all be undone:{lines}",
        path=getattr(reason, "path", "") or path,
        hint="look at the objects named, then restoreconfig or delete them by hand",
    )
