# SPDX-License-Identifier: Apache-2.0
"""A plan, and one that is being made."""

from __future__ import annotations

from collections.abc import Mapping

from ..fast_dataclasses import dataclass, field
from ..kernel.paths import HbaAllocator, Key, Locate, Reservations
from ..steps import Step


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are done.

    ``replaced`` are the shell paths of objects that are taken away and made again, each with the
    reason; ``notes`` are (shell path, text).
    """

    steps: tuple[Step, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps)


@dataclass(slots=True)
class PlanBuilder:
    """A plan by phases: what goes, from leaf to root; what comes, from root to leaf; what serves.

    ``locate`` tells where storage objects are now, ``allocator`` where new ones may be,
    ``reservations`` the lines that were kept for a unit serial number.
    """

    locate: Locate
    allocator: HbaAllocator
    reservations: Reservations
    disable: list[Step] = field(default_factory=list)
    """TPGs that stop to serve."""
    remove: list[Step] = field(default_factory=list)
    remove_objects: list[Step] = field(default_factory=list)
    """Storage objects and their groups: when nothing exports them any more."""
    create: list[Step] = field(default_factory=list)
    enable: list[Step] = field(default_factory=list)
    """TPGs that serve again."""
    replaced: dict[str, str] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)
    made: dict[Key, str] = field(default_factory=dict)
    """Where storage objects will be that this plan makes."""
    read_only: frozenset[Key] = frozenset()
    """Storage objects that cannot be written to."""

    def locate_after(self, key: Key) -> str | None:
        """Where a storage object is once this plan has been performed."""
        return self.made.get(key) or self.locate(key)

    def finish(self) -> Plan:
        """The plan."""
        steps = (*self.disable, *self.remove, *self.remove_objects, *self.create, *self.enable)
        return Plan(steps, self.replaced, tuple(self.notes))
