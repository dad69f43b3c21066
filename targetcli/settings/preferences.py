# SPDX-License-Identifier: Apache-2.0
"""The group ``global``: the preferences of the program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.kernel.configfs import ReadFS
from rtslib_ext.steps import Step

from ..preference import CHOICES, PREFERENCES, check_value, show_value
from ..views.settings import Row
from .group import Group

if TYPE_CHECKING:
    from ..env import Env


class Preferences(Group):
    """The preferences of the program, the same at every node."""

    name = "global"

    def __init__(self, env: Env, path: ShellPath) -> None:
        self.env = env
        self.path = path

    def names(self, fs: ReadFS) -> Sequence[str]:
        return list(PREFERENCES)

    def row(self, fs: ReadFS, name: str) -> Row:
        known = PREFERENCES[name]
        return Row(name, self.env.prefs.text(name), known.kind, known.text)

    def check(self, name: str, value: str) -> str:
        check_value(PREFERENCES[name], value)
        return value

    def choices(self, name: str) -> Sequence[str]:
        return CHOICES.get(PREFERENCES[name].kind, ())

    def is_number(self, name: str) -> bool:
        return PREFERENCES[name].kind == "number" or name == "max_backup_files"

    def values(self, name: str) -> str:
        known = PREFERENCES[name]
        if known.kind in ("color", "colordefault"):
            return f"a colour, or {self.choices(name)[-1]}"
        kind = "number" if self.is_number(name) else known.kind
        return ", ".join(self.choices(name)) or {"string": "text"}.get(kind, kind)

    def default(self, name: str) -> str | None:
        return show_value(PREFERENCES[name].kind, self.env.prefs.default(name))

    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """Yield nothing: preferences are not kernel settings."""
        yield from ()
