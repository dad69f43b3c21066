# SPDX-License-Identifier: Apache-2.0
"""Roles: what the lines of a batch may do, for restricted use through ssh.

``--role`` is an option of the command line only: no line of the batch changes it. COMMANDS has a
row for every command; what it does not have, no role but admin may run. Secrets are shown to
admin only.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from rtslib_ext.config.printable import printable
from rtslib_ext.errors import PermissionDenied

from .command_table.command import Command, Parameter
from .env import Env
from .options import ROLES
from .tree import Node

READ, PROVISION, ADMIN = ROLES

# By the least role, the commands; in each line those of one purpose.
COMMANDS: Mapping[str, str] = {
    name: role
    for role, names in (
        (READ, "ls cd pwd get info help version refresh exit"),
        (READ, "status check sessions logins reservations paths stats map what report"),
        (READ, "diff history backups groups hosts identity owners export recipe"),
        (PROVISION, "create ensure ensure_absent delete set tag untag pin clone rename group"),
        (PROVISION, "enable disable enable_iser enable_offload drain resize rescan replace"),
        # verify logs in, with the secrets of the ACLs.
        (PROVISION, "saveconfig verify"),
        # The whole configuration, files of the host, other programs, earlier changes of others.
        (ADMIN, "apply confirm recover begin commit rollback undo redo revert import"),
        (ADMIN, "restoreconfig restore_pending clearconfig changemedium isns exporter"),
        # peer shows digests of secrets, under a key that the other host chooses.
        (ADMIN, "takeover release peer"),
        # All targets of a portal share its networks.
        (ADMIN, "allow firewall"),
        # They need a terminal, or change what others see of this program.
        (ADMIN, "browse top bookmarks"),
    )
    for name in names.split()
}

_DEVICES = frozenset({"file", "device"})
"""Kinds of parameters with a file or device to serve: below the directories of --within only."""
_OBJECTS = frozenset({"storage_object", "lun_or_storage_object"})
"""Kinds with a storage object, for which a command would take a file or device too."""
_FILES = frozenset(
    {"path_name", "save_file", "saved_file", "backup", "scsi_device", "config_text", "peer"}
)
"""Kinds with a file of the host, or a text that may lead to one: their defaults only."""
HARMLESS = frozenset(
    "acl acl_tag address alua_group_name bool check_format check_path depth duration "
    "export_format firewall_action first_tpg_tag free_lun free_mapped_lun free_tpg_tag free_wwn "
    "group group_action group_item group_tag group_target guest host host_system identity_node "
    "initiator initiator_group iscsi_target known_initiator known_portal lun "
    "map_format mapped_lun new_size number change_number owner path path_or_history port "
    "portal_address portal_port rules session_action session_address session_initiator "
    "session_target severity sid size stats_column stats_count stats_kind stats_path "
    "storage_object_name table_format target text topic tpg_tag typed_size".split()
)
"""Kinds that name no file. A new kind has to be in one of these sets (tests/unit/test_roles.py)."""
_STDOUT = "-"
# They would never end, or need a terminal.
_REPEATED = frozenset({("stats", "interval"), ("sessions", "watch"), ("logins", "watch")})
# Kinds of backstores in which a text leads to files or devices, and the setting that has it.
_PASSING = frozenset({"user", "pscsi"})
_LEADING = frozenset({"dev_config"})
_ASKED = "known_word"
"""The kind of what a user asks about, a file of the host perhaps."""
# Groups that hold for all users, targets or fabrics.
_SHARED_GROUPS = frozenset({"global", "discovery_auth", "fabric"})
# The most characters of a refused line in the log; syslogs keep 1,000 bytes at least (RFC 3164).
_LOGGED = 700
_MAKING = frozenset({"create", "ensure"})
_COPYING = frozenset({"clone"})
# Targets of this host itself: their LUNs are its own disks, whose contents it reads.
_OWN_TARGETS = "/loopback"


def check(env: Env, node: Node, command: Command, values: Sequence[Mapping[str, Any]]) -> None:
    """Raise PermissionDenied, and log it, if the role of a batch may not run a command."""
    role = env.options.role
    if role is None or role == ADMIN:
        return
    why = _why_not(env, role, node, command, values)
    if why:
        _log(f"the role {role} was refused: {node.path} {env.session.report.text}")
        raise PermissionDenied(
            f"the role {role} may not {why}",
            path=node.path,
            hint="help lists the commands; roles are in targetcli(8)",
        )


def _why_not(
    env: Env, role: str, node: Node, command: Command, values: Sequence[Mapping[str, Any]]
) -> str:
    """Return what the role may not do, in words; "" if it may run the command."""
    least = COMMANDS.get(command.name, ADMIN)
    if ROLES.index(least) > ROLES.index(role) or (role == READ and command.changes):
        return f"run {command.name}"
    for given in values:
        for item in command.parameters:
            why = _parameter(env, node, command, item, given.get(item.name))
            if why:
                return why
        if command.name == "set" and (why := _settings(given)):
            return why
    if command.name in _MAKING and node.kind in _PASSING:
        return f"create backstores of the kind {node.kind}"
    if command.name in _MAKING | _COPYING and f"{node.path}/".startswith(f"{_OWN_TARGETS}/"):
        return f"create objects in {_OWN_TARGETS}, which are disks of this host"
    return ""


def _parameter(env: Env, node: Node, command: Command, item: Parameter, value: Any) -> str:
    if value is None or str(value) == item.default:
        return ""
    if (command.name, item.name) in _REPEATED:
        return f"repeat {command.name} with {item.name}"
    if command.name == "saveconfig" and item.name in ("owner", "target"):
        return "write fragments"
    if (command.name, item.name) == ("sessions", "action") and value == "end":
        return "end sessions"
    if item.kind in _FILES:
        printed = command.name == "export" and item.name == "file" and value == _STDOUT
        return "" if printed else f"use {item.name} of {command.name}"
    if item.kind in _DEVICES:
        return _outside(env, str(value))
    if item.kind in _OBJECTS and not _is_object(node, item, str(value)):
        return _outside(env, str(value))
    if item.kind == _ASKED:
        return _unknown(node, str(value))
    return "" if item.kind in HARMLESS or item.kind in _OBJECTS else f"use {item.name}"


def _unknown(node: Node, text: str) -> str:
    """Return why a path may not be asked about: the answer would show whether it exists."""
    from rtslib_ext.host.devices import is_block_device
    from rtslib_ext.reading import backed_by
    from rtslib_ext.reading.reader import Reader

    from .tree import walk

    if "/" not in text or walk.find(node, text) is not None or is_block_device(text):
        return ""
    fs = node.tree.fs
    if text in {backed_by.device(fs, path) for path in Reader(fs).storage_object_paths()}:
        return ""
    return f"ask about {text}: it is no path of the tree, block device or file that is served"


def _is_object(node: Node, item: Parameter, text: str) -> bool:
    """Return True for the path of a storage object, or a number of a LUN."""
    from .tree import walk
    from .tree.backstores import StorageObjectNode

    digits = text.removeprefix("lun")
    if item.kind == "lun_or_storage_object" and digits.isascii() and digits.isdecimal():
        return True
    return isinstance(walk.find(node, text), StorageObjectNode)


def _outside(env: Env, text: str) -> str:
    """Return why a file or device may not be served; "" if it is below an allowed directory.

    A block device may have a link there, as a volume in /dev/vg0; a file, and the directory of a
    new one, may not be reached by a link.
    """
    # Imported here: only commands that serve one need it.
    from rtslib_ext.host.devices import is_block_device

    path = os.path.abspath(os.path.expanduser(text))
    real = os.path.realpath(path)
    is_device = is_block_device(real)
    allowed = [os.path.abspath(one) for one in (env.options.within or "").split(":") if one]
    for folder in allowed:
        if _is_below(path, folder) and (is_device or _is_below(real, os.path.realpath(folder))):
            return ""
    where = ":".join(allowed) or "the directories of --within, which is not given"
    return f"use {text}: it is outside of {where}"


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder.rstrip('/')}/")


def _settings(given: Mapping[str, Any]) -> str:
    """Return why settings may not be changed: of others, from a file, or leading to one."""
    group = given.get("group")
    if group in _SHARED_GROUPS:
        return f"set the group {group}"
    for name, value in given["parameter"].items():
        from_file = value.startswith("@") and not value.startswith("@@") and value != "@new"
        if "password" in name and from_file:
            return f"read {name} from a file"
        if name in _LEADING:
            return f"set {name}"
    return ""


def _log(text: str) -> None:
    """Write a line to the system's log, with the address of the client of ssh.

    A message of any length would not reach the log: its socket takes a limited one.
    """
    # Imported here: only a refusal needs it.
    import syslog

    client = os.environ.get("SSH_CLIENT", "")
    text = text if len(text) <= _LOGGED else f"{text[:_LOGGED]}…"
    syslog.openlog("targetcli", syslog.LOG_PID, syslog.LOG_AUTHPRIV)
    syslog.syslog(syslog.LOG_WARNING, printable(f"{text}{f' (from {client})' if client else ''}"))
