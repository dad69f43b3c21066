# SPDX-License-Identifier: Apache-2.0
"""What get, set, help and bookmarks show, held to configshell's own output byte for byte."""

from __future__ import annotations

import io
import warnings

import pytest

from targetcli.views.help import (
    Description,
    Entry,
    command_help,
    command_list,
    defaults_line,
    syntax_line,
)
from targetcli.views.settings import (
    Row,
    bookmark_list,
    group_list,
    group_types,
    group_values,
    now,
    values,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from configshell import ConfigNode, ConfigShell

ROWS = [
    Row("b", "1", "number", "The b."),
    Row("a", "x y", "string", "Two\nlines."),
    Row("ro", "n/a", "string", "The ro.", writable=False),
    Row("none", "n/a", "string", "No value."),
]
SILENT = [Row("e", "n/a", "string", "")]

DESCRIPTION = """
Creates a thing.

PARAMETERS
==========
  name: its name

EXAMPLES
========
  create x
"""


class Screen(io.StringIO):
    terminal = False

    def isatty(self) -> bool:
        return self.terminal


class Node(ConfigNode):
    def __init__(self, shell: ConfigShell) -> None:
        super().__init__("/", None, shell)
        del self._configuration_groups["global"]
        self.current = {row.name: row.value for row in ROWS}
        self.current["none"] = self.current["ro"] = None
        for row in ROWS:
            self.define_config_group_param("attribute", row.name, row.kind, row.text, row.writable)
        self.define_config_group_param("silent", "e", "string", "")

    def ui_getgroup_attribute(self, name: str) -> str | None:
        return self.current[name]

    def ui_setgroup_attribute(self, name: str, value: str) -> None:
        self.current[name] = value

    def ui_getgroup_silent(self, name: str) -> None:
        return None

    ui_setgroup_silent = ui_setgroup_attribute

    def ui_command_create(self, name, size=None, mode="rw", *more, **kw): ...

    ui_command_create.__doc__ = DESCRIPTION


def in_configshell(command: str, colors: bool = False, **prefs: object) -> str:
    screen = Screen()
    screen.terminal = colors
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shell = ConfigShell()
        shell.log.debug = lambda *args: None
        shell.con._stdout = screen
        for name, value in {"color_mode": True, "color_default": None, **prefs}.items():
            shell.prefs[name] = value
        Node(shell)
        shell.run_cmdline(command)
    return screen.getvalue()


def text(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("colors", [False, True])
@pytest.mark.parametrize("command", ["get", "set"])
def test_groups(command: str, colors: bool) -> None:
    assert text(group_list(["attribute", "silent"])) == in_configshell(command, colors)


@pytest.mark.parametrize("colors", [False, True])
def test_a_group(colors: bool) -> None:
    assert text(group_values("attribute", ROWS)) == in_configshell("get attribute", colors)
    assert text(group_types("attribute", ROWS)) == in_configshell("set attribute", colors)
    assert text(group_values("silent", SILENT)) == in_configshell("get silent", colors)
    assert text(group_types("silent", SILENT)) == in_configshell("set silent", colors)


def test_a_group_without_anything_to_set() -> None:
    shown = ["ALUA CONFIG GROUP", "================="]
    assert group_types("alua", [Row("x", "1", writable=False)]) == shown


def test_values() -> None:
    asked = [ROWS[2], ROWS[0], ROWS[3]]
    shown = values(asked)
    assert text(shown) == in_configshell("get attribute ro b none")
    assert shown == ["ro=n/a [ro]", "b=1 ", "none=n/a "]


def test_set_says_what_it_set() -> None:
    assert now("b", "3") + "\n" == in_configshell("set attribute b=3")


def test_help_of_a_command() -> None:
    syntax = syntax_line("create", ["name"], ["size", "mode"], "more", "kw")
    defaults = defaults_line({"size": None, "mode": "rw"})
    create = Description(
        syntax, defaults, ["Creates a thing."], [("name", "its name")], ["create x"]
    )
    assert text(command_help(create, 80, at_terminal=False)) == in_configshell("help create")
    pwd = Description(syntax_line("pwd"), "", ["Displays the current path."])
    shown = in_configshell("help pwd").partition("\n\nSEE ALSO")[0]
    assert text(command_help(pwd, 80, at_terminal=False)) == f"{shown}\n"


def test_help_topics() -> None:
    shown = in_configshell("help")
    head = shown.index("AVAILABLE COMMANDS")
    listed = [line for line in shown[head:].splitlines() if line.startswith("  - ")]
    entries = [Entry(line.split()[1], line[4:], "Does it") for line in listed]
    mine = text(command_list({"Look": entries[:3], "Change": entries[3:]}, in_shell=True))
    assert mine.startswith("\nGENERALITIES\n============\n")
    assert [line for line in mine.splitlines() if line.startswith("  - ")] == listed
    assert mine[mine.index("AVAILABLE") :][:85] == shown[head:][:85]


def test_bookmarks() -> None:
    marks = {"last": "/iscsi", "other": "/"}
    assert text(bookmark_list(marks)) == in_configshell("bookmarks show", bookmarks=marks)
    # configshell forgets the end of the line here, and adds a NUL to a name of one letter.
    shown = in_configshell("bookmarks show", bookmarks={})
    assert text(bookmark_list({})) == shown + "\n"
    assert bookmark_list({"a": "/x"})[-3:] == ["a", "-", "/x"]
