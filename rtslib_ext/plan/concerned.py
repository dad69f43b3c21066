# SPDX-License-Identifier: Apache-2.0
"""The objects that steps remove or hide, as their operations say."""

from __future__ import annotations

from collections.abc import Container
from typing import TypeVar

from ..config.shell_paths import ShellPath
from ..fabrics import Fabric, of_folder
from ..fast_dataclasses import dataclass, field
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath
from ..steps import Step
from ..steps.context import Operation
from ..steps.demo_luns import DropDemoLuns
from ..steps.operations import (
    BestEffort,
    Mkdir,
    RemoveLinked,
    RemoveTree,
    Rmdir,
    RmdirOverLuns,
    SetEnabled,
    Unlink,
    Write,
)

# SPC-4 section 5.15.2.4, table 36: standby, unavailable, offline. Commands to the disk fail.
_HIDING_STATES = (2, 3, 14)


@dataclass(slots=True)
class Concerned:
    """The objects that steps remove, with the steps.

    The keys are configfs paths; of ``acls`` (TPG, directory of the ACL), of ``mapped`` (directory
    of the ACL, LUN). ``dynamic`` are TPGs whose initiators without an ACL lose something.
    ``portals`` and ``listening`` are the portals that steps delete and create, ``hidden`` the
    LUNs that stay, but in an ALUA state in which initiators cannot use them, and ``groups`` the
    target port groups that get such a state. ``demo_luns`` has ACLs that are created, with the
    numbers of the LUNs of demo mode that their initiator keeps.
    """

    tpgs: dict[ConfigfsPath, list[Step]] = field(default_factory=dict)
    dynamic: dict[ConfigfsPath, list[Step]] = field(default_factory=dict)
    acls: dict[tuple[ConfigfsPath, str], list[Step]] = field(default_factory=dict)
    luns: dict[ConfigfsPath, list[Step]] = field(default_factory=dict)
    mapped: dict[tuple[str, ConfigfsPath], list[Step]] = field(default_factory=dict)
    objects: dict[ConfigfsPath, list[Step]] = field(default_factory=dict)
    portals: dict[ConfigfsPath, list[Step]] = field(default_factory=dict)
    listening: set[ConfigfsPath] = field(default_factory=set)
    hidden: dict[ConfigfsPath, list[Step]] = field(default_factory=dict)
    groups: dict[ConfigfsPath, list[Step]] = field(default_factory=dict)
    demo_luns: dict[tuple[ConfigfsPath, str], tuple[Step, Container[str]]] = field(
        default_factory=dict
    )

    def note(self, step: Step) -> None:
        """Add the objects that a step removes."""
        for operation in step.operations:
            self._note(step, operation)

    def _note(self, step: Step, operation: Operation) -> None:
        match operation:
            case BestEffort():
                self._note(step, operation.operation)
            case Unlink():
                self._unlinked(step, operation)
            case Rmdir() | RmdirOverLuns() | RemoveLinked() | RemoveTree():
                self._removed(step, operation.directory)
            case SetEnabled() if not operation.on:
                _add(self.tpgs, paths.parent(operation.file), step)
            case Write() if operation.file.endswith("/cmdsn_depth") and operation.before:
                # iscsi_target_tpg.c, iscsit_tpg_set_initiator_node_queue_depth: it ends sessions.
                self._removed(step, paths.parent(operation.file))
            case Write():
                self._written(step, operation)
            case DropDemoLuns():
                if acl := paths.parse_acl(operation.acl):
                    self.demo_luns[acl] = step, operation.kept
            case Mkdir() if paths.is_portal(operation.directory):
                self.listening.add(operation.directory)

    def _written(self, step: Step, operation: Write) -> None:
        folder, name = paths.parent(operation.file), paths.name_of(operation.file)
        if operation.before == operation.value:
            return
        if name == "alua_tg_pt_offline" and operation.value == "1":
            _add(self.hidden, folder, step)
        elif name == "alua_access_state" and _hides(operation.value):
            _add(self.groups, folder, step)

    def _unlinked(self, step: Step, operation: Unlink) -> None:
        owner, target = paths.parent(operation.link), operation.target
        if lun := paths.parse_lun(owner):
            _add(self.luns, owner, step)
            _add(self.dynamic, lun[0], step)
            if paths.key_of_storage_object(target):
                _add(self.objects, target, step)
        elif acl := paths.parse_acl(owner):
            _add(self.acls, acl, step)
            _add(self.mapped, (acl[1], target), step)

    def _removed(self, step: Step, removed: ConfigfsPath) -> None:
        acl = paths.parse_acl(removed)
        if paths.parse_tpg(removed):
            _add(self.tpgs, removed, step)
        elif paths.key_of_storage_object(removed):
            _add(self.objects, removed, step)
        elif acl and paths.acl(*acl) == removed:
            _add(self.acls, acl, step)
        elif paths.is_portal(removed):
            self.listening.discard(removed)
            _add(self.portals, removed, step)


def _hides(state: str) -> bool:
    """Return True if an ALUA access state, as written, makes commands fail."""
    try:
        return int(state, 0) in _HIDING_STATES
    except ValueError:
        return False


_Key = TypeVar("_Key")


def _add(found: dict[_Key, list[Step]], key: _Key, step: Step) -> None:
    known = found.setdefault(key, [])
    if step not in known[-1:]:
        known.append(step)


def fabric_of(configfs: ConfigfsPath) -> Fabric:
    fabric = of_folder(configfs.partition("/")[0])
    assert fabric is not None, configfs
    return fabric


def shell_path_of(tpg: ConfigfsPath) -> ShellPath:
    parsed = paths.parse_tpg(tpg)
    assert parsed is not None, tpg
    return paths.shell_tpg(*parsed)
