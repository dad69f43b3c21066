# SPDX-License-Identifier: Apache-2.0
"""Whom a change would disturb is shown and asked about, with the Linux initiator logged in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from documents import checked

from .conftest import INITIATOR, TARGET

SECRET = "corr3ct horse"
TPG = f"/iscsi/{TARGET}/tpg1"
WANTED = "/etc/target/wanted.json"

STORE = f"""
/backstores/fileio create disk1 /var/tmp/disk1.img 32M
/backstores/fileio create disk2 /var/tmp/disk2.img 32M
/iscsi create {TARGET}
{TPG}/luns create /backstores/fileio/disk1
{TPG}/acls create {INITIATOR}
{TPG} set attribute authentication=1
{TPG}/acls/{INITIATOR} set auth userid=host1 password='{SECRET}'
saveconfig {WANTED}
"""

WHO = rf"{INITIATOR} \(session \d+ from 127\.0\.0\.1\) would lose LUN 1 of {TPG}"


@pytest.fixture
def disk(target: Callable[..., str], log_in: Callable[..., str]) -> Iterator[str]:
    """A disk that is in use, of a target that has one LUN more than the file says."""
    for number in (1, 2):
        Path(f"/var/tmp/disk{number}.img").unlink(missing_ok=True)
    target(STORE)
    disk = log_in("host1", SECRET)
    target(f"{TPG}/luns create /backstores/fileio/disk2\n")
    yield disk
    Path(WANTED).unlink()


def targetcli(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "targetcli", *words]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def persist(*words: str) -> None:
    """Run sg_persist until the unit attentions of what changed before are told."""
    for _ in range(5):
        if not subprocess.run(["sg_persist", "--out", *words], capture_output=True).returncode:
            return
    raise AssertionError(f"sg_persist {words} was refused")


def luns() -> list[str]:
    folder = Path(f"/sys/kernel/config/target/iscsi/{TARGET}/tpgt_1/lun")
    return sorted(item.name for item in folder.iterdir())


def test_the_plan_names_the_initiator(disk: str) -> None:
    said = targetcli("diff", WANTED)
    assert said.returncode == 1
    assert re.search(rf"^interrupts: {WHO}; {TPG}/acls/\S+: unmap LUN 1", said.stdout, re.MULTILINE)
    told = checked(targetcli("--json", "diff", WANTED).stdout)["data"]["disturbs"]
    (who,) = told
    assert (who["kind"], who["initiator"], who["path"]) == ("session", INITIATOR, TPG)
    assert who["addresses"] == ["127.0.0.1"] and who["sid"] > 0
    assert f"{TPG}/acls/{INITIATOR}/mapped_lun1" in [step["path"] for step in who["by"]]


def test_it_is_refused_without_a_yes(disk: str) -> None:
    said = targetcli("apply", WANTED)
    assert (said.returncode, said.stdout) == (1, "")
    assert re.search(rf"Refused, nothing was changed: {WHO}", said.stderr)
    assert "--yes" in said.stderr
    assert luns() == ["lun_0", "lun_1"]
    assert targetcli("apply", WANTED, "--dry-run").returncode == 0
    assert luns() == ["lun_0", "lun_1"]
    assert targetcli("--yes", "apply", WANTED).returncode == 0
    assert luns() == ["lun_0"]


def test_registrations_are_told(disk: str) -> None:
    persist("--register", "--param-sark=abc123", disk)
    targetcli(f"{TPG}/luns", "delete", "1")
    wanted = json.loads(Path(WANTED).read_text())
    wanted["targets"][0]["tpgs"][0]["luns"] = []
    wanted["targets"][0]["tpgs"][0]["node_acls"][0]["mapped_luns"] = []
    Path(WANTED).write_text(json.dumps(wanted))
    text = f"{INITIATOR} would lose its reservation key of /backstores/fileio/disk1"
    assert f"interrupts: {text}; " in targetcli("diff", WANTED).stdout
    persist("--reserve", "--param-rk=abc123", "--prout-type=1", disk)
    text = f"{INITIATOR} would lose its reservation of /backstores/fileio/disk1"
    assert f"interrupts: {text}; " in targetcli("diff", WANTED).stdout


def test_what_disturbs_nobody_asks_nothing(disk: str) -> None:
    assert targetcli("--yes", "apply", WANTED).returncode == 0
    targetcli("/backstores/ramdisk", "create", "spare", "1M")
    said = targetcli("apply", WANTED)
    assert (said.returncode, said.stderr) == (0, "")
    assert "- /backstores/ramdisk/spare" in said.stdout and "interrupts" not in said.stdout
