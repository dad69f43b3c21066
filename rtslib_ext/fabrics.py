# SPDX-License-Identifier: Apache-2.0
"""The fabrics as data: names, folders, features, kinds of WWN, kernel modules.

A new fabric needs a row in ``FABRICS``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fabric:
    """What a fabric can do and how its folder in configfs writes a WWN.

    ``features``: acls, auth, discovery_auth, nps (network portals), nexus, tpgts (several
    TPGs in a target), cpus_allowed_list. ``hardware``: a target needs the WWN of an adapter.
    ``form`` says how WWNs stand in configfs: "plain", "colons" (FC), "hex" (SRP), "bare".
    """

    name: str
    folder: str
    features: tuple[str, ...]
    wwn_types: tuple[str, ...]
    module: str
    hardware: bool = False
    form: str = "plain"

    def has(self, feature: str) -> bool:
        """Tell whether the fabric has a feature."""
        return feature in self.features

    def to_folder(self, wwn: str) -> str:
        """A WWN as the fabric's folder in configfs writes it."""
        if self.form == "colons":
            digits = wwn[4:]
            return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))
        if self.form == "hex":
            return f"0x{wwn[3:]}"
        return wwn[4:] if self.form == "bare" else wwn

    def from_folder(self, name: str) -> str:
        """The WWN that a folder in configfs stands for."""
        if self.form == "colons":
            return "naa." + name.replace(":", "")
        if self.form == "hex":
            return "ib." + name.removeprefix("0x")
        return f"eui.{name}" if self.form == "bare" else name


def _row(
    name: str,
    features: str,
    wwn_types: str,
    module: str,
    *,
    folder: str = "",
    hardware: bool = False,
    form: str = "plain",
) -> Fabric:
    return Fabric(
        name=name,
        folder=folder or name,
        features=tuple(features.split()),
        wwn_types=tuple(wwn_types.split()),
        module=module,
        hardware=hardware,
        form=form,
    )


FABRICS: dict[str, Fabric] = {
    fabric.name: fabric
    for fabric in (
        _row(
            "iscsi",
            "discovery_auth acls auth nps tpgts cpus_allowed_list",
            "iqn naa eui",
            "iscsi_target_mod",
        ),
        _row("loopback", "nexus", "naa", "tcm_loop"),
        _row("vhost", "nexus acls tpgts", "naa", "vhost_scsi"),
        _row("xen-pvscsi", "nexus tpgts", "naa", "xen-scsiback"),
        _row("qla2xxx", "acls", "naa", "tcm_qla2xxx", hardware=True, form="colons"),
        _row("efct", "acls", "naa", "efct", hardware=True, form="colons"),
        _row("tcm_fc", "acls", "naa", "tcm_fc", folder="fc", hardware=True, form="colons"),
        _row("srpt", "acls", "ib", "ib_srpt", hardware=True, form="hex"),
        _row("sbp", "", "eui", "sbp_target", hardware=True, form="bare"),
        _row("ibmvscsis", "", "free", "ibmvscsis", hardware=True),
    )
}
# How older tools called them.
ALIASES = {"ib_srpt": "srpt", "fc": "tcm_fc"}
