# SPDX-License-Identifier: Apache-2.0
"""CPUs of this host, and lists of them as the kernel writes them."""

from __future__ import annotations

import re
from functools import cache

from ..errors import InvalidValue
from .system import read_text


@cache
def possible_cpus() -> str:
    """The CPUs that the kernel could run on: what cpus_allowed_list is without a setting."""
    with open("/sys/devices/system/cpu/possible", encoding="ascii") as file:
        return file.read().strip()


def online_cpus() -> str:
    """The CPUs that run now, as a list such as 0-3; "" where it is not told."""
    return read_text("/sys/devices/system/cpu/online")


def check_cpus(text: str) -> str:
    """A list of CPUs such as ``0-3,8``, refused where the kernel could not use it.

    Raises InvalidValue. lib/bitmap.c, bitmap_parselist; iscsi_target.c,
    iscsit_thread_get_cpumask divides by the number of CPUs in it that are online.
    """
    online = _cpus(online_cpus())
    possible = _cpus(possible_cpus())
    wanted = _cpus(text, max(possible))
    if not wanted:
        raise InvalidValue(
            f"{text!r} is no list of CPUs", hint="write numbers and ranges with commas: 0-3,8"
        )
    if not wanted <= possible:
        raise InvalidValue(
            f"there is no CPU {min(wanted - possible)}", hint=f"there are: {possible_cpus()}"
        )
    if not wanted & online:
        raise InvalidValue(
            f"no CPU of {text} is online",
            hint="the kernel would crash at the next login; bring one online, or name another",
        )
    return text


def _cpus(text: str, last: int = 0) -> set[int]:
    """The numbers in a list of the kernel's; none where it is no such list."""
    found: set[int] = set()
    for part in text.lower().replace("all", "0-n").replace("n", str(last)).split(","):
        match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5})(?::(\d{1,5})/(\d{1,5}))?)?", part.strip())
        if not match:
            return set()
        low, high, used, group = (None if item is None else int(item) for item in match.groups())
        assert low is not None
        numbers = range(low, (low if high is None else high) + 1)
        if used is not None and group is not None:
            if not 0 < used <= group:
                return set()
            numbers = [number for number in numbers if (number - low) % group < used]  # type: ignore[assignment]
        if not numbers:
            return set()
        found.update(numbers)
    return found
