# SPDX-License-Identifier: Apache-2.0
"""The INQUIRY data that a storage object has by default (SPC-4 section 6.6.2)."""

from __future__ import annotations

from . import backing

# drivers/target/target_core_transport.h: INQUIRY_MODEL_LEN
_PRODUCT_MAX = 16


def defaults(plugin: str, name: str, *, named: bool) -> dict[str, str]:
    """Return the kernel's INQUIRY fields by file name; ``named``: emulate_model_alias is on.

    From drivers/target/target_core_device.c, target_alloc_device; each kind's inquiry_prod and
    inquiry_rev; target_core_configfs.c, dev_set_t10_wwn_model_alias.
    """
    kind = backing.KINDS[plugin]
    return {
        "company_id": "0x001405",
        "product_id": _cut(name, _PRODUCT_MAX) if named else kind.product,
        "revision": kind.revision,
        "vendor_id": "LIO-ORG",
    }


def _cut(text: str, longest: int) -> str:
    """Return the start of a text, at most ``longest`` bytes, as the kernel copies it."""
    data = text.encode("utf-8", "surrogateescape")[:longest]
    return data.decode("utf-8", "surrogateescape")
