# SPDX-License-Identifier: Apache-2.0
"""The table of preferences: type, default and meaning of each, and its values as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from rtslib_ext.config import scalars
from rtslib_ext.errors import InvalidValue
from rtslib_ext.fast_dataclasses import dataclass

from .views import COLORS

Value = bool | int | str | None

LOG_LEVELS = ("critical", "error", "warning", "info", "verbose", "debug")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "bool": ("true", "false"),
    "loglevel": LOG_LEVELS,
    "color": (*COLORS, "default"),
    "colordefault": (*COLORS, "none"),
}
# parse_value takes 18 digits.
_MOST = 10**18
_NODES = 8  # rtslib_ext/config/derived.py
_NOTHING = {"color": "default", "colordefault": "none"}  # the name of None


@dataclass(frozen=True, slots=True)
class Preference:
    """One preference; ``kind`` is the type that set global shows."""

    name: str
    kind: str
    default: Value
    text: str


PREFERENCES: Mapping[str, Preference] = {
    row[0]: Preference(*row)
    for row in (
        ("auto_add_default_portal", "bool", True, "New targets listen on all addresses."),
        ("auto_add_mapped_luns", "bool", True, "New LUNs and ACLs get mapped LUNs."),
        ("auto_cd_after_create", "bool", False, "The shell changes to a created object."),
        ("auto_enable_tpgt", "bool", True, "A new TPG is enabled at once."),
        ("auto_save_on_exit", "bool", True, "Leaving the shell saves the configuration."),
        ("auto_use_daemon", "bool", False, "Kept for old scripts: there is no daemon."),
        ("color_command", "color", "cyan", "Colour of commands among completions."),
        ("color_default", "colordefault", None, "Colour of other text."),
        ("color_keyword", "color", "cyan", "Colour of parameter names among completions."),
        ("color_mode", "bool", True, "Use colours on a terminal, unless NO_COLOR is set."),
        ("color_parameter", "color", "magenta", "Colour of values among completions."),
        ("color_path", "color", "magenta", "Colour of paths among completions."),
        ("create_missing", "bool", False, "restoreconfig creates missing files, empty."),
        ("daemon_use_batch_mode", "bool", False, "Kept for old scripts: there is no daemon."),
        ("export_backstore_name_as_model", "bool", True, "Use object names as SCSI model."),
        ("identity_namespace", "string", "", "Derive new serial and LUN numbers from names in it."),
        ("identity_node", "number", 0, "Derive port numbers for node 1 to 8; 0: do not."),
        ("logfile", "string", None, "The file that commands are logged to."),
        ("loglevel_console", "loglevel", "info", "The lowest level of messages shown."),
        ("loglevel_file", "loglevel", "debug", "The lowest level that is logged."),
        ("max_backup_files", "string", "10", "Backups of saveconfig.json to keep."),
        ("prompt_length", "number", 30, "Longest path in the prompt; 0 for no limit."),
        ("tree_max_depth", "number", 0, "Number of levels that ls shows; 0 for all."),
        ("tree_round_nodes", "bool", True, "ls draws nodes as o-, otherwise as +-."),
        ("tree_show_root", "bool", True, "ls shows the node it starts at."),
        ("tree_status_mode", "bool", True, "ls shows the summary of each node."),
    )
}  # fmt: skip


def parse_value(kind: str, text: str) -> Value:
    """Parse the value of a set command; raises InvalidValue. "" is None if the kind has None."""
    if kind == "bool":
        found = scalars.boolean(text)
        if found is None:
            raise InvalidValue(f"Syntax error, '{text}' is not true|false.")
        return found
    if kind == "loglevel" or (text and kind in CHOICES):
        if text not in CHOICES[kind]:
            raise InvalidValue(f"Syntax error, '{text}' is not {'|'.join(CHOICES[kind])}")
        return None if text == _NOTHING.get(kind) else text
    if kind == "number" and text:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            raise InvalidValue(f"Syntax error, '{text}' is not a NUMBER.")
        return int(text)
    return text or None


def show_value(kind: str, value: Value) -> str:
    """Return a value in the form that get shows."""
    if kind == "bool":
        return "true" if value else "false"
    return _NOTHING.get(kind, "n/a") if value is None else str(value)


def find(name: str) -> Preference:
    if name not in PREFERENCES:
        raise InvalidValue(f"Unknown parameter {name} in group 'global'.")
    return PREFERENCES[name]


def check_value(row: Preference, value: Any) -> Value:
    """Convert a value, or its text, to the type of a preference; raises InvalidValue."""
    try:
        if type(value) is int and abs(value) >= _MOST:
            raise InvalidValue(f"Syntax error, the value is not a {row.kind}.")
        if isinstance(value, str):
            value = parse_value(row.kind, value)
        elif row.kind == "string" and type(value) is int:
            value = str(value)
        elif value is not None and type(value) is not type(row.default):
            # A list may be too deep to be shown.
            raise InvalidValue(f"Syntax error, the value is not a {row.kind}.")
        if value is None and row.kind != "color":  # color has None as a value
            value = row.default
        if row.name == "max_backup_files" and not re.fullmatch("[0-9]{1,9}", str(value)):
            raise InvalidValue(f"Syntax error, '{value}' is not a NUMBER.")
        if row.name == "identity_node" and not 0 <= cast(int, value) <= _NODES:
            raise InvalidValue(f"{value} is not from 0 to {_NODES}.")
    except InvalidValue as err:
        raise InvalidValue(f"Not setting {row.name}! {err.message}") from err
    return cast(Value, value)
