# SPDX-License-Identifier: Apache-2.0
"""The last look at refused logins: in /run, until the next boot."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress

from rtslib_ext.errors import LioError
from rtslib_ext.fast_dataclasses import asdict, dataclass
from rtslib_ext.files import atomic, bounded, trusted
from rtslib_ext.statistics.logins import LastRefusal, Logins, at
from rtslib_ext.steps.field_types import LATEST, check_fields

from ..env import Env

_MOST_BYTES = 1 << 20
_MOST_REFUSALS = 1000
_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class Seen:
    """The Unix time of the last look, and the refused logins of each target at that time.

    ``last`` are the last refused logins of the targets at this look and the ones before.
    """

    time: float
    refused: Mapping[str, int]
    last: tuple[LastRefusal, ...] = ()

    def new(self, refused: Mapping[str, int]) -> int:
        """Return how many have come since; a target that was created again counts from 0."""
        return sum(
            number - before if number >= (before := self.refused.get(name, 0)) else number
            for name, number in refused.items()
        )


def _path(env: Env) -> str:
    return f"{os.path.dirname(env.journal)}/logins.json"


def read(env: Env) -> Seen | None:
    """Return the last look; None if there was none since the boot, or it is not known."""
    with suppress(OSError, LioError, *_DAMAGE):
        with trusted.directory(_path(env)) as (folder, name):
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            try:
                data = json.loads(bounded.from_descriptor(handle, _path(env), _MOST_BYTES))
            finally:
                os.close(handle)
        refused = {str(name): int(number) for name, number in data["refused"].items()}
        last = tuple(LastRefusal(**item) for item in data["last"])
        for item in last:
            check_fields(item)
        if 0 <= float(data["seconds"]) <= LATEST:
            return Seen(at(float(data["seconds"])), refused, last)
    return None


def write(env: Env, targets: Sequence[Logins], before: Seen | None, seconds: float) -> None:
    """Remember when the targets were looked at; no harm is done if it cannot be written.

    ``seconds`` are those of time.monotonic, as in the kernel's log: the clock may be set.
    """
    last = list(before.last) if before else []
    last += [item.last for item in targets if item.last and item.last not in last]
    data = {
        "seconds": seconds,
        "refused": {item.target: item.total for item in targets},
        "last": [asdict(item) for item in last[-_MOST_REFUSALS:]],
    }
    with suppress(OSError, LioError):
        with trusted.directory(_path(env), create=True) as (folder, name):
            temporary = f"{name}.{os.getpid()}.temp"
            atomic.replace_in(folder, name, json.dumps(data).encode(), temporary=temporary)
