# SPDX-License-Identifier: Apache-2.0
"""The table of fabrics against rtslib-fb's, and the files that add to it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rtslib_fb.fabric import FabricModule, fabric_modules

from rtslib_ext import fabrics, naming
from rtslib_ext.fabrics import FABRICS, Fabric, drop_ins
from rtslib_ext.host import adapters

NAMES = sorted(FABRICS)
WWN = {
    "naa": "naa.5001405123456789",
    "eui": "eui.0014051234567890",
    "ib": "ib.fe800000000000002861d6fffe59e610",
    "iqn": "iqn.2003-01.org.example:disk",
    "free": "30000002",
}
# As the kernel's own folders are called (fabric_name in each module's target_core_fabric_ops).
FOLDERS = {
    "iscsi": ("iSCSI", WWN["iqn"]),
    "loopback": ("loopback", "naa.5001405123456789"),
    "vhost": ("vhost", "naa.5001405123456789"),
    "xen-pvscsi": ("xen-pvscsi", "naa.5001405123456789"),
    "qla2xxx": ("qla2xxx", "50:01:40:51:23:45:67:89"),
    "efct": ("efct", "50:01:40:51:23:45:67:89"),
    "tcm_fc": ("fc", "50:01:40:51:23:45:67:89"),
    "srpt": ("srpt", "0xfe800000000000002861d6fffe59e610"),
    "sbp": ("sbp", "0014051234567890"),
    "ibmvscsis": ("ibmvscsis", "30000002"),
}
# vhost/scsi.c: MODULE_ALIAS("tcm_vhost").
MODULES = {"vhost": "vhost_scsi"}


def test_the_fabrics_are_those_of_rtslib_fb() -> None:
    assert sorted(fabric_modules) == NAMES == sorted(FOLDERS)


@pytest.mark.parametrize("name", NAMES)
def test_a_fabric_is_as_rtslib_fb_has_it(name: str) -> None:
    theirs, ours = FabricModule(name), FABRICS[name]
    assert set(ours.features) == set(theirs.features)
    assert ours.wwn_types == theirs.wwn_types
    assert ours.module == MODULES.get(name, theirs.kernel_module)
    assert ours.folder == Path(theirs.path).name
    assert ours.hardware == theirs.needs_wwn()
    assert set(ours.features) <= set(fabrics.FEATURES)


@pytest.mark.parametrize("name", NAMES)
def test_wwns_become_folders_and_back(name: str) -> None:
    theirs, ours = FabricModule(name), FABRICS[name]
    folder = FOLDERS[name][1]
    wwn = WWN[ours.wwn_types[0]]
    assert ours.to_folder(wwn) == theirs.to_fabric_wwn(wwn) == folder
    assert ours.from_folder(folder) == theirs.from_fabric_wwn(folder) == wwn
    assert fabrics.of_folder(FOLDERS[name][0]) is ours


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("folder", ["192.0.2.1", "2001:db8::1", "x", "0x", "a:b"])
def test_a_folder_that_is_no_wwn_keeps_its_name(name: str, folder: str) -> None:
    fabric = FABRICS[name]
    assert fabric.to_folder(fabric.from_folder(folder)) == folder


def test_older_names() -> None:
    for older, name in (("ib_srpt", "srpt"), ("fc", "tcm_fc"), ("iscsi", "iscsi")):
        assert fabrics.find(older) is FABRICS[name]
    assert fabrics.find("usb_gadget") is None
    assert fabrics.of_folder("tcm_fc") is None


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = dict(FABRICS)
    yield
    FABRICS.clear()
    FABRICS.update(before)


Add = Callable[..., list[str]]


@pytest.fixture
def add(tmp_path: Path) -> Add:
    """Writes files, by name, and reads the folder."""

    def run(**files: str | bytes) -> list[str]:
        for name, text in files.items():
            data = text if isinstance(text, bytes) else text.encode()
            (tmp_path / f"{name}.conf").write_bytes(data)
        return drop_ins.add_drop_ins(str(tmp_path))

    return run


PAGE = (Path(__file__).parents[2] / "man/targetcli.8").read_text()
SECTION = PAGE.partition(".SH FABRIC FILES\n")[2].partition(".SH ")[0]


def test_the_manual_has_every_key_and_its_example_works(add: Add) -> None:
    assert re.findall(r"^\.TP\n\.B (\w+)$", SECTION, re.MULTILINE) == list(drop_ins.KEYS)
    for words in (fabrics.FEATURES, fabrics.FORMS, naming.TYPES):
        assert [word for word in words if not re.search(rf"\b{word}\b", SECTION)] == []
    example = SECTION.partition(".nf\n")[2].partition(".fi\n")[0]
    assert add(example=example) == []
    assert FABRICS["example_fc"] == Fabric(
        "example_fc",
        "example",
        ("acls",),
        ("naa",),
        "tcm_example",
        hardware=True,
        form="colons",
        wwn_files="/sys/class/fc_host/host*/port_name",
        wwn_driver="example",
    )


LEAST = "[fabric]\nkernel_module = ocs_fc_tgt\nwwn_types = naa\n"


def test_the_least_that_a_file_says(add: Add) -> None:
    assert add(ocs_fc=LEAST) == []
    assert FABRICS["ocs_fc"] == Fabric("ocs_fc", "ocs_fc", (), ("naa",), "ocs_fc_tgt")


def test_all_that_a_file_can_say(add: Add, tmp_path: Path) -> None:
    port = tmp_path / "host1"
    port.mkdir()
    (port / "port_name").write_text("0x20002A61d659e610\n")
    (tmp_path / "host2").mkdir()
    (tmp_path / "host2/port_name").write_text("0x0\n")
    (port / "driver").symlink_to("/sys/bus/pci/drivers/ocs")
    text = (
        "; what came with the module\n"
        "[fabric]\n"
        "name = ocs\n"
        "kernel_module = tcm_vhost\n"
        "configfs_group = ocs_fc\n"
        "features = acls, nexus\n"
        "wwn_types = naa iqn\n"
        "wwn_form = colons\n"
        f"wwn_from_files = {tmp_path}/host*/port_name\n"
    )
    assert add(whatever=f"{text}wwn_driver = ocs\n", other=f"{text}wwn_driver = qla\n") == [
        f"{tmp_path}/whatever.conf: the name ocs is already used; this fabric is left out"
    ]
    assert adapters.hardware_wwns("ocs") == []
    del FABRICS["ocs"]
    (tmp_path / "other.conf").unlink()
    assert add() == []
    fabric = FABRICS["ocs"]
    assert (fabric.folder, fabric.module, fabric.hardware) == ("ocs_fc", "vhost_scsi", True)
    assert (fabric.features, fabric.wwn_types) == (("acls", "nexus"), ("naa", "iqn"))
    assert adapters.hardware_wwns("ocs") == ["naa.20002a61d659e610"]
    assert fabric.to_folder("naa.20002a61d659e610") == "20:00:2a:61:d6:59:e6:10"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it must have exactly one section, [fabric]"),
        ("kernel_module = x\n", "File contains no section headers"),
        ("[fabric]\nx\n", "Source contains parsing errors"),
        (f"{LEAST}[other]\n", "it must have exactly one section, [fabric]"),
        (f"{LEAST}wwn_types = iqn\n", "While reading from 'bad.conf' [line 4]: option 'wwn_types'"),
        (f"{LEAST}module = x\n", "module is not one of name, kernel_module,"),
        (f"{LEAST}name = iscsi\n", "the name iscsi is already used"),
        (f"{LEAST}name = ib_srpt\n", "the name ib_srpt is already used"),
        (f"{LEAST}name = backstores\n", "the name backstores is already used"),
        (f"{LEAST}name = ../x\n", "name must be one word, not '../x'"),
        (f"{LEAST}configfs_group = fc\n", "the configfs_group fc is already used"),
        (f"{LEAST}configfs_group = core\n", "the configfs_group core is already used"),
        (f"{LEAST}features = acls magic\n", "features: magic is not one of acls, auth,"),
        (f"{LEAST}wwn_form = round\n", "wwn_form: round is not one of plain, colons, hex, bare"),
        (f"{LEAST}wwn_form =\n", "wwn_form must be one of"),
        (f"{LEAST}wwn_from_files = sys/x\n", "wwn_from_files must be an absolute path"),
        (
            f"{LEAST}wwn_from_files = /*/?/[a-z]*/x\n",
            "/*/?/[a-z]*/x has wildcards in 3 of its names",
        ),
        ("[fabric]\nkernel_module = x\n", "wwn_types must be some of iqn, naa, eui, ib, free"),
        ("[fabric]\nwwn_types = naa\n", "kernel_module must be one word"),
        ("[fabric]\nwwn_types = naa\nkernel_module = -r\n", "kernel_module must be one word"),
        (b"[fabric]\nname = \xff\n", "it is not UTF-8"),
    ],
)
def test_a_bad_file_is_named_and_the_others_count(
    add: Add, tmp_path: Path, text: str | bytes, says: str
) -> None:
    before = set(FABRICS)
    problems = add(bad=text, good=LEAST)
    assert len(problems) == 1 and "\n" not in problems[0]
    assert problems[0].startswith(f"{tmp_path}/bad.conf: {says}"), problems[0]
    assert problems[0].endswith("this fabric is left out")
    assert set(FABRICS) == before | {"good"}


def test_file_that_others_can_write_to_is_left_out(add: Add, tmp_path: Path) -> None:
    (tmp_path / "open.conf").write_text(LEAST)
    (tmp_path / "open.conf").chmod(0o666)
    problem = f"others can write to {tmp_path}/open.conf (mode 0666)"
    assert [text.partition(" (check")[0] for text in add()] == [
        f"{problem}; this fabric is left out"
    ]
    assert "open" not in FABRICS


def test_what_is_no_regular_file(add: Add, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.conf")
    (tmp_path / "folder.conf").mkdir()
    (tmp_path / "gone.conf").symlink_to("/nonexistent")
    (tmp_path / "README").write_text("not read")
    (tmp_path / ".hidden.conf").write_text("not read")
    assert add(good=LEAST) == [
        f"{tmp_path}/fifo.conf is not a regular file; this fabric is left out",
        f"{tmp_path}/folder.conf: is a directory; this fabric is left out",
        f"{tmp_path}/gone.conf: no such file or directory; this fabric is left out",
    ]
    assert "good" in FABRICS


def test_what_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    problem = f"{tmp_path}/file: not a directory"
    assert drop_ins.add_drop_ins(str(tmp_path / "file")) == [problem]


def test_a_folder_that_is_not_there_costs_one_call(tmp_path: Path) -> None:
    folder = str(tmp_path / "none")
    script = (
        "import sys\n"
        "from rtslib_ext.fabrics import drop_ins\n"
        "events = []\n"
        "sys.addaudithook(lambda name, values: events.append((name, values)))\n"
        f"assert drop_ins.add_drop_ins({folder!r}) == []\n"
        f"assert events == [('os.listdir', ({folder!r},))], events\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
