# SPDX-License-Identifier: Apache-2.0
"""The published schema of save files and fragments: it and the decoder accept the same files."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from rtslib_ext import savefile
from rtslib_ext.errors import ParseError
from rtslib_ext.owners import values
from tests.whole import WHOLE

DOCS = Path(__file__).parents[2] / "docs"
CONFIGS = Path(__file__).parents[1] / "kernel" / "oracle" / "configs"
SCHEMA = json.loads((DOCS / "saveconfig.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
FULL = {
    "unrestored": ["/backstores/fileio/f"],
    "instead": {"/backstores/fileio/f/x": "1"},
    "owners": {"/backstores/fileio/f": "csi"},
}
# What the decoder says of a file whose form is wrong. The rest is about names and numbers that
# belong together, which a schema cannot know.
_FORM = ("unknown key", "is missing", "must be", "contains no configuration")
_BEYOND = ("must be between", "must be less than", "must be /backstores")
Place = tuple[Any, Any]

# Whole numbers written as 1.0 are left out: in a schema they are integers.
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 70000),
    st.sampled_from(["", "on", "No", "x", "12", "/f", "iqn.2003-01.org.example:a", "a\u0000b"]),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just({"a/b": 1}),
    st.just({"x": 1.5}),
)


def document() -> dict[str, Any]:
    """A file with every key."""
    found: dict[str, Any] = json.loads(savefile.dumps(WHOLE))
    found["rtslib_ext"] = {**found["rtslib_ext"], **FULL}
    return found


def places(value: Any) -> Iterator[Place]:
    """Every value in a document, as (container, key)."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inside in list(items):
        yield value, key
        if isinstance(inside, dict | list):
            yield from places(inside)


def problems(text: str) -> list[str]:
    """What the decoder says of a file."""
    try:
        return [str(problem) for problem in savefile.loads(text).problems]
    except ParseError as err:
        return [str(err)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_what_is_saved_is_valid() -> None:
    found = document()
    assert problems(json.dumps(found)) == []
    VALIDATOR.validate(found)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"targets": None},
        {"targets": [{"fabric": "iscsi"}]},
        {"storage_objects": [{"name": "a", "plugin": "fileio", "dev": "/a", "nullio": True}]},
        {"storage_objects": [{"name": "a", "plugin": "ramdisk", "size": 0}]},
        {"targets": [], "more": 1},
        [],
    ],
)
def test_neither_accepts(value: object) -> None:
    assert problems(json.dumps(value)) and not VALIDATOR.is_valid(value)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_the_schema_and_the_decoder_agree(data: st.DataObject) -> None:
    found = copy.deepcopy(document())
    for _ in range(data.draw(st.integers(1, 2))):
        every = list(places(found))
        if not every:
            break
        container, key = data.draw(st.sampled_from(every))
        change = data.draw(st.sampled_from(["replace", "delete", "add"]))
        if change == "delete":
            del container[key]
        elif change == "add" and isinstance(container, dict):
            container["nosuchkey"] = copy.deepcopy(data.draw(VALUES))
        else:
            container[key] = copy.deepcopy(data.draw(VALUES))
    said = problems(json.dumps(found))
    if not said:
        VALIDATOR.validate(found)
    form = [line for line in said if any(text in line for text in _FORM)]
    if [line for line in form if not any(text in line for text in _BEYOND)]:
        assert not VALIDATOR.is_valid(found), said


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.json")), ids=lambda path: path.stem)
def test_no_value_that_was_saved_is_refused(path: Path) -> None:
    assert list(values.problems(json.loads(path.read_text()))) == []


def test_values_that_no_kernel_accepts_are_named_by_their_path() -> None:
    tpg = {"tag": 1, "attributes": {"login_timeout": 99, "unknown": "x"}, "parameters": {"a": None}}
    acl = {"node_wwn": "iqn.2003-01.org.example:h", "attributes": {"dataout_timeout": "soon"}}
    tpg["node_acls"] = [acl]
    found = {
        "storage_objects": [{"name": "r", "plugin": "ramdisk", "attributes": {"block_size": 7}}],
        "targets": [{"fabric": "iscsi", "wwn": "iqn.2003-01.org.example:a", "tpgs": [tpg]}],
    }
    assert [text.partition(":")[0] for text in values.problems(found)] == [
        "storage_objects[0].attributes.block_size",
        "targets[0].tpgs[0].attributes.login_timeout",
        "targets[0].tpgs[0].node_acls[0].attributes.dataout_timeout",
    ]
