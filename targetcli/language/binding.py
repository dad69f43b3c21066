# SPDX-License-Identifier: Apache-2.0
"""Bind the words of a line to the parameters of a command, with their types."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rtslib_ext import naming
from rtslib_ext.errors import InvalidValue

from ..command_table.command import Command, Parameter, option_of
from ..preference import parse_value
from ..sizes import is_number, is_unit, parse_new_size, parse_size

# The kinds of parameters that are the address and the port of a portal, and both as one word.
_PORTALS = (["address", "port"], ["portal_address", "portal_port"])
_PORTAL = r"(\[[0-9A-Fa-f:.]+\]|[^:]+):([0-9]+)"


def arguments(
    command: Command, positional: Sequence[str], keywords: Mapping[str, str], path: str
) -> dict[str, Any]:
    """Return the values that bind returns, and those of all other parameters.

    These have their row's default, or None. Raises InvalidValue.
    """
    defaults = {
        item.name: None if item.default is None else _typed(item, item.default)
        for item in command.parameters
    }
    return {**defaults, **bind(command, positional, keywords, path)}


def bind(
    command: Command, positional: Sequence[str], keywords: Mapping[str, str], path: str
) -> dict[str, Any]:
    """Return the values that were given, by parameter name.

    Open-ended parameters are under the key that ``more`` or ``keywords`` names. Raises
    InvalidValue with the texts that scripts match.
    """
    while positional and not positional[-1]:
        # An unset variable of a script; no command accepts an empty positional value.
        positional = positional[:-1]
    try:
        positional, keywords, unfinished = without_switches(command, positional, keywords)
        if unfinished:
            raise InvalidValue(f"{option_of(unfinished)} needs a value")
        return _bind(command, positional, keywords)
    except InvalidValue as err:
        err.path = err.path or path
        err.hint = err.hint or f"help {command.name} shows its parameters"
        raise


def with_split_portal(
    command: Command, positional: Sequence[str], keywords: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Split the address of a portal as ``ls`` shows it: [::0]:3260, 127.0.0.1:3261."""
    words, named = list(positional), dict(keywords)
    if [item.kind for item in command.parameters] not in _PORTALS:
        return words, named
    address, port = (item.name for item in command.parameters)
    found = re.fullmatch(_PORTAL, words[0] if words else named.get(address, ""))
    if not found or len(words) > 1 or port in named:
        return words, named
    if words:
        return [found[1].strip("[]"), found[2]], named
    return words, {**named, address: found[1].strip("[]"), port: found[2]}


def with_named_flags(
    command: Command, positional: Sequence[str], keywords: Mapping[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Convert the bare name of a boolean parameter to true: ``delete disk1 save``.

    A word in place of a required parameter of another kind is its value: a storage object
    may be named ``sparse``.
    """
    flags = {item.name for item in command.parameters if item.kind == "bool"}
    words, named = list(positional), dict(keywords)
    if flags.isdisjoint(words):
        return words, named
    left: list[str] = []
    for word in words:
        item = next(iter(command.parameters[len(left) : len(left) + 1]), None)
        is_value = item is not None and item.required and item.kind != "bool"
        if word not in flags or is_value or "".join(left[-1:]).startswith("--"):
            left.append(word)
        elif item is not None and item.name == word:
            left.append("true")
        else:
            named[word] = "true"
    return left, named


def without_switches(
    command: Command, positional: Sequence[str], keywords: Mapping[str, str]
) -> tuple[list[str], dict[str, str], str]:
    """Convert options to parameters: --merge, --target WWN, --target=WWN.

    Returns (positional, keywords, unfinished); ``unfinished`` is the parameter whose value is
    missing at the end, or "".
    """
    if not command.switches:
        return list(positional), dict(keywords), ""
    kinds = {item.name: item.kind for item in command.parameters}
    alone = {item.name: item.alone for item in command.parameters}
    words = list(positional)
    rest: list[str] = []
    found = {_switch(key, kinds) or key: value for key, value in keywords.items()}
    while words:
        word = words.pop(0)
        name = _switch(word, kinds)
        if not name:
            rest.append(word)
        elif kinds[name] == "bool":
            found[name] = "true"
        elif words and not (alone[name] and words[0].startswith("--")):
            found[name] = words.pop(0)
        elif alone[name]:
            found[name] = alone[name]
        else:
            return rest, found, name
    return rest, found, ""


def parameter_of(command: Command, key: str) -> str:
    """Return the parameter for a key, which may be an option such as --confirm-within."""
    kinds = {item.name: item.kind for item in command.parameters if command.switches}
    return (_switch(key, kinds) if kinds else "") or key


def _switch(word: str, kinds: Mapping[str, str]) -> str:
    """Return the parameter for an option; "" if the word is not an option."""
    if not word.startswith("--"):
        return ""
    name = word[2:].replace("-", "_")
    if name not in kinds:
        # Imported here: only an error needs it.
        from .. import closest

        known = [option_of(name) for name in kinds]
        hint = closest.hint(word, known, f"available: {', '.join(known)}")
        raise InvalidValue(f"there is no option {word} here", hint=hint)
    return name


def _bind(
    command: Command, positional: Sequence[str], keywords: Mapping[str, str]
) -> dict[str, Any]:
    names = [item.name for item in command.parameters]
    positional, keywords = _joined_sizes(command, list(positional), dict(keywords))
    _check_count(command, positional, keywords, names)
    values: dict[str, str] = dict(zip(names, positional, strict=False))
    extra = {name: value for name, value in keywords.items() if name not in names}
    values.update({name: value for name, value in keywords.items() if name in names})
    typed = {
        item.name: _typed(item, values[item.name])
        for item in command.parameters
        if item.name in values
    }
    if command.more:
        typed[command.more] = list(positional[len(names) :])
    if command.keywords:
        typed[command.keywords] = extra
    return typed


def _joined_sizes(
    command: Command, positional: list[str], keywords: dict[str, str]
) -> tuple[list[str], dict[str, str]]:
    """Join a size typed as two words, such as ``1.5 TiB``, if the second can only be a unit.

    It is not joined if text may follow: in ``create vol1 10 G`` of a user-backed object, G is the
    handler's cfgstring.
    """
    names = [item.name for item in command.parameters]
    for place, item in enumerate(command.parameters):
        after = command.parameters[place + 1 : place + 2]
        if not item.is_size or (after and after[0].kind != "bool"):
            continue
        if item.name in keywords:
            unit = _surplus_unit(positional, keywords, names)
            if unit is not None and is_number(keywords[item.name]):
                keywords[item.name] += positional.pop(unit)
        elif is_number("".join(positional[place : place + 1])) and (
            is_unit("".join(positional[place + 1 : place + 2]))
        ):
            positional[place : place + 2] = ["".join(positional[place : place + 2])]
    return positional, keywords


def _surplus_unit(
    positional: list[str], keywords: Mapping[str, str], names: list[str]
) -> int | None:
    """Return the index of a unit that would be a second value of a parameter given by name."""
    for place, (word, name) in enumerate(zip(positional, names, strict=False)):
        if is_unit(word) and name in keywords:
            return place
    return None


def _check_count(
    command: Command, positional: Sequence[str], keywords: Mapping[str, str], names: list[str]
) -> None:
    required = [item.name for item in command.parameters if item.required]
    given = [*names[: len(positional)], *keywords]
    missing = sorted(name for name in required if name not in given)
    unexpected = sorted(name for name in keywords if name not in names)
    if unexpected and not command.keywords:
        quoted = ", ".join(f"'{name}'" for name in unexpected)
        plural = "s" if len(unexpected) > 1 else ""
        raise InvalidValue(
            f"Unexpected keyword parameter{plural} {quoted}.", hint=_spelled(unexpected, names)
        )
    if len(missing) == 1:
        raise InvalidValue(f"Missing required parameter {missing[0]}")
    if missing:
        quoted = ", ".join(f"'{name}'" for name in missing)
        raise InvalidValue(f"Missing required parameters {quoted}")
    for name in given:
        if given.count(name) > 1:
            raise InvalidValue(f"Duplicate parameter {name}.")
    count = len(positional) + sum(1 for name in keywords if name in names)
    if count > len(names) and not command.more:
        word = "exactly" if len(required) == len(names) else "at most"
        raise InvalidValue(f"Got {count} positionnal parameters, expected {word} {len(names)}.")


def _spelled(unexpected: Sequence[str], names: Sequence[str]) -> str:
    """Return a hint at the intended parameter, or "" for the usual hint."""
    # Imported here: only an error needs it.
    from .. import closest

    hints = (closest.hint(name, names, form="{}=") for name in unexpected)
    return "; ".join(filter(None, hints))


def _typed(item: Parameter, text: str) -> Any:
    if "\0" in text:
        raise InvalidValue(f"{item.name} contains a NUL")
    try:
        if item.kind in _RANGES:
            return _number(item.name, text, *_RANGES[item.kind])
        convert = _CONVERT.get(item.kind)
        return convert(text) if convert else text
    except InvalidValue as err:
        if item.wrong:
            raise InvalidValue(item.wrong, hint=err.message) from err
        # The message describes the value, but not the parameter.
        hint = err.hint or (f"parameter: {item.name}" if item.name not in err.message else "")
        raise InvalidValue(err.message, hint=hint) from err


def _number(name: str, text: str, low: int, high: int, prefixes: tuple[str, ...] = ()) -> int:
    digits = text
    for prefix in prefixes:
        if text.lower().startswith(prefix):
            digits = text[len(prefix) :]
            break
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 20):
        raise InvalidValue(f"Syntax error, '{text}' is not a NUMBER.")
    if not low <= int(digits) <= high:
        raise InvalidValue(f"{name} must be between {low} and {high}, not {text}")
    return int(digits)


def _boolean(text: str) -> bool:
    return bool(parse_value("bool", text))


def duration(text: str) -> float:
    """Return seconds: 60s, 2m, 1h; a plain number is seconds."""
    found = re.fullmatch(r"([0-9]{1,6})(s|m|h|)", text)
    if not found or not int(found[1]):
        raise InvalidValue(f"{text} is not a duration", hint="write it as 60s, 2m or 1h")
    return float(int(found[1]) * {"m": 60, "h": 3600}.get(found[2], 1))


_CONVERT: dict[str, Callable[[str], Any]] = {
    "bool": _boolean,
    "size": parse_size,
    "new_size": parse_new_size,
    "duration": duration,
}
# Lowest and highest value, and the prefixes that may stand before the number.
_RANGES: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "number": (0, 2**32 - 1, ()),
    "change_number": (1, 99_999_999, ()),
    "depth": (0, 1000, ()),
    "stats_count": (1, 999_999, ()),
    "metrics_port": (1, naming.PORT_MAX, ()),
    "port": (1, naming.PORT_MAX, ()),
    "portal_port": (1, naming.PORT_MAX, ()),
    "first_tpg_tag": (0, naming.TAG_MAX, ("tpgt", "tpg")),
    "free_tpg_tag": (0, naming.TAG_MAX, ("tpgt", "tpg")),
    "tpg_tag": (0, naming.TAG_MAX, ("tpgt", "tpg")),
    "identity_node": (0, 8, ()),
    "free_lun": (0, naming.LUN_MAX, ("lun",)),
    "lun": (0, naming.LUN_MAX, ("lun",)),
    "free_mapped_lun": (0, naming.LUN_MAX, ("mapped_lun",)),
    "mapped_lun": (0, naming.LUN_MAX, ("mapped_lun",)),
    "group_tag": (1, naming.TAG_MAX, ()),
}
