# SPDX-License-Identifier: Apache-2.0
"""The context in which operations run, and the protocol of operations."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from ..errors import KernelRefused
from ..fast_dataclasses import dataclass, field
from ..kernel.attributes import Attributes
from ..kernel.configfs import ConfigfsPath, WriteFS
from ..kernel.host_files import HostFiles, RealHostFiles
from .defaults import KernelDefaults


@dataclass(slots=True)
class Context:
    """The state of a change in progress: the file system, defaults of new objects, notes.

    ``defaults`` are the values that new objects start with, which need no write. ``notes`` are
    (shell path, text). ``made`` are the shared directories that this change created,
    ``changed_with`` the attributes of new objects that writing another one changed, ``missed`` the
    failures of BestEffort as (shell path, error), ``ports`` the relative target port identifiers
    in use, by number, once an operation needed them.
    """

    fs: WriteFS
    host: HostFiles = field(default_factory=RealHostFiles)
    """The host's files, modules and mounts."""
    defaults: KernelDefaults = field(default_factory=KernelDefaults)
    notes: list[tuple[str, str]] = field(default_factory=list)
    made: set[ConfigfsPath] = field(default_factory=set)
    changed_with: set[str] = field(default_factory=set)
    missed: list[tuple[str, KernelRefused]] = field(default_factory=list)
    ports: dict[int, ConfigfsPath] | None = None
    unregistered: dict[int, ConfigfsPath] | None = None
    """Those of TPGs without ``enable``, which the kernel does not consider, once needed."""
    reserved: frozenset[int] = frozenset()
    """Port numbers that no TPG may get by itself: changes that follow set them."""
    safe_directories: set[str] = field(default_factory=set)
    """Those in which only trusted users can place something, as found so far."""
    begin: Callable[[], None] = lambda: None
    """Called before each operation of a step, to record it in a journal."""
    pause: Callable[[float], object] = time.sleep
    """Waits for so many seconds; an interrupt ends it."""
    attributes: Attributes = field(init=False)

    def __post_init__(self) -> None:
        self.attributes = Attributes(self.fs)

    def note_missing(self, owner: str, name: str) -> None:
        """Note that this kernel lacks a setting, and since or until which release one has it."""
        # Imported here: few changes need the schema.
        from ..schema import why_missing

        self.notes.append((owner, f"{why_missing(name)}; it was skipped"))

    def default_value(self, folder: ConfigfsPath, name: str, key: str | None) -> str | None:
        """Return the value of an attribute of a new object; None if it cannot be read."""
        if key is None or (self.changed_with and f"{folder}/{name}" in self.changed_with):
            return self.fs.read_if_there(f"{folder}/{name}")
        return self.defaults.value(self.fs, folder, name, key)


class Operation(Protocol):
    """One change; ``inverse`` is None where deleting its object reverses it too."""

    def do(self, context: Context) -> None:
        """Perform the operation; raises LioError."""

    def inverse(self) -> Operation | None:
        """Return the operation that reverses it."""
