# SPDX-License-Identifier: Apache-2.0
"""Settings that this kernel lacks, or that have no effect on a fabric: named as such everywhere."""

from __future__ import annotations

import json

import pytest

from rtslib_ext import schema
from rtslib_ext.kernel import paths

from .harness import ETC, TARGET, Shell, value

pytestmark = pytest.mark.differs_by_kernel

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
FILE = f"iscsi/{IQN}/tpgt_1"
KIND = "/backstores/ramdisk"
DISKS = ("r1", "r2", "r3")
R1 = f"{KIND}/r1"
NEWER = ETC / "newer.json"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with three disks, and an iSCSI target that exports them."""
    shell.ok(f"/iscsi create {IQN}")
    for name in DISKS:
        shell.ok(f"{KIND} create {name} 1M")
        shell.ok(f"{TPG}/luns create {KIND}/{name}")
    return shell


def home(shell: Shell) -> str:
    found = paths.find_storage_object(shell.fs, "ramdisk", "r1")
    assert found
    return found


def reason(name: str, row: schema.Attribute) -> str:
    when = f"gone since Linux {row.until}" if row.until else f"needs Linux {row.since}"
    return f"this kernel has no {name} ({when})"


DISK_ROWS = [row for row in schema.storage_objects("ramdisk") if row.since and row.writable]
TPG_ROWS = [row for row in schema.tpg_attributes() if row.since or row.until]


@pytest.mark.parametrize("row", DISK_ROWS, ids=lambda row: row.name)
def test_set_and_get_of_a_disk(user: Shell, row: schema.Attribute) -> None:
    _set_and_get(user, R1, f"{home(user)}/attrib", row)


@pytest.mark.parametrize("row", TPG_ROWS, ids=lambda row: row.name)
def test_set_and_get_of_a_tpg(user: Shell, row: schema.Attribute) -> None:
    _set_and_get(user, TPG, f"{FILE}/attrib", row)


def _set_and_get(user: Shell, path: str, folder: str, row: schema.Attribute) -> None:
    if (TARGET / folder / row.name).exists():
        user.ok(f"{path} set attribute {row.name}={row.default}")
        assert user.ok(f"{path} get attribute {row.name}").startswith(f"{row.name}={row.default}")
        return
    why = reason(row.name, row)
    unknown = f"{path}: Unknown parameter {row.name} in group 'attribute'. ({why})"
    user.refuses(f"{path} set attribute {row.name}=1", unknown)
    user.refuses(f"{path} get attribute {row.name}", f"No parameter '{row.name}'", why)


def test_a_name_that_only_old_kernels_had(user: Shell) -> None:
    why = "this kernel has no max_sectors (the kernel no longer splits commands"
    user.refuses(f"{R1} set attribute max_sectors=1", "Unknown parameter max_sectors", why)


def test_a_file_of_another_kernel(user: Shell) -> None:
    """What this kernel lacks is one line for each name, and no difference."""
    user.ok(f"saveconfig {NEWER}")
    config = json.loads(NEWER.read_text())
    for so in config["storage_objects"]:
        so["attributes"] |= {row.name: int(row.default or 0) for row in DISK_ROWS}
    attributes = config["targets"][0]["tpgs"][0]["attributes"]
    attributes |= {row.name: int(row.default or 0) for row in TPG_ROWS}
    NEWER.write_text(json.dumps(config))
    notes = [
        f"Note: {R1} and 2 more: {reason(row.name, row)}; it was skipped"
        for row in DISK_ROWS
        if not (TARGET / home(user) / "attrib" / row.name).exists()
    ]
    notes += [
        f"Note: {TPG}: {reason(row.name, row)}; it was skipped"
        for row in TPG_ROWS
        if not (TARGET / FILE / "attrib" / row.name).exists()
    ]
    assert notes, "each kernel lacks a setting of another one"
    planned = user.ok(f"diff {NEWER}")
    assert planned.rows[0] == "No differences" and sorted(planned.rows[1:]) == sorted(notes)
    applied = user.ok(f"apply {NEWER}", yes=True)
    assert applied.rows[0] == "Nothing to change" and sorted(applied.rows[1:]) == sorted(notes)
    restored = user.ok(f"restoreconfig {NEWER} clear_existing=true")
    assert sorted(restored.asides) == sorted(notes)
    assert value(f"{FILE}/enable") == "1"


@pytest.mark.parametrize("name", ["complete_type", "submit_type"])
def test_a_setting_without_effect(user: Shell, name: str) -> None:
    """Of an exported disk, for each fabric that does not support it."""
    user.ok("/loopback create naa.5001405000000001")
    user.ok(f"/loopback/naa.5001405000000001/luns create {R1}")
    user.ok(f"saveconfig {ETC}/1.json")
    config = json.loads((ETC / "1.json").read_text())
    next(so for so in config["storage_objects"] if so["name"] == "r1")["attributes"][name] = 1
    NEWER.write_text(json.dumps(config))
    parameter = {"complete_type": "direct_complete_supported"}.get(name, "direct_submit_supported")
    targets = {"iscsi": f"iscsi/{IQN}", "loopback": "loopback/naa.5001405000000001"}
    files = {fabric: f"{target}/param/{parameter}" for fabric, target in targets.items()}
    has = (TARGET / home(user) / "attrib" / name).exists()
    texts = [
        f"{name}=1 has no effect on {fabric}: {parameter} is 0"
        for fabric, file in files.items()
        if has and value(file) == "0"
    ]
    assert len(texts) == has * (2 if name == "complete_type" else 1)
    notes = [f"Note: {R1}: {text}" for text in texts]
    for line in (f"diff {NEWER}", f"apply {NEWER}"):
        rows = user(line, yes=True).rows
        assert [row for row in rows if "no effect" in row] == notes, line
    restored = user.ok(f"restoreconfig {NEWER} clear_existing=true")
    assert [row for row in restored.asides if "no effect" in row] == notes
    if has:
        user.ok(f"{R1} set attribute {name}=0")
        answer = user.ok(f"{R1} set attribute {name}=1")
        assert answer.asides == [f"Note: {text}" for text in texts]


def test_version_says_what_this_kernel_has(user: Shell) -> None:
    rows = user.ok("version -v").rows
    has = {row.removeprefix("has: ") for row in rows if row.startswith("has: ")}
    lacks = {row.removeprefix("lacks: ") for row in rows if row.startswith("lacks: ")}
    for folder, wanted in ((f"{home(user)}/attrib", DISK_ROWS), (f"{FILE}/attrib", TPG_ROWS)):
        for row in wanted:
            if (TARGET / folder / row.name).exists():
                assert row.name in has
            else:
                why = reason(row.name, row).removeprefix("this kernel has no ")
                assert why in lacks
    assert rows[0].startswith("targetcli version ") and rows[1].startswith("Linux ")
    kernel = json.loads(user.ok("version", json=True))["data"]["kernel"]
    assert set(kernel["settings"]) == has and len(kernel["missing"]) == len(lacks)
