# SPDX-License-Identifier: Apache-2.0
"""The documents of --json, held to the schema that is published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

DOCS = Path(__file__).parents[1] / "docs"
SCHEMA = json.loads((DOCS / "json.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)

Json = dict[str, Any]


def checked(text: str) -> Json:
    """One line of output as a document."""
    assert text.endswith("\n") and text.count("\n") == 1 and text.isascii(), text
    document = json.loads(text)
    problems = [f"{item.json_path}: {item.message}" for item in VALIDATOR.iter_errors(document)]
    assert problems == [], text
    return document
