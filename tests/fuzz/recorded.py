# SPDX-License-Identifier: Apache-2.0
"""A target tree as it was read from a kernel once, with texts that no kernel gives.

It only answers reads: it is no kernel, so it accepts no change.
"""

from __future__ import annotations

import errno
import json
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rtslib_ext.errors import KernelRefused
from rtslib_ext.kernel.configfs import ConfigfsPath, Entry, WriteFS, explain

_PAGE = 4096
_FILE = Path(__file__).with_name("recorded.json")


class RecordedFS(WriteFS):
    """The recorded tree; ``texts`` replace those of its files, by path."""

    changes = 0

    def __init__(self, texts: Mapping[str, str] = {}) -> None:  # noqa: B006
        self.nodes = dict(NODES)
        for path, text in texts.items():
            # A file of configfs has at most a page (fs/configfs/file.c).
            self._put(path, text[:_PAGE])

    def _put(self, path: str, text: str) -> None:
        """Give a file a text; a file that is new stands in its directory."""
        above, _, name = path.rpartition("/")
        if isinstance(self.nodes.get(path), str) or isinstance(self.nodes.get(above), dict):
            self.nodes[path] = text
            folder = self.nodes.get(above)
            if isinstance(folder, dict):
                self.nodes[above] = {**folder, name: text}

    def _find(self, operation: str, path: str) -> Any:
        node = self.nodes.get(path)
        number = errno.ENOENT if node is None else 0
        if isinstance(node, list) and node[0] == "errno":
            number = node[1]
        if number:
            raise explain(operation, path, OSError(number, "recorded"))
        return node

    def absolute(self, path: str) -> str:
        return f"/sys/kernel/config/target/{path}" if path else "/sys/kernel/config/target"

    def scan(self, path: ConfigfsPath) -> list[Entry]:
        node = self._find("scan", path)
        if not isinstance(node, dict):
            raise explain("scan", path, OSError(errno.ENOTDIR, "not a directory"))
        return [Entry(name, _kind(item)) for name, item in node.items()]

    def read(self, path: str) -> str:
        node = self._find("read", path)
        if not isinstance(node, str):
            raise explain("read", path, OSError(errno.EISDIR, "is a directory"))
        return node

    def readlink(self, path: str) -> ConfigfsPath:
        node = self._find("readlink", path)
        if not isinstance(node, list):
            raise explain("readlink", path, OSError(errno.EINVAL, "no link"))
        return ConfigfsPath(node[1])

    def is_dir(self, path: ConfigfsPath) -> bool:
        return isinstance(self.nodes.get(path), dict)

    def exists(self, path: str) -> bool:
        return path in self.nodes

    def modes(self, path: ConfigfsPath, names: Iterable[str]) -> dict[str, int]:
        for name in names:
            self._find("stat", f"{path}/{name}")
        return dict.fromkeys(names, stat.S_IFREG | 0o644)

    def is_linked(self, path: ConfigfsPath) -> bool:
        return False

    def _refuse(self, path: str, *_: object) -> None:
        raise KernelRefused("recorded", errno=errno.EROFS, operation="write", file=path)

    write = mkdir = rmdir = symlink = unlink = chmod = _refuse


def _kind(node: Any) -> str:
    if isinstance(node, dict):
        return "dir"
    return "link" if isinstance(node, list) and node[0] == "link" else "file"


def _flat(node: dict[str, Any], above: str = "") -> Iterable[tuple[str, Any]]:
    yield above, node
    for name, item in node.items():
        path = f"{above}/{name}" if above else name
        if isinstance(item, dict):
            yield from _flat(item, path)
        else:
            yield path, item


NODES: dict[str, Any] = dict(_flat(json.loads(_FILE.read_text())))
