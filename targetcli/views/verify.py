# SPDX-License-Identifier: Apache-2.0
"""The results of logins: as lines, and as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.recipes.access import Disk
from rtslib_ext.recipes.recipe import ERROR, Remark

from .recipe import remark_data, remark_lines


@dataclass(frozen=True, slots=True)
class Verified:
    """One login: the portal of a TPG, the initiator, the disks to see, and what differs."""

    tpg: ShellPath
    portal: str
    initiator: str
    disks: tuple[Disk, ...]
    remarks: list[Remark]

    @property
    def differs(self) -> bool:
        """Return True if anything is not as configured."""
        return any(remark.severity == ERROR for remark in self.remarks)


def lines(done: Sequence[Verified], *, in_shell: bool) -> Iterator[str]:
    """Yield a line for each login with what differs below it, and the number of all."""
    for one in done:
        count = f"{len(one.disks)} LUN{'' if len(one.disks) == 1 else 's'}"
        verdict = "differs" if one.differs else f"{count} as configured"
        yield f"{one.tpg} through {one.portal} as {one.initiator}: {verdict}"
        for remark in one.remarks:
            yield from (f"    {line}" for line in remark_lines(remark, in_shell=in_shell))
    wrong = sum(one.differs for one in done)
    logins = f"{len(done)} login{'' if len(done) == 1 else 's'}"
    yield f"{logins} verified, {wrong} with differences" if wrong else f"{logins} verified"


def data(done: Sequence[Verified]) -> dict[str, object]:
    """Return the logins as plain values."""
    return {
        "ok": not any(one.differs for one in done),
        "logins": [
            {
                "tpg": one.tpg,
                "portal": one.portal,
                "initiator": one.initiator,
                "ok": not one.differs,
                "luns": [disk.lun for disk in one.disks],
                "remarks": [remark_data(remark) for remark in one.remarks],
            }
            for one in done
        ],
    }
