# SPDX-License-Identifier: Apache-2.0
"""Groups that have only some files of a directory as settings."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS

from ..views.settings import Row
from .group import Folder, Lookup, one_line


class Files(Folder):
    """Files of one or several directories, except ``hidden`` ones; line breaks become ``; ``."""

    def __init__(
        self,
        name: str,
        path: ShellPath,
        folders: Sequence[ConfigfsPath],
        lookup: Lookup,
        hidden: Collection[str] = (),
    ) -> None:
        super().__init__(name, path, folders, lookup)
        self.hidden = hidden

    def names(self, fs: ReadFS) -> Sequence[str]:
        """Return the names of the files, without hidden ones."""
        return [name for name in super().names(fs) if name not in self.hidden]

    def row(self, fs: ReadFS, name: str) -> Row:
        row = super().row(fs, name)
        return Row(name, one_line(row.value), row.kind, row.text, row.writable)
