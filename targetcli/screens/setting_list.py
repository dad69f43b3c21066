# SPDX-License-Identifier: Apache-2.0
"""The settings of a node as a list: a value is read when it is shown."""

from __future__ import annotations

from rtslib_ext.errors import LioError
from rtslib_ext.fast_dataclasses import dataclass

from ..env import Env
from ..settings import Group, Preferences
from ..settings.entry import entry
from ..tree import Node, walk
from ..views.settings import Row
from ..views.settings_table import UNKNOWN, Entry


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting; with an empty name, the heading of its group."""

    group: Group
    name: str


class SettingList:
    """The settings of one node, of all its groups; those of the program at the root only."""

    def __init__(self, env: Env, node: Node) -> None:
        self.env = env
        self.node = node
        self.all = [
            Setting(group, name)
            for group in walk.groups_of(node).values()
            if node.parent is None or not isinstance(group, Preferences)
            if (names := sorted(group.names(node.tree.fs)))
            for name in ("", *names)
        ]
        self.shown = self.all
        self._entries: dict[Setting, Entry] = {}

    @property
    def longest(self) -> int:
        """Return the length of the longest name."""
        return max((len(item.name) for item in self.all), default=0)

    def filter(self, text: str) -> None:
        """Show only the settings with all these words in their name or meaning."""
        wanted = text.lower().split()
        found = [item for item in self.all if item.name and _has(item, wanted)]
        groups = {item.group.name for item in found}
        self.shown = [
            item
            for item in self.all
            if item in found or (not item.name and item.group.name in groups)
        ]

    def entry(self, item: Setting) -> Entry:
        """Return a setting with its value; a secret is hidden."""
        if item not in self._entries:
            hide = not self.env.options.show_secrets
            try:
                row = item.group.row(self.node.tree.fs, item.name)
                self._entries[item] = entry(item.group, row, hide=hide)
            except LioError as err:
                lost = Row(item.name, "", text=str(err), writable=False)
                self._entries[item] = Entry(lost, None, "")
        return self._entries[item]

    def cells(self, item: Setting) -> tuple[str, str, str, str]:
        """Return name, value, default and valid values; a ``*`` marks a changed one."""
        found = self.entry(item)
        default = UNKNOWN if found.default is None else found.default
        values = found.values if found.row.writable else "read-only"
        mark = "*" if found.changed else " "
        return f"{mark} {item.name}", found.row.value, default, values


def _has(item: Setting, words: list[str]) -> bool:
    known = item.group.known(item.name)
    text = f"{item.name} {known.text if known else ''}".lower()
    return all(word in text for word in words)
