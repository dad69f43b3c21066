# SPDX-License-Identifier: Apache-2.0
"""What was there all the time that it was read: others take objects away meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from ..kernel.configfs import ConfigfsPath, ReadFS

Name = TypeVar("Name")
Found = TypeVar("Found")


def stable(
    fs: ReadFS,
    objects: Iterable[tuple[ConfigfsPath, Name]],
    read: Callable[[ConfigfsPath, Name], Found | None],
) -> Iterator[Found]:
    """What ``read`` gives of each object, by configfs path and name; half an object is left out.

    A file of an object that is gone looks like one that this kernel does not have. So where one
    was missing, and there only, it is looked whether the object is still there.
    """
    for path, name in objects:
        missing = fs.missing
        found = read(path, name)
        if found is not None and (fs.missing == missing or fs.is_dir(path)):
            yield found
