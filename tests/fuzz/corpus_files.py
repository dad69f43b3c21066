# SPDX-License-Identifier: Apache-2.0
"""The corpus: for each target inputs to start from, and inputs that once failed."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).with_name("corpus")


def inputs(target: str) -> list[bytes]:
    """Return the inputs of a target, in the order of their names."""
    return [path.read_bytes() for path in sorted((_FOLDER / target).iterdir())]


def folder(target: str) -> Path:
    """Return the directory with the inputs of a target."""
    return _FOLDER / target
