# SPDX-License-Identifier: Apache-2.0
"""The INQUIRY data that a storage object has by default (SPC-4 section 6.6.2)."""

from __future__ import annotations

import re

from . import backing

# drivers/target/target_core_transport.h: INQUIRY_MODEL_LEN
_PRODUCT_MAX = 16
COMPANY = "0x001405"
_COMPANY_ID = re.compile(r"(?:0x)?[0-9a-fA-F]{1,6}")
_HEX = frozenset("0123456789abcdefABCDEF")
_NAA_DIGITS = 25


def defaults(plugin: str, name: str, *, named: bool) -> dict[str, str]:
    """Return the kernel's INQUIRY fields by file name; ``named``: emulate_model_alias is on.

    From drivers/target/target_core_device.c, target_alloc_device; each kind's inquiry_prod and
    inquiry_rev; target_core_configfs.c, dev_set_t10_wwn_model_alias.
    """
    kind = backing.KINDS[plugin]
    return {
        "company_id": COMPANY,
        "product_id": _cut(name, _PRODUCT_MAX) if named else kind.product,
        "revision": kind.revision,
        "vendor_id": "LIO-ORG",
    }


def naa(serial: str, company_id: str = "") -> str:
    """Return the NAA identifier that initiators see: naa.6 and 31 digits; "" without a serial.

    From drivers/target/target_core_spc.c, spc_gen_naa_6h_vendor_specific: the company identifier,
    then the first 25 hexadecimal digits in the serial number, filled with zeros; all other
    characters are skipped. Without a ``company_id`` the kernel's own one.
    """
    if not serial:
        return ""
    digits = "".join(filter(_HEX.__contains__, serial))[:_NAA_DIGITS].lower()
    # A save file may have any text; the kernel refuses it when it is restored.
    company = int(company_id if _COMPANY_ID.fullmatch(company_id) else COMPANY, 16)
    return f"naa.6{company:06x}{digits:0<{_NAA_DIGITS}}"


def _cut(text: str, longest: int) -> str:
    """Return the start of a text, at most ``longest`` bytes, as the kernel copies it."""
    data = text.encode("utf-8", "surrogateescape")[:longest]
    return data.decode("utf-8", "surrogateescape")
