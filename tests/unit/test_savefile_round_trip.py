# SPDX-License-Identifier: Apache-2.0
"""A configuration that is saved and read again is the same, in every field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from rtslib_ext import savefile
from rtslib_ext.config.backing import Pscsi
from rtslib_ext.config.model import Config
from tests.whole import WHOLE

# The address of a SCSI device is found anew when the object is created.
_NOT_SAVED = {(Pscsi, "hctl")}


def objects(value: Any) -> Iterator[Any]:
    """Yield all objects in a value."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from objects(item)
    elif is_dataclass(value):
        yield value
        for field in fields(value):
            yield from objects(getattr(value, field.name))


def saved(value: Any) -> Any:
    """Return a value without what is not saved."""
    if isinstance(value, Mapping):
        return {key: saved(item) for key, item in value.items()}
    if not is_dataclass(value):
        return value
    names = [field.name for field in fields(value)]
    return replace(
        value,
        **{
            name: None if (type(value), name) in _NOT_SAVED else saved(getattr(value, name))
            for name in names
        },
    )


def test_every_field_has_a_value_of_its_own() -> None:
    """So that a new field cannot be forgotten here."""
    kinds: dict[type, list[Any]] = {}
    for item in objects(WHOLE):
        kinds.setdefault(type(item), []).append(item)
    empty = [
        f"{kind.__name__}.{field.name}"
        for kind, items in kinds.items()
        for field in fields(kind)
        if not any(_is_given(getattr(item, field.name), field) for item in items)
    ]
    assert empty == []


def _is_given(value: Any, field: Any) -> bool:
    default = field.default_factory() if callable(field.default_factory) else field.default
    return bool(value != default)


def test_what_is_read_is_what_was_saved() -> None:
    loaded = savefile.loads(savefile.dumps(WHOLE))
    assert (loaded.problems, loaded.config) == ((), saved(WHOLE))


@pytest.mark.parametrize("name", [field.name for field in fields(Config)])
def test_a_file_of_one_part_is_whole(name: str) -> None:
    part = Config(**{name: saved(getattr(WHOLE, name))})
    loaded = savefile.loads(savefile.dumps(part))
    assert loaded.config == part
