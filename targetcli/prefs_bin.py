# SPDX-License-Identifier: Apache-2.0
"""Read targetcli-fb's prefs.bin, a pickle, without unpickling it.

A pickle is a program for a stack machine, which may call any function. pickletools only lists its
instructions; those that build plain values are carried out here, every other one is refused.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

Stack = list[Any]

_MARK = object()
# Of preferences; one that is carried out takes a few bytes.
_MOST_INSTRUCTIONS = 100_000
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_VALUES = (
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
)
_PUTS = ("PUT", "BINPUT", "LONG_BINPUT")
_GETS = ("GET", "BINGET", "LONG_BINGET")
_IGNORED = ("PROTO", "FRAME", "STOP")
# What a pickle that is damaged or hostile makes of a stack.
_DAMAGED = (IndexError, KeyError, TypeError, AttributeError, OverflowError, ValueError)


def parse(data: bytes) -> dict[str, Any]:
    """Return the preferences in a pickle; raises ValueError if it has any other value."""
    try:
        found = _value(data)
    except _DAMAGED as err:
        raise ValueError(f"not plain preferences: {err}") from err
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise ValueError("not plain preferences")
    return found


def _value(data: bytes) -> Any:
    stack: Stack = []
    memo: dict[int, Any] = {}
    for name, argument in _instructions(data):
        if name in _VALUES:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _PUTS or name == "MEMOIZE":
            memo[len(memo) if name == "MEMOIZE" else argument] = stack[-1]
        elif name in _GETS:
            stack.append(memo[argument])
        elif name in _BUILD:
            _BUILD[name](stack)
        elif name not in _IGNORED:
            raise ValueError(_refusal(name, argument, stack))
    return stack.pop()


def _instructions(data: bytes) -> Iterator[tuple[str, Any]]:
    listed = pickletools.genops(data)
    for code, argument, _ in islice(listed, _MOST_INSTRUCTIONS):
        yield code.name, argument
    if next(listed, None) is not None:
        raise ValueError("it has too many instructions")


def _refusal(name: str, argument: Any, stack: Stack) -> str:
    if name in ("GLOBAL", "INST"):
        return f"it refers to {str(argument).replace(' ', '.')}"
    if name == "STACK_GLOBAL":
        return f"it refers to {'.'.join(map(str, stack[-2:]))}"
    return f"it has the instruction {name}"


# -- instructions that build a value of others ----------------------------------------------


def _marked(stack: Stack) -> Stack:
    """Take the values above the last mark, and the mark."""
    place = len(stack) - 1 - stack[::-1].index(_MARK)
    found = stack[place + 1 :]
    del stack[place:]
    return found


def _extend(stack: Stack, values: Stack) -> None:
    found = stack[-1]
    if not isinstance(found, list):
        raise TypeError("it appends to no list")
    found += values


def _set_items(stack: Stack, values: Stack) -> None:
    found = stack[-1]
    if not isinstance(found, dict):
        raise TypeError("it sets an item of no dictionary")
    found.update(zip(values[::2], values[1::2], strict=True))


def _take(stack: Stack, count: int) -> Stack:
    if len(stack) < count:
        raise IndexError("its stack is empty")
    found = stack[-count:]
    del stack[-count:]
    return found


def _new_dict(stack: Stack) -> None:
    values = _marked(stack)
    stack.append({})
    _set_items(stack, values)


_BUILD: dict[str, Callable[[Stack], None]] = {
    "MARK": lambda stack: stack.append(_MARK),
    "EMPTY_DICT": lambda stack: stack.append({}),
    "EMPTY_LIST": lambda stack: stack.append([]),
    "EMPTY_TUPLE": lambda stack: stack.append(()),
    "DICT": _new_dict,
    "LIST": lambda stack: stack.append(_marked(stack)),
    "TUPLE": lambda stack: stack.append(tuple(_marked(stack))),
    "TUPLE1": lambda stack: stack.append(tuple(_take(stack, 1))),
    "TUPLE2": lambda stack: stack.append(tuple(_take(stack, 2))),
    "TUPLE3": lambda stack: stack.append(tuple(_take(stack, 3))),
    "APPEND": lambda stack: _extend(stack, _take(stack, 1)),
    "APPENDS": lambda stack: _extend(stack, _marked(stack)),
    "SETITEM": lambda stack: _set_items(stack, _take(stack, 2)),
    "SETITEMS": lambda stack: _set_items(stack, _marked(stack)),
}
