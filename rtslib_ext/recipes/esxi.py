# SPDX-License-Identifier: Apache-2.0
"""VMware ESXi with its software adapter, by esxcli.

From the ESXCLI reference on developer.broadcom.com. vSphere Storage: CHAP must be required before
mutual CHAP is set, and the two secrets must differ.
"""

from __future__ import annotations

from collections.abc import Iterator

from .access import Access
from .recipe import SECRET, TARGET_SECRET, HostStep
from .steps import disks, login, quoted, where_secrets_are

_CHAP = 'esxcli iscsi adapter auth chap set --adapter="$adapter"'


def esxi(access: Access) -> Iterator[HostStep]:
    """Yield the steps of ESXi: the target is static, so no other one is found."""
    yield from where_secrets_are(access)
    yield HostStep("The software adapter", ("esxcli iscsi software set --enabled=true",))
    find = "adapter=$(esxcli iscsi adapter list | grep iscsi_vmk | awk '{print $1}')"
    yield HostStep("Its name, such as vmhba64", (find,))
    if access.initiator is not None:
        name = f'esxcli iscsi adapter set --adapter="$adapter" --name={quoted(access.initiator)}'
        yield HostStep("The name of this host", (name,))
    yield from _authentication(access)
    add = 'esxcli iscsi adapter discovery statictarget add --adapter="$adapter"'
    yield HostStep(
        "The target and its portals",
        tuple(
            f"{add} --address={quoted(portal.name)} --name={quoted(access.target)}"
            for portal in access.portals
        ),
    )
    rescan = 'esxcli storage core adapter rescan --adapter="$adapter"'
    yield HostStep("The disks", (rescan, "esxcli storage core device list", *disks(access)))
    if len(access.portals) > 1:
        # docs.ceph.com, iscsi-initiator-esx: a lost path is given up after 25 s.
        timeout = 'esxcli iscsi adapter param set --adapter="$adapter" -k RecoveryTimeout -v 25'
        yield HostStep("Give a lost path up after 25 s, and use another one", (timeout,))
        rules = [f"# esxcli storage nmp device list --device={disk.naa}" for disk in access.disks]
        yield HostStep("Their paths", lines=tuple(rules))


def _authentication(access: Access) -> Iterator[HostStep]:
    tpg = login(access)
    if tpg is None:
        return
    user = quoted(tpg.auth.userid or "<CHAP user>")
    one_way = f"--direction=uni --level=required --authname={user} --secret={quoted(SECRET)}"
    yield HostStep(f"CHAP: put in {SECRET}", (f"{_CHAP} {one_way}",))
    if tpg.is_mutual:
        name = quoted(tpg.auth.mutual_userid or "")
        mutual = f"--direction=mutual --level=required --authname={name}"
        text = f"The target authenticates itself too: put in {TARGET_SECRET}"
        yield HostStep(text, (f"{_CHAP} {mutual} --secret={quoted(TARGET_SECRET)}",))
