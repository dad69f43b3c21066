# SPDX-License-Identifier: Apache-2.0
"""What is set for an initiator besides attributes and credentials."""

from __future__ import annotations

from collections.abc import Sequence

from rtslib_ext import schema
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS

from ..views.settings import Row
from .files import Files


class Initiator(Files):
    """The files of an ACL's own folder; of several ACLs with one tag, all are set."""

    def __init__(self, path: ShellPath, acls: Sequence[ConfigfsPath]) -> None:
        super().__init__("initiator", path, acls, schema.acl)

    def row(self, fs: ReadFS, name: str) -> Row:
        """One of them; the tag has commands of its own."""
        row = super().row(fs, name)
        return Row(name, row.value, row.kind, row.text, row.writable and name != "tag")

    def check(self, name: str, value: str) -> str:
        """As the schema says; to have none is not among it."""
        known = self.lookup(name)
        return known.check(value) if known else value
