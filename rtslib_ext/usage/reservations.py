# SPDX-License-Identifier: Apache-2.0
"""Reservations of a storage object (SPC-4 section 5.13): the current ones, and those on disk."""

from __future__ import annotations

import re

from ..fast_dataclasses import dataclass
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath, ReadFS

_START = "PR_REG_START:"
_END = "PR_REG_END:"

# drivers/target/target_core_pr.c, core_scsi3_pr_dump_type -> (code, name in SPC-4 table 64, meaning
# in SPC-4 section 5.13.2, table 65)
TYPES = {
    "Write Exclusive Access": (1, "Write Exclusive", "only the holder may write"),
    "Exclusive Access": (3, "Exclusive Access", "only the holder may read and write"),
    "Write Exclusive Access, Registrants Only": (
        5,
        "Write Exclusive - Registrants Only",
        "all may read, only registrants may write",
    ),
    "Exclusive Access, Registrants Only": (
        6,
        "Exclusive Access - Registrants Only",
        "only registrants may read and write",
    ),
    "Write Exclusive Access, All Registrants": (
        7,
        "Write Exclusive - All Registrants",
        "all may read, only registrants may write; all registrants are holders",
    ),
    "Exclusive Access, All Registrants": (
        8,
        "Exclusive Access - All Registrants",
        "only registrants may read and write; all registrants are holders",
    ),
}
# target_core_configfs.c, target_pr_res_type_show
MODES = {
    "SPC3_PERSISTENT_RESERVATIONS": "persistent reservations",
    "SPC2_RESERVATIONS": "SPC-2 reservation",
    "SPC_PASSTHROUGH": "handled by the device itself",
    "SPC_RESERVATIONS_DISABLED": "off (emulate_pr is 0)",
}
# target_core_configfs.c, target_pr_res_pr_registered_i_pts_show
_REGISTRANT = (
    r"(\S+) Node: (.+?)(?:,i,0x([0-9A-Fa-f]*))? Key: 0x([0-9A-Fa-f]+) PRgen: 0x([0-9A-Fa-f]+)"
)
_HOLDER = r"SPC-[23] Reservation: (\S+) Initiator: (.+)"
_PORT = (
    r"Target Node Endpoint: (.*)\n.*Identifier Tag: (\d+) \S+ Portal Group Tag: (\d+) "
    r"\S+ Logical Unit: (\d+)"
)


@dataclass(frozen=True, slots=True)
class Registrant:
    """An initiator port with a registered key; ``isid`` is that of its iSCSI session ("": none)."""

    initiator: str
    key: int
    isid: str
    fabric: str
    generation: int


@dataclass(frozen=True, slots=True)
class Port:
    """The target port of a registration; ``rtpi`` is its relative target port identifier."""

    target: str
    tpg: int
    lun: int
    rtpi: int


@dataclass(frozen=True, slots=True)
class Reservations:
    """The reservations of a storage object.

    ``mode`` and ``type`` are the kernel's texts (keys of MODES and TYPES), ``type`` is "" without a
    reservation. ``all_target_ports`` is None without a registration. The kernel lists only as many
    registrants as fit into a page.
    """

    mode: str
    holder: str
    holder_port: Port | None
    type: str
    all_target_ports: bool | None
    generation: int
    registrants: tuple[Registrant, ...]
    aptpl: bool


def read(fs: ReadFS, storage_object: ConfigfsPath) -> Reservations:
    """Return the reservations of the storage object at a configfs path."""

    def text(name: str) -> str:
        return fs.read_if_there(f"{paths.reservations(storage_object)}/{name}") or ""

    holder = re.match(_HOLDER, text("res_holder"))
    every = text("res_pr_all_tgt_pts")
    return Reservations(
        mode=text("res_type"),
        holder=holder[2].partition(",i,0x")[0] if holder else "",
        holder_port=_port(text("res_pr_holder_tg_port")),
        type=text("res_pr_type").partition("Reservation Type: ")[2],
        all_target_ports="All Target Ports" in every if "registration" in every else None,
        generation=_hexadecimal(text("res_pr_generation")),
        registrants=tuple(
            Registrant(node, int(key, 16), isid or "", fabric, int(generation, 16))
            for fabric, node, isid, key, generation in re.findall(
                _REGISTRANT, text("res_pr_registered_i_pts")
            )
        ),
        aptpl=text("res_aptpl_active").endswith("Activated"),
    )


def is_used(fs: ReadFS, storage_object: ConfigfsPath) -> bool:
    """Return True if an initiator holds a reservation or has registered a key."""
    folder = paths.reservations(storage_object)
    return bool(
        re.match(_HOLDER, fs.read_if_there(f"{folder}/res_holder") or "")
        or re.search(_REGISTRANT, fs.read_if_there(f"{folder}/res_pr_registered_i_pts") or "")
    )


def _hexadecimal(text: str) -> int:
    found = re.fullmatch(r"0x([0-9A-Fa-f]{1,16})", text)
    return int(found[1], 16) if found else 0


def _port(text: str) -> Port | None:
    match = re.search(_PORT, text)
    if not match:
        return None
    target, rtpi, tpg, lun = match.groups()
    return Port(target, int(tpg), int(lun), int(rtpi))


def kept_port(line: str) -> Port | None:
    """Return the target port of a registration that ``kept`` returned."""
    fields = dict(item.partition("=")[::2] for item in line.split(","))
    try:
        return Port(
            fields["target_node"],
            int(fields["tpgt"]),
            int(fields["target_lun"]),
            int(fields["port_rtpi"]),
        )
    except (KeyError, ValueError):
        return None


def kept_in(dbroot: str, serial: str) -> str:
    """Return the path of the file in which the kernel saves the registrations."""
    return f"{dbroot}/pr/aptpl_{serial}"


def _decimal(field: str) -> str:
    """Return ``NAME=NUMBER`` in decimal: the kernel writes ``%02x`` but reads 08 as octal."""
    name, equals, value = field.partition("=")
    return f"{name}{equals}{int(value)}" if value.isdecimal() else field


def kept(dbroot: str, serial: str) -> tuple[str, ...]:
    """Return the registrations that the kernel saved on disk for a unit serial number.

    Each is one line for ``pr/res_aptpl_metadata`` of the object. The kernel writes the file but
    never reads it (drivers/target/target_core_pr.c, core_scsi3_update_aptpl_buf and
    target_pr_res_aptpl_metadata_store).
    """
    if not serial or "/" in serial:
        return ()
    try:
        with open(kept_in(dbroot, serial), encoding="utf-8", errors="replace") as file:
            lines = file.read().split("\n")
    except OSError:
        return ()
    registrations = []
    fields: list[str] = []
    for line in lines:
        if line.startswith(_START):
            fields = []
        elif line.startswith(_END):
            registrations.append(",".join(fields))
        elif line.strip():
            fields.append(_decimal(line.strip()))
    return tuple(registrations)
