# SPDX-License-Identifier: Apache-2.0
"""What the host knows: devices and who holds them, adapters, modules, CPUs.

rtslib-fb's probes are used where they are right. This is the only module that imports it,
inside the functions that need it: the import takes longer than most commands.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from functools import cache
from typing import TYPE_CHECKING

from .errors import InvalidValue, LioError, NotFound, Unsupported
from .fabrics import FABRICS

if TYPE_CHECKING:
    import subprocess

# linux/fs.h
_BLKROGET = 0x125E


@cache
def possible_cpus() -> str:
    """The CPUs that the kernel could run on: what cpus_allowed_list is without a setting."""
    with open("/sys/devices/system/cpu/possible", encoding="ascii") as file:
        return file.read().strip()


def online_cpus() -> str:
    """The CPUs that run now, as a list such as 0-3; "" where it is not told."""
    return read_text("/sys/devices/system/cpu/online")


def read_text(path: str) -> str:
    """What a file of the system says, without blanks around it; "" where it is not to be had."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().strip()
    except OSError:
        return ""


def check_cpus(text: str) -> str:
    """A list of CPUs such as ``0-3,8``, refused where the kernel could not use it.

    Raises InvalidValue. lib/bitmap.c, bitmap_parselist; iscsi_target.c,
    iscsit_thread_get_cpumask divides by the number of CPUs in it that are online.
    """
    online = _cpus(online_cpus())
    possible = _cpus(possible_cpus())
    wanted = _cpus(text, max(possible))
    if not wanted:
        raise InvalidValue(
            f"{text!r} is no list of CPUs", hint="write numbers and ranges with commas: 0-3,8"
        )
    if not wanted <= possible:
        raise InvalidValue(
            f"there is no CPU {min(wanted - possible)}", hint=f"there are: {possible_cpus()}"
        )
    if not wanted & online:
        raise InvalidValue(
            f"no CPU of {text} is online",
            hint="the kernel would crash at the next login; bring one online, or name another",
        )
    return text


def _cpus(text: str, last: int = 0) -> set[int]:
    """The numbers in a list of the kernel's; none where it is no such list."""
    found: set[int] = set()
    for part in text.lower().replace("all", "0-n").replace("n", str(last)).split(","):
        match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5})(?::(\d{1,5})/(\d{1,5}))?)?", part.strip())
        if not match:
            return set()
        low, high, used, group = (None if item is None else int(item) for item in match.groups())
        assert low is not None
        numbers = range(low, (low if high is None else high) + 1)
        if used is not None and group is not None:
            if not 0 < used <= group:
                return set()
            numbers = [number for number in numbers if (number - low) % group < used]  # type: ignore[assignment]
        if not numbers:
            return set()
        found.update(numbers)
    return found


def available_memory() -> int | None:
    """The bytes of memory that could be had without ending anything; None: not told."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            found = re.search(r"^MemAvailable:\s*(\d+) kB", file.read(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def has_address(address: str) -> bool:
    """Tell whether an interface of this host has an IP address."""
    import socket

    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError as err:
        return err.errno != errno.EADDRNOTAVAIL
    return True


def is_served_on_ipv6(port: int) -> bool:
    """Tell whether somebody listens on a TCP port of the address ::."""
    import socket

    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(("::", port))
    except OSError:
        return True
    return False


def is_block_device(path: str) -> bool:
    """Tell whether a path leads to a block device."""
    try:
        return stat.S_ISBLK(os.stat(path).st_mode)
    except OSError:
        return False


def is_disk(path: str) -> bool:
    """Tell whether a block device is a disk: SCSI type 0, or no SCSI device at all."""
    try:
        number = os.stat(path).st_rdev
        where = f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/device/type"
        with open(where, encoding="ascii") as file:
            return file.read().strip() == "0"
    except OSError:
        return is_block_device(path)


def is_held(path: str) -> bool:
    """Tell whether a block device is mounted or otherwise held by somebody alone."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_EXCL | os.O_NONBLOCK))
    except OSError as err:
        return err.errno == errno.EBUSY
    return False


def is_read_only(path: str) -> bool:
    """Tell whether a block device can be read only; raises NotFound."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as err:
        raise NotFound(f"Could not open {path}: {(err.strerror or '').lower()}") from err
    try:
        answer = fcntl.ioctl(handle, _BLKROGET, bytes(4))
    except OSError:
        return False
    finally:
        os.close(handle)
    return any(answer)


def block_of_generic(path: str) -> str:
    """The block device of a disk whose generic device is given; "" where there is none."""
    name = os.path.basename(os.path.realpath(path))
    try:
        names = sorted(os.listdir(f"/sys/class/scsi_generic/{name}/device/block"))
    except OSError:
        return ""
    return f"/dev/{names[0]}" if names else ""


def device_size(path: str) -> int | None:
    """The size in bytes of a block device; None when it cannot be opened."""
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


def written_by_others(path: str) -> bool:
    """Tell whether some process or the kernel has a file open for writing.

    The kernel grants a read lease only when nobody has (fcntl(2), F_SETLEASE). Where leases
    are not to be had the answer is yes: look closer.
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
    """Host, channel, target and LUN of a SCSI device, and the path of its device file.

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
    # Tapes and changers have no block device, but an sg one.
    try:
        names = sorted(os.listdir(f"/sys/bus/scsi/devices/{address}/scsi_generic"))
    except OSError as err:
        raise NotFound(f"no SCSI device has the address {address}") from err
    return f"/dev/{names[0]}"


def hardware_wwns(fabric: str) -> list[str]:
    """The WWNs of the adapters that a fabric could be served on."""
    described = FABRICS.get(fabric)
    if described and described.wwn_files:
        from . import fabric_files

        return fabric_files.wwns(described)
    if not _maybe_adapters(fabric):
        return []
    from rtslib_fb.fabric import FabricModule

    try:
        return list(FabricModule(fabric).wwns or [])
    except OSError:
        return []


# Where rtslib-fb looks for the adapters; an empty folder needs no import.
_ADAPTERS = {
    "qla2xxx": "/sys/class/fc_host",
    "efct": "/sys/class/fc_host",
    "tcm_fc": "/sys/class/fc_host",
    "srpt": "/sys/class/infiniband",
    "sbp": "/sys/bus/firewire/devices",
    "ibmvscsis": "/sys/module/ibmvscsis",
}


def _maybe_adapters(fabric: str) -> bool:
    try:
        return any(os.scandir(_ADAPTERS[fabric]))
    except (KeyError, OSError):
        return False


def load_module(name: str) -> None:
    """Load a kernel module with what it needs; raises LioError with modprobe's word."""
    done = run("modprobe", name)
    if done.returncode:
        said = " ".join(done.stderr.split())
        hint = f"modprobe -n -v {name} shows what /etc/modprobe.d makes of it"
        if "not found" in said:
            hint = (
                f"the kernel {os.uname().release} came without it: install the package with the "
                "rest of its modules, or boot another kernel"
            )
        raise Unsupported(f"the kernel module {name} cannot be loaded: {said}", hint=hint)


def mount_configfs(folder: str = "/sys/kernel/config") -> None:
    """Mount configfs where it is not; raises LioError."""
    if os.path.ismount(folder):
        return
    if not os.path.isdir(folder):
        load_module("configfs")
    done = run("mount", "-t", "configfs", "none", folder)
    if done.returncode and not os.path.ismount(folder):
        raise LioError(f"cannot mount configfs: {done.stderr.strip()}")


def run(*words: str, patience: float | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program of this host; raises LioError, and TimeoutError after ``patience`` seconds."""
    # Imported here: few commands start another program, and the import takes a while.
    import subprocess

    try:
        return subprocess.run(
            words, capture_output=True, text=True, errors="replace", check=False, timeout=patience
        )
    except subprocess.TimeoutExpired as err:
        raise TimeoutError(f"{words[0]} takes longer than {patience} seconds") from err
    except OSError as err:
        raise LioError(
            f"cannot run {words[0]}: {(err.strerror or '').lower()}",
            hint="it belongs to Debian's packages kmod, mount and util-linux",
        ) from err


def addresses() -> list[str]:
    """The IP addresses of this host's interfaces, loopback and link-local ones left out."""
    import json

    try:
        done = run("ip", "-json", "address")
        links = json.loads(done.stdout or "[]")
    except (LioError, ValueError):
        return []
    found = (info for link in links for info in link.get("addr_info", ()))
    return [info["local"] for info in found if info.get("scope") == "global"]
