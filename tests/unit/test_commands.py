# SPDX-License-Identifier: Apache-2.0
"""The table of commands and the functions that its rows run."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from targetcli import command_table
from targetcli.command_table.command import Command
from targetcli.command_table.rows import MODULES, every_row
from targetcli.command_table.table import command_of, commands_of
from targetcli.language import binding
from targetcli.tree import Node, acls, fabrics, luns, portals
from targetcli.tree.backstores import Backstore

# Each is imported when a path goes to it; their classes are found below Node.
TREE = (acls, fabrics, luns, portals)
ROWS = every_row()
BACKSTORES = ("fileio", "block", "pscsi", "ramdisk", "user")


def node_classes(cls: type[Node] = Node) -> Iterator[type[Node]]:
    for below in cls.__subclasses__():
        yield below
        yield from node_classes(below)


# A backstore's kind is its plugin, which only an object knows.
CLASSES = {
    **{cls.kind: cls for cls in node_classes() if cls is not Backstore},
    **dict.fromkeys(BACKSTORES, Backstore),
    "*": Node,
}


def name(row: Command) -> str:
    return f"{row.name} on {row.on[0]}"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_the_commands_that_it_is_loaded_for(module: str) -> None:
    rows = import_module(f"targetcli.command_table.rows.{module}").ROWS
    assert MODULES[module].split() == [*dict.fromkeys(row.name for row in rows)]


def test_no_module_of_rows_is_left_out() -> None:
    modules = {path.stem for path in Path(command_table.rows.__file__).parent.glob("*.py")}
    assert modules - {"__init__"} == {*MODULES}


@pytest.mark.parametrize("kind", sorted({kind for row in ROWS for kind in row.on}))
def test_a_command_is_the_same_alone_and_among_all(kind: str) -> None:
    for name, row in commands_of(kind).items():
        assert command_of(kind, name) == row
    assert command_of(kind, "unknown") is None


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_a_row_is_the_place_of_defaults(row: Command) -> None:
    """A function takes what its row has, and has no default of its own."""
    env, node, *parameters = inspect.signature(row.function()).parameters.values()
    assert [env.name, node.name] == ["env", "node"]
    assert [item.default for item in parameters] == [inspect.Parameter.empty] * len(parameters)
    if row.name == "ensure":
        assert [item.kind for item in parameters] == [inspect.Parameter.VAR_KEYWORD]
    else:
        expected = [*(item.name for item in row.parameters), row.more, row.keywords]
        assert [item.name for item in parameters] == [*filter(None, expected)]


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_every_default_is_a_value_of_its_kind(row: Command) -> None:
    given = {item.name: "1" for item in row.parameters if item.required}
    values = binding.arguments(row, [], given, "/")
    optional = [item for item in row.parameters if not item.required]
    for item in optional:
        assert (values[item.name] is None) is (item.default is None)
        assert type(values[item.name]) is bool or item.kind != "bool" or item.default is None
    assert {*values} == {item.name for item in row.parameters} | {
        *filter(None, (row.more, row.keywords))
    }


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_a_function_takes_the_nodes_that_have_the_command(row: Command) -> None:
    """The table is where the class of a node is known, so no function looks."""
    hints = get_type_hints(row.function())
    accepted = get_args(hints["node"]) or (hints["node"],)
    for kind in row.on:
        assert issubclass(CLASSES[kind], accepted), kind


def test_interrupt_at_the_start_shows_no_traceback() -> None:
    program = """
import builtins, os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
real = builtins.__import__
def interrupted(name, *words, **options):
    if name == "targetcli.cli":
        os.kill(os.getpid(), signal.SIGINT)
    return real(name, *words, **options)
builtins.__import__ = interrupted
import targetcli.__main__
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert (done.returncode, done.stderr) == (130, b"")
