# SPDX-License-Identifier: Apache-2.0
"""Storage objects of an owner that targets of others export: a fragment cannot delete them."""

from __future__ import annotations

from collections.abc import Iterable

from ..config import shell_paths
from ..config.model import Config
from ..errors import InUse
from ..kernel.configfs import ReadFS
from ..usage import exports
from . import units
from .record import Owners

# The parts of the shell path of a storage object: "", backstores, PLUGIN, NAME.
_SLASHES = 3


def refuse_deleted(fs: ReadFS, have: Config, deleted: Iterable[str], owners: Owners) -> None:
    """Raise InUse if a storage object that goes is exported by a target that ``have`` lacks.

    ``deleted`` are the shell paths of all objects that are deleted or recreated.
    """
    objects = units.of_paths(filter(_is_storage_object, deleted)).objects
    for key, export in exports.by_others(fs, sorted(objects), have.targets):
        target = shell_paths.target(export.fabric.name, export.wwn)
        raise InUse(
            f"it is exported by {target}, which {_whose(owners.get(target))}; nothing was changed",
            path=shell_paths.storage_object(*key),
            hint="delete that LUN first",
        )


def _is_storage_object(path: str) -> bool:
    return path.startswith(shell_paths.BACKSTORES) and path.count("/") == _SLASHES


def _whose(owner: str | None) -> str:
    return f"belongs to {owner}" if owner else "has no owner"
