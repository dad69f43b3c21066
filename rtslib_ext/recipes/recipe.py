# SPDX-License-Identifier: Apache-2.0
"""A recipe: remarks about the configuration, then the steps on the host."""

from __future__ import annotations

from ..config.shell_paths import ShellPath
from ..fast_dataclasses import dataclass

ERROR, WARNING, NOTE = "error", "warning", "note"
SEVERITIES = (ERROR, WARNING, NOTE)
"""An error keeps the host from its disks, a warning may; a note is worth knowing."""

SECRET = "<CHAP secret>"
TARGET_SECRET = "<CHAP secret of the target>"
"""Stand for secrets: a recipe never has one."""

Words = tuple[str, ...]
"""A command of this program: a shell path, then words."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What a system's rules say of an object; ``commands`` of this program fix it."""

    severity: str
    path: ShellPath
    text: str
    commands: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class HostStep:
    """One step on the host: its purpose, and commands, a line each.

    With ``file``, ``lines`` are to be appended to that file of the host, or replace its contents
    if ``whole``. ``lines`` without a file are options and the like, which are only shown.
    """

    text: str
    commands: tuple[str, ...] = ()
    file: str = ""
    lines: tuple[str, ...] = ()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """``title`` names the system, ``initiator`` the host; None: the one that it has already."""

    system: str
    title: str
    target: str
    initiator: str | None
    remarks: tuple[Remark, ...]
    steps: tuple[HostStep, ...]
    sources: tuple[str, ...]
