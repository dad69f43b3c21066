# SPDX-License-Identifier: Apache-2.0
"""Every fabric through the shell, as far as it goes: docs/FABRICS.md says how far."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtslib_ext.fabrics import FABRICS, Fabric
from rtslib_ext.host import adapters
from rtslib_ext.kernel import paths
from rtslib_ext.usage import exports

from ..commands.harness import ETC, TARGET, Shell, differences, tree
from . import table

# For fabrics on hardware that is not there.
WWN = {
    "naa": "naa.5001405000000001",
    "eui": "eui.0014050000000001",
    "ib": "ib.fe80000000000000020014fffe000001",
    "iqn": "iqn.2003-01.org.example:a",
    "free": "30000002",
}
INITIATOR = {
    "naa": "naa.5001405000000002",
    "eui": "eui.0014050000000002",
    "ib": "ib.fe80000000000000020014fffe000002",
    "iqn": "iqn.2003-01.org.example:i",
}
DISK = "/backstores/ramdisk/r1"
NOT = "-"  # the fabric has none, or it did not get so far


def measure(shell: Shell, fabric: Fabric) -> dict[str, str]:
    """How far a fabric goes."""
    row = dict.fromkeys(table.COLUMNS, NOT) | {"fabric": fabric.name}
    found = adapters.hardware_wwns(fabric.name)
    if fabric.hardware:
        row["adapter"] = "yes" if found else "no"
    wwn = found[0] if found else WWN[fabric.wwn_types[0]]
    shell.ok("/backstores/ramdisk create r1 1M")
    before = tree()
    answer = shell(f"/{fabric.name} create {wwn}")
    row["module"] = module(fabric)
    if answer.exit:
        check_refusal(answer.stderr, fabric, wwn)
        assert differences(tree(), before) == []
        row["folder"] = folder(fabric)
        row["target"] = "no" if row["folder"] == "yes" else NOT
        return row
    row |= {"folder": "yes", "target": "yes", "TPG": tpgs(shell, fabric, wwn)}
    tpg = f"/{fabric.name}/{wwn}" + ("/tpg1" if fabric.has("tpgts") else "")
    file = TARGET / paths.tpg(fabric, wwn, 1)
    row["LUN"] = lun(shell, fabric, tpg, file)
    if fabric.has("acls"):
        row["ACL"] = acl(shell, fabric, tpg, file)
    if fabric.has("nexus"):
        row["nexus"] = "yes" if (file / "nexus").read_text().strip() else "no"
    if (file / "enable").exists():
        row["enable"] = switch(shell, tpg, file)
    row["restore"] = same_again(shell)
    return row


def module(fabric: Fabric) -> str:
    """Whether the module is loaded, or why not."""
    if Path("/sys/module", fabric.module.replace("-", "_")).exists():
        return "yes"
    return "refused" if table.has_module(fabric.module) else "absent"


def check_refusal(text: str, fabric: Fabric, wwn: str) -> None:
    """An error names the object, and says more than a number."""
    assert text.startswith(f"/{fabric.name}/{wwn}: "), text
    assert text.count("\n") == 1 and "Errno" not in text, text
    if module(fabric) != "yes":
        assert f"the kernel module {fabric.module} cannot be loaded" in text


def folder(fabric: Fabric) -> str:
    """Whether the kernel would make the folder."""
    path = TARGET / fabric.folder
    try:
        path.mkdir()
    except OSError:
        return "no"
    path.rmdir()
    return "yes"


def tpgs(shell: Shell, fabric: Fabric, wwn: str) -> str:
    """A second TPG where there can be one."""
    if not (TARGET / paths.tpg(fabric, wwn, 1)).is_dir():
        return "no"
    if not fabric.has("tpgts"):
        return "one"
    shell.ok(f"/{fabric.name}/{wwn} create 2")
    return "several" if (TARGET / paths.tpg(fabric, wwn, 2)).is_dir() else "no"


def lun(shell: Shell, fabric: Fabric, tpg: str, file: Path) -> str:
    """A LUN, which the storage object then knows of."""
    shell.ok(f"{tpg}/luns create {DISK}")
    assert any(path.is_symlink() for path in (file / "lun/lun_0").iterdir())
    home = paths.storage_object(shell.fs, "ramdisk", "r1")
    places = [
        (export.fabric.name, export.index) for export in exports.of_storage_object(shell.fs, home)
    ]
    assert places == [(fabric.name, 0)]
    return "yes"


def acl(shell: Shell, fabric: Fabric, tpg: str, file: Path) -> str:
    """An ACL with the LUN mapped."""
    wwn = INITIATOR[fabric.wwn_types[0]]
    shell.ok(f"{tpg}/acls create {wwn}")
    assert os.listdir(file / "acls") == [fabric.to_folder(wwn)]
    assert (file / "acls" / fabric.to_folder(wwn) / "lun_0").is_dir()
    assert shell.ok(f"{tpg}/acls/{wwn} status").startswith(f"Status for {tpg}/acls/{wwn}: ")
    return "yes"


def switch(shell: Shell, tpg: str, file: Path) -> str:
    """The TPG off and on."""
    for command, text in (("disable", "0"), ("enable", "1")):
        shell.ok(f"{tpg} {command}")
        assert (file / "enable").read_text().strip() == text
    return "yes"


def same_again(shell: Shell) -> str:
    """Saved, cleared, restored, saved: the same bytes, and the same in the kernel."""
    save_file = ETC / "saveconfig.json"
    shell.ok("saveconfig")
    saved, before = save_file.read_bytes(), tree()
    shell.ok("clearconfig confirm=true")
    for name in os.listdir(TARGET):
        if name not in ("core", "discovery_auth", "version", "dbroot"):
            left = [path for path in (TARGET / name).iterdir() if path.is_dir()]
            assert [path.name for path in left if path.name != "discovery_auth"] == []
    shell.ok("restoreconfig")
    assert differences(tree(), before) == []
    save_file.unlink()
    shell.ok("saveconfig")
    assert save_file.read_bytes() == saved
    return "same"


@pytest.mark.parametrize("name", FABRICS)
def test_a_fabric_goes_as_far_as_the_document_says(shell: Shell, name: str) -> None:
    table.MEASURED[name] = row = measure(shell, FABRICS[name])
    outcome, features = table.expected()[name]
    assert table.outcome(row) == outcome
    if row["target"] == "yes":
        assert table.features(row) == features


def test_the_document_has_no_other_fabrics() -> None:
    expected = table.expected()
    assert list(expected) == list(FABRICS)
    # At least on one kernel.
    assert all(features for outcome, features in expected.values() if "works" in outcome)
