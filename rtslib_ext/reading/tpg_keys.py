# SPDX-License-Identifier: Apache-2.0
"""All TPGs: of the kernel, by their names alone, or of a configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..config.model import Config, Target, Tpg
from ..fabrics import FABRICS, Fabric
from ..kernel import paths
from ..kernel.configfs import is_within
from ..kernel.paths import TpgPath
from .reader import Reader

TpgKey = tuple[Fabric, str, int]
"""Identifies a TPG: fabric, WWN of the target, tag."""


def tpg_keys(reader: Reader, fabrics: Iterable[Fabric], above: str = "") -> Iterator[TpgKey]:
    """Yield the TPGs of some fabrics at and below a configfs path, without reading a file.

    The targets are not sorted.
    """
    for fabric in fabrics:
        for wwn in reader.target_wwns(fabric):
            for tag in reader.tags(paths.target(fabric, wwn)):
                if is_within(paths.tpg(fabric, wwn, tag), above):
                    yield fabric, wwn, tag


def tpgs_of_config(config: Config, feature: str = "") -> Iterator[tuple[TpgPath, Target, Tpg]]:
    """Yield the TPGs of a configuration, or those of the fabrics with a feature."""
    for target in config.targets.values():
        fabric = FABRICS[target.fabric]
        if not feature or fabric.has(feature):
            for tpg in target.tpgs.values():
                yield TpgPath.of(fabric, target.wwn, tpg.tag), target, tpg
