# SPDX-License-Identifier: Apache-2.0
"""Steps that make initiators leave LUNs, and wait until they send no more commands."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from ..config.shell_paths import ShellPath
from ..errors import InUse
from ..fast_dataclasses import dataclass, field
from ..kernel.abi import SECONDARY_STATUS
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..usage.traffic import IDLE_SECONDS, commands
from .context import Context, Operation
from .operations import Write
from .step import Action, Step, set_step

# SPC-4 section 5.15.2.4, table 36: the code of the access state standby.
STANDBY = "2"
_ACTIVE = ("0", "1")
_STATE = "/alua_access_state"
_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class WaitIdle:
    """Wait until LUNs (configfs paths) receive no commands; raises InUse after ``seconds``.

    If it is not ``required``, the next operation follows then.

    ``alone`` are the names of initiators without another path. For them silence proves nothing:
    a command that arrives now fails, and after it they may send no more. So the first one ends
    the wait with InUse.
    """

    luns: list[ConfigfsPath]
    seconds: float
    alone: list[str] = field(default_factory=list)
    required: bool = True

    def do(self, context: Context) -> None:
        end = time.monotonic() + self.seconds
        before, since = self._counts(context.fs), time.monotonic()
        while time.monotonic() - since < IDLE_SECONDS:
            if time.monotonic() >= end:
                if not self.required:
                    return
                raise InUse(
                    f"initiators still sent commands after {self.seconds:g} s; "
                    "the previous state was restored",
                    hint="check that they have another path, or give a longer --timeout",
                )
            context.pause(_LOOK_SECONDS)
            counts = self._counts(context.fs)
            if counts != before and self.alone:
                raise InUse(
                    f"commands arrived and failed, and {', '.join(self.alone)} has no other path "
                    "through this host; the previous state was restored",
                    hint="stop using the disk there first (unmount it), or give other_paths=true "
                    "if there is a path through another host",
                )
            if counts != before:
                before, since = counts, time.monotonic()

    def _counts(self, fs: ReadFS) -> list[str | None]:
        return [commands(fs, lun) for lun in self.luns]

    def inverse(self) -> Operation | None:
        return None


def made_active(steps: Iterable[Step]) -> Iterator[str]:
    """Yield the shell paths of target port groups that steps make active."""
    for step in steps:
        for item in step.operations:
            if isinstance(item, Write) and item.file.endswith(_STATE) and item.value in _ACTIVE:
                yield step.path


def wait(
    path: ShellPath,
    luns: Sequence[ConfigfsPath],
    seconds: float,
    alone: Sequence[str] = (),
    *,
    required: bool = True,
) -> Step:
    """Wait until initiators send no commands to LUNs (configfs paths), as WaitIdle does."""
    subject = f"until initiators send no commands, at most {seconds:g} s"
    operation = WaitIdle(list(luns), seconds, list(alone), required)
    return Step(Action.UPDATE, path, "wait", subject, (operation,))


def standby(path: ShellPath, group: ConfigfsPath, before: str, status: str) -> tuple[Step, Step]:
    """Return the steps that put a target port group into standby, and back to ``before``.

    ``status`` is its access status before, which each change of the state changes too
    (target_core_alua.c, core_alua_do_transition_tg_pt).
    """
    file = f"{group}/alua_access_state"
    name = "alua_access_state"
    to_standby, from_standby = Write(file, STANDBY, before), Write(file, before, STANDBY)
    restored = (from_standby, Write(f"{group}/alua_access_status", status))
    there = set_step(path, name, STANDBY, before, (to_standby,), undo=restored)
    back = set_step(path, name, before, STANDBY, restored, undo=(to_standby,))
    return there, back


def offline(path: ShellPath, lun: ConfigfsPath, status: str) -> Step:
    """Report one LUN as offline to its initiators; ``status`` is its status before."""
    undo = (
        Write(f"{lun}/alua_tg_pt_offline", "0", "1"),
        # Going online changes it: target_core_alua.c, core_alua_set_tg_pt_secondary_state.
        Write(f"{lun}/alua_tg_pt_status", status),
    )
    step = Write(f"{lun}/alua_tg_pt_offline", "1", "0")
    return set_step(path, "alua_tg_pt_offline", "1", "0", (step,), undo=undo)


def quiesce(
    fs: ReadFS,
    group: ConfigfsPath,
    group_path: ShellPath,
    *,
    all_luns: bool,
    luns: Sequence[tuple[ShellPath, ConfigfsPath]],
) -> Iterator[tuple[Step, Step | None]]:
    """Yield steps that make the initiators of LUNs in a group leave.

    Each comes with the step that restores the state at the end, or None. ``all_luns``: no other LUN
    is in the group, so its access state is used, which initiators with another path support
    best; otherwise the secondary state of each LUN. ``luns`` are (shell path, configfs path).
    LUNs that are not active, or have no such state, are skipped.
    """
    state = fs.read_if_there(f"{group}/alua_access_state")
    if all_luns and state in ("0", "1") and _implicit(fs, group):
        text = fs.read_if_there(f"{group}/alua_access_status") or ""
        number = SECONDARY_STATUS.index(text) if text in SECONDARY_STATUS else 0
        yield standby(group_path, group, state, str(number))
        return
    for path, lun in luns:
        if fs.read_if_there(f"{lun}/alua_tg_pt_offline") == "0":
            status = fs.read_if_there(f"{lun}/alua_tg_pt_status") or "0"
            yield offline(path, lun, status), None


def _implicit(fs: ReadFS, group: ConfigfsPath) -> bool:
    """Return True if the state can be written: implicit ALUA only (target_core_configfs.c)."""
    return "Implicit" in (fs.read_if_there(f"{group}/alua_access_type") or "")
