# SPDX-License-Identifier: Apache-2.0
"""Bare removal of all that is configured: what is there has to be listed, as by anybody.

python raw_clear.py
"""

import os

ROOT = "/sys/kernel/config/target"


def folders(folder: str) -> list[str]:
    """The folders in one, by their paths."""
    with os.scandir(folder) as found:
        return [item.path for item in found if item.is_dir(follow_symlinks=False)]


def unlinked(folder: str) -> None:
    """Remove a LUN or mapped LUN with its link."""
    with os.scandir(folder) as found:
        links = [item.path for item in found if item.is_symlink()]
    for link in links:
        os.unlink(link)
    os.rmdir(folder)


for target in folders(f"{ROOT}/iscsi"):
    if target.endswith("/discovery_auth"):
        continue
    for tpg in folders(target):
        if "/tpgt_" not in tpg:
            continue
        with open(f"{tpg}/enable", "w") as enable:
            enable.write("0")
        for acl in folders(f"{tpg}/acls"):
            for mapped in folders(acl):
                if "/lun_" in mapped:
                    unlinked(mapped)
            os.rmdir(acl)
        for lun in folders(f"{tpg}/lun"):
            unlinked(lun)
        for portal in folders(f"{tpg}/np"):
            os.rmdir(portal)
        os.rmdir(tpg)
    os.rmdir(target)
for hba in folders(f"{ROOT}/core"):
    if not hba.endswith("/alua"):
        for storage_object in folders(hba):
            os.rmdir(storage_object)
        os.rmdir(hba)
