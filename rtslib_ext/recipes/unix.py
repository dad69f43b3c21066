# SPDX-License-Identifier: Apache-2.0
"""Solaris and illumos, AIX, HP-UX.

From iscsiadm(8) of illumos and the Solaris guide to devices; the file "targets" and the
considerations of the software initiator in IBM's documentation of AIX 7.2; the HP-UX iSCSI
Software Initiator Support Guide.
"""

from __future__ import annotations

from collections.abc import Iterator

from .access import Access
from .recipe import SECRET, TARGET_SECRET, HostStep
from .steps import bare, disks, login, quoted, where_secrets_are


def solaris(access: Access) -> Iterator[HostStep]:
    """Yield the steps of Solaris: iscsiadm asks for the secrets itself."""
    yield from where_secrets_are(access)
    yield HostStep("The initiator", ("svcadm enable -r network/iscsi/initiator",))
    if access.initiator is not None:
        command = f"iscsiadm modify initiator-node --node-name {quoted(access.initiator)}"
        yield HostStep("The name of this host, for all of its targets", (command,))
    yield from _chap_of_solaris(access)
    yield HostStep(
        "The target and its portals",
        tuple(
            f"iscsiadm add static-config {quoted(f'{access.target},{portal.name}')}"
            for portal in access.portals
        ),
    )
    yield HostStep(
        "Log in now, and whenever this host starts; then the disks",
        (
            "iscsiadm modify discovery --static enable",
            "devfsadm -i iscsi",
            f"iscsiadm list target -S {quoted(access.target)}",
            *disks(access),
        ),
    )


def _chap_of_solaris(access: Access) -> Iterator[HostStep]:
    """Yield the steps of CHAP: the secret of the host is the same for all targets."""
    target = quoted(access.target)
    tpg = login(access)
    if tpg is None:
        return
    node = "iscsiadm modify initiator-node"
    user = quoted(tpg.auth.userid or "<CHAP user>")
    yield HostStep(
        f"CHAP, for all targets of this host; it asks for {SECRET}",
        (
            f"{node} --CHAP-name {user}",
            f"{node} --CHAP-secret",
            f"{node} --authentication CHAP",
        ),
    )
    if tpg.is_mutual:
        change = "iscsiadm modify target-param"
        name = quoted(tpg.auth.mutual_userid or "")
        yield HostStep(
            f"The target authenticates itself too; it asks for {TARGET_SECRET}",
            (
                f"{change} --CHAP-name {name} {target}",
                f"{change} --CHAP-secret {target}",
                f"{change} --bi-directional-authentication enable {target}",
            ),
        )


def aix(access: Access) -> Iterator[HostStep]:
    """Yield the steps of AIX: a file has the targets, one line for each path."""
    yield from where_secrets_are(access)
    if access.initiator is not None:
        name = f"chdev -l iscsi0 -a {quoted(f'initiator_name={access.initiator}')}"
        yield HostStep("The name of this host, for all of its targets", (name,))
    yield HostStep("Targets are in a file", ("chdev -l iscsi0 -a disc_policy=file",))
    tpg = login(access)
    chap = f' "{SECRET}"' if tpg is not None else ""
    if tpg is not None and tpg.auth.userid and tpg.auth.userid != access.initiator:
        chap += f' "{tpg.auth.userid}"'
    yield HostStep(
        f"The target and its portals{f'; put in {SECRET}' if chap else ''}",
        file="/etc/iscsi/targets",
        lines=tuple(
            f"{bare(portal)} {portal.port} {access.target}{chap}" for portal in access.portals
        ),
    )
    yield HostStep("The disks", ("cfgmgr -l iscsi0", "lsdev -Cc disk", *disks(access)))


def hpux(access: Access) -> Iterator[HostStep]:
    """Yield the steps of HP-UX; for those that no manual at hand shows, it names the tool."""
    yield from where_secrets_are(access)
    portals = [portal for portal in access.portals if ":" not in portal.address]
    yield HostStep(
        "Add these discovery targets with iscsiutil(1M), each with its address and TCP port",
        lines=tuple(f"#   {portal.address} {portal.port}" for portal in portals),
    )
    tpg = login(access)
    if tpg is not None:
        name = quoted(tpg.auth.userid or "<CHAP user>")
        target = quoted(access.target)
        yield HostStep(
            "CHAP",
            (
                "iscsiutil -t authmethod CHAP None",
                f"iscsiutil -u -H CHAP_UNI -T {target}",
                f"iscsiutil -u -N {name} -T {target}",
            ),
        )
        yield HostStep(f"Set {SECRET} of that target with iscsiutil(1M), too")
    yield HostStep("The disks", ("ioscan", *disks(access)))
