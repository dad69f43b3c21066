# SPDX-License-Identifier: Apache-2.0
"""What operations are performed in, and what every operation can do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from ..errors import KernelRefused
from ..fast_dataclasses import dataclass, field
from ..kernel.attributes import Attributes
from ..kernel.configfs import WriteFS
from ..kernel.host_files import HostFiles, RealHostFiles
from .defaults import KernelDefaults


@dataclass(slots=True)
class Context:
    """A tree that is being changed: the seam, what new objects have, notes on the way.

    ``fresh`` tells what new objects have already, which needs no write. ``made`` are the shared
    folders that were not there before, ``moved`` the files of new objects that writing another
    one changed, ``missed`` what was attempted in vain, by the shell path of its object, ``ports``
    the relative target port identifiers in use once somebody asked.
    """

    fs: WriteFS
    host: HostFiles = field(default_factory=RealHostFiles)
    """The host's files, modules and mounts."""
    defaults: KernelDefaults = field(default_factory=KernelDefaults)
    notes: list[tuple[str, str]] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)
    missed: list[tuple[str, KernelRefused]] = field(default_factory=list)
    ports: dict[int, str] | None = None
    begin: Callable[[], None] = lambda: None
    """Called before each operation of a step: a journal notes it."""
    pause: Callable[[float], object] = time.sleep
    """Waits some seconds: a way that an interrupt ends."""
    attributes: Attributes = field(init=False)

    def __post_init__(self) -> None:
        self.attributes = Attributes(self.fs)

    def default_value(self, folder: str, name: str, key: str | None) -> str | None:
        """What a new object has in a file; None where it has none."""
        if key is None or (self.moved and f"{folder}/{name}" in self.moved):
            return self.fs.read_if_there(f"{folder}/{name}")
        return self.defaults.value(self.fs, folder, name, key)


class Operation(Protocol):
    """One change; ``inverse`` is None where taking its object away is enough."""

    def do(self, context: Context) -> None:
        """Make the change."""

    def inverse(self) -> Operation | None:
        """The operation that takes it back."""
