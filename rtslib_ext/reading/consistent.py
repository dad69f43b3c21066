# SPDX-License-Identifier: Apache-2.0
"""Read objects consistently: omit those that are deleted while they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from ..kernel.configfs import ConfigfsPath, ReadFS

Name = TypeVar("Name")
Object = TypeVar("Object")


def stable(
    fs: ReadFS,
    objects: Iterable[tuple[ConfigfsPath, Name]],
    read: Callable[[ConfigfsPath, Name], Object | None],
) -> Iterator[Object]:
    """Yield what ``read`` returns for each (configfs path, name), without incomplete objects.

    The files of a deleted object look like files that this kernel does not have. So if a file was
    missing (ConfigFS.missing), and only then, check whether the object still exists.
    """
    for path, name in objects:
        missing = fs.missing
        item = read(path, name)
        if item is not None and (fs.missing == missing or fs.is_dir(path)):
            yield item
