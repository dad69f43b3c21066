# SPDX-License-Identifier: Apache-2.0
"""The objects that move between the hosts of a pair: no save file has them."""

from __future__ import annotations

from ..config.model import Config
from . import record, units
from .units import Units


def of_record(path: str) -> Units:
    """Return the objects that move, as recorded. Raises LioError."""
    names = record.moving(path)
    return units.of_paths(path for path, owner in record.load(path).items() if owner in names)


def without(path: str, config: Config) -> Config:
    """Return the configuration that a save writes: without the objects that move."""
    return units.without(config, of_record(path))
