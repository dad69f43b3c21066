# SPDX-License-Identifier: Apache-2.0
"""The Linux SCSI target as values: read, save, plan and apply its configuration.

``System`` is where to start. The names below are imported when they are first used, so that a
program that needs none of them does not pay for them.
"""

# typing takes longer to import than everything else that a short command needs.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .api import Change as Change
    from .api import Outdated as Outdated
    from .api import System as System
    from .config.backing import Block as Block
    from .config.backing import FileIO as FileIO
    from .config.backing import Pscsi as Pscsi
    from .config.backing import RamDisk as RamDisk
    from .config.backing import User as User
    from .config.model import AluaGroup as AluaGroup
    from .config.model import Auth as Auth
    from .config.model import Config as Config
    from .config.model import FabricSettings as FabricSettings
    from .config.model import Lun as Lun
    from .config.model import MappedLun as MappedLun
    from .config.model import NodeAcl as NodeAcl
    from .config.model import Portal as Portal
    from .config.model import StorageObject as StorageObject
    from .config.model import Target as Target
    from .config.model import Tpg as Tpg
    from .errors import Exists as Exists
    from .errors import Interrupted as Interrupted
    from .errors import InUse as InUse
    from .errors import InvalidValue as InvalidValue
    from .errors import KernelRefused as KernelRefused
    from .errors import LioError as LioError
    from .errors import NotFound as NotFound
    from .errors import ParseError as ParseError
    from .errors import PermissionDenied as PermissionDenied
    from .errors import RollbackFailed as RollbackFailed
    from .errors import Unsupported as Unsupported
    from .plan.disturbance import Disturbance as Disturbance
    from .steps.step import Action as Action
    from .steps.step import Step as Step
    from .transaction.executor import Outcome as Outcome
    from .transaction.lock import Locked as Locked
    from .usage.sessions import Connection as Connection
    from .usage.sessions import DynamicSession as DynamicSession
    from .usage.sessions import Session as Session

_PUBLIC = {
    "api": "Change Outdated System",
    "config.backing": "Block FileIO Pscsi RamDisk User",
    "config.model": "AluaGroup Auth Config FabricSettings Lun MappedLun NodeAcl Portal "
    "StorageObject Target Tpg",
    "errors": "Exists InUse Interrupted InvalidValue KernelRefused LioError NotFound ParseError "
    "PermissionDenied RollbackFailed Unsupported",
    "plan.disturbance": "Disturbance",
    "steps.step": "Action Step",
    "transaction.executor": "Outcome",
    "transaction.lock": "Locked",
    "usage.sessions": "Connection DynamicSession Session",
}
_HOMES = {name: module for module, names in _PUBLIC.items() for name in names.split()}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    """Import a public name where it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the public names too, also those that were not used yet."""
    return sorted({*globals(), *_HOMES})
