# SPDX-License-Identifier: Apache-2.0
"""Storage objects of an owner that targets of others export: a fragment cannot delete them."""

from __future__ import annotations

from collections.abc import Iterable

from ..config import shell_paths
from ..config.model import Config
from ..errors import InUse
from ..kernel import paths
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
    known = {shell_paths.target(*key) for key in have.targets}
    for path in deleted:
        if not path.startswith(shell_paths.BACKSTORES) or path.count("/") != _SLASHES:
            continue
        for key in units.of_paths([path]).objects:
            configfs = paths.find_storage_object(fs, *key)
            for export in exports.of_storage_object(fs, configfs) if configfs else ():
                target = shell_paths.target(export.fabric.name, export.wwn)
                if target not in known:
                    raise InUse(
                        f"it is exported by {target}, which {_whose(owners.get(target))}; "
                        "nothing was changed",
                        path=path,
                        hint="delete that LUN first",
                    )


def _whose(owner: str | None) -> str:
    return f"belongs to {owner}" if owner else "has no owner"
