# SPDX-License-Identifier: Apache-2.0
"""Validate the documents of --json against the published schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

DOCS = Path(__file__).parents[1] / "docs"
SCHEMA = json.loads((DOCS / "json.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)

Json = dict[str, Any]

_VALUE = re.compile(r"[+-]?\d+(?:\.\d+)?|0x[\da-f]+|true|false", re.IGNORECASE)
# Members that are texts: names and messages. The values of settings have a test of their own.
_TEXTS = frozenset(
    ("serial", "wwid", "naa", "multipath", "windows", "vmware", "partition")
    + ("name", "text", "message", "messages", "hint", "help", "summary", "alias", "command")
    + (
        "value",
        "before",
        "after",
        "version",
        "since",
        "chap_userid",
        "chap_mutual_userid",
        "wwn",
        "isid",
    )
)


def checked(text: str) -> Json:
    """Return one line of output as a document; fail if it is not valid."""
    assert text.endswith("\n") and text.count("\n") == 1 and text.isascii(), text
    document = json.loads(text)
    assert values_as_text(document) == [], text
    problems = [f"{item.json_path}: {item.message}" for item in VALIDATOR.iter_errors(document)]
    assert problems == [], text
    return document


def values_as_text(value: Any, name: str = "") -> list[str]:
    """Return the numbers and booleans of a document that are strings, by their member."""
    if isinstance(value, dict):
        return [item for key in value for item in values_as_text(value[key], key)]
    if isinstance(value, list):
        return [item for part in value for item in values_as_text(part, name)]
    is_text = name in _TEXTS or not isinstance(value, str)
    return [] if is_text or not _VALUE.fullmatch(value.strip()) else [f"{name}: {value}"]
