# SPDX-License-Identifier: Apache-2.0
"""The schema tables against the files of the running kernel: names, modes, ranges, liveness."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtslib_ext import schema
from rtslib_ext.errors import InvalidValue
from rtslib_ext.schema import Attribute, Kind

from . import expected
from .expected import RELEASE

TARGET = Path("/sys/kernel/config/target")
MODULES = (
    "target_core_mod target_core_file target_core_iblock target_core_pscsi target_core_user "
    "iscsi_target_mod tcm_loop loop"
).split()
IQN = "iqn.2003-01.org.example:schema"
KINDS = ("fileio", "block", "ramdisk", "pscsi", "user")
EMULATED = ("fileio", "block", "ramdisk")
IN_TPG = "tpg tpg_attribute tpg_parameter acl acl_attribute auth".split()
PLACES = (
    *KINDS, "wwn", "alua", "lun_alua", "target_parameter", "loopback", *IN_TPG,
    "acl_parameter", "discovery_auth",
)  # fmt: skip
HOLD_MORE = ("tpg", "acl", "auth", "discovery_auth", "lun_alua")
"""Folders with files that are no settings, or not of every kind of object."""

LONG = "a" * 255
IGNORED = {  # legal, and forgotten by this object: (place, name, value)
    *((kind, name, "0") for kind in EMULATED for name in ("emulate_dpo", "emulate_fua_read")),
    *((kind, "pi_prot_verify", "1") for kind in EMULATED),
}
REFUSED = {  # legal, and refused by this object
    **{("ramdisk", name, "1"): errno.ENOSYS
       for name in ("emulate_tpu", "emulate_tpws", "unmap_zeroes_data")},
    **{("block", "pi_prot_type", value): errno.ENOSYS for value in ("1", "3")},
    ("fileio", "pi_prot_format", "1"): errno.ENODEV,  # before pi_prot_type is set
    ("alua", "alua_access_state", "4"): errno.EINVAL,  # while initiators may change the state
    **{("alua", "tg_pt_gp_id", value): errno.EINVAL for value in ("0", "65535")},  # only once
    ("lun_alua", "alua_tg_pt_gp", LONG): errno.ENODEV,  # no such group
    ("tpg", "rtpi", "0"): errno.EINVAL,  # the program lets the kernel choose instead
}  # fmt: skip
if (number := expected.value("pgr_support=0 of block is refused with")) is not None:
    REFUSED["block", "pgr_support", "0"] = number
LAX = {  # not legal, and taken: what the kernel then shows
    **{(kind, name, "2"): "1"
       for kind in EMULATED for name in ("emulate_dpo", "emulate_fua_read")},
    **{("tpg_parameter", name, "-1"): "-1"
       for name in ("DefaultTime2Wait", "DefaultTime2Retain", "ErrorRecoveryLevel")},
    ("tpg_parameter", "MaxConnections", "4294967297"): "4294967297",
    ("tpg_parameter", "MaxBurstLength", "0x1000nonsense"): "0x1000nonsense",
    ("tpg_parameter", "DefaultTime2Wait", "nonsense"): "nonsense",
    ("tpg_parameter", "InitialR2T", "Irrelevant"): "Irrelevant",
    ("acl", "cmdsn_depth", "0"): "1",
    ("alua", "alua_access_state", "4294967298"): "2",
    ("fileio", "emulate_caw", "0nonsense"): "0",
    ("user", "cmd_time_out", "4294968"): "0",
    ("user", "qfull_time_out", "2147484"): "-2147483296",
    ("user", "emulate_write_cache", "255"): "1",
    ("user", "emulate_write_cache", "2"): "1",
}  # fmt: skip


def write(path: Path, value: str) -> None:
    handle = os.open(path, os.O_WRONLY)
    try:
        os.write(handle, value.encode())
    finally:
        os.close(handle)


def read(path: Path) -> str:
    return path.read_text().rstrip("\n").removeprefix("T10 VPD Unit Serial Number: ")


def storage(hba: str, name: str, control: str, enable: bool = True) -> Path:
    path = TARGET / "core" / hba / name
    path.mkdir(parents=True)
    write(path / "control", control)
    if hba.startswith("user"):
        write(path / "attrib/nl_reply_supported", "-1")
    write(path / "udev_path", "/dev/schema-test")
    if enable:
        write(path / "enable", "1")
    return path


def make_pscsi() -> Path:
    """Make a pscsi object of the processor device scsi_debug simulates (a disk needs sd too)."""
    subprocess.run(["modprobe", "scsi_debug", "ptype=3"], check=True)
    for model in Path("/sys/class/scsi_device").glob("*/device/model"):
        if model.read_text().strip() == "scsi_debug":
            names = ("host", "channel", "target", "lun")
            address = zip(names, model.parent.parent.name.split(":"), strict=True)
            control = ",".join(f"scsi_{name}_id={number}" for name, number in address)
            return storage("pscsi_9", "schema", control)
    pytest.fail("scsi_debug shows no device")


def backing_file(name: str) -> str:
    path = Path("/tmp", name)
    path.touch()
    os.truncate(path, 1 << 23)
    return str(path)


def loop_device() -> str:
    command = ["losetup", "--find", "--show", backing_file("schema-loop.img")]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def objects() -> Iterator[dict[str, Path]]:
    """One storage object of every kind, and two more."""
    for module in MODULES:
        subprocess.run(["modprobe", module], check=True)
    assert not any(TARGET.glob("core/*_*/*/enable")), "the tests before left storage objects"
    device = loop_device()
    image = backing_file("schema.img")
    made = {
        "fileio": storage("fileio_9", "schema", f"fd_dev_name={image},fd_dev_size={1 << 23}"),
        "block": storage("iblock_9", "schema", f"udev_path={device}"),
        "ramdisk": storage("rd_mcp_9", "schema", "rd_pages=16"),
        "pscsi": make_pscsi(),
        "user": storage("user_9", "schema", "dev_config=x/y,dev_size=1048576", enable=False),
        "enabled user": storage("user_9", "enabled", "dev_config=x/y,dev_size=1048576"),
        "exported": storage("rd_mcp_9", "exported", "rd_pages=16"),
    }
    yield made
    for path in made.values():
        path.rmdir()
    for hba in {path.parent for path in made.values()}:
        hba.rmdir()
    subprocess.run(["losetup", "--detach", device], check=True)


@pytest.fixture(scope="module")
def places(objects: dict[str, Path]) -> Iterator[dict[str, Path]]:
    """The folders of the files, by the name of the place."""
    group = objects["fileio"] / "alua" / "schema"
    tpg = TARGET / "iscsi" / IQN / "tpgt_1"
    acl = tpg / "acls" / "iqn.2003-01.org.example:initiator"
    lun = tpg / "lun" / "lun_0"
    loop = TARGET / "loopback/naa.5001405000000009/tpgt_1"
    for path in (group, acl, lun, loop):
        path.mkdir(parents=True)
    write(group / "tg_pt_gp_id", "7")
    (lun / "link").symlink_to(objects["exported"])
    yield {
        **{kind: objects[kind] / "attrib" for kind in KINDS},
        "wwn": objects["fileio"] / "wwn",
        "alua": group,
        "lun_alua": lun,
        "target_parameter": tpg.parent / "param",
        "tpg": tpg,
        "tpg_attribute": tpg / "attrib",
        "loopback": loop / "attrib",
        "tpg_parameter": tpg / "param",
        "acl": acl,
        "acl_attribute": acl / "attrib",
        "acl_parameter": acl / "param",
        "auth": acl / "auth",
        "discovery_auth": TARGET / "iscsi/discovery_auth",
    }
    (lun / "link").unlink()
    for path in (lun, acl, tpg, tpg.parent, loop, loop.parent, group):
        path.rmdir()


def rows_of(place: str) -> list[Attribute]:
    """Give the rows this kernel should have in a place."""
    rows: tuple[Attribute, ...]
    if place in KINDS:
        rows = schema.storage_objects(place)
    elif place == "loopback":
        rows = schema.tpg_attributes("loopback")
    else:
        rows = schema.GROUPS["auth" if place == "discovery_auth" else place]
        rows = tuple(row for row in rows if not row.fabrics or "iscsi" in row.fabrics)
    if place == "auth":
        rows = tuple(row for row in rows if row.name != "enforce_discovery_auth")
    return [row for row in rows if row.in_kernel(RELEASE)]


ALL = [(place, row) for place in PLACES for row in rows_of(place)]
WRITABLE = [(place, row) for place, row in ALL if row.writable]
every_row = pytest.mark.parametrize(
    ("place", "row"), ALL, ids=[f"{place}-{row.name}" for place, row in ALL]
)
every_writable_row = pytest.mark.parametrize(
    ("place", "row"), WRITABLE, ids=[f"{place}-{row.name}" for place, row in WRITABLE]
)


@pytest.mark.parametrize("place", PLACES)
def test_every_file_has_a_row_and_every_row_a_file(places: dict[str, Path], place: str) -> None:
    files = {path.name for path in places[place].iterdir() if path.is_file()}
    rows = {row.name for row in rows_of(place)}
    if place in HOLD_MORE:
        assert rows <= files
    else:
        assert rows == files


def test_rows_of_folders_that_hold_more(objects: dict[str, Path], places: dict[str, Path]) -> None:
    loop = places["loopback"].parent
    folders = {
        "device": objects["fileio"],
        "lu_group": TARGET / "core/alua/lu_gps/default_lu_gp",
        "fabric": TARGET / "iscsi",
    }
    wanted = [(folder, row) for group, folder in folders.items() for row in schema.GROUPS[group]]
    wanted += [(loop, row) for row in schema.GROUPS["tpg"] if "loopback" in row.fabrics]
    missing = [row.name for folder, row in wanted if not (folder / row.name).is_file()]
    assert missing == []


@every_row
def test_mode_and_default(places: dict[str, Path], place: str, row: Attribute) -> None:
    path = places[place] / row.name
    assert bool(path.stat().st_mode & 0o200) is row.writable
    if row.default is not None:
        shown = read(path)
        assert (row.check(shown) if row.writable else shown) == row.default


def legal(row: Attribute) -> list[str]:
    special = [value for value, _ in row.choices]
    if row.kind is Kind.BOOL:
        return ["0", "1"]
    if row.kind is Kind.YESNO:
        return ["Yes", "No"]
    if row.kind is Kind.STRING:
        return ["a" * row.high] if row.high else []
    if row.kind is Kind.NUMBER:
        return [*special, *(str(edge) for edge in (row.low, row.high) if edge is not None)]
    return [*special, ",".join(reversed(special))] if row.many else special


def illegal(row: Attribute) -> list[str]:
    special = [value for value, _ in row.choices]
    if row.kind is Kind.BOOL:
        return ["2"]
    if row.kind is Kind.STRING and row.high:
        return ["a" * (row.high + 1), *(f"a{character}a" for character in row.without)]
    if row.kind is Kind.NUMBER:
        beyond = [] if row.low is None else [row.low - 1]
        beyond += [] if row.high is None else [row.high + 1]
        return [str(number) for number in beyond if str(number) not in special]
    if row.kind is Kind.CHOICE and all(value.lstrip("-").isdigit() for value in special):
        numbers = {int(value) for value in special}
        return [str(n + step) for n in numbers for step in (-1, 1) if n + step not in numbers]
    return ["nonsense"]


@every_writable_row
def test_the_kernel_takes_what_is_legal(
    places: dict[str, Path], place: str, row: Attribute
) -> None:
    path = places[place] / row.name
    before = read(path)
    for value in legal(row):
        assert row.check(value) == value
        if (place, row.name, value) in REFUSED:
            with pytest.raises(OSError) as refusal:
                write(path, value)
            assert refusal.value.errno == REFUSED[place, row.name, value]
            continue
        write(path, value)
        assert (row.check(read(path)) == value) is ((place, row.name, value) not in IGNORED)
    if before and row.name not in ("alua_tg_pt_gp", "rtpi") and read(path) != before:
        write(path, row.check(before))


@every_writable_row
def test_the_kernel_refuses_what_is_not(
    places: dict[str, Path], place: str, row: Attribute
) -> None:
    for value in illegal(row):
        with pytest.raises(InvalidValue):
            row.check(value)
        if (place, row.name, value) not in LAX:
            with pytest.raises(OSError):
                write(places[place] / row.name, value)


@pytest.mark.parametrize(("place", "name", "value"), LAX)
def test_the_kernel_takes_what_check_refuses(
    places: dict[str, Path], place: str, name: str, value: str
) -> None:
    path = places[place] / name
    before = read(path)
    row = next(row for row in rows_of(place) if row.name == name)
    with pytest.raises(InvalidValue):
        row.check(value)
    write(path, value)
    assert read(path) == LAX[place, name, value]
    write(path, before)


@pytest.mark.parametrize("kind", KINDS)
def test_an_exported_object_takes_what_is_live(
    objects: dict[str, Path], places: dict[str, Path], kind: str
) -> None:
    path = objects["enabled user" if kind == "user" else kind]
    lun = places["tpg"] / "lun" / "lun_1"
    lun.mkdir()
    (lun / "link").symlink_to(path)
    taken = {}
    try:
        for row in rows_of(kind):
            if row.writable:
                value = "1" if row.name == "pi_prot_format" and row.kind is Kind.BOOL else None
                taken[row.name] = takes(path / "attrib" / row.name, row, value)
    finally:
        (lun / "link").unlink()
        lun.rmdir()
    assert taken == {row.name: row.live for row in rows_of(kind) if row.writable}


def test_an_exported_object_keeps_its_identity(
    objects: dict[str, Path], places: dict[str, Path]
) -> None:
    folder = objects["exported"] / "wwn"
    rows = [row for row in schema.GROUPS["wwn"] if row.writable]
    assert {row.name: takes(folder / row.name, row, "1") for row in rows} == {
        row.name: row.live for row in rows
    }


def test_an_enabled_tpg_takes_what_is_live(places: dict[str, Path]) -> None:
    write(places["tpg"] / "enable", "1")
    rows = [(place, row) for place in IN_TPG for row in rows_of(place) if row.writable]
    try:
        taken = {
            row.name: takes(places[place] / row.name, row, "x" if place == "auth" else None)
            for place, row in rows
        }
    finally:
        write(places["tpg"] / "enable", "0")
    assert taken == {row.name: row.live for _, row in rows}


def takes(path: Path, row: Attribute, value: str | None = None) -> bool:
    """Tell whether the kernel takes a value, its present one unless another is given."""
    try:
        write(path, value or row.check(read(path)) or "NULL")
    except OSError as err:
        return err.errno == errno.ESRCH  # no handler of user-backed storage listens
    return True


def test_a_group_takes_an_identifier_once(objects: dict[str, Path]) -> None:
    row = schema.alua("tg_pt_gp_id")
    assert row
    for value, shown in (("0", "1"), ("65535", "65535")):
        group = objects["block"] / "alua" / "group"
        group.mkdir()
        assert read(group / "tg_pt_gp_id") == ""
        with pytest.raises(OSError):
            write(group / "alua_access_state", "2")
        with pytest.raises(OSError):
            write(group / "tg_pt_gp_id", "65536")
        write(group / "tg_pt_gp_id", row.check(value))
        assert read(group / "tg_pt_gp_id") == shown
        group.rmdir()


def test_a_tpg_cuts_long_credentials_in_silence(places: dict[str, Path]) -> None:
    path = places["tpg"] / "auth" / "password"
    write(path, LONG + "lost")
    assert read(path) == LONG
