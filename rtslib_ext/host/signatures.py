# SPDX-License-Identifier: Apache-2.0
"""What is on a device or in a file already, by the marks that it begins or ends with.

blkid knows them: it is kept with the kernel, and Debian's util-linux is on every system.
"""

from __future__ import annotations

from ..errors import LioError
from ..fast_dataclasses import dataclass
from . import system

# A device that does not answer must not hold up who creates a storage object, s.
_PATIENCE = 5.0
# blkid(8), exit status
_AMBIGUOUS = 8

# blkid's TYPE, where its USAGE is not "filesystem": what it is, and the kind of the finding.
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
    """``kind`` is one word, ``text`` says it, ``label`` is how it is called, "" where it is not."""

    kind: str
    text: str
    label: str = ""


def read(path: str) -> list[Signature]:
    """What blkid finds in a file or on a device; nothing where it cannot be asked."""
    words = ("blkid", "-p", "-o", "export")
    tags = ("TYPE", "USAGE", "LABEL", "PTTYPE")
    options = (word for tag in tags for word in ("-s", tag))
    try:
        done = system.run(*words, *options, "--", path, patience=_PATIENCE)
    except TimeoutError:
        return [Signature("silent", f"nothing that can be read within {_PATIENCE:.0f} seconds")]
    except LioError:
        return []
    if done.returncode == _AMBIGUOUS:
        return [Signature("filesystem", "the marks of more than one kind of contents")]
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    return list(_signatures(found))


def _signatures(tags: dict[str, str]) -> list[Signature]:
    found = []
    kind, label = tags.get("TYPE"), _plain(tags.get("LABEL", ""))
    if kind in _MEMBERS:
        text, short = _MEMBERS[kind]
        found.append(Signature(short, _called(text, label), label))
    elif kind and tags.get("USAGE") == "filesystem":
        article = "an" if kind[0] in "aeiox" else "a"
        text = _called(f"{article} {kind} file system", label)
        found.append(Signature("filesystem", text, label))
    elif kind:
        found.append(Signature("member", f"the marks of {kind}", label))
    if "PTTYPE" in tags:
        found.append(Signature("partitions", f"a partition table ({tags['PTTYPE']})"))
    return found


def _called(text: str, label: str) -> str:
    return f"{text} called {label}" if label else text


def _plain(text: str) -> str:
    """A label as blkid writes it for shells, without the backslashes; what can be printed."""
    return "".join(char for char in text.replace("\\", "") if char.isprintable())
