# SPDX-License-Identifier: Apache-2.0
"""Block and SCSI devices of this host.

rtslib-fb is imported inside functions: importing it takes longer than most commands.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat

from ..errors import InvalidValue, NotFound, reason
from .system import read_text

# linux/fs.h
_BLKROGET = 0x125E
_UDEV = "/run/udev/data"


def is_block_device(path: str) -> bool:
    """Return True if a path leads to a block device."""
    try:
        return stat.S_ISBLK(os.stat(path).st_mode)
    except OSError:
        return False


def is_disk(path: str) -> bool:
    """Return True if a block device is a disk: SCSI type 0, or not a SCSI device."""
    try:
        number = os.stat(path).st_rdev
    except OSError:
        return False
    kind = read_text(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/device/type")
    return kind == "0" if kind else is_block_device(path)


def is_exclusive_open(path: str) -> bool:
    """Return True if a block device is mounted or otherwise opened exclusively."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_EXCL | os.O_NONBLOCK))
    except OSError as err:
        return err.errno == errno.EBUSY
    return False


def is_read_only(path: str) -> bool:
    """Return True if a block device is read-only; raise NotFound if it cannot be opened."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as err:
        raise NotFound(f"Could not open {path}: {reason(err)}") from err
    try:
        answer = fcntl.ioctl(handle, _BLKROGET, bytes(4))
    except OSError:
        return False
    finally:
        os.close(handle)
    return any(answer)


def block_of_generic(path: str) -> str:
    """Return the block device of a disk given by its generic device; "" if it has none."""
    name = os.path.basename(os.path.realpath(path))
    return _block_in(f"/sys/class/scsi_generic/{name}/device")


def block_of_address(address: str) -> str:
    """Return the block device of a disk given by its SCSI address H:C:T:L; "" if it has none."""
    return _block_in(f"/sys/bus/scsi/devices/{address}")


def _block_in(folder: str) -> str:
    try:
        names = sorted(os.listdir(f"{folder}/block"))
    except OSError:
        return ""
    return f"/dev/{names[0]}" if names else ""


def device_size(path: str) -> int | None:
    """Return the size of a block device in bytes; None if it cannot be opened."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return os.lseek(handle, 0, os.SEEK_END)
    except OSError:
        return None
    finally:
        os.close(handle)


def sectors(path: str) -> int | None:
    """Return the size of a block device in units of 512 bytes; None if the device is gone.

    Does not open it: a node in /dev may stay when the device goes.
    """
    try:
        number = os.stat(path).st_rdev
        with open(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/size") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def written_by_others(path: str) -> bool:
    """Return True if a process or the kernel may have a file open for writing.

    The kernel grants a read lease only if there is no writer (fcntl(2), F_SETLEASE). True also
    where leases are not supported.
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return True
    try:
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def scsi_address(dev: str) -> tuple[tuple[int, int, int, int], str]:
    """Return ((host, channel, target, LUN), path of the device file) of a SCSI device.

    ``dev`` is a path or H:C:T:L. Raises NotFound or InvalidValue.
    """
    from rtslib_fb.utils import (
        RTSLibError,
        convert_scsi_hctl_to_path,
        convert_scsi_path_to_hctl,
    )

    try:
        if re.fullmatch(r"\d+:\d+:\d+:\d+", dev):
            host, channel, target, lun = (int(part) for part in dev.split(":"))
            path = convert_scsi_hctl_to_path(host, channel, target, lun)
            return (host, channel, target, lun), path or _generic_device(dev)
        host, channel, target, lun = convert_scsi_path_to_hctl(dev)
    except RTSLibError as err:
        kind = NotFound if not os.path.exists(dev) else InvalidValue
        raise kind(
            f"Cannot find SCSI device by path, and dev parameter not in H:C:T:L format: {dev}",
            hint="lsscsi lists the SCSI devices with their H:C:T:L",
        ) from err
    return (host, channel, target, lun), dev.strip()


def _generic_device(address: str) -> str:
    # Tapes and changers have only a generic device.
    try:
        names = sorted(os.listdir(f"/sys/bus/scsi/devices/{address}/scsi_generic"))
    except OSError as err:
        raise NotFound(f"no SCSI device has the address {address}") from err
    return f"/dev/{names[0]}"


def udev_property(number: int, name: str) -> str:
    """Return a property that udev found of the block device with a number; "" without one.

    It comes from udev's database; nothing is read from the device itself.
    """
    text = read_text(f"{_UDEV}/b{os.major(number)}:{os.minor(number)}")
    start = f"E:{name}="
    found = (line.removeprefix(start) for line in text.split("\n") if line.startswith(start))
    return next(found, "")
