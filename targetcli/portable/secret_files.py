# SPDX-License-Identifier: Apache-2.0
"""The files of secrets to which exported commands refer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256

from .call import Call, Secret

_OTHERS = re.compile(r"[^A-Za-z0-9._:@-]+")
# Of a name that had to be changed or cut; with the digest a file name has less than 255 bytes.
_LONGEST, _DIGEST = 200, 8


def name(secret: Secret) -> str:
    """Return the name of the file of a secret: unlike any other's, of plain characters."""
    parts = [*secret.path.strip("/").split("/"), secret.name]
    plain = ",".join(_OTHERS.sub("-", part) for part in parts)
    if len(plain) <= _LONGEST and not any(map(_OTHERS.search, parts)):
        return plain
    whole = "/".join(parts).encode("utf-8", "surrogateescape")
    return f"{plain[:_LONGEST]}-{sha256(whole).hexdigest()[:_DIGEST]}"


def of_calls(calls: Iterable[Call]) -> Iterator[Secret]:
    """Yield the secrets of commands."""
    for call in calls:
        yield from (value for value in call.values.values() if isinstance(value, Secret))
