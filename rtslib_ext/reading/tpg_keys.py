# SPDX-License-Identifier: Apache-2.0
"""The TPGs by their names alone: directories are listed, no file is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..fabrics import Fabric
from ..kernel import paths
from ..kernel.configfs import is_within
from .reader import Reader

TpgKey = tuple[Fabric, str, int]
"""Identifies a TPG: fabric, WWN of the target, tag."""


def tpg_keys(reader: Reader, fabrics: Iterable[Fabric], above: str = "") -> Iterator[TpgKey]:
    """Yield the TPGs of some fabrics at and below a configfs path; the targets are not sorted."""
    for fabric in fabrics:
        for wwn in reader.target_wwns(fabric):
            for tag in reader.tags(paths.target(fabric, wwn)):
                if is_within(paths.tpg(fabric, wwn, tag), above):
                    yield fabric, wwn, tag
