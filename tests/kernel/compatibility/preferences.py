# SPDX-License-Identifier: Apache-2.0
"""Each preference: its type and default, a value to set, and which row holds its effect."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preference:
    """A setting of the group ``global``; ``effects`` are facts of other rows."""

    name: str
    kind: str
    default: str
    other: str
    effects: tuple[str, ...] = ()


PREFERENCES = (
    Preference("auto_add_default_portal", "bool", "true", "false",
               ("target: created, first words", "auto_add_default_portal=false")),
    Preference("auto_add_mapped_luns", "bool", "true", "false",
               ("LUN: created", "auto_add_mapped_luns=false, LUN",
                "auto_add_mapped_luns=false, ACL")),
    Preference("auto_cd_after_create", "bool", "false", "true",
               ("auto_cd_after_create=true", "auto_cd_after_create goes there")),
    Preference("auto_enable_tpgt", "bool", "true", "false",
               ("target: its TPG is enabled, and asks nobody", "auto_enable_tpgt=false")),
    Preference("auto_save_on_exit", "bool", "true", "false",
               ("standard input: saved at the end", "standard input: auto_save_on_exit=false")),
    Preference("auto_use_daemon", "bool", "false", "true", ("auto_use_daemon is taken",)),
    Preference("color_command", "color", "cyan", "red", ("terminal: colours of completions",)),
    Preference("color_default", "colordefault", "none", "red", ("terminal: color_default",)),
    Preference("color_keyword", "color", "cyan", "red", ("terminal: colours of completions",)),
    Preference("color_mode", "bool", "true", "false",
               ("color_mode=false changes no message", "terminal: color_mode")),
    Preference("color_parameter", "color", "magenta", "red", ("terminal: colours of completions",)),
    Preference("color_path", "color", "magenta", "red", ("terminal: colours of completions",)),
    Preference("create_missing", "bool", "false", "true", ("create_missing=true",)),
    Preference("daemon_use_batch_mode", "bool", "false", "true",
               ("daemon_use_batch_mode is taken",)),
    Preference("export_backstore_name_as_model", "bool", "true", "false",
               ("the name is the model", "export_backstore_name_as_model=false")),
    Preference("identity_namespace", "string", "", "pool1"),
    Preference("identity_node", "number", "0", "1"),
    Preference("logfile", "string", "HOME/log.txt", "/tmp/x.log",
               ("log: a file that was asked for", "log: none by itself")),
    Preference("loglevel_console", "loglevel", "info", "error",
               ("loglevel_console=warning hides messages",
                "loglevel_console=warning shows warnings",
                "loglevel_console=critical hides no errors")),
    Preference("loglevel_file", "loglevel", "debug", "error", ("log: levels",)),
    Preference("max_backup_files", "string", "10", "3",
               ("saveconfig: a backup of what differs", "max_backup_files")),
    Preference("prompt_length", "number", "30", "10", ("terminal: prompt_length",)),
    Preference("tree_max_depth", "number", "0", "1", ("tree_max_depth",)),
    Preference("tree_round_nodes", "bool", "true", "false", ("tree_round_nodes=false",)),
    Preference("tree_show_root", "bool", "true", "false", ("tree_show_root=false",)),
    Preference("tree_status_mode", "bool", "true", "false", ("tree_status_mode=false",)),
)  # fmt: skip

# Kept between processes, but nobody's to set.
HIDDEN = ("bookmarks", "completions_in_columns", "path_history", "path_history_index")
