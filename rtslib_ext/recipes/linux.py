# SPDX-License-Identifier: Apache-2.0
"""Linux with open-iscsi, alone or with multipath, and Proxmox VE, which uses both.

From iscsiadm(8), iscsid.conf and the README of open-iscsi 2.1, multipath.conf(5) of
multipath-tools 0.9, pvesm(1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..config.model import Portal
from .access import Access
from .recipe import SECRET, TARGET_SECRET, HostStep
from .steps import disks, login, quoted, read_secret, where_secrets_are

_NAME = "/etc/iscsi/initiatorname.iscsi"
_MULTIPATH = "/etc/multipath/conf.d/lio.conf"
_VENDOR = "LIO-ORG"
_SPECIAL = re.compile(r"[][.^$*+?(){}|\\]")
# With two paths a disk is used, without naming it (multipath.conf(5)).
_DEFAULTS = ("defaults {", '    find_multipaths "yes"', "}")
# The built-in settings for LIO-ORG, but I/O waits for a path as long as it takes, and a lost one
# is given up after 25 s (docs.ceph.com, iscsi-initiator-linux).
_SETTINGS = (
    '        product ".*"',
    '        hardware_handler "1 alua"',
    '        path_grouping_policy "group_by_prio"',
    '        prio "alua"',
    '        path_checker "tur"',
    '        failback "immediate"',
    "        fast_io_fail_tmo 25",
    '        no_path_retry "queue"',
)


def open_iscsi(access: Access) -> Iterator[HostStep]:
    """Yield the steps of open-iscsi, with a session for each portal."""
    yield HostStep("Packages: open-iscsi of Debian, iscsi-initiator-utils of Red Hat")
    yield from _log_in(access)
    yield HostStep("The disks", ("iscsiadm -m session -P 3", *disks(access)))


def multipath(access: Access) -> Iterator[HostStep]:
    """Yield the steps of open-iscsi with multipath."""
    yield HostStep(
        "Packages: open-iscsi and multipath-tools of Debian, iscsi-initiator-utils and "
        "device-mapper-multipath of Red Hat"
    )
    vendors = {disk.vendor for disk in access.disks if not disk.passed_through} - {_VENDOR}
    yield HostStep(
        "One disk for all paths to it; I/O waits for a path as long as it takes",
        file=_MULTIPATH,
        lines=tuple(multipath_conf(sorted(vendors))),
        whole=True,
    )
    yield HostStep("Read it", ("systemctl restart multipathd",))
    yield from _log_in(access)
    text = "The disks a moment later, with a path for each portal"
    yield HostStep(text, ("multipath -ll", *disks(access)))


def multipath_conf(vendors: Iterable[str] = ()) -> Iterator[str]:
    """Yield the lines of multipath.conf(5) for LIO-ORG and other vendors of disks.

    A vendor is an extended regular expression there, and a double quote is doubled.
    """
    yield from _DEFAULTS
    yield "devices {"
    others = (_SPECIAL.sub(lambda found: f"\\{found[0]}", name) for name in vendors)
    for vendor in (_VENDOR, *(f"^{name}$" for name in others)):
        yield "    device {"
        yield '        vendor "{}"'.format(vendor.replace('"', '""'))
        yield from _SETTINGS
        yield "    }"
    yield "}"


def _log_in(access: Access) -> Iterator[HostStep]:
    yield from where_secrets_are(access)
    yield from _initiator_name(access)
    node = f"iscsiadm -m node -T {quoted(access.target)}"
    yield HostStep(
        "The target and its portals, without discovery",
        tuple(f"{node} -p {_portal(portal)} -o new" for portal in access.portals),
    )
    yield from _authentication(access, node)
    update = f"{node} -o update -n node.startup -v automatic"
    yield HostStep("Log in now, and whenever this host starts", (update, f"{node} --login"))


def _initiator_name(access: Access) -> Iterator[HostStep]:
    if access.initiator is None:
        yield HostStep(f"This host keeps its name, which is in {_NAME}")
        return
    yield HostStep(
        "The name of this host, for all of its targets",
        file=_NAME,
        lines=(f"InitiatorName={access.initiator}",),
        whole=True,
    )
    yield HostStep("Read it", ("systemctl restart iscsid",))


def _portal(portal: Portal) -> str:
    return quoted(portal.name)


def _authentication(access: Access, node: str) -> Iterator[HostStep]:
    """Yield the steps that set the credentials; the secrets are typed in."""
    tpg = login(access)
    if tpg is None:
        return
    update = f"{node} -o update -n node.session.auth"
    user = quoted(tpg.auth.userid or "<CHAP user>")
    yield HostStep("CHAP", (f"{update}.authmethod -v CHAP", f"{update}.username -v {user}"))
    yield read_secret(SECRET)
    yield HostStep("Set it", (f'{update}.password -v "$secret"',))
    if tpg.is_mutual:
        name = quoted(tpg.auth.mutual_userid or "")
        yield HostStep("The target authenticates itself too", (f"{update}.username_in -v {name}",))
        yield read_secret(TARGET_SECRET)
        yield HostStep("Set it", (f'{update}.password_in -v "$secret"',))


def proxmox(access: Access) -> Iterator[HostStep]:
    """Yield the steps of Proxmox VE: storage of type iscsi has no options for CHAP."""
    yield from where_secrets_are(access)
    yield HostStep("The package, on each node", ("apt-get install open-iscsi",))
    if access.initiator is not None:
        yield HostStep(
            "The name of this node; each node has one of its own, and needs an ACL",
            file=_NAME,
            lines=(f"InitiatorName={access.initiator}",),
            whole=True,
        )
    tpg = login(access)
    if tpg is not None:
        user = tpg.auth.userid or "<CHAP user>"
        lines = [
            "node.session.auth.authmethod = CHAP",
            f"node.session.auth.username = {user}",
            f"node.session.auth.password = {SECRET}",
        ]
        if tpg.is_mutual:
            lines += [
                f"node.session.auth.username_in = {tpg.auth.mutual_userid}",
                f"node.session.auth.password_in = {TARGET_SECRET}",
            ]
        text = "CHAP for all targets that this node finds, since storage.cfg has no options for it"
        yield HostStep(text, file="/etc/iscsi/iscsid.conf", lines=tuple(lines))
    yield HostStep("Read both", ("systemctl restart iscsid",))
    for portal in access.portals[:1]:
        words = f"--portal {_portal(portal)} --target {quoted(access.target)} --content none"
        yield HostStep(
            "The storage, once for the cluster; on top of its LUNs comes LVM",
            (f"pvesm add iscsi lio {words}", "pvesm list lio"),
        )
    if len(access.portals) > 1:
        yield HostStep("For all portals use multipath on each node: recipe multipath has the steps")
    yield HostStep("The disks", lines=tuple(disks(access)))
