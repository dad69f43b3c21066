# SPDX-License-Identifier: Apache-2.0
"""What can be set on a storage object: its attrib/ and wwn/ files, by kind of backstore."""

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
        "IEEE company identifier in the NAA name made from the unit serial. Change it when the "
        "disks must carry another vendor's identifier; initiators then see other disks.",
        low=0,
        high=0xFFFFFF,
        default="5125",
        live=False,
        source="SPC-4 Device Identification VPD page (83h); " + _CORE,
    ),
    Attribute(
        "product_id",
        Kind.STRING,
        "Model the disk reports. Set it when initiators choose drivers or multipath rules by "
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
        "Product revision the disk reports. Set it when an initiator's rules ask for one.",
        low=1,
        high=4,
        ascii=True,
        live=False,
        source="SPC-4 INQUIRY; " + _CORE,
    ),
    Attribute(
        "vendor_id",
        Kind.STRING,
        "Vendor the disk reports. Set it when initiators choose drivers or multipath rules by "
        "vendor.",
        low=1,
        high=8,
        ascii=True,
        live=False,
        source="SPC-4 INQUIRY; " + _CORE,
    ),
    Attribute(
        "vpd_unit_serial",
        Kind.STRING,
        "Unit serial, from which the disk's NAA name is made; it must differ from every other. "
        "Keep it when a disk moves to another target, or initiators take it for a new one.",
        high=UNIT_SERIAL_MAX,
        live=False,
        source="SPC-4 Unit Serial Number VPD page (80h); " + _CORE,
    ),
    *(
        Attribute(name, Kind.STRING, text, writable=False, source=_VPD)
        for name, text in (
            (
                "vpd_assoc_logical_unit",
                "The names of the disk that the device behind it tells. Only pscsi objects have "
                "any.",
            ),
            (
                "vpd_assoc_scsi_target_device",
                "The names of the target that the device behind it tells. Only pscsi objects "
                "have any.",
            ),
            (
                "vpd_assoc_target_port",
                "The names of the port that the device behind it tells. Only pscsi objects "
                "have any.",
            ),
            (
                "vpd_protocol_identifier",
                "The protocols that the device behind it is reached by. Only pscsi objects have "
                "any.",
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
    """Find an attribute of a storage object of one kind of backstore."""
    return _BY_KIND.get(backstore, {}).get(name)


def storage_objects(backstore: str) -> tuple[Attribute, ...]:
    """List the attributes a kind of backstore has, in some kernel."""
    return tuple(_BY_KIND.get(backstore, {}).values())


def wwn(name: str) -> Attribute | None:
    """Find a file of a storage object's wwn folder."""
    return _WWN.get(name)
