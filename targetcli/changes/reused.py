# SPDX-License-Identifier: Apache-2.0
"""LUN numbers that initiators know as another disk.

An initiator that is logged in keeps the disk of a deleted LUN until it rescans, and uses it for
another object that gets the number. The history says what had a number before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress

from rtslib_ext.errors import LioError
from rtslib_ext.fabrics import of_folder
from rtslib_ext.kernel import links, paths
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Action, Step
from rtslib_ext.steps.operations import Link
from rtslib_ext.usage import sessions

from ..env import Env

_PathOf = Callable[[int], tuple[str, ConfigfsPath]]


def notes(
    env: Env,
    steps: Iterable[Step],
    logged_in: LoggedIn | None = None,
    renamed: Mapping[str, str] | None = None,
) -> list[str]:
    """Return a text for each LUN that steps create under a number that was another disk's.

    ``logged_in``: a look at the sessions that the caller took already. ``renamed``: the new names
    of storage objects, PLUGIN/NAME, by the old ones. The steps must not have been performed yet;
    of completed ones, mapped LUNs may be missed.
    """
    steps = list(steps)
    planned = [
        (step.path, item)
        for step in steps
        if step.action is Action.CREATE
        for item in step.operations
        if isinstance(item, Link)
    ]
    logged_in = logged_in or LoggedIn(env.fs)
    if not any([logged_in.at(*_place(link)) for _, link in planned]):
        return []
    known = Numbers(env, (step for step in steps if step.action is Action.DELETE))
    objects = {paths.parent(link.link): link.target for _, link in planned}
    found = []
    for path, link in planned:
        tpg, acl = _place(link)
        names = logged_in.at(tpg, acl)
        target = link.target
        if names and acl:
            target = objects.get(target) or known.object_of(target)
        key = _key(target)
        before = known.another(tpg, path, key) if names else ""
        if before and (renamed or {}).get(before) != key:
            found.append(_text(path, before, names))
    return found


def _place(link: Link) -> tuple[ConfigfsPath, str | None]:
    """Return the TPG of a LUN's link, and the directory of the ACL of a mapped LUN's."""
    acl = paths.parse_acl(link.link)
    return paths.tpg_of(link.link), acl[1] if acl else None


class LoggedIn:
    """The initiators that are logged in; each ACL and TPG is looked at once."""

    def __init__(self, fs: ReadFS) -> None:
        self.reader = Reader(fs)
        self._seen: dict[tuple[ConfigfsPath, str | None], list[str]] = {}

    def at(self, tpg: ConfigfsPath, acl: str | None) -> list[str]:
        """Return those that see the LUNs of an ACL, or those of the TPG without an ACL."""
        if (tpg, acl) not in self._seen:
            self._seen[tpg, acl] = self._look(tpg, acl)
        return self._seen[tpg, acl]

    def _look(self, tpg: ConfigfsPath, acl: str | None) -> list[str]:
        fabric = of_folder(tpg.partition("/")[0])
        if fabric is None or not fabric.has("acls"):
            return []
        if acl is None:
            return sessions.dynamic_initiators(self.reader, tpg)
        session = sessions.of_acl(self.reader, fabric, tpg, acl)
        return [session.initiator] if session else []

    def acls_of(self, tpg: ConfigfsPath) -> list[str | None]:
        """Return the directories of the ACLs of a TPG with a session; None for those without."""
        fabric = of_folder(tpg.partition("/")[0])
        if fabric is None or not fabric.has("acls") or not self.reader.fs.is_dir(tpg):
            return []
        places: list[str | None] = [*self.reader.acl_names(tpg), None]
        return [acl for acl in places if self.at(tpg, acl)]


def _text(path: str, before: str, names: list[str]) -> str:
    return (
        f"{path} was {before} before, and {', '.join(names)} may still use it as that disk: "
        "rescan there before anything is written (Linux: iscsiadm -m session -R)"
    )


class Numbers:
    """The disks that deleted LUNs and mapped LUNs had, from the history since the last boot.

    ``deletions`` are steps that are not in it yet.
    """

    def __init__(self, env: Env, deletions: Iterable[Step] = ()) -> None:
        self.env = env
        self._disks: dict[str, str] = {}
        # Mapped LUNs that were deleted before their LUN, by the path of the LUN.
        self._mapped: dict[str, list[str]] = {}
        for item in _changes(env):
            self._take(item)
        for step in deletions:
            change = {"path": step.path, "verb": step.verb, "subject": step.subject}
            self._take({**change, "action": "delete"})

    def _take(self, item: dict[str, str | None]) -> None:
        path, subject = item["path"] or "", item.get("subject") or ""
        if item["action"] == "create":
            self._disks.pop(path, None)
            for mapped in self._mapped.values():
                mapped[:] = (each for each in mapped if each != path)
        if item["action"] != "delete":
            return
        if item.get("verb") == "unmap":
            tpg = path.partition("/acls/")[0]
            lun = f"{tpg}/luns/lun{subject.removeprefix('LUN ')}"
            self._mapped.setdefault(lun, []).append(path)
        elif subject.startswith("LUN ") and subject.endswith(")"):
            for each in (path, *self._mapped.pop(path, ())):
                self._disks[each] = subject.partition("(")[2][:-1]

    def another(self, tpg: ConfigfsPath, path: str, key: str) -> str:
        """Return the disk that a shell path in a TPG was, unless it was ``key``; or "".

        Disks are given as PLUGIN/NAME.
        """
        before = self._disks.get(path, "")
        for lun, mapped in self._mapped.items():
            if not before and path in mapped:
                before = _key(self.object_of(paths.lun(tpg, lun.rpartition("/lun")[2])))
        return "" if before == key else before

    def next_free(self, tpg: ConfigfsPath, number: int, path: _PathOf, key: str) -> int:
        """Return the first number from ``number`` on that is free and was no other disk.

        ``path`` returns the shell path and the configfs path of the LUN with a number.
        """
        while True:
            shell, configfs = path(number)
            if not self.env.fs.is_dir(configfs) and not self.another(tpg, shell, key):
                return number
            number += 1

    def object_of(self, lun: ConfigfsPath) -> ConfigfsPath:
        """Return the storage object of a LUN (both configfs paths); "" without one."""
        link = links.link_in(self.env.fs, lun) if self.env.fs.is_dir(lun) else None
        return link[1] if link else ConfigfsPath("")


def _changes(env: Env) -> Iterator[dict[str, str | None]]:
    # Imported here: most commands create no LUN of an initiator that is logged in.
    from ..audit import history

    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    records: list[history.Record] = []
    # Without a readable history nothing is known, which is no reason to fail.
    with suppress(LioError):
        records = history.read(env.history)
    for record in records:
        if record.time > boot:
            yield from record.changes


def _key(storage_object: str) -> str:
    return "/".join(paths.key_of_storage_object(ConfigfsPath(storage_object)) or ())
