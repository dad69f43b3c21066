# SPDX-License-Identifier: Apache-2.0
"""The settings of a storage object: its attrib/ and wwn/ files, by kind of backstore."""

from __future__ import annotations

from ..fast_dataclasses import replace
from ..naming import UNIT_SERIAL_MAX
from .attribute import Attribute, Kind
from .emulation import EMULATION
from .limits import LIMITS
from .protection import PROTECTION
from .user import USER

_CORE = "drivers/target/target_core_configfs.c"
_VPD = "SPC-4 Device Identification VPD page (83h); " + _CORE

STORAGE_OBJECT = (*EMULATION, *LIMITS, *PROTECTION, *USER)

WWN = (
    Attribute(
        "company_id",
        Kind.NUMBER,
        "IEEE company identifier in the NAA name derived from the unit serial. Change it if the "
        "disks must carry the identifier of another vendor; initiators then see other disks.",
        low=0,
        high=0xFFFFFF,
        default="5125",
        live=False,
        source="SPC-4 Device Identification VPD page (83h); " + _CORE,
    ),
    Attribute(
        "pd_text_id_info",
        Kind.STRING,
        "Text that initiators read with REPORT IDENTIFYING INFORMATION (sg_raw, A3h/05h). Set it "
        "to find a disk in an inventory: its rack and slot, or its owner.",
        high=255,
        default="",
        live=False,
        since="7.0",
        source="SPC-4 section 6.32, information type 000010b; " + _CORE,
    ),
    Attribute(
        "product_id",
        Kind.STRING,
        "Model that the disk reports. Set it if initiators choose drivers or multipath rules by "
        "model; emulate_model_alias overwrites it.",
        low=1,
        high=16,
        ascii=True,
        live=False,
        source="SPC-4 INQUIRY; " + _CORE,
    ),
    Attribute(
        "revision",
        Kind.STRING,
        "Product revision that the disk reports. Set it if a rule of an initiator requires one.",
        low=1,
        high=4,
        ascii=True,
        live=False,
        source="SPC-4 INQUIRY; " + _CORE,
    ),
    Attribute(
        "vendor_id",
        Kind.STRING,
        "Vendor that the disk reports. Set it if initiators choose drivers or multipath rules by "
        "vendor: those of Linux for this target are for LIO-ORG.",
        low=1,
        high=8,
        ascii=True,
        live=False,
        source="SPC-4 INQUIRY; " + _CORE,
    ),
    Attribute(
        "vpd_unit_serial",
        Kind.STRING,
        "Unit serial, from which the NAA name of the disk is derived; it must be unique. Keep it "
        "when a disk moves to another target, or initiators treat it as a new one.",
        high=UNIT_SERIAL_MAX,
        live=False,
        source="SPC-4 Unit Serial Number VPD page (80h); " + _CORE,
    ),
    *(
        Attribute(name, Kind.STRING, text, writable=False, source=_VPD)
        for name, text in (
            (
                "vpd_assoc_logical_unit",
                "Names of the disk that the backing device reports. Only pscsi objects have any.",
            ),
            (
                "vpd_assoc_scsi_target_device",
                "Names of the target that the backing device reports. Only pscsi objects have any.",
            ),
            (
                "vpd_assoc_target_port",
                "Names of the port that the backing device reports. Only pscsi objects have any.",
            ),
            (
                "vpd_protocol_identifier",
                "Protocols by which the backing device is connected. Only pscsi objects have any.",
            ),
        )
    ),
)

_BY_KIND = {
    kind: {
        row.name: replace(row, default=dict(row.defaults).get(kind, row.default))
        for row in STORAGE_OBJECT
        if not row.backstores or kind in row.backstores
    }
    for kind in ("block", "fileio", "pscsi", "ramdisk", "user")
}
_WWN = {row.name: row for row in WWN}


def storage_object(name: str, backstore: str) -> Attribute | None:
    """Return an attribute of a kind of backstore; None if the table has no such row."""
    return _BY_KIND.get(backstore, {}).get(name)


def storage_objects(backstore: str) -> tuple[Attribute, ...]:
    """Return the attributes that a kind of backstore has in any kernel."""
    return tuple(_BY_KIND.get(backstore, {}).values())


def wwn(name: str) -> Attribute | None:
    """Return a setting in the wwn directory of a storage object; None if there is no such row."""
    return _WWN.get(name)
