# SPDX-License-Identifier: Apache-2.0
"""Values -> a chart: how long whole-configuration work takes for each LUN."""

from __future__ import annotations

import pygal
from pygal.style import CleanStyle

from .table import AGAINST, WHOLE
from .values import Values


def svg(values: Values, few: int, many: int) -> str:
    """Milliseconds for each LUN: the bare calls, and this tool with few and with many LUNs."""
    chart = pygal.Bar(
        style=CleanStyle,
        js=(),
        disable_xml_declaration=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=3,
        truncate_legend=-1,
        truncate_label=-1,
    )
    # Its rules have this before them: one that is made up would differ each time.
    chart.uuid = "performance"
    chart.title = "Milliseconds for each LUN, with two initiators (less is better)"
    chart.x_labels = WHOLE

    def each(who: str, size: int) -> list[float | None]:
        found: list[float | None] = []
        for what in WHOLE:
            name = AGAINST[what][0] if who == "raw" else what
            try:
                found.append(round(values.middle(name, who, size) / size * 1000, 2))
            except KeyError:
                found.append(None)
        return found

    chart.add(f"bare system calls, {few} LUNs", each("raw", few))
    chart.add(f"targetcli, {few} LUNs", each("ours", few))
    chart.add(f"targetcli, {many} LUNs", each("ours", many))
    return str(chart.render(is_unicode=True)) + "\n"
