# SPDX-License-Identifier: Apache-2.0
"""The kernel's whole target tree as a value that two tools can be compared by.

What is only allocation or history is left out: the number of the HBA folder a storage object
lives in, the numbers the kernel counts up, the order in which a group lists its members,
whether a value that is as it was from the start has been written again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

ROOT = "/sys/kernel/config/target"

# Counters, and names that the kernel makes anew each time.
VOLATILE_FOLDERS = frozenset({"statistics", "fabric_statistics"})
# hba_info has a running number; address is the number of a SCSI host; rtpi, from Linux 6.4 on, is
# counted up at each enabling (target_core_tpg.c, target_tpg_register_rtpi).
VOLATILE_FILES = frozenset({"hba_info", "address", "rtpi"})

WRITE_ONLY = "(write only)"

_HBA = re.compile(r"core/(fileio|iblock|pscsi|rd_mcp|user)_\d+")
_MEMBER = re.compile(r"^(fileio|iblock|pscsi|rd_mcp|user)_\d+/", re.MULTILINE)
_DEVICE_NUMBER = re.compile(r"(TCM (?:FILEIO|RamDisk) ID: )\d+")
# It is 0 until attrib/queue_depth has been written, be it with the value that it has
# (drivers/target/target_core_configfs.c, queue_depth_store).
_QUEUE_DEPTH = re.compile(r"(Max Queue Depth: )\d+")
# The same as in the file rtpi.
_PORT = re.compile(r"(Relative Port Identifier Tag: )\d+")
# What both say for "none set": the first after NULL was written, the second before.
_NO_CREDENTIAL = ("NULL", "")

Tree = dict[str, str]


def read(root: str = ROOT) -> Tree:
    """Every directory, link and file of the tree: canonical path -> text.

    A directory's text is "", a link's is ``NAME -> TARGET`` under the path of ``@link``.
    """
    found: Tree = {}
    for part in ("core", *sorted(_directories(root))):
        _walk(root, part, found)
    return found


def differences(one: Tree, other: Tree) -> list[str]:
    """The paths at which two trees differ, in order."""
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def _directories(root: str) -> Iterator[str]:
    with os.scandir(root) as entries:
        yield from (entry.name for entry in entries if entry.is_dir() and entry.name != "core")


def _walk(root: str, path: str, found: Tree) -> None:
    with os.scandir(f"{root}/{path}") as listing:
        entries = list(listing)
    for entry in entries:
        below = f"{path}/{entry.name}"
        if entry.is_symlink():
            name, target = entry.name, os.readlink(f"{root}/{below}")
            found[f"{canonical(path)}/@link"] = f"{name} -> {canonical(target)}"
        elif entry.is_dir(follow_symlinks=False):
            if entry.name not in VOLATILE_FOLDERS:
                found[canonical(below)] = ""
                _walk(root, below, found)
        elif entry.name not in VOLATILE_FILES:
            found[canonical(below)] = _text(f"{root}/{below}", entry.name)


def canonical(path: str) -> str:
    """A path in the tree without the number of the HBA and the way to the root."""
    relative = path.rpartition("target/")[2] if path.startswith("..") else path
    return _HBA.sub(r"core/\1", relative, count=1)


def _text(path: str, name: str) -> str:
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:
        return WRITE_ONLY
    try:
        data = os.read(handle, 65536)
    except OSError as err:
        return f"(errno {err.errno})"
    finally:
        os.close(handle)
    return _canonical_text(path, name, data.decode("utf-8", "surrogateescape"))


def _canonical_text(path: str, name: str, raw: str) -> str:
    text = raw.replace("\0", "").removesuffix("\n")
    if name == "members":
        return "\n".join(sorted(_MEMBER.sub(r"\1/", text).split("\n")))
    if name == "res_pr_holder_tg_port":
        return _PORT.sub(r"\1N", text)
    if name == "info":
        return _QUEUE_DEPTH.sub(r"\1N", _DEVICE_NUMBER.sub(r"\1N", text))
    if text in _NO_CREDENTIAL and path.rsplit("/", 2)[1] in ("auth", "discovery_auth"):
        return ""
    return text


# -- Taking everything away, without either tool ----------------------------------------------


def clear(root: str = ROOT) -> None:
    """Remove every target and storage object; also after a test that failed half way."""
    for fabric in list(_directories(root)):
        for target in _children(f"{root}/{fabric}"):
            if target != "discovery_auth":
                _clear_target(f"{root}/{fabric}/{target}")
        _clear_discovery(f"{root}/{fabric}/discovery_auth")
    for group in _children(f"{root}/core/alua/lu_gps"):
        if group != "default_lu_gp":
            os.rmdir(f"{root}/core/alua/lu_gps/{group}")
    for hba in _children(f"{root}/core"):
        if hba != "alua":
            _clear_hba(f"{root}/core/{hba}")


def _clear_target(path: str) -> None:
    for tpg in _children(path, "tpgt_"):
        below = f"{path}/{tpg}"
        _write(f"{below}/enable", "0")
        for acl in _children(f"{below}/acls"):
            _clear_numbered(f"{below}/acls/{acl}")
            os.rmdir(f"{below}/acls/{acl}")
        _clear_numbered(f"{below}/lun")
        for portal in _children(f"{below}/np"):
            os.rmdir(f"{below}/np/{portal}")
        _write(f"{below}/nexus", "NULL")
        os.rmdir(below)
    os.rmdir(path)


def _clear_numbered(path: str) -> None:
    for lun in _children(path, "lun_"):
        with os.scandir(f"{path}/{lun}") as entries:
            links = [entry.path for entry in entries if entry.is_symlink()]
        for link in links:
            os.unlink(link)
        os.rmdir(f"{path}/{lun}")


def _clear_discovery(path: str) -> None:
    for name in ("userid", "password", "userid_mutual", "password_mutual"):
        _write(f"{path}/{name}", "NULL")
    _write(f"{path}/enforce_discovery_auth", "0")


def _clear_hba(path: str) -> None:
    for name in _children(path):
        for group in _children(f"{path}/{name}/alua"):
            if group != "default_tg_pt_gp":
                os.rmdir(f"{path}/{name}/alua/{group}")
        os.rmdir(f"{path}/{name}")
    os.rmdir(path)


def _children(path: str, prefix: str = "") -> list[str]:
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    ours = (name for name in names if name.startswith(prefix))
    return sorted(name for name in ours if name not in VOLATILE_FOLDERS | {"param"})


def _write(path: str, text: str) -> None:
    """Write one value; nothing where the fabric has no such file."""
    if os.path.exists(path):
        handle = os.open(path, os.O_WRONLY)
        try:
            os.write(handle, text.encode())
        finally:
            os.close(handle)
