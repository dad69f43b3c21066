# SPDX-License-Identifier: Apache-2.0
"""The facts of a row, in addition to its text, as sentences."""

from __future__ import annotations

from .attribute import Attribute, Kind


def facts(row: Attribute) -> str:
    """Return its valid values, default, restrictions and kernel releases."""
    found = [takes(row), *default(row)]
    if row.writable and not row.live:
        found.append(f"Fixed while {row.fixed}.")
    return " ".join([*found, *releases(row)])


def releases(row: Attribute) -> list[str]:
    """Return since and until which release a kernel has it, as sentences; [] for all kernels."""
    since = [f"Since Linux {row.since}."] if row.since else []
    return [*since, f"Removed in Linux {row.until}."] if row.until else since


def takes(row: Attribute) -> str:
    """Return the valid values with their meanings."""
    if not row.writable:
        return f"Read only{f', in {row.unit}' if row.unit else ''}."
    if row.kind is not Kind.CHOICE:
        return f"Takes {row.takes()}."
    unit = f" {row.unit}" if row.unit else ""
    meanings = "; ".join(f"{value}{unit}: {text}" for value, text in row.choices)
    if len(row.choices) == 1:
        return f"Takes only {meanings}."
    many = "a list, the preferred one first, of " if row.many else ""
    return f"Takes {many}{meanings}."


def values(row: Attribute) -> str:
    """Return the valid values without their meanings, short enough for a column."""
    if not row.writable:
        return "read-only"
    unit = f" {row.unit}" if row.unit else ""
    listed = ", ".join(value for value, _ in row.choices)
    if row.kind is Kind.CHOICE:
        several = "list of " if row.many else ""
        return f"{several or ('only ' if len(row.choices) == 1 else '')}{listed}{unit}"
    if row.kind is Kind.STRING:
        return f"text, up to {row.high} bytes" if row.high else "text"
    if row.kind is not Kind.NUMBER:
        return {Kind.BOOL: "0, 1", Kind.YESNO: "Yes, No"}[row.kind]
    if row.high is None:
        most = f"{row.low} to {row.bound}" if row.bound else f"at least {row.low}"
    else:
        most = f"{row.low} to {row.high}"
    return f"{most}{unit}, or {listed}" if listed else f"{most}{unit}"


def default(row: Attribute) -> list[str]:
    """Return the default as at most one sentence; [] if its device or handler decides."""
    if row.default is not None:
        return [f"Default: {row.default or 'none'}."]
    if not row.defaults:
        return []
    kinds = ", ".join(f"{value} ({kind})" for kind, value in row.defaults)
    return [f"Default: {kinds}; on a block device, that of the device."]
