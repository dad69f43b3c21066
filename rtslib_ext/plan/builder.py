# SPDX-License-Identifier: Apache-2.0
"""A plan, and its builder."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..config.model import Key, StorageObject
from ..fast_dataclasses import dataclass, field
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import HbaAllocator, Locate, Reservations
from ..steps import Step
from .rtpi import PortChange

Look = Callable[[str], str | None]
"""Returns the text of a file of a running object; None if this kernel lacks it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are performed.

    ``replaced`` are the shell paths of objects that are deleted and recreated, each with the
    reason; ``notes`` are (shell path, text). ``creates``: there are steps, which all create
    objects, but they are made only while they are performed (transaction.creation).
    """

    steps: tuple[Step, ...] = ()
    replaced: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[tuple[str, str], ...] = ()
    creates: bool = False

    def __bool__(self) -> bool:
        return self.creates or bool(self.steps)


@dataclass(slots=True)
class PlanBuilder:
    """The phases of a plan: deletions from leaf to root, then creations from root to leaf.

    ``locate`` returns the configfs path of a storage object, ``allocator`` chooses HBAs for new
    ones, ``reservations`` returns the lines kept on disk for a unit serial number.
    """

    locate: Locate
    allocator: HbaAllocator
    reservations: Reservations
    objects: Mapping[Key, StorageObject] = field(default_factory=dict)
    """The wanted storage objects."""
    ports: Mapping[ConfigfsPath, PortChange] = field(default_factory=dict)
    """The port numbers of running TPGs that change, by the configfs path of the TPG."""
    disable: list[Step] = field(default_factory=list)
    """TPGs to disable."""
    remove: list[Step] = field(default_factory=list)
    remove_objects: list[Step] = field(default_factory=list)
    """Storage objects and their target port groups, once they are not exported any more."""
    create: list[Step] = field(default_factory=list)
    enable: list[Step] = field(default_factory=list)
    """TPGs to enable; before them, ``enable_first``: those with a port number that was set."""
    enable_first: list[Step] = field(default_factory=list)
    replaced: dict[str, str] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)
    made: dict[Key, ConfigfsPath] = field(default_factory=dict)
    """The configfs paths of the storage objects that this plan creates."""
    read_only: frozenset[Key] = frozenset()
    """Read-only storage objects."""

    def path_of(self, key: Key) -> ConfigfsPath:
        """Return the configfs path of a storage object before this plan; "" if it has none."""
        return self.locate(key) or ConfigfsPath("")

    def locate_after(self, key: Key) -> ConfigfsPath | None:
        """Return the configfs path of a storage object after this plan."""
        return self.made.get(key) or self.locate(key)

    def enable_tpg(self, step: Step, *, is_set: bool) -> None:
        """Add the step that enables a TPG; ``is_set``: its port number was set."""
        (self.enable_first if is_set else self.enable).append(step)

    def finish(self) -> Plan:
        """Return the plan."""
        steps = (
            *self.disable,
            *self.remove,
            *self.remove_objects,
            *self.create,
            *self.enable_first,
            *self.enable,
        )
        return Plan(steps, self.replaced, tuple(self.notes))
