# SPDX-License-Identifier: Apache-2.0
"""The recipes for which there is an initiator here are run as they are printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.transaction import clear

from .conftest import TARGET, Run

HOST = "iqn.2003-01.org.example:host9"
TPG = f"/iscsi/{TARGET}/tpg1"
INITIATOR_NAME = Path("/etc/iscsi/initiatorname.iscsi")
SECRET, MUTUAL = "correct horse", "battery-staple"
SERIAL = "6f1f2b3c-0001"
NAA = "60014056f1f2b3c00010000000000000"

STORE = f"""
/backstores/ramdisk create disk1 8M wwn={SERIAL}
/iscsi create {TARGET}
{TPG}/luns create /backstores/ramdisk/disk1
{TPG}/acls create {HOST}
{TPG} set attribute authentication=1
{TPG}/acls/{HOST} set auth userid="ann b" password="{SECRET}"
{TPG}/acls/{HOST} set auth mutual_userid=store mutual_password={MUTUAL}
{TPG}/portals create 127.0.0.1 3261
{TPG}/portals delete ::0 3260
{TPG}/portals create 127.0.0.2 3262
"""

# Restarts a daemon as systemd would: the sandbox has no service manager.
SYSTEMCTL = """#!/bin/bash
[[ $1 == restart ]] || exit 1
pids=$(pidof "$2") && kill $pids
while pidof "$2" >/dev/null; do sleep 0.02; done
"$2"
"""


def targetcli(*words: str, lines: str = "") -> str:
    """One run of the program."""
    done = subprocess.run(
        [sys.executable, "-m", "targetcli", *words],
        input=lines,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def store() -> Iterator[None]:
    """A target with two portals, an ACL and secrets in both directions."""
    subprocess.run(["modprobe", "-a", "target_core_mod", "iscsi_target_mod"], check=True)
    clear.everything(ConfigFS())
    targetcli("--batch", "-", lines=STORE)
    yield
    clear.everything(ConfigFS())


@pytest.fixture
def recipe(store: None, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Run the recipe of a system as a script, with what a user types; give what it says."""
    own_name = INITIATOR_NAME.read_text() if INITIATOR_NAME.exists() else ""
    program = tmp_path / "bin/systemctl"
    program.parent.mkdir()
    program.write_text(SYSTEMCTL)
    program.chmod(0o755)

    def run(system: str, *typed: str) -> str:
        script = targetcli("recipe", system)
        assert SECRET not in script and MUTUAL not in script
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            input="".join(f"{line}\n" for line in typed),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"},
        )
        assert done.returncode == 0, (script, done.stdout, done.stderr)
        return done.stdout

    yield run
    # A recipe gives the initiator the name of its ACL: other tests have another.
    if INITIATOR_NAME.read_text() != own_name:
        INITIATOR_NAME.write_text(own_name)
        subprocess.run([program, "restart", "iscsid"], check=True)


def test_libiscsi(recipe: Callable[..., str]) -> None:
    said = recipe("libiscsi", SECRET)
    # Through each portal.
    assert said.count("Product:disk1") == 2
    assert said.count("Total size:8388608") == 2


def test_qemu(recipe: Callable[..., str]) -> None:
    said = recipe("qemu", SECRET)
    assert "virtual size: 8 MiB" in said and SECRET not in said
    assert Path("/root/chap-secret").stat().st_mode & 0o077 == 0


def test_open_iscsi(recipe: Callable[..., str], iscsiadm: Run) -> None:
    said = recipe("open-iscsi", SECRET, MUTUAL)
    assert said.count("successful.") == 2
    assert f"Iface Initiatorname: {HOST}" in said
    node = ("-m", "node", "-T", TARGET, "-p", "127.0.0.2:3262")
    assert "node.startup = automatic" in iscsiadm(*node).stdout


@pytest.fixture
def udev(iscsiadm: Run) -> Iterator[None]:
    """The manager of devices, which multipath needs; no map is left for the logout."""
    subprocess.run(["modprobe", "dm-multipath"], check=True)
    Path("/run/udev").mkdir(exist_ok=True)
    subprocess.run(["/lib/systemd/systemd-udevd", "--daemon"], check=True)
    Path("/etc/multipath/conf.d").mkdir(parents=True, exist_ok=True)
    yield
    for words in (["pkill", "-x", "multipathd"], ["multipath", "-F"]):
        subprocess.run(words, check=False, capture_output=True, timeout=30)
    subprocess.run(["pkill", "-x", "systemd-udevd"], check=False)


@pytest.mark.long
def test_multipath(udev: None, recipe: Callable[..., str]) -> None:
    recipe("multipath", SECRET, MUTUAL)
    path = re.compile(r"\d:0:0:0 sd\w")
    for _ in range(100):
        said = subprocess.run(
            ["multipath", "-ll"], capture_output=True, text=True, check=True
        ).stdout
        if len(path.findall(said)) == 2:
            break
        time.sleep(0.1)
    assert said.startswith(f"3{NAA} ") and "hwhandler='1 alua'" in said
    assert "features='1 queue_if_no_path'" in said
    assert len(path.findall(said)) == 2
