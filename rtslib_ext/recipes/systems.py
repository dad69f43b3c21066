# SPDX-License-Identifier: Apache-2.0
"""The operating systems as data: what their initiators can do, and what suits them.

Each fact is from the manuals in ``sources``; what no manual says is left out. docs/build.py makes
docs/HOSTS.md of this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import InvalidValue
from ..fast_dataclasses import dataclass

if TYPE_CHECKING:
    from .access import Access
    from .recipe import HostStep

SENDTARGETS, STATIC, ISNS, SLP = "SendTargets", "static", "iSNS", "SLP"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A setting that suits a system, and why."""

    name: str
    value: str
    why: str
    but: tuple[str, ...] = ()
    """Kinds of backstores that refuse it."""


@dataclass(frozen=True, slots=True)
class System:
    """An operating system or program with an initiator.

    ``steps`` names the function that writes its steps, ``secret`` the lengths of a CHAP secret
    that it takes, ``mutual`` whether it can authenticate the target, ``block_sizes`` the logical
    blocks that it takes over iSCSI, ``lun_max`` the highest LUN of all of its versions,
    ``most_luns`` the number of LUNs of a target that its maker tested. None: no limit is known.
    ``acl`` are settings of an ACL for it, ``storage`` attributes of its disks. ``is_run``: the
    tests run its recipe as printed.
    """

    name: str
    title: str
    steps: str
    sources: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    discovery: tuple[str, ...] = (SENDTARGETS, STATIC)
    secret: tuple[int, int] | None = None
    mutual: bool = True
    ipv6: bool = True
    block_sizes: tuple[int, ...] | None = None
    lun_max: int | None = None
    most_luns: int | None = None
    acl: tuple[Wanted, ...] = ()
    storage: tuple[Wanted, ...] = ()
    is_run: bool = False


_DEPTH_OF_LINUX = Wanted(
    "cmdsn_depth",
    "128",
    "open-iscsi sends up to 128 commands at once (node.session.cmds_max)",
)
_ATS = Wanted("emulate_caw", "1", "VMFS locks with COMPARE AND WRITE (VAAI ATS)")
_XCOPY = Wanted("emulate_3pc", "1", "clones are copied inside the target (VAAI XCOPY)")
_UNMAP = Wanted("emulate_tpu", "1", "VMFS 6 releases unused blocks with UNMAP", ("ramdisk",))
_ODX = Wanted("emulate_3pc", "1", "Windows copies inside the target (ODX)")

SYSTEMS = (
    System(
        "open-iscsi",
        "Linux with open-iscsi",
        "linux:open_iscsi",
        (
            "iscsiadm(8), iscsid.conf and README of open-iscsi 2.1",
            "multipath.conf(5) of multipath-tools 0.9",
            "https://docs.ceph.com/en/reef/rbd/iscsi-initiator-linux/",
        ),
        aliases=("linux", "debian", "ubuntu", "redhat", "suse"),
        discovery=(SENDTARGETS, STATIC, ISNS),
        acl=(_DEPTH_OF_LINUX,),
        is_run=True,
    ),
    System(
        "multipath",
        "Linux with open-iscsi and multipath",
        "linux:multipath",
        (
            "iscsiadm(8), iscsid.conf and README of open-iscsi 2.1",
            "multipath.conf(5) of multipath-tools 0.9",
            "https://docs.ceph.com/en/reef/rbd/iscsi-initiator-linux/",
        ),
        discovery=(SENDTARGETS, STATIC, ISNS),
        acl=(_DEPTH_OF_LINUX,),
        is_run=True,
    ),
    System(
        "windows",
        "Microsoft Windows",
        "windows:windows",
        (
            "https://learn.microsoft.com/powershell/module/iscsi/connect-iscsitarget",
            "https://learn.microsoft.com/powershell/module/iscsi/new-iscsitargetportal",
            "https://learn.microsoft.com/powershell/module/iscsi/set-iscsichapsecret",
            "https://learn.microsoft.com/powershell/module/storage/get-initiatorport",
            "https://learn.microsoft.com/powershell/module/storage/set-initiatorport",
            "https://learn.microsoft.com/powershell/module/mpio/enable-msdsmautomaticclaim",
            "https://learn.microsoft.com/windows/win32/api/vds/ns-vds-vds_iscsi_shared_secret",
        ),
        discovery=(SENDTARGETS, STATIC, ISNS),
        secret=(12, 16),
        block_sizes=(512, 4096),
        storage=(_ODX,),
    ),
    System(
        "esxi",
        "VMware ESXi",
        "esxi:esxi",
        (
            "https://developer.broadcom.com/xapis/esxcli-command-reference/latest/namespace/"
            "esxcli_iscsi.html",
            "vSphere Storage 6.7 and 7.0: choosing CHAP, device sector formats",
            "https://docs.ceph.com/en/reef/rbd/iscsi-initiator-esx/",
            "https://www.codyhosterman.com/2017/04/esxi-and-the-missing-luns-256-or-higher/",
        ),
        aliases=("vmware",),
        secret=(1, 255),
        block_sizes=(512,),
        lun_max=255,
        storage=(_ATS, _XCOPY, _UNMAP),
    ),
    System(
        "solaris",
        "Solaris and illumos",
        "unix:solaris",
        (
            "iscsiadm(8) of illumos, iscsiadm(1M) of Solaris",
            "https://docs.oracle.com/cd/E19253-01/817-5093/fmvea/index.html",
        ),
        aliases=("illumos",),
        discovery=(SENDTARGETS, STATIC, ISNS),
        secret=(12, 16),
    ),
    System(
        "aix",
        "IBM AIX",
        "unix:aix",
        (
            "https://www.ibm.com/docs/en/aix/7.2?topic=files-targets-file",
            "https://www.ibm.com/docs/en/aix/7.2?topic=initiator-iscsi-software-considerations",
            "IBM FlashSystem 8.5: setting up authentication for AIX hosts",
        ),
        discovery=(STATIC, ISNS, SLP),
        mutual=False,
        most_luns=128,
    ),
    System(
        "hpux",
        "HP-UX",
        "unix:hpux",
        ("HP-UX iSCSI Software Initiator Support Guide, edition 7",),
        aliases=("hp-ux",),
        discovery=(SENDTARGETS, SLP),
        mutual=False,
        ipv6=False,
    ),
    System(
        "freebsd",
        "FreeBSD",
        "bsd:freebsd",
        (
            "iscsi.conf(5), iscsictl(8) and iscsid(8) of FreeBSD 15",
            "FreeBSD Handbook: configuring an iSCSI initiator",
        ),
    ),
    System(
        "netbsd",
        "NetBSD",
        "bsd:netbsd",
        ("iscsictl(8) and iscsid(8) of NetBSD 10",),
        discovery=(SENDTARGETS, STATIC, ISNS),
    ),
    System(
        "proxmox",
        "Proxmox VE",
        "linux:proxmox",
        (
            "pvesm(1), and Open-iSCSI initiator in the Proxmox VE Administration Guide",
            "iscsid.conf of open-iscsi 2.1",
        ),
        aliases=("pve",),
        acl=(_DEPTH_OF_LINUX,),
    ),
    System(
        "qemu",
        "QEMU with its own initiator",
        "userspace:qemu",
        (
            "qemu-block-drivers(7) and block/iscsi-opts.c of QEMU 7.2",
            "qemu(1): -object secret",
        ),
        discovery=(STATIC,),
        mutual=False,
        is_run=True,
    ),
    System(
        "libiscsi",
        "The tools of libiscsi",
        "userspace:libiscsi",
        ("README and iscsi-ls(1), iscsi-inq(1) of libiscsi 1.19",),
        mutual=False,
        is_run=True,
    ),
)

BY_NAME: Mapping[str, System] = {
    name: system for system in SYSTEMS for name in (system.name, *system.aliases)
}


def find(name: str) -> System:
    """Return a system by its name or an alias; raises InvalidValue."""
    found = BY_NAME.get(name.lower())
    if found is None:
        names = ", ".join(BY_NAME)
        raise InvalidValue(f"{name} is not a known system", hint=f"known are: {names}")
    return found


def steps(system: System, access: Access) -> tuple[HostStep, ...]:
    """Return the steps by which a host with this system connects."""
    module, _, function = system.steps.partition(":")
    found: tuple[HostStep, ...] = tuple(
        getattr(import_module(f".{module}", __package__), function)(access)
    )
    return found
