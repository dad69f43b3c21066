# SPDX-License-Identifier: Apache-2.0
"""The completers for each kind of parameter, and for open-ended parameters.

Each is named as ``module:function``, and imported on use, so that Tab is fast.
"""

from __future__ import annotations

from importlib import import_module

from .candidates import Ask, Candidate, Completer

__all__ = ["COMPLETERS", "KEYWORDS", "MORE", "Ask", "Candidate", "Completer", "completer"]

COMPLETERS: dict[str, str | tuple[str, ...]] = {
    "acl": "paths:child_names",
    "acl_tag": "targets:acl_tags",
    "address": "targets:addresses",
    "alua_group_name": "storage:group_names",
    "backup": "config:backups",
    "bookmark": "words:bookmarks",
    "bookmark_action": ("add", "del", "go", "show"),
    "bool": ("true", "false"),
    "change_number": "words:changes",
    "config_text": "storage:config_texts",
    "depth": tuple("0123456789"),
    "device": "storage:free_devices",
    "export_format": "words:export_formats",
    "file": "storage:files",
    "foreign_format": "words:foreign_formats",
    "first_tpg_tag": ("1",),
    "free_lun": "paths:next_lun",
    "free_mapped_lun": "paths:next_mapped_lun",
    "free_tpg_tag": "paths:next_tag",
    "free_wwn": "targets:free_wwns",
    "group": "settings:group_names",
    "group_action": ("create", "delete", "join", "leave", "map", "unmap"),
    "group_item": "hosts:items",
    "group_tag": "storage:group_tags",
    "group_target": "hosts:targets",
    "guest": "targets:dynamic_initiators",
    "host": "hosts:hosts",
    "identity_node": tuple("12345678"),
    "initiator": "targets:initiators",
    "kept_identity": ("naa", "serial"),
    "initiator_group": "hosts:groups",
    "firewall_action": ("show", "apply", "remove"),
    "isns_action": ("status", "show", "serve"),
    "lun": "paths:luns",
    "lun_or_storage_object": "storage:luns_and_objects",
    "map_format": ("text", "dot", "svg"),
    "metrics_address": ("127.0.0.1", "::1", "0.0.0.0", "::"),
    "metrics_port": ("10860",),
    "mapped_lun": "paths:mapped_luns",
    "new_size": "paths:new_sizes",
    "owner": "config:owners",
    "peer": "config:peers",
    "path": "paths:shell_paths",
    "recover_action": ("undo", "finish"),
    "check_format": ("text", "nagios"),
    "check_path": "paths:paths_or_rules",
    "confirm_action": ("keep", "status", "back", "watch"),
    "duration": ("30s", "60s", "2m", "10m", "1h"),
    "path_name": "paths:any_files",
    "path_or_history": "paths:with_history",
    "port": "targets:ports",
    "portal_address": "targets:portal_addresses",
    "portal_port": "targets:portal_ports",
    "save_file": "config:save_files",
    "rules": "words:rule_names",
    "saved_file": "config:saved_files",
    "saved_storage_object": "config:saved_storage_objects",
    "saved_target": "config:saved_targets",
    "scsi_device": "storage:scsi_devices",
    "session_address": "targets:session_addresses",
    "session_initiator": "targets:session_initiators",
    "session_target": "targets:session_targets",
    "session_action": ("list", "detail", "end"),
    "severity": ("error", "warning", "note"),
    "table_format": ("table", "lines"),
    "sid": "targets:sids",
    "size": "paths:sizes",
    "stats_column": "words:stats_columns",
    "stats_kind": ("storage_object", "lun", "mapped_lun", "target", "session"),
    "stats_count": ("1", "10", "60"),
    "stats_path": "words:stats_paths",
    "storage_object": "storage:storage_objects",
    "storage_object_name": "paths:child_names",
    "target": "paths:child_names",
    "topic": "words:topics",
    "tpg_tag": "paths:tags",
    "known_word": "words:known",
    "iscsi_target": "targets:session_targets",
    "known_portal": "targets:known_portals",
    "known_initiator": "targets:known_initiators",
    "host_system": "words:host_systems",
    "typed_size": "paths:sizes",
}
"""Completers by the kind of a parameter: a name, or the list of words."""

MORE: dict[str, str] = {
    "firewall:allow": "targets:networks",
    "settings:get": "settings:names_to_get",
    "settings:set_values": "settings:names_to_set",
    "help:show_help": "words:names",
}
"""Completers of open-ended values, by the function that runs the command."""

KEYWORDS: dict[str, str] = {"settings:set_values": "settings:values"}
"""Completers of the values of open-ended keywords, by the function that runs the command."""


def completer(name: str | tuple[str, ...]) -> Completer:
    """Return the completer for an entry of the tables above."""
    if not isinstance(name, str):
        return lambda ask: name
    module, _, function = name.partition(":")
    found: Completer = getattr(import_module(f"{__name__}.{module}"), function)
    return found
