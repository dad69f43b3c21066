# SPDX-License-Identifier: Apache-2.0
"""Change an input a little: JSON by its values, anything else by its bytes."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

# What breaks readers: limits of types, of texts and of files.
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**32, 2**63, 2**64, 10**30, 10**400),
    *(0.5, 1e300, float("nan"), float("inf")),
    *("", " ", "0", "1", "-1", "NULL", "9" * 30, "9" * 5000, "1e5", "0x10", "0b1", "²", "٣"),
    *("a", "\0", "\n", "\x1b[2J", "\ud800", "\u202e", "ä" * 300, "../..", "/", "//", "a/b", "."),
    *("iqn.2003-01.org.example:x", "naa.5001405000000001", "[::1]", "0.0.0.0", "%s", "{0}"),
    *([], {}, [[]], [{}], {"a": {}}, [None]),
)
TOKENS: tuple[bytes, ...] = (
    *(b"=", b"'", b'"', b"\\", b" ", b"\n", b"\0", b"#", b"-", b"--", b"/", b"*", b"@", b"[", b"]"),
    *(b"[1-9]", b"[0-99999999999]", b"..", b"%", b"\xff", b"\xc3\xa4", b"\x1b[1m", b"9" * 25),
    *(b"set auth ", b"password=", b"create ", b"None", b"0x", b"{", b"}", b":", b",", b"<", b">"),
)
_LONGEST = 1 << 16


def mutate(data: bytes, random: Random, others: Sequence[bytes] = ()) -> bytes:
    """Return a changed copy of an input; ``others`` are inputs to take parts of."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        document = _document(data) if random.random() < 0.8 else None
        if document is None:
            data = _bytes(data, random, others)
            continue
        try:
            data = _json(document, random)
        except (ValueError, RecursionError):
            # It became too deep, a value contains itself, or a number has too many digits.
            data = _bytes(data, random, others)
    return data[:_LONGEST]


def _document(data: bytes) -> Any:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict | list) and document else None


def _json(document: Any, random: Random) -> bytes:
    places = list(_places(document))
    path = random.choice(places)
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    key, value = path[-1], holder[path[-1]]
    action = random.randrange(6)
    if action == 0:
        del holder[key]
    elif action == 1:
        other = document
        for part in random.choice(places):
            other = other[part]
        holder[key] = copy.deepcopy(other)
    elif action == 2 and isinstance(holder, list):
        holder.append(copy.deepcopy(value))
    elif action == 3 and isinstance(holder, dict):
        holder[str(random.choice(VALUES))[:300]] = value
    elif action == 4 and isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")
        holder[key] = _bytes(text, random, ()).decode("utf-8", "surrogateescape")
    else:
        holder[key] = copy.deepcopy(random.choice(VALUES))
    return json.dumps(document).encode()


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*above, key)
        if isinstance(inner, dict | list) and len(above) < 50:
            yield from _places(inner, (*above, key))


def _bytes(data: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    start = random.randrange(len(data) + 1)
    end = min(len(data), start + random.choice((0, 1, 1, 2, 4, 16, 64)))
    action = random.randrange(6)
    if action == 0:
        return data[:start] + data[end:]
    if action == 1:
        return data[:start] + random.choice(TOKENS) + data[start:]
    if action == 2:
        return data[:start] + random.choice(TOKENS) + data[end:]
    if action == 3:
        return data[:start] + data[start:end] * random.choice((2, 3, 100)) + data[end:]
    if action == 4 and others:
        other = random.choice(others)
        return data[:start] + other[random.randrange(len(other) + 1) :]
    return data[:start] + random.randbytes(end - start or 1) + data[end:]
