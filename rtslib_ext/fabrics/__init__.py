# SPDX-License-Identifier: Apache-2.0
"""The fabrics as data: names, directories, features, types of WWN, kernel modules.

A new fabric needs a row in ``FABRICS``, or a file in ``/etc/target/fabrics``.
"""

from __future__ import annotations

import re

from ..fast_dataclasses import dataclass

FEATURES = ("acls", "auth", "cpus_allowed_list", "discovery_auth", "nexus", "nps", "tpgts")
FORMS = ("plain", "colons", "hex", "bare")

# WWNs of FC, SRP and FireWire as configfs writes them.
_IN_FOLDER = {
    "colons": r"[0-9a-f]{2}(:[0-9a-f]{2})+",
    "hex": r"0x[0-9a-f]+",
    "bare": r"[0-9a-f]+",
}
_PREFIX = {"colons": "naa.", "hex": "ib.", "bare": "eui."}


@dataclass(frozen=True, slots=True)
class Fabric:
    """The features of a fabric, and how WWNs are written in its configfs directory.

    ``features`` are some of ``FEATURES``: nps are network portals, tpgts several TPGs per target.
    ``hardware``: a target needs the WWN of an adapter. ``form`` is the form of WWNs in configfs:
    "plain", "colons" (FC), "hex" (SRP), "bare" (FireWire). ``wwn_files`` is a pattern of files on
    the host that contain WWNs of adapters, ``wwn_driver`` the driver of these adapters; both are
    set only for fabrics from drop-in files.
    """

    name: str
    folder: str
    features: tuple[str, ...]
    wwn_types: tuple[str, ...]
    module: str
    hardware: bool = False
    form: str = "plain"
    wwn_files: str = ""
    wwn_driver: str = ""

    def has(self, feature: str) -> bool:
        return feature in self.features

    def to_folder(self, wwn: str) -> str:
        """Return a WWN as written in the fabric's configfs directory.

        A name that is not a WWN of the fabric is returned unchanged: srpt also has ACLs for IP
        addresses (drivers/infiniband/ulp/srpt/ib_srpt.c, srpt_parse_i_port_id).
        """
        prefix = _PREFIX.get(self.form, "")
        if not prefix or not wwn.startswith(prefix):
            return wwn
        digits = wwn[len(prefix) :]
        if self.form == "colons":
            return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))
        return f"0x{digits}" if self.form == "hex" else digits

    def from_folder(self, name: str) -> str:
        """Return the WWN of a configfs directory name; the inverse of to_folder."""
        form = _IN_FOLDER.get(self.form)
        if form is None or not re.fullmatch(form, name):
            return name
        return _PREFIX[self.form] + name.removeprefix("0x").replace(":", "")


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
DROP_INS = "/etc/target/fabrics"
"""The directory of files that add fabrics; if it exists, call ``drop_ins.add_drop_ins``."""
# Fabrics whose TPGs have a file ``enable`` (fabric_enable_tpg), and fabrics whose TPGs have none:
# tcm_loop.c, vhost/scsi.c, xen-scsiback.c, tcm_fc/tfc_conf.c. One from a drop-in file may be of
# either kind.
WITH_ENABLE = frozenset({"iscsi", "qla2xxx", "efct", "srpt", "sbp", "ibmvscsis"})
WITHOUT_ENABLE = frozenset({"loopback", "vhost", "xen-pvscsi", "tcm_fc"})
# Names of fabrics in older tools.
ALIASES = {"ib_srpt": "srpt", "fc": "tcm_fc"}
# rtslib-fb loads vhost_scsi by the module's alias for its old name (vhost/scsi.c).
MODULE_ALIASES = {"tcm_vhost": "vhost_scsi"}


def find(name: str) -> Fabric | None:
    """Return a fabric by its name, or by its name in older tools; None if unknown."""
    return FABRICS.get(ALIASES.get(name, name))


def of_folder(folder: str) -> Fabric | None:
    """Return the fabric of a configfs directory name in any case: the kernel writes iSCSI."""
    wanted = folder.lower()
    return next((fabric for fabric in FABRICS.values() if fabric.folder.lower() == wanted), None)
