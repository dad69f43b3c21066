# SPDX-License-Identifier: Apache-2.0
"""The INQUIRY data that initiators see of a storage object: its settings, else the defaults."""

from __future__ import annotations

from . import inquiry
from .model import StorageObject


def fields(so: StorageObject) -> dict[str, str]:
    """Return the vendor, product, revision and company identifier by their file names."""
    named = so.attributes.get("emulate_model_alias") == "1"
    return {**inquiry.defaults(so.backing.plugin, so.name, named=named), **so.identity}


def naa(so: StorageObject) -> str:
    """Return the NAA identifier; "" without a serial."""
    return inquiry.naa(so.wwn or "", so.identity.get("company_id", ""))
