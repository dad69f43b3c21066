# SPDX-License-Identifier: Apache-2.0
"""The relative target port identifiers that TPGs have."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from ..fabrics import FABRICS, WITH_ENABLE
from ..kernel import paths, rtpi
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..reading.reader import Reader
from ..reading.tpg_keys import tpg_keys


def taken(
    fs: ReadFS, but: ConfigfsPath | None = None, without: Container[ConfigfsPath] = ()
) -> dict[int, ConfigfsPath]:
    """Return the numbers of TPGs that no other should get, each with its TPG.

    The TPG ``but`` is left out, and those of the targets ``without``. The number that a disabled
    TPG shows counts only if it was set on purpose: the kernel freed it.
    """
    found: dict[int, ConfigfsPath] = {}
    for tpg in _tpgs(fs):
        out = tpg == but or paths.parent(tpg) in without
        number = 0 if out else rtpi.of_tpg(fs, tpg)
        if number and (rtpi.is_in_use(fs, tpg, number) or rtpi.is_set(fs, tpg)):
            found.setdefault(number, tpg)
    return found


def user(fs: ReadFS, number: int, but: ConfigfsPath) -> ConfigfsPath | None:
    """Return another TPG than ``but`` that uses a number now; None if there is none."""
    others = (tpg for tpg in _tpgs(fs) if tpg != but)
    return next((tpg for tpg in others if rtpi.is_in_use(fs, tpg, number)), None)


def unregistered(fs: ReadFS) -> Iterator[tuple[int, ConfigfsPath]]:
    """Yield the numbers of TPGs without ``enable``, which the kernel gives to others as well."""
    names = [name for name in FABRICS if name not in WITH_ENABLE]
    for tpg in _tpgs(fs, names):
        number = rtpi.of_tpg(fs, tpg)
        if number and not fs.exists(f"{tpg}/enable"):
            yield number, tpg


def free(used: Container[int]) -> int:
    """Return the highest free number: the kernel itself gives the lowest free one."""
    return next(number for number in range(rtpi.HIGHEST, 0, -1) if number not in used)


def shell_path(tpg: ConfigfsPath) -> str:
    """Return the shell path of a TPG."""
    parsed = paths.parse_tpg(tpg)
    return paths.shell_tpg(*parsed) if parsed else tpg


def _tpgs(fs: ReadFS, names: Iterable[str] = FABRICS) -> Iterator[ConfigfsPath]:
    """Yield the TPGs of some fabrics."""
    for key in tpg_keys(Reader(fs), map(FABRICS.__getitem__, names)):
        yield paths.tpg(*key)
