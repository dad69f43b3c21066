# SPDX-License-Identifier: Apache-2.0
"""The protection information (T10 PI, DIF) of storage objects."""

from __future__ import annotations

from .attribute import Attribute, Kind

_CORE = "drivers/target/target_core_configfs.c"
_TYPES = (
    ("0", "none"),
    ("1", "guard, application and reference tag, the last taken from the block address"),
    ("3", "guard and application tag"),
)
_TYPE_TEXT = (
    "Protection information kept for every block, which detects errors on the way. Type 2 is not "
    "implemented. "
)
_FORMAT_TEXT = "Writing 1 fills the protection information with its initial pattern; reads as 0. "

PROTECTION = (
    Attribute(
        "hw_pi_prot_type",
        Kind.NUMBER,
        "Protection information (T10 PI) that the device itself keeps. If it is not 0, "
        "pi_prot_type follows it.",
        writable=False,
        source=_CORE,
    ),
    Attribute(
        "pi_prot_format",
        Kind.BOOL,
        _FORMAT_TEXT + "Do it once after choosing pi_prot_type for a file that has data.",
        default="0",
        backstores=("fileio",),
        live=False,
        source=_CORE,
    ),
    Attribute(
        "pi_prot_format",
        Kind.CHOICE,
        _FORMAT_TEXT + "Only fileio supports it; the kernel refuses 1 here.",
        choices=(("0", "no effect"),),
        default="0",
        backstores=("block", "ramdisk"),
        source=_CORE,
    ),
    Attribute(
        "pi_prot_type",
        Kind.CHOICE,
        _TYPE_TEXT + "Choose one if initiator and fabric support it; fileio keeps it in a second "
        "file with the suffix .protection.",
        choices=_TYPES,
        default="0",
        backstores=("fileio", "ramdisk"),
        live=False,
        source=_CORE,
    ),
    Attribute(
        "pi_prot_type",
        Kind.CHOICE,
        _TYPE_TEXT + "It follows the device: a change is ignored if the device has protection "
        "information, and refused if not.",
        choices=_TYPES,
        backstores=("block",),
        source=_CORE,
    ),
    Attribute(
        "pi_prot_verify",
        Kind.BOOL,
        "Check the protection information of reads and writes. It is switched together with "
        "pi_prot_type, without which 1 is ignored; turn it off to read a device with bad tags.",
        default="0",
        backstores=("fileio", "block", "ramdisk"),
        source=_CORE,
    ),
)
