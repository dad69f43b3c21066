# SPDX-License-Identifier: Apache-2.0
"""The objects that move between the hosts of a pair: no save file has them."""

from __future__ import annotations

from ..config.model import Config
from ..fast_dataclasses import replace
from . import record, units
from .units import Units


def of_record(path: str) -> Units:
    """Return the objects that move, as recorded. Raises LioError."""
    names = record.moving(path)
    return units.of_paths(path for path, owner in record.load(path).items() if owner in names)


def without(path: str, config: Config) -> Config:
    """Return the configuration that a save writes: without the objects that move."""
    return units.without(config, of_record(path))


def kept(path: str, have: Config, want: Config) -> Config:
    """Return a configuration from a file with the running objects that move."""
    found = of_record(path)
    objects = {key: so for key, so in have.storage_objects.items() if key in found.objects}
    targets = {key: target for key, target in have.targets.items() if key in found.targets}
    return replace(
        want,
        storage_objects={**want.storage_objects, **objects},
        targets={**want.targets, **targets},
    )
