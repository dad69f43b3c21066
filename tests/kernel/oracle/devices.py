# SPDX-License-Identifier: Apache-2.0
"""The files and devices that the configurations of the oracle stand on."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path("/tmp/oracle")
DBROOT = Path("/etc/target")
CONFIGFS = Path("/sys/kernel/config/target")

# tcm_loop and scsi_debug make SCSI disks, which sd_mod and sg show.
_MODULES = (
    ("target_core_mod",),
    ("target_core_user",),
    ("iscsi_target_mod",),
    ("tcm_loop",),
    ("sd_mod",),
    ("sg",),
    ("brd", "rd_nr=4", "rd_size=65536"),
    ("scsi_debug", "max_luns=2", "dev_size_mb=8"),
)

# What the kernel left in dbroot/pr of two disks when the power failed: the same text as
# core_scsi3_update_aptpl_buf (drivers/target/target_core_pr.c) writes.
_REGISTRATION = """\
PR_REG_START: {number}
initiator_fabric=iSCSI
initiator_node=iqn.2003-01.org.example:node{node}
sa_res_key={key}
res_holder={holder}
{reservation}mapped_lun={lun}
target_fabric=iSCSI
target_node=iqn.2003-01.org.example:cluster
tpgt=1
port_rtpi=1
target_lun={lun}
PR_REG_END: {number}
"""
_HELD = "res_type=05\nres_scope=00\nres_all_tg_pt=0\n"
_NOT_HELD = "res_all_tg_pt=0\n"
_RESERVATIONS = {
    "7b1ad3c2-0a9b-4f8e-8d4b-7a1f5c3e2d12": ((1, 2748, 0), (2, 291, 1)),
    "7b1ad3c2-0a9b-4f8e-8d4b-7a1f5c3e2d13": ((1, 4096, 1), (2, 4097, 0)),
}


def load() -> None:
    """Load the modules, make the folders; once a run."""
    for module in _MODULES:
        subprocess.run(["modprobe", *module], check=True)
    # The fabrics' folders, so that both tools find the same ones.
    for folder in (
        FOLDER,
        DBROOT / "pr",
        DBROOT / "alua",
        CONFIGFS / "iscsi",
        CONFIGFS / "loopback",
    ):
        folder.mkdir(parents=True, exist_ok=True)
    _wait_for(lambda: len(_debug_disks()) >= 2, "the disks of scsi_debug")


def prepare(source: Path | dict[str, Any], target: Path) -> dict[str, Any]:
    """Write the file to restore to ``target`` with real devices in it, and make its files."""
    config = json.loads(source.read_text()) if isinstance(source, Path) else source
    for so in config.get("storage_objects", []):
        if isinstance(so.get("dev"), str):
            so["dev"] = _place(so["dev"])
        if so.get("plugin") == "fileio" and not so["dev"].startswith("/dev/"):
            _make_file(so["dev"], int(so["size"]))
        keep_reservations(so.get("wwn"))
    target.write_text(json.dumps(config, indent=2))
    return config


def keep_reservations(serial: str | None) -> None:
    """Put the registrations in place that the kernel would have kept for this disk."""
    if serial in _RESERVATIONS:
        text = "".join(_registrations(serial))
        (DBROOT / "pr" / f"aptpl_{serial}").write_text(text)


def _registrations(serial: str) -> Iterator[str]:
    lun = sorted(_RESERVATIONS).index(serial)
    for number, (node, key, holder) in enumerate(_RESERVATIONS[serial]):
        yield _REGISTRATION.format(
            number=number,
            node=node,
            key=key,
            holder=holder,
            lun=lun,
            reservation=_HELD if holder else _NOT_HELD,
        )


def _make_file(path: str, size: int) -> None:
    with open(path, "ab") as file:
        file.truncate(size)


def _place(dev: str) -> str:
    """A placeholder such as ``@scsi_debug:0@`` -> the device; anything else as it is."""
    kind, _, number = dev.strip("@").partition(":")
    if kind == "scsi_debug":
        return _debug_disks()[int(number)][0]
    if kind == "scsi_debug_address":
        return _debug_disks()[int(number)][1]
    return dev


def _debug_disks() -> list[tuple[str, str]]:
    """Device and H:C:T:L of each disk of scsi_debug."""
    found = []
    for device in sorted(Path("/sys/class/scsi_device").glob("*/device")):
        disks = [path.name for path in device.glob("block/*")]
        if disks and (device / "model").read_text().strip() == "scsi_debug":
            path = f"/dev/{disks[0]}"
            if os.path.exists(path):
                found.append((path, device.parent.name))
    return found


def _wait_for(ready: Any, what: str) -> None:
    for _ in range(100):
        if ready():
            return
        time.sleep(0.05)
    raise TimeoutError(f"{what} did not come up")
