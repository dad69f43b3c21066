# SPDX-License-Identifier: Apache-2.0
"""A completer for each kind of parameter, and for parameters that are open-ended."""

from __future__ import annotations

from collections.abc import Iterator

from ..commands.table import commands_of
from . import config, paths, settings, storage, targets
from .ask import Ask, Candidate, Completer

__all__ = ["COMPLETERS", "KEYWORDS", "MORE", "Ask", "Candidate", "Completer"]


def _topics(ask: Ask) -> Iterator[str]:
    yield from commands_of(ask.node.kind)
    yield "search"


def _names(ask: Ask) -> Iterator[str]:
    # Imported here: it loads every table there is.
    from ..commands.search import entries

    if ask.given.get("topic") == "search":
        yield from (entry.name for entry in entries())


def _bookmarks(ask: Ask) -> Iterator[str]:
    # One that is added has a new name.
    if ask.given.get("action") != "add":
        yield from ask.env.prefs.bookmarks


def _changes(ask: Ask) -> Iterator[str]:
    # Imported here: no other Tab needs it.
    from .. import history

    yield from map(str, history.numbers(ask.env.history))


COMPLETERS: dict[str, Completer] = {
    "acl": paths.child_names,
    "acl_tag": targets.acl_tags,
    "address": targets.addresses,
    "alua_group_name": storage.group_names,
    "bookmark": _bookmarks,
    "bookmark_action": paths.one_of("add", "del", "go", "show"),
    "bool": paths.one_of("true", "false"),
    "change_number": _changes,
    "config_text": storage.config_texts,
    "depth": paths.one_of(*"0123456789"),
    "device": storage.devices,
    "file": storage.files,
    "free_lun": paths.next_number("lun"),
    "free_mapped_lun": paths.next_number("mapped_lun"),
    "free_tpg_tag": paths.next_number("tpg", 1),
    "free_wwn": targets.free_wwns,
    "group": settings.group_names,
    "group_tag": storage.group_tags,
    "guest": targets.guests,
    "initiator": targets.initiators,
    "lun": paths.numbers("lun"),
    "lun_or_storage_object": storage.luns_and_objects,
    "mapped_lun": paths.numbers("mapped_lun"),
    "path": paths.shell_paths,
    "recover_action": paths.one_of("undo", "finish"),
    "confirm_action": paths.one_of("keep", "status", "back"),
    "duration": paths.one_of("30s", "60s", "2m", "10m", "1h"),
    "path_or_history": paths.with_history,
    "port": targets.ports,
    "portal_address": targets.portal_addresses,
    "portal_port": targets.portal_ports,
    "save_file": config.save_files,
    "saved_file": config.saved_files,
    "saved_storage_object": config.saved_storage_objects,
    "saved_target": config.saved_targets,
    "scsi_device": storage.scsi_devices,
    "session_action": paths.one_of("list", "detail"),
    "sid": targets.sids,
    "size": paths.sizes,
    "storage_object": storage.storage_objects,
    "storage_object_name": paths.child_names,
    "target": paths.child_names,
    "topic": _topics,
    "tpg_tag": paths.numbers("tpg"),
    "typed_size": paths.sizes,
}
"""By the kind of a parameter."""

MORE: dict[str, Completer] = {
    "settings:get": settings.names,
    "settings:set_values": settings.names_to_set,
    "help:show_help": _names,
}
"""What comes behind a command's own parameters, by what runs it."""

KEYWORDS: dict[str, Completer] = {"settings:set_values": settings.values}
"""The value of a NAME=VALUE that is none of a command's own parameters, by what runs it."""
