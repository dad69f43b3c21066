# SPDX-License-Identifier: Apache-2.0
"""Relative target port identifiers of TPGs (SPC-4), from Linux 6.4 on.

The kernel gives a TPG the lowest free number whenever it is enabled, unless one was written: then
it keeps that, and refuses to enable the TPG if another enabled TPG has it. It does not show which
of both it is (target_core_tpg.c, rtpi_manual). So a number that was set on purpose is marked by
the sticky bit of its file, which means nothing for a file and which configfs keeps as long as the
TPG exists (fs/configfs/inode.c, configfs_setattr).
"""

from __future__ import annotations

import re
import stat

from ..errors import KernelRefused
from .configfs import ConfigfsPath, ReadFS, WriteFS

NAME = "rtpi"
# It has 16 bits, and 0 is reserved (SPC-4, RELATIVE TARGET PORT IDENTIFIER).
HIGHEST = 0xFFFF
_PLAIN = 0o644
# No number of 64 bits is longer, in octal too.
_LONGEST = 24
_HEX = r"0x[0-9a-f]+"
_OCTAL = r"[0-7]+"


def parse(text: str | None) -> int:
    """Return the number as the kernel would parse it; 0 if it is not a number.

    With 0x it is hexadecimal, with another leading 0 octal (lib/kstrtox.c, _parse_integer).
    """
    digits = (text or "").strip().lower()
    if len(digits) > _LONGEST:
        return 0
    if re.fullmatch(_HEX, digits):
        return int(digits, 16)
    if digits.isascii() and digits.isdecimal():
        octal = digits.startswith("0")
        return 0 if octal and not re.fullmatch(_OCTAL, digits) else int(digits, 8 if octal else 10)
    return 0


def of_tpg(fs: ReadFS, tpg: ConfigfsPath) -> int | None:
    """Return the number that a TPG shows, 0 for none yet; None if the kernel has no numbers."""
    text = fs.read_if_there(f"{tpg}/{NAME}")
    return None if text is None else parse(text)


def is_set(fs: ReadFS, tpg: ConfigfsPath) -> bool:
    """Return True if the number of a TPG was set on purpose, not chosen by the kernel."""
    try:
        return bool(fs.modes(tpg, [NAME])[NAME] & stat.S_ISVTX)
    except KernelRefused:
        return False


def if_set(fs: ReadFS, tpg: ConfigfsPath) -> dict[str, str]:
    """Return the number of a TPG by the name of its file, if it was set on purpose; else {}."""
    text = fs.read_if_there(f"{tpg}/{NAME}") if is_set(fs, tpg) else None
    return {NAME: text} if text else {}


def mark(fs: WriteFS, tpg: ConfigfsPath, *, is_set: bool) -> None:
    """Mark the number of a TPG as set on purpose, or as chosen by the kernel."""
    fs.chmod(f"{tpg}/{NAME}", _PLAIN | (stat.S_ISVTX if is_set else 0))


def is_in_use(fs: ReadFS, tpg: ConfigfsPath, number: int) -> bool:
    """Return True if a TPG uses a number now: it is enabled, or of a fabric without enable."""
    enabled = fs.read_if_there(f"{tpg}/enable")
    return enabled in (None, "1") and of_tpg(fs, tpg) == number
