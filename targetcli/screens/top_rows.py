# SPDX-License-Identifier: Apache-2.0
"""The rows of ``top``: LUNs, targets, initiators and mapped LUNs, with the objects they count."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Generator, Iterable, Iterator

from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.kernel import links, paths
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.statistics import watch
from rtslib_ext.statistics.columns import LUN, MAPPED_LUN, TARGET
from rtslib_ext.statistics.counted import Counted
from rtslib_ext.statistics.watch import Series, Watched

from ..views.tree import sorting_key

LUNS, TARGETS, INITIATORS, MAPPED = "LUNs", "targets", "initiators", "mapped LUNs"
VIEWS = (LUNS, TARGETS, INITIATORS)
COMMANDS = "commands"
_HISTORY = 64
# Objects that are listed before a key is answered.
_PORTION = 32


@dataclass(frozen=True, slots=True)
class View:
    """The contents of the table: one of VIEWS or MAPPED, of all objects or of an opened one.

    ``target`` is the shell path of an opened target, ``lun`` the configfs path of a LUN,
    ``initiator`` a WWN; at most one of them is not "".
    """

    what: str
    title: str = ""
    target: str = ""
    lun: str = ""
    initiator: str = ""


class TopRow:
    """One row: the objects whose rates it adds up, and the history of its commands."""

    __slots__ = ("busy", "history", "key", "members", "name", "object", "one", "order", "target")

    def __init__(self, key: str, name: str) -> None:
        self.key = key
        self.name = name
        self.order = sorting_key(name)
        self.members: list[Watched] = []
        # The commands, if there is one member.
        self.one: Series | None = None
        # For the sessions of a target.
        self.target: Watched | None = None
        # The storage object of a LUN, when it was looked up.
        self.object: str | None = None
        # The commands per second when they were noted last; -1 if they are not known.
        self.busy = -1.0
        self.history: deque[float | None] = deque(maxlen=_HISTORY)

    def rate(self, name: str) -> float | None:
        """Return the rate of a column."""
        members = self.members
        if len(members) != 1:
            return watch.total(members, name)
        one = members[0].series.get(name)
        return one.rate if one else None

    def note(self) -> None:
        """Add the commands of the last interval to the history."""
        # A call less for each of a thousand LUNs.
        found = self.one.rate if self.one else self.rate(COMMANDS)
        self.busy = -1.0 if found is None else found
        self.history.append(found)

    @property
    def sessions(self) -> int | None:
        """Return the number of sessions of a target; None if it is not known."""
        return self.target.series["sessions"].number if self.target else None


def kinds(view: View) -> Collection[str]:
    """Return the kinds of objects that a view counts."""
    if view.what in (INITIATORS, MAPPED):
        return (MAPPED_LUN,)
    return (LUN, TARGET) if view.what == TARGETS else (LUN,)


def rows(
    fs: ReadFS, view: View, objects: Iterable[Counted], before: Iterable[TopRow] = ()
) -> Generator[None, None, list[TopRow]]:
    """Return the rows of a view by name; known ones keep their rates and history.

    Yields now and then, so that the caller can answer keys in between.
    """
    old = {row.key: row for row in before}
    watched = {item.item.configfs: item for row in old.values() for item in _of(row)}
    found: dict[str, TopRow] = {}
    for number, item in enumerate(objects):
        if number % _PORTION == 0:
            yield
        if not _belongs(fs, view, item):
            continue
        key, name = _named(view, item)
        row = found.get(key)
        if row is None:
            row = found[key] = TopRow(key, name)
            if key in old:
                row.history, row.busy = old[key].history, old[key].busy
        known = watched.get(item.configfs) or Watched(item)
        if item.kind == TARGET:
            row.target = known
        else:
            row.members.append(known)
    for row in found.values():
        row.one = row.members[0].series[COMMANDS] if len(row.members) == 1 else None
    return sorted(found.values(), key=lambda row: row.order)


def _of(row: TopRow) -> Iterator[Watched]:
    yield from row.members
    if row.target is not None:
        yield row.target


def _belongs(fs: ReadFS, view: View, item: Counted) -> bool:
    """Return True if an object is in a view of one object."""
    if view.target:
        return _target(item.path) == view.target
    if view.initiator:
        return initiator_of(item.path) == view.initiator
    return not view.lun or lun_of(fs, item.configfs) == view.lun


def _named(view: View, item: Counted) -> tuple[str, str]:
    """Return the key and the name of the row of an object."""
    if view.what == TARGETS:
        target = _target(item.path)
        return target, _without_iscsi(target)
    if view.what == INITIATORS:
        initiator = initiator_of(item.path)
        return initiator, initiator
    if view.what == MAPPED:
        before, _, initiator = item.path.partition("/acls/")
        where = _without_iscsi(before) if view.initiator else initiator.partition("/")[0]
        return item.path, f"{where}/{item.path.rpartition('/')[2]}"
    return item.path, _without_iscsi(item.path).replace("/luns/", "/")


def _without_iscsi(path: str) -> str:
    return path.removeprefix("/iscsi/").removeprefix("/")


def _target(path: str) -> str:
    return "/".join(path.split("/")[:3])


def initiator_of(path: str) -> str:
    """Return the WWN in the shell path of a mapped LUN."""
    return path.partition("/acls/")[2].partition("/")[0]


def number_of(path: str) -> int:
    """Return the number of a LUN or mapped LUN, from its shell path."""
    digits = path.rpartition("/")[2].lstrip("abcdefghijklmnopqrstuvwxyz_")
    return int(digits) if digits.isdecimal() else -1


def lun_of(fs: ReadFS, mapped_lun: ConfigfsPath) -> ConfigfsPath | None:
    """Return the configfs path of the LUN of a mapped LUN."""
    link = links.link_in(fs, mapped_lun)
    return link[1] if link else None


def storage_object_of(fs: ReadFS, row: TopRow) -> str:
    """Return the storage object of a LUN as PLUGIN/NAME; "" if there is none."""
    if row.object is None:
        link = links.link_in(fs, row.members[0].item.configfs)
        key = paths.key_of_storage_object(link[1]) if link else None
        row.object = "/".join(key) if key else ""
    return row.object


def opened(view: View, row: TopRow) -> View | None:
    """Return the view that a row opens: LUNs of a target, mapped LUNs; None for nothing."""
    if view.what == TARGETS:
        return View(LUNS, f"LUNs of {row.name}", target=row.key)
    if view.what == LUNS and row.members:
        lun = row.members[0].item.configfs
        return View(MAPPED, f"initiators of {row.name}", lun=lun)
    if view.what == INITIATORS:
        return View(MAPPED, f"mapped LUNs of {row.name}", initiator=row.key)
    return None
