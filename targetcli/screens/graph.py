# SPDX-License-Identifier: Apache-2.0
"""Small graphs and short numbers."""

from __future__ import annotations

from collections.abc import Collection

_BLOCKS = " ▁▂▃▄▅▆▇█"
_ASCII = " .:-=+*%#"
_MIB = 1 << 20
UNKNOWN = "-"


def graph(values: Collection[float | None], width: int, *, blocks: bool) -> str:
    """Return the last values as a row of bars, the highest one full; an unknown one is blank."""
    levels = _BLOCKS if blocks else _ASCII
    if not any(values):
        return " " * width
    shown = list(values)[-width:] if width > 0 else []
    highest = max((value for value in shown if value is not None), default=0.0)
    bars = "".join(levels[_level(value, highest, len(levels) - 1)] for value in shown)
    return bars.rjust(max(width, 0))


def _level(value: float | None, highest: float, levels: int) -> int:
    """Return the height of a bar; at least 1 unless the value is 0."""
    if not value or highest <= 0:
        return 0
    return max(1, round(value / highest * levels))


def rate(value: float | None) -> str:
    """Return a rate in at most five characters."""
    if value is None:
        return UNKNOWN
    for unit, size in (("", 1.0), ("k", 1e3), ("M", 1e6)):
        scaled = value / size
        if not unit and scaled < 9999.5:
            return _short(scaled)
        if unit and scaled < 999.95:
            return f"{scaled:.1f}{unit}"
    return f"{value / 1e9:.1f}G"


def _short(value: float) -> str:
    return f"{value:.1f}" if 0 < value < 9.95 else f"{value:.0f}"


def mib(value: float | None) -> str:
    """Return bytes per second in MiB, or GiB with a G."""
    if value is None:
        return UNKNOWN
    if not value:
        return "0"
    scaled = value / _MIB
    return f"{_short(scaled)}M" if scaled < 9999.5 else f"{scaled / 1024:.1f}G"


def latency(microseconds: float | None) -> str:
    """Return a time with its unit."""
    if microseconds is None:
        return UNKNOWN
    if microseconds < 999.5:
        return f"{microseconds:.0f}us"
    if microseconds < 999_500:
        return f"{_short(microseconds / 1000)}ms"
    return f"{_short(microseconds / 1e6)}s"
