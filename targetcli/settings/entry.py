# SPDX-License-Identifier: Apache-2.0
"""One setting as a user sees it: value, default, valid values, and whether it was changed."""

from __future__ import annotations

from ..views.settings import Row
from ..views.settings_table import Entry
from .auth import is_secret
from .group import Group

HIDDEN = "(hidden)"


def entry(group: Group, row: Row, *, hide: bool, title: str = "") -> Entry:
    """Return a setting with its default; ``hide`` its secret, ``title`` precedes its name."""
    default = group.default(row.name)
    changed = row.writable and default is not None and row.value != default
    value = HIDDEN if hide and row.value and is_secret(group, row.name) else row.value
    named = Row(f"{title}{row.name}", value, row.kind, row.text, row.writable)
    return Entry(named, default, group.values(row.name), changed)
