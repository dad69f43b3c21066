# SPDX-License-Identifier: Apache-2.0
"""The commands map and what, on real devices and with real sessions."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from documents import checked

from rtslib_ext.kernel.configfs import ConfigFS
from rtslib_ext.transaction import clear

from .harness import Shell
from .initiator import logged_in, until

NAME = "iqn.2003-01.org.example"
HOST, OTHER, GUEST = (f"iqn.1994-05.com.example:{name}" for name in ("host1", "host2", "guest"))
TPG = f"/iscsi/{NAME}:disks/tpg1"
OPEN = f"/iscsi/{NAME}:open/tpg1"
SERIAL = "01234567-89ab-cdef-0123-456789abcdef"
NAA = "600140501234567 89abcdef0123456789abcdef".replace(" ", "")[:32]


def dm(*words: str) -> None:
    subprocess.run(["dmsetup", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def volume(ram: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A logical volume, as LVM makes it, on a loop device on a file and on a RAM disk."""
    subprocess.run(["modprobe", "-a", "dm_mod", "loop"], check=True)
    file = tmp_path_factory.mktemp("volume") / "pv.img"
    file.write_bytes(bytes(1 << 20))
    loop = subprocess.check_output(["losetup", "--find", "--show", file], text=True).strip()
    table = f"0 1024 linear {loop} 0\n1024 1024 linear {ram[3]} 0"
    dm("create", "vg0-disk--1", "--uuid", "LVM-" + "a" * 64, "--table", table)
    dm("mknodes")
    yield "/dev/mapper/vg0-disk--1"
    clear.everything(ConfigFS())
    dm("remove", "vg0-disk--1")
    subprocess.run(["losetup", "--detach", loop], check=True)


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory on ext4, on a partition of a loop device."""
    subprocess.run(["modprobe", "loop"], check=True)
    image = tmp_path_factory.mktemp("ext4") / "disk.img"
    image.write_bytes(bytes(4 << 20))
    loop = subprocess.check_output(["losetup", "--find", "--show", image], text=True).strip()
    subprocess.run(["addpart", loop, "1", "2048", "6144"], check=True)
    folder = tmp_path_factory.mktemp("my srv")
    subprocess.run(["mkfs.ext4", "-q", f"{loop}p1"], check=True)
    subprocess.run(["mount", f"{loop}p1", folder], check=True)
    yield folder
    clear.everything(ConfigFS())
    subprocess.run(["umount", folder], check=True)
    subprocess.run(["losetup", "--detach", loop], check=True)


@pytest.fixture
def exported(shell: Shell, volume: str, disks: Path) -> Shell:
    """A volume and a file for two initiators, a ramdisk for all."""
    for line in (
        f"/backstores/block create disk1 {volume} wwn={SERIAL}",
        f"/backstores/fileio create file1 {disks}/f1.img 1M",
        "/backstores/ramdisk create r1 1M",
        "/backstores/ramdisk create spare 1M",
        f"/iscsi create {NAME}:disks",
        f"{TPG}/luns create /backstores/block/disk1",
        f"{TPG}/luns create /backstores/fileio/file1",
        f"{TPG}/acls create {HOST}",
        f"{TPG}/acls create {OTHER} add_mapped_luns=false",
        f"{TPG}/acls/{OTHER} create 7 lun0 write_protect=true",
        f"{TPG}/acls tag {HOST} web",
        f"{TPG}/acls/{OTHER} set auth userid=user password=topsecret12345",
        f"/iscsi create {NAME}:open",
        f"{OPEN}/luns create /backstores/ramdisk/r1",
        f"{OPEN} set attribute generate_node_acls=1",
        "/loopback create naa.50014050dc9cff4f",
        "/loopback/naa.50014050dc9cff4f/luns create /backstores/ramdisk/r1",
    ):
        shell.ok(line)
    return shell


def data(shell: Shell, line: str) -> dict[str, Any]:
    found: dict[str, Any] = checked(shell.ok(line, json=True))["data"]
    return found


def names(shell: Shell, line: str, *kinds: str) -> list[str]:
    """The names of the nodes that a command gives, of some kinds."""
    return sorted(item["name"] for item in data(shell, line)["nodes"] if item["kind"] in kinds)


def test_the_whole_path_both_ways(exported: Shell, disks: Path, ram: list[str]) -> None:
    shell = exported
    with logged_in(HOST, f"{NAME}:disks"), logged_in(GUEST, f"{NAME}:open"):
        until(lambda: "without an ACL" in shell.ok("map") and "127.0.0.1" in shell.ok("map"))
        rows = shell.ok("map").rows
        everything = data(shell, "map")
        found = {word: data(shell, f"what {word}") for word in (HOST, "127.0.0.1", GUEST, "web")}
    kinds = {item["id"]: item["kind"] for item in everything["nodes"]}
    # Each edge leads to a node.
    assert {end for edge in everything["edges"] for end in edge.values()} <= kinds.keys()
    assert {(kinds[edge["from"]], kinds[edge["to"]]) for edge in everything["edges"]} >= {
        ("initiator", "session"),
        ("initiator", "mapped LUN"),
        ("session", "mapped LUN"),
        ("session", "all LUNs"),
        ("mapped LUN", "LUN"),
        ("all LUNs", "LUN"),
        ("LUN", "storage object"),
        ("storage object", "logical volume"),
        ("storage object", "file"),
        ("storage object", "memory"),
        ("logical volume", "loop device"),
        ("logical volume", "RAM disk"),
        ("loop device", "file"),
        ("file", "file system"),
    }
    top = rows.index(next(row for row in rows if row.startswith("/backstores/block/disk1 ")))
    block = [" ".join(row.split()) for row in rows[top : rows.index("", top)]]
    assert block[0].endswith(f"1.0MiB, 3{NAA}")
    assert block[1] == f"seen as {TPG}/luns/lun0"
    assert block[2] == f"|- {HOST} (web) mapped_lun0, logged in from 127.0.0.1"
    assert block[3] == f"`- {OTHER} mapped_lun7, read-only, not logged in"
    assert block[4] == "is on /dev/vg0/disk-1 logical volume, 1.0MiB"
    assert f"`- {ram[3]} RAM disk, 16.0MiB" in block[-1]
    text = "\n".join(rows)
    assert "seen as  nothing: no LUN exports it" in text and "I_T nexus" in text
    for word, result in found.items():
        (one,) = result["found"] if word != "127.0.0.1" else result["found"][-1:]
        assert one["kinds"] == ["session" if word == "127.0.0.1" else "initiator"], word
    assert [item["name"] for item in found["web"]["nodes"] if item["kind"] == "LUN"] == [
        "lun0",
        "lun1",
    ]


def test_file_on_a_partition(shell: Shell, mounted: Path) -> None:
    file = mounted / "disk.img"
    shell.words("/backstores/fileio", "create", "d1", str(file), "1M")
    rows = [" ".join(row.split()) for row in shell.ok("map").rows]
    assert rows[2] == f"is on {file} file, 1.0MiB"
    assert re.fullmatch(rf"`- {mounted} file system ext4, \S+MiB of \S+MiB free", rows[3])
    assert re.fullmatch(r"`- /dev/loop\d+p1 partition, 3.0MiB", rows[4])
    assert re.fullmatch(r"`- /dev/loop\d+ loop device, 4.0MiB", rows[5])
    for word in (str(mounted), rows[4].split()[1], rows[5].split()[1]):
        found = json.loads(shell.words("what", word, json=True))["data"]["nodes"]
        assert "fileio/d1" in [one["name"] for one in found], word


def test_map_of_a_node(exported: Shell) -> None:
    shell, objects = exported, ("storage object",)
    both, one = ["block/disk1", "fileio/file1"], ["block/disk1"]
    everything = [*both, "ramdisk/r1", "ramdisk/spare"]
    for path, wanted in (
        ("/", everything),
        ("/backstores", everything),
        ("/iscsi", [*both, "ramdisk/r1"]),
        (f"/iscsi/{NAME}:disks", both),
        (f"{TPG}/luns/lun0", one),
        (f"{TPG}/portals", both),
        (f"{TPG}/acls/web", both),
        (f"{TPG}/acls/{OTHER}", one),
        (f"{TPG}/acls/{OTHER}/mapped_lun7", one),
        ("/backstores/block/disk1/alua", one),
        ("/loopback", ["ramdisk/r1"]),
    ):
        assert names(shell, f"{path} map", *objects) == wanted, path
    assert names(shell, f"{TPG}/acls/{OTHER} map", "initiator") == [OTHER]
    assert shell.ok("/vhost map").rows == ["(nothing)"]
    for path in ("/backstores/block/disk1", f"{TPG}/luns/lun0"):
        rows = shell.ok(f"{path} info").rows
        assert f"naa: naa.{NAA}" in rows and f"wwid: 3{NAA}" in rows, path


def test_what_an_admin_holds_in_his_hand(exported: Shell, disks: Path, ram: list[str]) -> None:
    shell = exported
    loop = next(
        item["name"] for item in data(shell, "map")["nodes"] if item["kind"] == "loop device"
    )
    for word in (
        "/backstores/block/disk1",
        "disk1",
        "/dev/mapper/vg0-disk--1",
        "dm-0",
        loop,
        ram[3],
        os.path.basename(ram[3]),
        SERIAL,
        f"3{NAA}",
        f"naa.{NAA}",
        NAA.upper(),
        f"/dev/disk/by-id/wwn-0x{NAA}",
        f"scsi-3{NAA}",
        NAA[-10:],
        f"{TPG}/luns/lun0",
        f"{TPG}/acls/{OTHER}/mapped_lun7",
        OTHER.upper(),
    ):
        assert names(shell, f"what {word}", "storage object") == ["block/disk1"], word
    for word in (f"{disks}/f1.img", "file1", f"{TPG}/luns/lun1"):
        assert names(shell, f"what {word}", "storage object") == ["fileio/file1"], word
    for word in ("naa.50014050dc9cff4f", "50:01:40:50:DC:9C:FF:4F", "open"):
        assert names(shell, f"what {word}", "storage object") == ["ramdisk/r1"], word
    assert names(shell, f"what {disks}", "storage object") == ["fileio/file1"]
    shell.cwd = TPG
    assert names(shell, "what luns/lun1", "storage object") == ["fileio/file1"]
    rows = shell.ok("what disk1").rows
    assert rows[0] == "/backstores/block/disk1 is a storage object."
    assert f"  windows    {NAA.upper()}" in rows and f"  serial     {SERIAL}" in rows
    assert shell.ok(f"what {ram[0]}").rows[-1] == "No storage object uses it."
    (disks / "f1.img").unlink()
    assert "missing" in shell.ok(f"what {disks}/f1.img").rows[0]
    assert names(shell, f"what {disks}/f1.img", "storage object") == ["fileio/file1"]
    for word in ("..", "0", "shm"):
        shell.refuses(f"what {word}", f"nothing here is known by {word}")
    shell.refuses("what nothing", "nothing here is known by nothing (give a path, device, file")


def test_files_are_written_whole_and_to_safe_places(exported: Shell, tmp_path: Path) -> None:
    shell, svg = exported, tmp_path / "map.svg"
    assert shell.ok(f"map {svg}") == f"Written to {svg}\n"
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    assert shell.ok("map format=svg") == svg.read_text()
    assert data(shell, f"map {tmp_path}/map.gv") == {"file": f"{tmp_path}/map.gv"}
    assert (tmp_path / "map.gv").read_text().startswith("digraph")
    assert shell.ok(f"map {tmp_path}/map.txt format=text")
    assert (tmp_path / "map.txt").read_text() == shell.ok("map")
    assert not list(tmp_path.glob(".*")), "no temporary file is left"
    os.chown(svg, 1000, 1000)
    before = svg.read_text()
    shell.refuses(f"map {svg}", f"{svg} belongs to", "so it was not replaced")
    assert svg.read_text() == before
    shell.refuses(f"map {tmp_path}/none/map.svg", "no such file or directory")
    shell.refuses("map /dev/null", "not a regular file")
    report = tmp_path / "report.html"
    assert shell.ok(f"report {report}") == f"Written to {report}\n"
    text = report.read_text()
    for found in (f"3{NAA}", HOST, "/dev/vg0/disk-1", "any initiator, without CHAP", "<svg"):
        assert found in text, found
    assert "topsecret" not in text + str(data(shell, "report")) + str(data(shell, "map"))
    findings, targets = data(shell, "report")["sections"][:2]
    assert targets["rows"][0][0] == TPG
    # The same as check shows, with the command that mends it.
    (row,) = (row for row in findings["rows"] if row[1] == OPEN and "any initiator" in row[2])
    assert row[0] == findings["levels"][findings["rows"].index(row)] != ""
    assert f"targetcli {OPEN} set attribute generate_node_acls=0" in row[3]
    shell.refuses("map svg", "svg is a format, not a file (map format=svg prints it)")
    shell.refuses("map format=png", "format must be one of: text, dot, svg, not png")
