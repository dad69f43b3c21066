# SPDX-License-Identifier: Apache-2.0
"""Existing data on a device or in a file, by the signatures that blkid knows.

blkid is maintained with the kernel, and part of util-linux, which every Debian system has.
"""

from __future__ import annotations

from ..errors import LioError
from ..fast_dataclasses import dataclass
from . import system

# Seconds to wait for blkid, so that a hung device does not block create.
_TIMEOUT = 5.0
# blkid(8), exit status
_AMBIGUOUS = 8

# blkid's TYPE, where USAGE is not "filesystem" -> (description, kind of finding)
_MEMBERS = {
    "LVM2_member": ("an LVM physical volume", "lvm"),
    "LVM1_member": ("an LVM physical volume", "lvm"),
    "linux_raid_member": ("a member of a Linux RAID", "md"),
    "ddf_raid_member": ("a member of a RAID (DDF)", "md"),
    "isw_raid_member": ("a member of a RAID (Intel)", "md"),
    "zfs_member": ("a member of a ZFS pool", "zfs"),
    "crypto_LUKS": ("an encrypted volume (LUKS)", "luks"),
    "bcache": ("a part of a bcache", "bcache"),
    "swap": ("swap space", "swap"),
}


@dataclass(frozen=True, slots=True)
class Signature:
    """``kind`` is one word, ``text`` describes it, ``label`` is the volume's label or ""."""

    kind: str
    text: str
    label: str = ""


def read(path: str) -> list[Signature]:
    """Return the signatures that blkid finds in a file or on a device; none if it cannot run."""
    words = ("blkid", "-p", "-o", "export")
    tags = ("TYPE", "USAGE", "LABEL", "PTTYPE")
    options = (word for tag in tags for word in ("-s", tag))
    try:
        done = system.run(*words, *options, "--", path, timeout=_TIMEOUT)
    except TimeoutError:
        return [Signature("silent", f"nothing readable within {_TIMEOUT:.0f} seconds")]
    except LioError:
        return []
    if done.returncode == _AMBIGUOUS:
        return [Signature("filesystem", "signatures of more than one kind of contents")]
    values = dict(line.split("=", 1) for line in done.stdout.split("\n") if "=" in line)
    return list(_signatures(values))


def _signatures(tags: dict[str, str]) -> list[Signature]:
    result = []
    kind, label = tags.get("TYPE"), _plain(tags.get("LABEL", ""))
    if kind in _MEMBERS:
        text, short = _MEMBERS[kind]
        result.append(Signature(short, _called(text, label), label))
    elif kind and tags.get("USAGE") == "filesystem":
        article = "an" if kind[0] in "aeiox" else "a"
        text = _called(f"{article} {kind} file system", label)
        result.append(Signature("filesystem", text, label))
    elif kind:
        result.append(Signature("member", f"a signature of {kind}", label))
    if "PTTYPE" in tags:
        result.append(Signature("partitions", f"a partition table ({tags['PTTYPE']})"))
    return result


def _called(text: str, label: str) -> str:
    return f"{text} called {label}" if label else text


def _plain(text: str) -> str:
    """Return a label without the backslashes that blkid adds for shells, printable parts only."""
    return "".join(char for char in text.replace("\\", "") if char.isprintable())
