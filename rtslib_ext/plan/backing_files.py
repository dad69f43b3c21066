# SPDX-License-Identifier: Apache-2.0
"""Steps that create the missing backing files of new storage objects."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..config.backing import FileIO
from ..config.model import Config
from ..fast_dataclasses import replace
from ..steps import Action, Step
from ..steps.host_files import NEW_FILE, MakeFile
from .builder import Plan


def with_files(plan: Plan, want: Config) -> Plan:
    """Return the plan with an operation for each missing file; the rollback removes the file.

    Files are sparse. One without a size, and one in /dev, which would be in memory, is left to
    the step that creates the storage object: it refuses a missing file.
    """
    return replace(plan, steps=tuple(_steps(plan, want)))


def _steps(plan: Plan, want: Config) -> Iterator[Step]:
    files: dict[str, FileIO] = {
        so.path: so.backing
        for so in want.storage_objects.values()
        if isinstance(so.backing, FileIO) and _is_missing(so.backing)
    }
    for step in plan.steps:
        backing = files.get(step.path) if step.action is Action.CREATE else None
        if backing:
            create = MakeFile(backing.dev, backing.size or 0)
            subject = f"{step.subject}{NEW_FILE}"
            step = replace(step, subject=subject, operations=(create, *step.operations))
        yield step


def _is_missing(backing: FileIO) -> bool:
    in_memory = backing.dev.startswith("/dev/")
    return bool(backing.size) and not in_memory and not os.path.lexists(backing.dev)
