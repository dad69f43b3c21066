# SPDX-License-Identifier: Apache-2.0
"""Initiators in user space: the tools of libiscsi, and QEMU, which uses this library.

From the README of libiscsi 1.19 and its manual pages, qemu-block-drivers(7), qemu(1) and
block/iscsi-opts.c of QEMU 7.2. Neither lets a host authenticate this target:
QEMU has no option for its secret, and with one in LIBISCSI_CHAP_TARGET_PASSWORD, the tools of
libiscsi 1.19 do not log in to LIO.
"""

from __future__ import annotations

from collections.abc import Iterator

from .access import Access
from .recipe import SECRET, HostStep
from .steps import disks, login, quoted, read_secret, where_secrets_are

_FILE = "/root/chap-secret"


def libiscsi(access: Access) -> Iterator[HostStep]:
    """Yield the steps of libiscsi's tools: they only look, and log out at once."""
    yield HostStep("Packages: libiscsi-bin of Debian, libiscsi-utils of Red Hat")
    yield from where_secrets_are(access)
    yield from _environment(access)
    name = f" -i {quoted(access.initiator)}" if access.initiator else ""
    for portal in access.portals:
        url = f"iscsi://{portal.name}/{access.target}"
        yield HostStep(
            f"The disks, through {portal.name}",
            tuple(
                f"{tool}{name} {quoted(f'{url}/{disk.lun}')}"
                for disk in access.disks
                for tool in ("iscsi-inq", "iscsi-readcapacity16")
            ),
        )
    yield HostStep("What they should show", lines=tuple(disks(access)))


def _environment(access: Access) -> Iterator[HostStep]:
    """Yield the steps that put the credentials into the environment: a URL is seen by ps."""
    tpg = login(access)
    if tpg is None:
        return
    prefix = "LIBISCSI_CHAP"
    user = quoted(tpg.auth.userid or "<CHAP user>")
    yield read_secret(SECRET)
    secret = f'export {prefix}_PASSWORD="$secret"'
    yield HostStep("CHAP", (f"export {prefix}_USERNAME={user}", secret))


def qemu(access: Access) -> Iterator[HostStep]:
    """Yield the steps of QEMU: a look at each disk, and the options for a guest."""
    yield HostStep("Packages: qemu-block-extra of Debian, qemu-kvm-block-iscsi of Red Hat")
    yield from where_secrets_are(access)
    tpg = login(access)
    secret = ""
    if tpg is not None:
        write = f'(umask 077; printf %s "$secret" >{_FILE})'
        yield read_secret(SECRET)
        yield HostStep("A file that only root can read", (write,))
        secret = f"--object secret,id=chap,file={_FILE} "
    options = {number: _options(access, number) for number in (disk.lun for disk in access.disks)}
    yield HostStep(
        "The disks",
        tuple(f"qemu-img info {secret}--image-opts {quoted(text)}" for text in options.values()),
    )
    blocks = [f"-blockdev {text},node-name=lun{number}" for number, text in options.items()]
    devices = [f"-device scsi-block,drive=lun{number}" for number in options]
    lines = [f"-object secret,id=chap,file={_FILE}"] if secret else []
    lines += ["-device virtio-scsi-pci", *blocks, *devices]
    yield HostStep(
        "Options of qemu-system for a guest", lines=tuple(f"#   {line}" for line in lines)
    )
    yield HostStep("What they should show", lines=tuple(disks(access)))


def _options(access: Access, lun: int) -> str:
    """Return the options of QEMU's block driver for a LUN; a comma in a value is doubled."""
    values = {
        "driver": "iscsi",
        "transport": "tcp",
        "portal": access.portals[0].name if access.portals else "",
        "target": access.target,
        "lun": str(lun),
    }
    if access.initiator:
        values["initiator-name"] = access.initiator
    tpg = login(access)
    if tpg is not None:
        values.update({"user": tpg.auth.userid or "<CHAP user>", "password-secret": "chap"})
    return ",".join(f"{name}={value.replace(',', ',,')}" for name, value in values.items())
