# SPDX-License-Identifier: Apache-2.0
"""A copy-on-write overlay over configfs.

So commands that build on each other can be planned: staged changes are visible, everything else
is read from the kernel. The overlay accepts what the structure of the tree allows. Whether the
kernel accepts a value, and what new objects contain, is unknown until the changes are performed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator

from ..errors import KernelRefused
from ..kernel import links, paths
from ..kernel.abi import DEFAULT_GROUP, DEFAULT_LU_GROUP, NO_CREDENTIAL, SECONDARY_STATUS
from ..kernel.configfs import ConfigfsPath, Entry, ReadFS, WriteFS, explain
from ..kernel.paths import LU_GROUPS
from . import default_groups
from .host_files import StagedHostFiles
from .overlay import Overlay

# Directories that exist once the core is loaded, which the first change does.
_ALWAYS = ("", paths.CORE)
_WRITABLE, _READ_ONLY = 0o644, 0o444
_STATUS = dict(zip("012", SECONDARY_STATUS, strict=True))


class StagedFS(WriteFS):
    """The tree with all staged changes; ``fs`` is the kernel's, which is only read.

    ``host`` are the host's files with all staged changes.
    """

    def __init__(self, fs: ReadFS) -> None:
        self.fs = fs
        self.changes = 0
        self._overlay = Overlay()
        self.host = StagedHostFiles(self._overlay)

    def savepoint(self) -> tuple[int, int]:
        """Return a mark for ``rollback_to``."""
        return self._overlay.savepoint(), self.changes

    def rollback_to(self, kept: tuple[int, int]) -> None:
        """Undo all staged changes since a mark."""
        mark, self.changes = kept
        self._overlay.rollback_to(mark)

    def is_new(self, path: str) -> bool:
        """Return True if a path is in an object that is created here.

        The directory of a fabric does not count: its module keeps the settings.
        """
        owner = self._owner(path)
        return owner is not None and "/" in owner

    def changed_meanwhile(self) -> list[str]:
        """Return the files to be written whose content in the kernel has changed since."""
        overlay = self._overlay.was
        return [path for path, text in overlay.items() if self.fs.read_if_there(path) != text]

    # -- reading -------------------------------------------------------------------------

    def _owner(self, path: str) -> str | None:
        """Return the created directory that a path is, or is in; None for a path of the kernel."""
        while path:
            if path in self._overlay.made:
                return path
            path = path.rpartition("/")[0]
        return None

    def _is_gone(self, path: str) -> bool:
        """Return True if a path, or its ancestor, was removed and not created again."""
        while path:
            if path in self._overlay.made:
                return False
            if path in self._overlay.removed:
                return True
            path = path.rpartition("/")[0]
        return False

    def _is_default_group(self, path: str, owner: str) -> bool:
        """Return True if a path is a default group of a new object."""
        while path != owner:
            above, _, name = path.rpartition("/")
            if name not in default_groups.folders(above):
                return False
            path = above
        return True

    def absolute(self, path: str) -> str:
        return self.fs.absolute(path)

    def is_dir(self, path: ConfigfsPath) -> bool:
        if path in _ALWAYS:
            return True
        if self._is_gone(path):
            return False
        owner = self._owner(path)
        return self.fs.is_dir(path) if owner is None else self._is_default_group(path, owner)

    def exists(self, path: str) -> bool:
        if path in self._overlay.texts or path in self._overlay.links:
            return True
        if self.is_dir(ConfigfsPath(path)):
            return True
        if self._is_gone(path):
            return False
        if self._owner(path) is None:
            return self.fs.exists(path)
        folder = paths.parent(path)
        return self.is_dir(folder) and paths.name_of(path) in default_groups.files(folder)

    def scan(self, path: ConfigfsPath) -> list[Entry]:
        if not self.is_dir(path):
            raise _refused("scan", path, errno.ENOENT)
        found = {entry.name: entry for entry in self._there(path)}
        for name in self._overlay.names(path, "made"):
            found[name] = Entry(name, "dir")
        for name in self._overlay.names(path, "links"):
            found[name] = Entry(name, "link")
        return list(found.values())

    def _there(self, path: ConfigfsPath) -> Iterator[Entry]:
        if self._owner(path) is not None:
            yield from (Entry(name, "dir") for name in default_groups.folders(path))
            yield from (Entry(name, "file") for name in default_groups.files(path))
        elif path not in _ALWAYS or self.fs.is_dir(path):
            removed = set(self._overlay.names(path, "removed"))
            yield from (entry for entry in self.fs.scan(path) if entry.name not in removed)

    def modes(self, path: ConfigfsPath, names: Iterable[str]) -> dict[str, int]:
        names, staged = list(names), self._overlay.modes
        found = {name: staged[file] for name in names if (file := f"{path}/{name}") in staged}
        rest = [name for name in names if name not in found]
        if self._owner(path) is None:
            return {**(self.fs.modes(path, rest) if rest else {}), **found}
        writable = default_groups.files(path)
        modes = {name: _WRITABLE if writable.get(name, True) else _READ_ONLY for name in rest}
        return {**modes, **found}

    def read(self, path: str) -> str:
        """Return the text of an attribute; raise KernelRefused if it is unknown before creation."""
        if path in self._overlay.texts:
            return self._overlay.texts[path]
        if self._is_gone(path):
            raise _refused("read", path, errno.ENOENT)
        if path.endswith("/members"):
            return "\n".join(self._members(path))
        owner = self._owner(path)
        if owner is None:
            return self.fs.read(path)
        folder, _, name = path.rpartition("/")
        if name == "info" and (paths.key_of_storage_object(folder)):
            prefix = folder.split("/")[1].rpartition("_")[0]
            enabled = self._overlay.texts.get(f"{folder}/enable") == "1"
            return default_groups.info(
                prefix, self._overlay.controls.get(folder, ()), enabled=enabled
            )
        text = default_groups.known_text(path) if name in default_groups.files(folder) else None
        if text is None:
            raise _refused("read", path, errno.ENOENT)
        return text

    def readlink(self, path: str) -> ConfigfsPath:
        if path in self._overlay.links:
            return ConfigfsPath(self._overlay.links[path])
        if self._is_gone(path):
            raise _refused("readlink", path, errno.ENOENT)
        return self.fs.readlink(path)

    # -- members of groups ---------------------------------------------------------------

    def _members(self, path: str) -> Iterator[str]:
        """Yield the members of a target port group or logical unit group, a line each."""
        group = paths.parent(path)
        of_lu = group.startswith(f"{LU_GROUPS}/")
        file = "alua_lu_gp" if of_lu else "alua_tg_pt_gp"
        known = [] if self._owner(group) else self.fs.read(path).replace("\0", "").split("\n")
        for line in filter(str.strip, known):
            member = _member_of(line, of_lu)
            if self.is_dir(member) and not self.is_new(member) and not self._group_of(member, file):
                yield line
        so, name = paths.storage_object_of(group), paths.name_of(group)
        found = self._overlay.named(file) + ([] if of_lu else self._overlay.links_to(so))
        for member in dict.fromkeys(map(paths.parent, found)):
            if self._group_of(member, file) != name or not self.is_dir(member):
                continue
            if of_lu:
                yield paths.lu_gp_member(member)
            elif self._exported_by(member) == so:
                yield paths.tg_pt_gp_member(member)

    def _group_of(self, member: str, file: str) -> str:
        """Return the staged group of an object; new LUNs are in the default one."""
        text = self._overlay.texts.get(f"{member}/{file}")
        if text is not None:
            return text.partition(" Alias: ")[2].partition("\n")[0]
        new = file == "alua_tg_pt_gp" and any(self._overlay.names(member, "links"))
        return DEFAULT_GROUP if new else ""

    def _exported_by(self, lun: ConfigfsPath) -> ConfigfsPath | None:
        link = links.link_in(self, lun)
        return link[1] if link else None

    # -- changes -------------------------------------------------------------------------

    def mkdir(self, path: ConfigfsPath) -> None:
        if self.is_dir(path) or any(map(self.is_dir, self._same_portals(path))):
            raise _refused("mkdir", path, errno.EEXIST)
        if not self.is_dir(paths.parent(path)):
            raise _refused("mkdir", path, errno.ENOENT)
        self._overlay.set("made", path)
        self.changes += 1

    def _same_portals(self, path: str) -> Iterator[ConfigfsPath]:
        """Yield the paths of a portal in all TPGs of its target: only one of them can have it.

        iscsi_target_tpg.c, iscsit_tpg_add_network_portal.
        """
        match path.split("/"):
            case [_, _, _, "np", name]:
                target = paths.parent(paths.tpg_of(path))
                for tpg in self.directories(target):
                    yield paths.portal(ConfigfsPath(f"{target}/{tpg}"), name)

    def rmdir(self, path: ConfigfsPath) -> None:
        if not self.is_dir(path):
            raise _refused("rmdir", path, errno.ENOENT)
        if any(self._children(ConfigfsPath(path))):
            raise _refused("rmdir", path, errno.ENOTEMPTY)
        if self._is_exported(ConfigfsPath(path)):
            raise _refused("rmdir", path, errno.EBUSY)
        self._leave_group(path)
        self._overlay.remove(path)
        if self.fs.is_dir(path):
            self._overlay.set("removed", path)
        self.changes += 1

    def _children(self, path: ConfigfsPath) -> Iterator[str]:
        """Yield the children that prevent the removal of an object, not its default groups."""
        match path.split("/"):
            case ["core", _, _]:
                names = self.directories(paths.tg_pt_gps(path))
                yield from (name for name in names if name != DEFAULT_GROUP)
            case ["core", _]:
                yield from self.directories(path)
            case ["core", *_]:
                return
            case [_]:
                yield from (name for name in self.directories(path) if name != "discovery_auth")
            case [_, _]:
                yield from (name for name in self.directories(path) if name.startswith("tpgt_"))
            case [_, _, _]:
                for folder in (paths.luns(path), paths.acls(path), paths.portals(path)):
                    yield from self.directories(folder)
            case [_, _, _, "acls", _]:
                yield from (name for name in self.directories(path) if name.startswith("lun_"))
            case _:
                yield from (item.name for item in self.scan(path) if item.kind == "link")

    def _is_exported(self, path: ConfigfsPath) -> bool:
        """Return True for a storage object that a LUN exports: one is in its groups."""
        if not path.startswith("core/") or path.count("/") != 2:
            return False
        groups = (paths.tg_pt_gp(path, name) for name in self.directories(paths.tg_pt_gps(path)))
        return any(self.read_if_there(f"{group}/members") for group in groups)

    def _leave_group(self, path: str) -> None:
        """Move the members of a removed group to the default one."""
        if path.startswith(f"{LU_GROUPS}/"):
            for line in filter(None, self.read(f"{path}/members").split("\n")):
                file = f"{paths.of_lu_gp_member(line)}/alua_lu_gp"
                self._set_line(file, "LU Group Alias", DEFAULT_LU_GROUP)
        elif path.startswith("core/") and path.count("/") == 4:
            for line in filter(None, self.read(f"{path}/members").split("\n")):
                file = f"{paths.of_tg_pt_gp_member(line)}/alua_tg_pt_gp"
                self._set_line(file, "TG Port Alias", DEFAULT_GROUP)

    def symlink(self, target: ConfigfsPath, path: str) -> None:
        if not self.is_dir(target) or not self.is_dir(paths.parent(path)):
            raise _refused("symlink", path, errno.ENOENT)
        if self.exists(path):
            raise _refused("symlink", path, errno.EEXIST)
        self._overlay.set("links", path, target)
        self.changes += 1

    def unlink(self, path: str) -> None:
        if not self.exists(path):
            raise _refused("unlink", path, errno.ENOENT)
        self._overlay.drop("links", path)
        if self._owner(path) is None and self.fs.exists(path):
            self._overlay.set("removed", path)
        self.changes += 1

    def chmod(self, path: str, mode: int) -> None:
        if not self.exists(path):
            raise _refused("chmod", path, errno.ENOENT)
        self._overlay.set("modes", path, mode)
        self.changes += 1

    def is_linked(self, path: ConfigfsPath) -> bool:
        # Only the kernel knows, when the steps are performed.
        return False

    def write(self, path: str, value: str) -> None:
        """Stage a write; the kernel may refuse the value later."""
        folder, name = paths.parent(path), paths.name_of(path)
        if not self.is_dir(folder) or not (self.is_new(path) or self.exists(path)):
            raise explain("write", path, OSError(errno.ENOENT, ""), "open")
        if name == "control":
            lines = (*self._overlay.controls.get(folder, ()), value)
            self._overlay.set("controls", folder, lines)
        else:
            self._show(path, name, value)
            self._update_group(folder, name, value)
        self.changes += 1

    def _update_group(self, folder: str, name: str, value: str) -> None:
        """Update the group file of a LUN, which shows its secondary state and status too."""
        lines = {
            "alua_tg_pt_offline": ("State", "Offline" if value == "1" else "None"),
            "alua_tg_pt_status": ("Status", _STATUS.get(value, "None")),
        }
        if name in lines:
            file, (what, text) = f"{folder}/alua_tg_pt_gp", lines[name]
            self._set_line(file, f"TG Port Secondary Access {what}", text)

    def _show(self, path: str, name: str, value: str) -> None:
        match name:
            case "alua_tg_pt_gp":
                group = DEFAULT_GROUP if value == NO_CREDENTIAL else value
                self._set_line(path, "TG Port Alias", group)
            case "alua_lu_gp":
                self._set_line(path, "LU Group Alias", value)
            case _:
                self._set(path, _shown(name, value))

    def _set_line(self, path: str, name: str, text: str) -> None:
        """Change one of the lines ``name: text`` of a file (target_core_alua.c)."""
        text_before = self.read_if_there(path) or ""
        lines = dict(line.partition(": ")[::2] for line in text_before.split("\n") if line)
        lines[name] = text
        self._set(path, "\n".join(": ".join(line) for line in lines.items()))

    def _set(self, path: str, text: str) -> None:
        if path not in self._overlay.was and self._owner(path) is None:
            self._overlay.set("was", path, self.fs.read_if_there(path))
        self._overlay.set("texts", path, text)


def _shown(name: str, value: str) -> str:
    """Return what a file reads as after a write (target_core_configfs.c)."""
    match name:
        case "vpd_unit_serial":
            return f"T10 VPD Unit Serial Number: {value}"
        case "tag" | "nexus" if value == NO_CREDENTIAL:
            return ""
    return value.removesuffix("\n")


def _member_of(line: str, of_lu: bool) -> ConfigfsPath:
    """Return the storage object or LUN that a group lists."""
    return paths.of_lu_gp_member(line) if of_lu else paths.of_tg_pt_gp_member(line)


def _refused(operation: str, path: str, number: int) -> KernelRefused:
    return explain(operation, path, OSError(number, os.strerror(number)))
