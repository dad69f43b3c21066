# SPDX-License-Identifier: Apache-2.0
"""Every node has its commands, with their parameters in the order that scripts give them in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ..commands.harness import Shell
from .commands import ALUA, ALUA_DIFFERS, DEFAULTS, EVERYWHERE, NODES, WORLD, NodeRow
from .row import DISKS, EXPORT, FILEIO
from .test_rows import differences_told

# The commands that targetcli-fb has at any node.
USUAL = {
    line.split()[0]
    for text in (EVERYWHERE, *(row.commands for row in NODES))
    for line in text.splitlines()
    if line.strip()
}


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A user in a world that has all kinds of nodes."""
    return Shell(tmp_path_factory.mktemp("home"))


@pytest.fixture
def world(user: Shell, handler: Path) -> Shell:
    """That world, made once."""
    if not (DISKS / "d1.img").exists():
        shutil.rmtree(DISKS, ignore_errors=True)
        DISKS.mkdir()
        for line in (*EXPORT, *WORLD):
            user.ok(line)
    return user


@pytest.fixture(scope="module", autouse=True)
def _no_disks() -> None:
    shutil.rmtree(DISKS, ignore_errors=True)


@pytest.mark.parametrize("row", NODES, ids=lambda row: row.path)
def test_node(world: Shell, row: NodeRow) -> None:
    known, new = {}, set()
    for line in world.ok(f"{row.path} help").rows:
        if line.startswith("  - "):
            name, *parameters = line.removeprefix("  - ").split()
            known[name] = parameters
        elif line.startswith("      (new) "):
            new.add(name)
    listed = [line.split() for line in (EVERYWHERE + row.commands).splitlines() if line.strip()]
    for name, *parameters in listed:
        assert known[name][: len(parameters)] == parameters
        # What there is besides may be left out.
        assert all(more.startswith("[") for more in known[name][len(parameters) :])
    assert set(known) - USUAL <= new <= set(known) - {name for name, *_ in listed}
    groups = world.ok(f"{row.path} get").rows[-1].split()
    assert groups[0] == "global"
    assert set(groups) >= set(row.groups)


@pytest.mark.parametrize("line", DEFAULTS)
def test_defaults(world: Shell, line: str) -> None:
    path, command = line.split()
    world.cwd = path
    rows = world.ok(f"help {command}").rows
    told = dict(word.split("=") for word in rows[rows.index("DEFAULT VALUES") + 2].split())
    assert told.items() >= DEFAULTS[line].items()


def test_alua_settings(world: Shell) -> None:
    assert ALUA_DIFFERS in differences_told()
    path = f"{FILEIO}/d1/alua/default_tg_pt_gp"
    assert world.ok(f"{path} set alua").count("=string\n") == sum(ALUA.values())
    for name, writable in ALUA.items():
        shown = world.ok(f"{path} get alua {name}")
        assert shown.startswith(f"{name}=") and shown.endswith(" \n" if writable else " [ro]\n")
