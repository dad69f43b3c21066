# SPDX-License-Identifier: Apache-2.0
"""Steps that have initiators leave LUNs, and that wait until none sends commands any more."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from ..errors import InUse
from ..fast_dataclasses import dataclass
from ..kernel.configfs import ReadFS
from .context import Context, Operation
from .operations import Write
from .step import Action, Step, set_step

# SPC-4 section 5.15.2.4, table 36: the code of the access state.
STANDBY = "2"
# No command for so long counts as none any more; path checkers ask every few seconds.
IDLE_SECONDS = 1.0
_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class WaitIdle:
    """Wait until no command comes to some LUNs (configfs paths); raises InUse after a while."""

    luns: list[str]
    seconds: float

    def do(self, context: Context) -> None:
        end = time.monotonic() + self.seconds
        before, since = self._counts(context.fs), time.monotonic()
        while time.monotonic() - since < IDLE_SECONDS:
            if time.monotonic() >= end:
                raise InUse(
                    f"initiators still sent commands after {self.seconds:g} s; "
                    "the previous state was restored",
                    hint="check that they have another path, or give a longer --timeout",
                )
            context.pause(_LOOK_SECONDS)
            counts = self._counts(context.fs)
            if counts != before:
                before, since = counts, time.monotonic()

    def _counts(self, fs: ReadFS) -> list[str | None]:
        return [commands(fs, lun) for lun in self.luns]

    def inverse(self) -> Operation | None:
        return None


def commands(fs: ReadFS, lun: str) -> str | None:
    """How many commands came to the LUN at a configfs path; None where that is not told.

    target_core_stat.c, target_stat_tgt_port_in_cmds_show: those of this LUN alone, while the
    count of its storage object has those of other LUNs in it too.
    """
    return fs.read_if_there(f"{lun}/statistics/scsi_tgt_port/in_cmds")


def wait(path: str, luns: Sequence[str], seconds: float) -> Step:
    """Wait until the initiators have left LUNs."""
    subject = f"until initiators send no commands, at most {seconds:g} s"
    return Step(Action.UPDATE, path, "wait", subject, (WaitIdle(list(luns), seconds),))


def standby(path: str, group: str, before: str) -> tuple[Step, Step]:
    """Put a target port group into standby, and back to what it was."""
    file = f"{group}/alua_access_state"
    name = "alua_access_state"
    there = set_step(path, name, STANDBY, before, (Write(file, STANDBY, before),))
    back = set_step(path, name, before, STANDBY, (Write(file, before, STANDBY),))
    return there, back


def offline(path: str, lun: str, status: str) -> Step:
    """Tell the initiators of one LUN that it is offline; ``status`` is its status until then."""
    undo = (
        Write(f"{lun}/alua_tg_pt_offline", "0", "1"),
        # Coming back changes it: target_core_alua.c, core_alua_set_tg_pt_secondary_state.
        Write(f"{lun}/alua_tg_pt_status", status),
    )
    step = Write(f"{lun}/alua_tg_pt_offline", "1", "0")
    return set_step(path, "alua_tg_pt_offline", "1", "0", (step,), undo=undo)


def quiesce(
    fs: ReadFS, group: str, group_path: str, *, whole: bool, luns: Sequence[tuple[str, str]]
) -> Iterator[tuple[Step, Step | None]]:
    """Steps that have the initiators of LUNs in a group leave, each with the one after it all.

    ``whole``: no other LUN is in the group, so its access state can say it, which initiators
    with another path understand best. ``luns`` are (shell path, configfs path). What is not
    active, or has no such state, is left as it is.
    """
    state = fs.read_if_there(f"{group}/alua_access_state")
    if whole and state in ("0", "1") and _implicit(fs, group):
        yield standby(group_path, group, state)
        return
    for path, lun in luns:
        if fs.read_if_there(f"{lun}/alua_tg_pt_offline") == "0":
            status = fs.read_if_there(f"{lun}/alua_tg_pt_status") or "0"
            yield offline(path, lun, status), None


def _implicit(fs: ReadFS, group: str) -> bool:
    """target_core_configfs.c: without implicit ALUA the state cannot be written."""
    return "Implicit" in (fs.read_if_there(f"{group}/alua_access_type") or "")
