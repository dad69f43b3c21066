# SPDX-License-Identifier: Apache-2.0
"""Compare what an initiator sees with what the configuration gives it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..config import shell_paths
from ..initiator.scsi import Seen
from .access import Disk, TpgAccess
from .recipe import ERROR, Remark

# The vendor and product have these lengths (SPC-4 section 6.6.2).
_LENGTHS = {"vendor": 8, "product": 16}


def luns(tpg: TpgAccess, numbers: Sequence[int]) -> Iterator[Remark]:
    """Yield the LUNs that the initiator sees or lacks, against the configuration."""
    wanted = {disk.lun for disk in tpg.disks}
    for number in sorted(wanted - set(numbers)):
        path = shell_paths.mapped_lun(tpg.auth_path, number) if tpg.acl else tpg.path
        yield Remark(ERROR, path, f"LUN {number} is configured, but the initiator does not see it")
    # Without a disk at LUN 0, REPORT LUNS lists LUN 0 too (target_core_spc.c).
    for number in sorted(set(numbers) - wanted - ({0} if 0 not in wanted else set())):
        text = f"the initiator sees LUN {number}, which is not configured for it"
        yield Remark(ERROR, tpg.auth_path, text)


def disk(wanted: Disk, seen: Seen) -> Iterator[Remark]:
    """Yield the differences between a disk and what the initiator sees of it."""
    for name, text in _differences(wanted, seen).items():
        yield Remark(ERROR, wanted.path, f"LUN {wanted.lun}: {name} {text}")


def _differences(wanted: Disk, seen: Seen) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name in ("size", "block_size", "write_protected", "vendor", "product", "serial", "naa"):
        want, see = getattr(wanted, name), getattr(seen, name)
        if name in _LENGTHS:
            want = want[: _LENGTHS[name]].strip()
        own = wanted.passed_through and name in ("vendor", "product", "serial", "naa", "block_size")
        if not own and None not in (want, see) and want != see:
            found[name] = f"is {_shown(see)} for the initiator, and {_shown(want)} here"
    return found


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value or "not set")
