# SPDX-License-Identifier: Apache-2.0
"""FreeBSD and NetBSD.

From iscsi.conf(5), iscsictl(8) and iscsid(8) of FreeBSD 15, iscsictl(8) and iscsid(8) of NetBSD 10.
"""

from __future__ import annotations

from collections.abc import Iterator

from .access import Access, TpgAccess
from .recipe import SECRET, TARGET_SECRET, HostStep
from .steps import bare, disks, login, quoted, where_secrets_are


def freebsd(access: Access) -> Iterator[HostStep]:
    """Yield the steps of FreeBSD: a block of iscsi.conf for each portal."""
    yield from where_secrets_are(access)
    tpg = login(access)
    lines = []
    for number, portal in enumerate(access.portals):
        lines += [f"lio{number} {{", f"   TargetAddress = {portal.name};"]
        lines.append(f"   TargetName    = {access.target};")
        if access.initiator is not None:
            lines.append(f"   InitiatorName = {access.initiator};")
        lines += [f"   {line}" for line in _credentials(tpg)]
        lines.append("}")
    text = f"The target and its portals{f'; put in {SECRET}' if tpg else ''}"
    yield HostStep(text, file="/etc/iscsi.conf", lines=tuple(lines))
    if tpg is not None:
        yield HostStep("Others must not read the secret", ("chmod 600 /etc/iscsi.conf",))
    starts = ("sysrc iscsid_enable=YES", "sysrc iscsictl_enable=YES", "sysrc iscsictl_flags=-Aa")
    yield HostStep("Log in whenever this host starts", starts)
    commands = ("service iscsid start", "service iscsictl start", "iscsictl -L")
    yield HostStep("Log in now; then the disks", (*commands, *disks(access)))


def _credentials(tpg: TpgAccess | None) -> Iterator[str]:
    if tpg is None:
        return
    yield "AuthMethod    = CHAP;"
    yield f'chapIName     = "{tpg.auth.userid or "<CHAP user>"}";'
    yield f'chapSecret    = "{SECRET}";'
    if tpg.is_mutual:
        yield f'tgtChapName   = "{tpg.auth.mutual_userid}";'
        yield f'tgtChapSecret = "{TARGET_SECRET}";'


def netbsd(access: Access) -> Iterator[HostStep]:
    """Yield the steps of NetBSD: iscsictl numbers the portals, which the login needs."""
    yield from where_secrets_are(access)
    yield HostStep("The initiator", ("iscsid",))
    if access.initiator is not None:
        name = f"iscsictl set_node_name -n {quoted(access.initiator)}"
        yield HostStep("The name of this host", (name,))
    tpg = login(access)
    options = ""
    if tpg is not None:
        user = quoted(tpg.auth.userid or "<CHAP user>")
        kind = "C" if tpg.is_mutual else "c"
        options = f" -t {kind} -u {user} -s {quoted(SECRET)}"
        options += f" -S {quoted(TARGET_SECRET)}" if tpg.is_mutual else ""
    add = f"iscsictl add_target -n {quoted(access.target)}"
    yield HostStep(
        f"The target and its portals{f'; put in {SECRET}' if tpg else ''}",
        tuple(
            f"{add} -a {quoted(bare(portal))} -p {portal.port}{options}"
            for portal in access.portals
        ),
    )
    yield HostStep(
        "Log in, with the number that list_targets shows for a portal",
        ("iscsictl list_targets", "iscsictl login -P NUMBER", "iscsictl list_sessions"),
    )
    yield HostStep("The disks", lines=tuple(disks(access)))
