# SPDX-License-Identifier: Apache-2.0
"""Steps that create, change and delete network portals."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import shell_paths
from ..config.model import Portal
from ..config.shell_paths import ShellPath
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import TpgPath
from .context import Operation
from .operations import (
    BestEffort,
    Mkdir,
    Rmdir,
    Write,
)
from .step import Action, Step, set_step

# The verbs of portals; the subject is ADDRESS:PORT.
LISTEN = "listen on"
STOP_LISTENING = "stop listening on"


def create_portal(tpg_path: TpgPath, portal: Portal) -> Iterator[Step]:
    """Create a network portal."""
    configfs, path = _paths(tpg_path, portal)
    yield Step(Action.CREATE, path, LISTEN, portal.name, (Mkdir(configfs),))
    if portal.iser:
        yield set_portal_flag(tpg_path, portal, "iser", True)
    if portal.offload:
        yield set_portal_flag(tpg_path, portal, "offload", True)


def _paths(tpg_path: TpgPath, portal: Portal) -> tuple[ConfigfsPath, ShellPath]:
    configfs = paths.portal(tpg_path.configfs, portal.name)
    return configfs, shell_paths.portal(tpg_path.shell, portal.name)


def attempt_portal(tpg_path: TpgPath, portal: Portal) -> Step:
    """Create a network portal if possible; a failure becomes a note of the outcome."""
    configfs, path = _paths(tpg_path, portal)
    make = BestEffort(Mkdir(configfs), path)
    return Step(Action.CREATE, path, LISTEN, portal.name, (make,))


def set_portal_flag(tpg_path: TpgPath, portal: Portal, flag: str, on: bool) -> Step:
    """Enable or disable iSER, or the offload of a network card, for a portal."""
    # The only offload in the kernel (drivers/target/iscsi/cxgbit).
    name = "cxgbit" if flag == "offload" else flag
    configfs, path = _paths(tpg_path, portal)
    write = Write(f"{configfs}/{name}", str(int(on)), str(int(not on)))
    return set_step(path, flag, str(on), str(not on), (write,))


def delete_portal(tpg_path: TpgPath, portal: Portal) -> Step:
    """Delete a network portal."""
    configfs, path = _paths(tpg_path, portal)
    flags: list[Operation] = []
    if portal.iser:
        flags.append(Write(f"{configfs}/iser", "0", "1"))
    if portal.offload:
        flags.append(Write(f"{configfs}/cxgbit", "0", "1"))
    restored = [flag.inverse() for flag in reversed(flags)]
    return Step(
        Action.DELETE,
        path,
        STOP_LISTENING,
        portal.name,
        (*flags, Rmdir(configfs)),
        undo=(Mkdir(configfs), *(operation for operation in restored if operation)),
    )
