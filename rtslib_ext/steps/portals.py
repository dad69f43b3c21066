# SPDX-License-Identifier: Apache-2.0
"""Steps that create, change and delete network portals."""

from __future__ import annotations

from collections.abc import Iterator

from ..config.model import Portal
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


def create_portal(place: TpgPath, portal: Portal) -> Iterator[Step]:
    """Create a network portal."""
    file = f"{place.file}/np/{portal.name}"
    path = f"{place.path}/portals/{portal.name}"
    yield Step(Action.CREATE, path, LISTEN, portal.name, (Mkdir(file),))
    if portal.iser:
        yield set_portal_flag(place, portal, "iser", True)
    if portal.offload:
        yield set_portal_flag(place, portal, "offload", True)


def attempt_portal(place: TpgPath, portal: Portal) -> Step:
    """Create a network portal if possible; a failure becomes a note of the outcome."""
    path = f"{place.path}/portals/{portal.name}"
    make = BestEffort(Mkdir(f"{place.file}/np/{portal.name}"), path)
    return Step(Action.CREATE, path, LISTEN, portal.name, (make,))


def set_portal_flag(place: TpgPath, portal: Portal, flag: str, on: bool) -> Step:
    """Enable or disable iSER, or the offload of a network card, for a portal."""
    # The only offload in the kernel (drivers/target/iscsi/cxgbit).
    name = "cxgbit" if flag == "offload" else flag
    file = f"{place.file}/np/{portal.name}/{name}"
    path = f"{place.path}/portals/{portal.name}"
    write = Write(file, str(int(on)), str(int(not on)))
    return set_step(path, flag, str(on), str(not on), (write,))


def delete_portal(place: TpgPath, portal: Portal) -> Step:
    """Delete a network portal."""
    file = f"{place.file}/np/{portal.name}"
    flags: list[Operation] = []
    if portal.iser:
        flags.append(Write(f"{file}/iser", "0", "1"))
    if portal.offload:
        flags.append(Write(f"{file}/cxgbit", "0", "1"))
    again = [flag.inverse() for flag in reversed(flags)]
    return Step(
        Action.DELETE,
        f"{place.path}/portals/{portal.name}",
        STOP_LISTENING,
        portal.name,
        (*flags, Rmdir(file)),
        undo=(Mkdir(file), *(operation for operation in again if operation)),
    )
