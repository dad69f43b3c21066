# SPDX-License-Identifier: Apache-2.0
"""Relative target port identifiers of TPGs (SPC-4)."""

from __future__ import annotations

from collections.abc import Iterator

from ..fabrics import FABRICS
from ..fast_dataclasses import dataclass
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath, ReadFS
from .context import Context, Operation

# It has 16 bits, and 0 is reserved (SPC-4, RELATIVE TARGET PORT IDENTIFIER).
_HIGHEST = 0xFFFF


@dataclass(frozen=True, slots=True)
class ClaimRtpi:
    """Set the relative target port identifier of a TPG, unless another TPG has it.

    The kernel accepts it twice, and then refuses to enable the second TPG (target_core_tpg.c,
    target_tpg_register_rtpi). An identifier that the kernel chose might be one that a disabled
    TPG claims; so this TPG gets the highest free one, with a note about ``owner``. Before 6.4 the
    kernel always chooses, and the file does not exist.
    """

    tpg: ConfigfsPath
    value: str
    owner: str

    def do(self, context: Context) -> None:
        file = f"{self.tpg}/rtpi"
        before = context.fs.read_if_there(file)
        if before is None:
            context.notes.append((self.owner, "this kernel has no rtpi; it was skipped"))
            return
        if context.ports is None:
            context.ports = dict(_taken(context.fs))
        wanted = parse(self.value)
        holder = context.ports.get(wanted)
        if wanted and holder not in (None, self.tpg):
            wanted = next(free for free in range(_HIGHEST, 0, -1) if free not in context.ports)
            text = f"{holder} has rtpi {self.value}; this TPG gets {wanted:#x}"
            context.notes.append((self.owner, text))
        if parse(before) != wanted:
            context.fs.write(file, str(wanted))
            context.ports[wanted] = self.tpg

    def inverse(self) -> Operation | None:
        return None


def _taken(fs: ReadFS) -> Iterator[tuple[int, ConfigfsPath]]:
    """Yield the identifiers in use, each with its TPG (configfs path)."""
    for fabric in FABRICS.values():
        folder = paths.fabric(fabric)
        for target in (paths.child(folder, name) for name in fs.directories(folder)):
            for tpg in (paths.child(target, name) for name in fs.directories(target)):
                found = parse(fs.read_if_there(f"{tpg}/rtpi") or "")
                if found:
                    yield found, tpg


def parse(text: str) -> int:
    """Return the number as the kernel would parse it; 0 if it is not a number."""
    try:
        return int(text, 0)
    except ValueError:
        return 0
