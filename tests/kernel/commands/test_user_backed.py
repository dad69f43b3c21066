# SPDX-License-Identifier: Apache-2.0
"""Storage objects that a handler in user space serves; the handler is played by a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtslib_ext.host import system
from rtslib_ext.kernel import paths

from .handler import listening
from .harness import Shell, tree, value

BUSCTL = """#!/bin/bash
echo "$*" >>{log}
case "$*" in
    *GetManagedObjects*) echo '{{"data":[{{"/org/kernel/TCMUService1/rbd":{{}}}}]}}' ;;
    *CheckConfig*bad*) echo '{{"data":[false,"no such pool"]}}' ;;
    *CheckConfig*) echo '{{"data":[true,"success"]}}' ;;
    *ChangeMedium*other*) echo '{{"data":[0,"success"]}}' ;;
    *ChangeMedium*) echo '{{"data":[-5,"tray locked"]}}' ;;
esac
"""
RBD = "/backstores/user:rbd"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the handler was asked."""
    log = tmp_path / "log"
    program = tmp_path / "bin/busctl"
    program.parent.mkdir()
    program.write_text(BUSCTL.format(log=log))
    program.chmod(0o755)
    monkeypatch.setattr(system, "PATH", f"{program.parent}:{system.PATH}")
    bus = Path("/run/dbus/system_bus_socket")
    bus.parent.mkdir(exist_ok=True)
    bus.touch()
    return log


def test_create_asks_the_handler(shell: Shell, log: Path) -> None:
    answer = shell.ok(f"{RBD} create v1 1M pool/v1")
    assert answer == "Created user-backed storage object v1 size 1048576.\n"
    assert (
        log.read_text()
        .splitlines()[-1]
        .endswith(
            "call org.kernel.TCMUService1 /org/kernel/TCMUService1/rbd org.kernel.TCMUService1 "
            "CheckConfig s rbd/pool/v1"
        )
    )
    assert shell.ok(f"{RBD}/v1 status").endswith("/v1: pool/v1 (1.0MiB) deactivated\n")
    rows = shell.ok(f"{RBD}/v1 info").rows
    assert {"config: rbd/pool/v1", "name: v1", "plugin: user", "size: 1048576"} <= set(rows)
    assert shell.ok(f"{RBD} status").endswith(": Storage Objects: 1\n")
    for line in (f"{RBD} map", f"{RBD}/v1 map", f"what {RBD}/v1", "what v1"):
        shown = shell.ok(line).rows
        assert "  is on    rbd/pool/v1" in [row.split("  handler")[0].rstrip() for row in shown]
    assert shell.ok("/backstores/user:qcow map") == "(nothing)\n"
    assert shell.ok(f"{RBD} delete v1") == "Deleted storage object v1.\n"


def test_every_parameter(shell: Shell, log: Path) -> None:
    shell.ok(
        f"{RBD} create name=v1 size=8M cfgstring=pool/v1 wwn=abc hw_max_sectors=256 "
        "control=max_data_area_mb=16,hw_block_size=4096"
    )
    at = paths.find_storage_object(shell.fs, "user", "v1")
    info = value(f"{at}/info")
    assert "HwMaxSectors: 256" in info and "MaxDataAreaMB: 16" in info
    assert value(f"{at}/attrib/hw_block_size") == "4096"
    assert value(f"{at}/wwn/vpd_unit_serial").endswith(": abc")


def test_ensure(shell: Shell, log: Path) -> None:
    line = f"{RBD} ensure v1 1M pool/v1 hw_max_sectors=256 control=max_data_area_mb=16"
    shell.ok(line)
    there = f"{RBD}/v1 already exists, nothing was changed.\n"
    assert shell.ok(line) == shell.ok(f"{RBD} ensure v1 1M pool/v1") == there
    shell.refuses(
        f"{RBD} ensure v1 2M pool/v2 abc 128 control=max_data_area_mb=8",
        f"{RBD}/v1: it exists, but size is 1048576, not 2097152; cfgstring is rbd/pool/v1, not "
        "rbd/pool/v2; wwn is ",
        "; hw_max_sectors is 256, not 128; max_data_area_mb is 16, not 8",
    )


def test_changemedium(shell: Shell, log: Path) -> None:
    shell.ok(f"{RBD} create v1 1M pool/v1")
    assert shell.ok(f"{RBD} changemedium name=v1 size=2M cfgstring=other") == "Medium Changed.\n"
    assert "ChangeMedium sts v1 2097152 rbd/other" in log.read_text().splitlines()[-1]
    shell.refuses(f"{RBD} changemedium v1 2M more", f"{RBD}: ChangeMedium failed: tray locked")
    shell.refuses(f"{RBD} changemedium v2 2M other", f"No such path {RBD}/v2")


def test_handler_refuses(shell: Shell, log: Path) -> None:
    shell.refuses(f"{RBD} create v1 1M bad", f"{RBD}: cfgstring invalid: no such pool")
    shell.refuses(
        f"{RBD} create v1 1M a:b", "/backstores/user/v1: ", "is not HANDLER/TEXT without a colon"
    )


def test_handlers_are_shown(shell: Shell, log: Path) -> None:
    rows = shell.ok("/backstores ls").rows
    assert rows[-1].startswith("  o- user:rbd ...") and rows[-1].endswith(" [Storage Objects: 0]")
    before = tree()
    shell.ok("/backstores/user:rbd ls")
    assert tree() == before


def test_resize_asks_who_listens(shell: Shell, log: Path) -> None:
    """To the kernel a handler is who listens to its messages."""
    shell.ok(f"{RBD} create v1 1M pool/v1")
    shown = tree()
    shell.refuses(f"{RBD}/v1 resize 512K", "shrinking it to 524288")
    shell.refuses(f"{RBD}/v1 resize 2M", "/backstores/user/v1", "dev_size")
    with listening():
        text = "~ /backstores/user/v1: set size: 1.0MiB -> 2.0MiB"
        assert shell.ok(f"{RBD}/v1 resize 2M").rows[0] == text
        assert "size: 2097152" in shell.ok(f"{RBD}/v1 info").rows
    changed = [name for name, text in tree().items() if text != shown.get(name)]
    assert {name.rpartition("/")[2] for name in changed} == {"dev_size", "info"}
