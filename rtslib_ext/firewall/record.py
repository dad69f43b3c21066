# SPDX-License-Identifier: Apache-2.0
"""The allowed networks of the running portals: a file in ``/run``, which a reboot removes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..errors import InvalidValue, LioError, reason
from ..fast_dataclasses import dataclass, field
from ..files import atomic, trusted
from . import allowed as values

# As of the owners: a thousand portals with as many networks each have less.
_LONGEST = 64 << 20


@dataclass(frozen=True, slots=True)
class Record:
    """The networks, and the digest of those whose rules were loaded last ("": none).

    ``before`` are the networks before a change that is not finished yet; None without one.
    """

    allowed: values.Allowed = field(default_factory=dict)
    loaded: str = ""
    before: values.Allowed | None = None


def load(path: str) -> Record:
    """Return the record; an empty one without a file. Raises LioError if it is damaged."""
    try:
        found = json.loads(trusted.read(path, _LONGEST))
        allowed, loaded = found["allowed"], str(found["loaded"])
        if not isinstance(allowed, Mapping):
            raise InvalidValue("allowed is not an object")
        before = found.get("before")
        return Record(
            values.from_values(allowed),
            loaded,
            None if before is None else values.from_values(before),
        )
    except FileNotFoundError:
        return Record()
    except (
        LioError,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        RecursionError,
        AttributeError,
    ) as err:
        why = reason(err) if isinstance(err, OSError) else str(err)
        raise LioError(
            f"the record of the allowed networks is damaged: {path}: {why}",
            hint=f"rm {path}, then restore them with firewall apply FILE",
        ) from err


def store(path: str, found: Record) -> None:
    """Replace the record. Raises LioError."""
    value: dict[str, object] = {"allowed": {**found.allowed}, "loaded": found.loaded}
    if found.before is not None:
        value["before"] = {**found.before}
    text = json.dumps(value)
    try:
        with trusted.directory(path, create=True) as (folder, name):
            atomic.replace_in(folder, name, text.encode())
    except OSError as err:
        raise LioError(f"cannot write {path}: {reason(err)}") from err
