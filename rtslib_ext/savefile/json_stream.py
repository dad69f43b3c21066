# SPDX-License-Identifier: Apache-2.0
"""JSON values -> the text of a save file in pieces: sorted keys, indented by two blanks.

The text is that of json.dumps with these settings. With an indent, json.dumps uses a generator for
each value, which takes longer than reading the kernel, and builds all of the text at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

_LEVEL = "  "


def pieces(value: Mapping[str, Any]) -> Iterator[str]:
    """Yield the text of an object, one piece for each entry of its lists."""
    before = "{"
    line = f"\n{_LEVEL}"
    for key in sorted(value):
        yield f"{before}{line}{quoted(key)}: "
        if isinstance(value[key], Iterable) and not isinstance(value[key], dict | str):
            yield from _entries(value[key], line)
        else:
            yield text(value[key], line)
        before = ","
    yield "\n}" if value else "{}"


def _entries(values: Iterable[Any], line: str) -> Iterator[str]:
    deeper = line + _LEVEL
    before = "["
    for value in values:
        yield before + deeper + text(value, deeper)
        before = ","
    yield f"{line}]" if before == "," else "[]"


def text(value: Any, line: str = "\n") -> str:
    """Return the text of one value; ``line`` is a line end and the indentation of its level."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        deeper = line + _LEVEL
        inner = [f"{deeper}{quoted(key)}: {text(value[key], deeper)}" for key in sorted(value)]
        return f"{{{','.join(inner)}{line}}}" if inner else "{}"
    if isinstance(value, list | tuple):
        deeper = line + _LEVEL
        inner = [deeper + text(item, deeper) for item in value]
        return f"[{','.join(inner)}{line}]" if inner else "[]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
