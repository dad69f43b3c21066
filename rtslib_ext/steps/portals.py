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
# The files of a portal that choose another transport than TCP, by the name of the flag. The only
# offload in the kernel is that of drivers/target/iscsi/cxgbit.
_FLAGS = {"iser": "iser", "offload": "cxgbit"}


def create_portal(tpg_path: TpgPath, portal: Portal) -> Step:
    """Create a network portal.

    Its transport is a part of it: a portal that should use iSER must not listen for plain TCP.
    """
    configfs, path = _paths(tpg_path, portal)
    flags = (Write(f"{configfs}/{file}", "1", "0") for file in _files_of(portal))
    return Step(Action.CREATE, path, LISTEN, portal.name, (Mkdir(configfs), *flags))


def _files_of(portal: Portal) -> Iterator[str]:
    """Yield the files that choose the transport of a portal."""
    yield from (file for flag, file in _FLAGS.items() if getattr(portal, flag))


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
    configfs, path = _paths(tpg_path, portal)
    write = Write(f"{configfs}/{_FLAGS[flag]}", str(int(on)), str(int(not on)))
    return set_step(path, flag, str(on), str(not on), (write,))


def delete_portal(tpg_path: TpgPath, portal: Portal) -> Step:
    """Delete a network portal."""
    configfs, path = _paths(tpg_path, portal)
    flags = [Write(f"{configfs}/{file}", "0", "1") for file in _files_of(portal)]
    restored = [flag.inverse() for flag in reversed(flags)]
    return Step(
        Action.DELETE,
        path,
        STOP_LISTENING,
        portal.name,
        (*flags, Rmdir(configfs)),
        undo=(Mkdir(configfs), *(operation for operation in restored if operation)),
    )
