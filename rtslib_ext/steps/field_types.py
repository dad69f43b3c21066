# SPDX-License-Identifier: Apache-2.0
"""Check the fields of steps and operations that a file gave, by their annotations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..fast_dataclasses import fields

LATEST = 1e11
"""The latest Unix time that a file may have, the year 5138: localtime(3) has a limit."""

MALFORMED = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What Python raises for text that is not JSON, and for JSON of another form."""

# The kernel's loff_t; Python raises OverflowError beyond it.
_MOST = 2**63 - 1

_CHECKS: dict[Any, tuple[tuple[str, Callable[[Any], bool]], ...]] = {}


def check_fields(record: Any) -> None:
    """Raise TypeError if a field of a step or operation has a value of another type."""
    kind = type(record)
    if kind not in _CHECKS:
        _CHECKS[kind] = tuple((item.name, _FITS[str(item.type)]) for item in fields(kind))
    for name, fits in _CHECKS[kind]:
        if not fits(getattr(record, name)):
            raise TypeError(f"{kind.__name__}.{name} has a value of another type")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value


def _is_path(value: Any) -> bool:
    """Return True for a path below the target tree, and for that of a file of the host."""
    return _is_text(value) and ".." not in value.split("/")


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MOST


def _is_time(value: Any) -> bool:
    # False for NaN, and for infinity.
    return type(value) in (int, float) and 0 <= value <= _MOST


def _is_optional_text(value: Any) -> bool:
    return value is None or _is_text(value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _was_decoded(value: Any) -> bool:
    return True


_FITS: dict[str, Callable[[Any], bool]] = {
    "str": _is_text,
    "str | None": _is_optional_text,
    "bool": _is_flag,
    "int": _is_number,
    "float": _is_time,
    "ConfigfsPath": _is_path,
    "list[ConfigfsPath]": lambda value: isinstance(value, list) and all(map(_is_path, value)),
    "list[str]": lambda value: isinstance(value, list) and all(map(_is_text, value)),
    "dict[str, str]": lambda value: (
        isinstance(value, dict) and all(map(_is_text, (*value, *value.values())))
    ),
    "tuple[str, ...]": lambda value: all(map(_is_text, value)),
    "Action": _was_decoded,
    "LioError": _was_decoded,
    "Operation": _was_decoded,
    "tuple[Operation, ...]": _was_decoded,
    "tuple[Operation, ...] | None": _was_decoded,
}
