# SPDX-License-Identifier: Apache-2.0
"""The results of logins: as lines, and as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.config.wording import counted
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.recipes.access import Disk
from rtslib_ext.recipes.recipe import ERROR, Remark

from .recipe import remark_data, remark_lines


@dataclass(frozen=True, slots=True)
class Verified:
    """One login: the portal of a TPG, the initiator, the disks to see, and what differs."""

    target: ShellPath
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
        yield from _login(one, in_shell=in_shell)
    yield _sum(counted(len(done), "login"), sum(one.differs for one in done))


def _login(one: Verified, *, in_shell: bool) -> Iterator[str]:
    count = counted(len(one.disks), "LUN")
    verdict = "differs" if one.differs else f"{count} as configured"
    yield f"{one.tpg} through {one.portal} as {one.initiator}: {verdict}"
    for remark in one.remarks:
        yield from (f"    {line}" for line in remark_lines(remark, in_shell=in_shell))


def by_target(
    done: Sequence[Verified], skipped: Sequence[ShellPath], wanted: str, *, in_shell: bool
) -> Iterator[str]:
    """Yield a line for each target, with the logins that differ below it, and the number of all.

    ``wanted`` are words for the portals that ``skipped`` targets do not have.
    """
    logins: dict[ShellPath, list[Verified]] = {}
    for one in done:
        logins.setdefault(one.target, []).append(one)
    wrong = 0
    for target, each in logins.items():
        bad = [one for one in each if one.differs]
        wrong += bool(bad)
        count = counted(len(each), "login")
        yield f"{target}: {f'{len(bad)} of {count} differs' if bad else f'{count} as configured'}"
        for one in bad:
            yield from (f"    {line}" for line in _login(one, in_shell=in_shell))
    for target in skipped:
        yield f"{target}: not verified, no enabled TPG has {wanted}"
    yield _sum(counted(len(logins), "target"), wrong)


def _sum(what: str, wrong: int) -> str:
    return f"{what} verified, {wrong} with differences" if wrong else f"{what} verified"


def data(done: Sequence[Verified], skipped: Sequence[ShellPath] = ()) -> dict[str, object]:
    """Return the logins, and the targets without one, as plain values."""
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
        "not_verified": list(skipped),
    }
