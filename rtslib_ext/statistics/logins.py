# SPDX-License-Identifier: Apache-2.0
"""The logins that an iSCSI target counts, and its last refused one."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from ..fast_dataclasses import dataclass
from ..kernel.configfs import ConfigfsPath
from ..reading.reader import Reader
from . import counters
from .columns import TARGET
from .counted import objects
from .counters import Row

_LAST = "fabric_statistics/iscsi_tgt_attr"
# iscsi_target_stat.c: names that no initiator has.
_NO_ACL, _NEVER = "Unknown", "None"
# kernel/Kconfig.hz; and by how many seconds jiffies may be ahead of the clock.
_HZ = (100, 250, 300, 1000)
_LATE = 2.0
_ADDRESS = re.compile(r"\[?([0-9A-Fa-f:.]+)\]?(?:%.*)?")


@dataclass(frozen=True, slots=True)
class LastRefusal:
    """The last refused login of a target, all that the kernel keeps of it.

    ``seconds`` since boot, in hundredths. ``initiator`` is "" if it has no ACL: the kernel then
    keeps no name. Its last_fail_type is the same for all, so it is not here.
    """

    target: str
    seconds: float
    initiator: str
    address: str


@dataclass(frozen=True, slots=True)
class Logins:
    """The logins of a target: ``refused`` by kind as counters.login_failures, each once."""

    target: str
    configfs: ConfigfsPath
    accepted: int
    refused: dict[str, int]
    last: LastRefusal | None

    @property
    def total(self) -> int:
        """Return the number of refused logins; to redirect one is no refusal."""
        return sum(number for kind, number in self.refused.items() if kind != "redirected")


def read(reader: Reader, above: str = "/") -> Iterator[Logins]:
    """Yield the logins of each iSCSI target at, above or below a shell path."""
    for row in counters.read(reader.fs, objects(reader, above, (TARGET,))):
        target = row.path.rpartition("/")[2]
        last = _last(reader, row, target)
        refused = counters.login_failures(row)
        yield Logins(target, row.configfs, row.value("logins") or 0, refused, last)


def at(seconds: float) -> float:
    """Return the Unix time of a time since boot, as the kernel's log and counters have it."""
    return time.time() - time.monotonic() + seconds


def since_boot(value: int, now: float) -> float:
    """Return the seconds since boot for a value of last_fail_time, ``now`` seconds after boot.

    The kernel keeps 32 bits of jiffies, which begin 5 minutes before their overflow, and extends
    them by zeros before it converts them (iscsi_target_stat.c): later values are too high by a
    constant that depends on HZ. The latest time that is possible is returned; 50 days after boot
    (HZ=1000) or later it may be wrong.
    """
    shifts = (0, *(((1 << 64) - (100 << 32)) // hz for hz in _HZ))
    found = [(value - shift) % (1 << 32) / 100 for shift in shifts]
    return max((one for one in found if one <= now + _LATE), default=found[0])


def _last(reader: Reader, row: Row, target: str) -> LastRefusal | None:
    def text(name: str) -> str:
        return reader.fs.read_if_there(f"{row.configfs}/{_LAST}/{name}") or ""

    hundredths = text("last_fail_time")
    if not re.fullmatch("0*[1-9][0-9]{0,19}", hundredths):
        return None
    name = text("fail_intr_name")
    address = _ADDRESS.fullmatch(text("fail_intr_addr"))
    known = "" if name in (_NO_ACL, _NEVER) else name
    seconds = since_boot(int(hundredths), time.monotonic())
    return LastRefusal(target, seconds, known, address[1] if address else "")
