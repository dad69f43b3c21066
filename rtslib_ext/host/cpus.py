# SPDX-License-Identifier: Apache-2.0
"""CPUs of this host, and the kernel's lists of CPUs."""

from __future__ import annotations

import re
from functools import cache

from ..errors import InvalidValue
from .system import read_text


@cache
def possible_cpus() -> str:
    """Return the CPUs the kernel can run on: the default of cpus_allowed_list."""
    return read_text("/sys/devices/system/cpu/possible")


def online_cpus() -> str:
    """Return the CPUs that are online, as a list such as 0-3; "" if unknown."""
    return read_text("/sys/devices/system/cpu/online")


def check_cpus(text: str) -> str:
    """Return a list of CPUs such as ``0-3,8``.

    Raises InvalidValue if it is malformed (lib/bitmap.c, bitmap_parselist), names a CPU that does
    not exist, or none that is online: the kernel is not safe with such lists.
    """
    online = _cpus(online_cpus())
    possible = _cpus(possible_cpus())
    wanted = _cpus(text, max(possible, default=0))
    if not wanted:
        raise InvalidValue(
            f"{text!r} is not a list of CPUs", hint="use numbers and ranges with commas: 0-3,8"
        )
    if not wanted <= possible:
        raise InvalidValue(
            f"there is no CPU {min(wanted - possible)}", hint=f"the CPUs are {possible_cpus()}"
        )
    if not wanted & online:
        raise InvalidValue(
            f"no CPU of {text} is online",
            hint=f"name at least one of {online_cpus()}",
        )
    return text


def _cpus(text: str, last: int = 0) -> set[int]:
    """Return the numbers in a CPU list; none if it is malformed."""
    result: set[int] = set()
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
        result.update(numbers)
    return result
