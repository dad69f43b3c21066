# SPDX-License-Identifier: Apache-2.0
"""The group ``initiator`` of an ACL."""

from __future__ import annotations

from collections.abc import Sequence

from rtslib_ext import schema
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS

from ..views.settings import Row
from .files import Files


class Initiator(Files):
    """The settings in the directory of an ACL; for a tag, those of all its ACLs."""

    def __init__(self, path: ShellPath, acls: Sequence[ConfigfsPath]) -> None:
        super().__init__("initiator", path, acls, schema.acl)

    def row(self, fs: ReadFS, name: str) -> Row:
        """Return a setting; the tag is read-only here, because it has its own commands."""
        row = super().row(fs, name)
        return Row(name, row.value, row.kind, row.text, row.writable and name != "tag")

    def check(self, name: str, value: str) -> str:
        """Check a value by the schema, which has no empty values."""
        known = self.lookup(name)
        return known.check(value) if known else value
