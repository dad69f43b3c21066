# SPDX-License-Identifier: Apache-2.0
"""Looking loads no module, makes no folder and switches nothing on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from rtslib_ext.fabrics import FABRICS
from rtslib_ext.host import adapters

from ..commands.harness import TARGET, Shell, differences, tree
from ..conftest import clear

LOOKS = ("ls", "ls depth=9", "status", "/backstores ls", "saveconfig /tmp/saved.json")
FABRIC_LOOKS = ("ls", "info", "status", "get", "help")


def modules() -> set[str]:
    """The modules that are loaded."""
    return {line.split()[0] for line in Path("/proc/modules").read_text().splitlines()}


def lines() -> list[str]:
    """What only looks."""
    return [*LOOKS, *(f"/{name} {word}" for name in FABRICS for word in FABRIC_LOOKS)]


@pytest.fixture
def unloaded(configfs: object) -> None:
    """No fabric's module is loaded."""
    clear(TARGET)
    names = {fabric.module.replace("-", "_") for fabric in FABRICS.values()} & modules()
    subprocess.run(["modprobe", "-r", *sorted(names)], check=True)
    assert modules().isdisjoint(names)


def test_looking_loads_no_module(unloaded: None, shell: Shell) -> None:
    shell.ok("/backstores/ramdisk create r1 1M")
    before, loaded = tree(), modules()
    for line in lines():
        shell.ok(line)
        assert modules() == loaded, line
    assert differences(tree(), before) == []
    assert not any((TARGET / fabric.folder).exists() for fabric in FABRICS.values())


def test_looking_enables_nothing(shell: Shell) -> None:
    shell.ok("set global auto_enable_tpgt=false")
    shell.ok("/iscsi create iqn.2003-01.org.example:a")
    off = [TARGET / "iscsi/iqn.2003-01.org.example:a/tpgt_1/enable"]
    # Fabrics of one TPG are switched on by create.
    for name in ("srpt", "sbp"):
        wwns = adapters.hardware_wwns(name) or (["eui.0014050000000001"] if name == "sbp" else [])
        if not wwns or shell(f"/{name} create {wwns[0]}").exit:
            continue
        shell.ok(f"/{name}/{wwns[0]} disable")
        fabric = FABRICS[name]
        off.append(TARGET / fabric.folder / fabric.to_folder(wwns[0]) / "tpgt_1/enable")
    before = tree()
    for line in lines():
        shell.ok(line)
    assert differences(tree(), before) == []
    assert [file.read_text().strip() for file in off] == ["0"] * len(off)
