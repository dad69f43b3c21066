# SPDX-License-Identifier: Apache-2.0
"""The relative target port identifiers (rtpi) that a fragment sets: no other TPG may have them.

A plan for the whole configuration gives the other TPG another number, which can end its sessions.
A fragment must not: the TPG is not its owner's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..config.model import Config
from ..errors import Exists
from ..fabrics import FABRICS
from ..kernel import paths, rtpi
from ..kernel.configfs import ReadFS
from ..kernel.paths import TpgPath
from ..usage import port_numbers
from .units import Units


def named(fragments: Iterable[Config]) -> frozenset[int]:
    """Return the numbers that fragments set for their TPGs."""
    return frozenset(
        number
        for fragment in fragments
        for target in fragment.targets.values()
        for tpg in target.tpgs.values()
        if (number := rtpi.parse(tpg.files.get(rtpi.NAME)))
    )


def refuse_taken(fs: ReadFS, want: Config, mine: Units, before: Units) -> None:
    """Raise Exists for a number of a TPG in the targets ``mine`` that another TPG has.

    The TPGs in targets ``before`` give theirs away: they were the owner's until now. Others are
    only looked at for a number that is new.
    """
    wanted = _wanted(want, mine)
    new = {
        number: tpg
        for number, tpg in wanted.items()
        if not rtpi.is_in_use(fs, tpg.configfs, number)
    }
    if not new:
        return
    own = {paths.target(FABRICS[fabric], wwn) for fabric, wwn in mine.targets | before.targets}
    taken = port_numbers.taken(fs, without=own)
    for number, tpg in new.items():
        if number in taken:
            raise _refusal(tpg, number, port_numbers.shell_path(taken[number]), {**taken, **wanted})


def _wanted(want: Config, mine: Units) -> dict[int, TpgPath]:
    """Return the TPGs by the number that is set for them; raises Exists for two with one."""
    found: dict[int, TpgPath] = {}
    for key in sorted(mine.targets):
        for tag, tpg in want.targets[key].tpgs.items():
            number = rtpi.parse(tpg.files.get(rtpi.NAME))
            path = TpgPath.of(FABRICS[key[0]], key[1], tag)
            if number and found.setdefault(number, path) is not path:
                raise _refusal(path, number, found[number].shell, found)
    return found


def _refusal(tpg: TpgPath, number: int, other: str, used: Mapping[int, object]) -> Exists:
    return Exists(
        f"the fragment sets rtpi {number:#x}, which {other} has; nothing was changed",
        path=tpg.shell,
        hint=f"set another one in the fragment, such as {port_numbers.free(used):#x}",
    )
