# SPDX-License-Identifier: Apache-2.0
"""Microsoft Windows, in PowerShell as administrator.

From the reference of the modules iSCSI, Storage and MPIO on learn.microsoft.com.
Connect-IscsiTarget takes NONE, ONEWAYCHAP or MUTUALCHAP in upper case. Set-IscsiChapSecret sets the
one secret with which all targets authenticate themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..config.model import Portal
from .access import Access
from .recipe import SECRET, TARGET_SECRET, HostStep
from .steps import bare, disks, login, powershell, where_secrets_are


def windows(access: Access) -> Iterator[HostStep]:
    """Yield the steps of Windows, with a session for each portal."""
    yield HostStep("In PowerShell, as administrator")
    yield from where_secrets_are(access)
    start = ("Set-Service -Name MSiSCSI -StartupType Automatic", "Start-Service -Name MSiSCSI")
    yield HostStep("The initiator", start)
    if access.initiator is not None:
        name = f"-NewNodeAddress {powershell(access.initiator)}"
        old = "(Get-InitiatorPort -ConnectionType iSCSI).NodeAddress"
        yield HostStep(
            "The name of this host, for all of its targets",
            (f"Set-InitiatorPort -NodeAddress {old} {name}",),
        )
    several = len(access.portals) > 1
    if several:
        yield HostStep(
            "Several paths: Windows Server only; it restarts after the feature is installed",
            (
                "Install-WindowsFeature -Name Multipath-IO",
                "Enable-MSDSMAutomaticClaim -BusType iSCSI",
            ),
        )
    chap, options = _authentication(access)
    yield from chap
    yield HostStep(
        "The portals", tuple(f"New-IscsiTargetPortal {_at(one)}" for one in access.portals)
    )
    target = f"Connect-IscsiTarget -NodeAddress {powershell(access.target)}"
    paths = " -IsMultipathEnabled $true" if several else ""
    yield HostStep(
        "Log in now, and whenever this host starts",
        tuple(f"{target} {_at(one)} -IsPersistent $true{paths}{options}" for one in access.portals),
    )
    yield HostStep("The disks", ("Get-Disk | Where-Object BusType -eq iSCSI", *disks(access)))


def _at(portal: Portal) -> str:
    address = powershell(bare(portal))
    return f"-TargetPortalAddress {address} -TargetPortalPortNumber {portal.port}"


def _authentication(access: Access) -> tuple[list[HostStep], str]:
    """Return the steps that ask for secrets, and the options of a login."""
    tpg = login(access)
    if tpg is None:
        return [], ""
    steps = [HostStep(f"Paste the next line alone, then type {SECRET}", ("$secret = Read-Host",))]
    kind = "ONEWAYCHAP"
    if tpg.is_mutual:
        kind = "MUTUALCHAP"
        text = f"Paste the next line alone, then type {TARGET_SECRET}"
        steps.append(HostStep(text, ("$mutual = Read-Host",)))
        text = "All targets of this host authenticate themselves with it"
        steps.append(HostStep(text, ("Set-IscsiChapSecret -ChapSecret $mutual",)))
    user = powershell(tpg.auth.userid or "<CHAP user>")
    return steps, f" -AuthenticationType {kind} -ChapUsername {user} -ChapSecret $secret"
