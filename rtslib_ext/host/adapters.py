# SPDX-License-Identifier: Apache-2.0
"""WWNs of this host's adapters, as rtslib-fb finds them.

rtslib-fb is imported inside functions: importing it takes longer than most commands.
"""

from __future__ import annotations

import os

from ..fabrics import FABRICS


def hardware_wwns(fabric: str) -> list[str]:
    """Return the WWNs of the adapters on which a fabric can be served."""
    described = FABRICS.get(fabric)
    if described and described.wwn_files:
        from ..fabrics import drop_ins

        return drop_ins.wwns(described)
    if not _maybe_adapters(fabric):
        return []
    from rtslib_fb.fabric import FabricModule

    try:
        return list(FabricModule(fabric).wwns or [])
    except OSError:
        return []


# Where rtslib-fb looks for adapters; if the directory is empty, the import is not needed.
_ADAPTERS = {
    "qla2xxx": "/sys/class/fc_host",
    "efct": "/sys/class/fc_host",
    "tcm_fc": "/sys/class/fc_host",
    "srpt": "/sys/class/infiniband",
    "sbp": "/sys/bus/firewire/devices",
    "ibmvscsis": "/sys/module/ibmvscsis",
}


def _maybe_adapters(fabric: str) -> bool:
    try:
        return any(os.scandir(_ADAPTERS[fabric]))
    except (KeyError, OSError):
        return False
