# SPDX-License-Identifier: Apache-2.0
"""The states of the objects of owners, by which the other host of a pair decides to serve them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..errors import InUse
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath, ReadFS
from . import record, standby, units

EXISTS, MISSING, DISABLED, STANDBY = "exists", "missing", "disabled", "standby"
STARTING, UNFINISHED = "starting", "unfinished"
NOT_SERVED = (MISSING, STANDBY)


def of_pairs(fs: ReadFS, pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield (owner, path, state) for pairs of both; storage objects of an owner come first.

    Targets of an owner all of whose exported disks are in standby are in standby as well.
    """
    locate = paths.locator(fs)
    disks: dict[str, set[str]] = {}
    for owner, path in pairs:
        folder = units.folder(path)
        if folder is None:
            (key,) = units.of_paths([path]).objects
            state = _of_disk(fs, locate(key))
            disks.setdefault(owner, set()).add(state)
        else:
            state = _of_folder(fs, folder)
            if state == EXISTS and disks.get(owner) == {STANDBY}:
                state = STANDBY
        yield owner, path, state


def _of_disk(fs: ReadFS, folder: ConfigfsPath | None) -> str:
    if folder is None:
        return MISSING
    return STANDBY if standby.has(fs, folder) else EXISTS


def _of_folder(fs: ReadFS, folder: ConfigfsPath) -> str:
    """Return whether a target or ACL exists; a target may be disabled."""
    if not fs.is_dir(folder):
        return MISSING
    enabled = (
        fs.read_if_there(f"{folder}/{name}/enable")
        for name in fs.directories(folder)
        if name.startswith("tpgt_")
    )
    return DISABLED if "0" in enabled else EXISTS


def of_owner(fs: ReadFS, owners: record.Owners, name: str) -> dict[str, str]:
    """Return the states of the objects of an owner, by shell path."""
    pairs = sorted((owner, path) for path, owner in owners.items() if owner == name)
    return {path: state for _, path, state in of_pairs(fs, pairs)}


def refuse_standby(fs: ReadFS, file: str, changed: Iterable[str]) -> None:
    """Raise InUse for a change of objects in standby: the other host of the pair may serve them.

    ``file`` is the record, ``changed`` are the shell paths of created and set objects. Raises
    LioError if the record is damaged.
    """
    if record.moving(file):
        refuse_unserved(fs, file, related(record.load(file), changed).values())


def refuse_unserved(fs: ReadFS, file: str, names: Iterable[str]) -> None:
    """Raise InUse for owners whose objects move, and of which this host serves none.

    A takeover in progress is none of them. Raises LioError if the record is damaged.
    """
    for name in sorted(record.moving(file) & {*names} - {record.starting(file)}):
        found = {*of_owner(fs, record.load(file), name).values()}
        if found <= {*NOT_SERVED}:
            what = "in standby" if STANDBY in found else "not served"
            raise InUse(
                f"{name} is {what} here: the other host of the pair may serve it",
                hint=f"takeover {name} --peer=ssh:HOST asks that host",
            )


def related(owners: record.Owners, changed: Iterable[str]) -> dict[str, str]:
    """Return the owners of objects that are above, at or below some paths."""
    changed = set(changed)
    above = {one for path in changed for one in record.at_or_above(path)}
    return {
        path: owner
        for path, owner in owners.items()
        if path in above or record.at_or_above(path) & changed
    }
