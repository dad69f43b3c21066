# SPDX-License-Identifier: Apache-2.0
"""Relative target port identifiers: which TPG has which."""

from __future__ import annotations

from collections.abc import Iterator

from ..fabrics import FABRICS
from ..fast_dataclasses import dataclass
from ..kernel.configfs import ReadFS
from .context import Context, Operation

# It has 16 bits, and 0 is reserved (SPC-4, RELATIVE TARGET PORT IDENTIFIER).
_HIGHEST = 0xFFFF


@dataclass(frozen=True, slots=True)
class ClaimRtpi:
    """Give a TPG its relative target port identifier, if no other TPG has it.

    The kernel would take it twice, and refuse to enable the second TPG (target_core_tpg.c,
    target_tpg_register_rtpi). Were it left to the kernel then, it would choose one that another
    TPG claimed and that is not enabled yet; so this one gets a free one that hardly anybody
    wants, and a note about ``owner`` says so. Before 6.4 the kernel always chooses, and there is
    no file.
    """

    tpg: str
    value: str
    owner: str

    def do(self, context: Context) -> None:
        file = f"{self.tpg}/rtpi"
        before = context.fs.read_if_there(file)
        if before is None:
            context.notes.append((self.owner, "this kernel has no rtpi; it was left out"))
            return
        if context.ports is None:
            context.ports = dict(_taken(context.fs))
        wanted = parse(self.value)
        holder = context.ports.get(wanted)
        if wanted and holder not in (None, self.tpg):
            wanted = next(free for free in range(_HIGHEST, 0, -1) if free not in context.ports)
            text = f"rtpi {self.value} is that of {holder}; this one gets {wanted:#x}"
            context.notes.append((self.owner, text))
        if parse(before) != wanted:
            context.fs.write(file, str(wanted))
            context.ports[wanted] = self.tpg

    def inverse(self) -> Operation | None:
        return None


def _taken(fs: ReadFS) -> Iterator[tuple[int, str]]:
    """The identifiers in use, with the TPGs that have them."""
    for fabric in FABRICS.values():
        for target in fs.directories(fabric.folder):
            for name in fs.directories(f"{fabric.folder}/{target}"):
                tpg = f"{fabric.folder}/{target}/{name}"
                found = parse(fs.read_if_there(f"{tpg}/rtpi") or "")
                if found:
                    yield found, tpg


def parse(text: str) -> int:
    """The number that the kernel would read; 0 where it is none."""
    try:
        return int(text, 0)
    except ValueError:
        return 0
