# SPDX-License-Identifier: Apache-2.0
"""Looks at files that may not answer, as on a network file system whose server is gone.

The system call does not return then, and its thread is in state D: nothing ends it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from ..errors import LioError
from ..files import mounts

Key = TypeVar("Key")
Answer = TypeVar("Answer")
SECONDS = 2.0


class Looks:
    """Looks at the files of each mounted file system in a thread of its own.

    So one that does not answer keeps no other waiting, and the caller no longer than ``seconds``.
    Its thread is left; before that ends, the file system is not asked again.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._left: dict[str, threading.Thread] = {}

    def at(self, paths: Mapping[Key, str], look: Callable[[Key], Answer]) -> dict[Key, Answer]:
        """Return what ``look`` returns for each key, by the path that it looks at.

        Without those that did not answer in time, or failed.
        """
        found: dict[Key, Answer] = {}

        def run(keys: list[Key]) -> None:
            for key in keys:
                with suppress(OSError, ValueError, LioError):
                    found[key] = look(key)

        started = {}
        for point, keys in self._by_mount(paths).items():
            if point not in self._left or not self._left[point].is_alive():
                started[point] = threading.Thread(target=run, args=(keys,), daemon=True)
                started[point].start()
        end = time.monotonic() + self._seconds
        for thread in started.values():
            thread.join(max(0.0, end - time.monotonic()))
        self._left.update(started)
        # A copy: a thread that is left may still add its answer.
        return dict(found)

    def _by_mount(self, paths: Mapping[Key, str]) -> dict[str, list[Key]]:
        # Not by stat, which would not return either.
        table = mounts.read()
        groups: dict[str, list[Key]] = {}
        points: dict[str, str] = {}
        for key, path in paths.items():
            folder = path.rpartition("/")[0]
            if folder not in points:
                mount = mounts.of_file(path, table)
                points[folder] = mount.point if mount else ""
            groups.setdefault(points[folder], []).append(key)
        return groups
