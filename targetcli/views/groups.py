# SPDX-License-Identifier: Apache-2.0
"""Groups of initiators, and what initiators see: as tables for people, and as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rtslib_ext.config.initiator_groups import GroupLun
from rtslib_ext.fast_dataclasses import dataclass

from .table import Column, table

_GROUPS = (
    Column("GROUP", cut="end"),
    Column("HOSTS", right=True),
    Column("LUNS", right=True),
    Column("TARGETS", cut="start", least=12),
)
_LUNS = (
    Column("LUN", right=True),
    Column("STORAGE OBJECT", cut="end", least=12),
    Column("SIZE", right=True),
    Column("MODE"),
    Column("SERIAL", cut="end", least=8, drop=1),
)
_MEMBERS = (
    Column("HOST", cut="start", least=12),
    Column("TARGET", cut="start", least=12),
    Column("STATE"),
)
_HOSTS = (
    Column("HOST", cut="start", least=12),
    Column("GROUP", cut="end"),
    *_LUNS,
    Column("TARGET", cut="start", least=12),
    Column("STATE", drop=2),
)
_NO_LUN = ("",) * len(_LUNS)


@dataclass(frozen=True, slots=True)
class Disk:
    """A storage object, PLUGIN/NAME; ``size`` in bytes, None if it is not known, and as text."""

    name: str
    size: int | None
    size_text: str
    serial: str
    naa: str


@dataclass(frozen=True, slots=True)
class Host:
    """An initiator at one TPG, and the LUNs that it sees there.

    ``tpg`` is a shell path; ``acl``: whether it has one.
    """

    initiator: str
    group: str
    tpg: str
    logged_in: bool
    acl: bool
    luns: Sequence[tuple[GroupLun, Disk]]

    @property
    def state(self) -> str:
        """Return whether it is logged in, in words."""
        if not self.acl:
            return "logged in, no ACL"
        return "logged in" if self.logged_in else "not logged in"


@dataclass(frozen=True, slots=True)
class Shown:
    """A group; ``differing`` are (TPG, initiator) that see other LUNs."""

    name: str
    tpgs: Sequence[str]
    members: Sequence[Host]
    luns: Sequence[tuple[GroupLun, Disk]]
    differing: set[tuple[str, str]]

    @property
    def hosts(self) -> list[str]:
        """Return its members, each once."""
        return list(dict.fromkeys(host.initiator for host in self.members))


def groups(found: Iterable[Shown], width: int | None) -> Iterator[str]:
    """Yield a line for each group."""
    rows = [
        (item.name, str(len(item.hosts)), str(len(item.luns)), ", ".join(item.tpgs))
        for item in found
    ]
    yield from table(_GROUPS, rows, width) if rows else ("(no groups)",)


def one(group: Shown, width: int | None) -> Iterator[str]:
    """Yield the members and the LUNs of a group."""
    hosts = [(host.initiator, host.tpg, _state(group, host)) for host in group.members]
    places = [("", tpg, "") for tpg in group.tpgs] if not hosts else []
    yield from table(_MEMBERS, [*hosts, *places], width) if hosts or places else ("(no hosts)",)
    yield ""
    yield from table(_LUNS, map(_lun, group.luns), width) if group.luns else ("(no LUNs)",)


def _state(group: Shown, host: Host) -> str:
    differs = (host.tpg, host.initiator) in group.differing
    return f"{host.state}, sees other LUNs" if differs else host.state


def _lun(item: tuple[GroupLun, Disk]) -> tuple[str, ...]:
    lun, disk = item
    mode = "ro" if lun.write_protect else "rw"
    return str(lun.index), disk.name, disk.size_text, mode, disk.serial


def hosts(found: Iterable[Host], width: int | None) -> Iterator[str]:
    """Yield a line for each LUN of each initiator."""
    rows = [
        (host.initiator, host.group, *lun, host.tpg, host.state)
        for host in found
        for lun in (list(map(_lun, host.luns)) or [_NO_LUN])
    ]
    yield from table(_HOSTS, rows, width) if rows else ("(no hosts)",)


def group_facts(group: Shown) -> dict[str, object]:
    """Return a group as plain values: $defs/initiator_group of docs/json.schema.json."""
    return {
        "name": group.name,
        "tpgs": list(group.tpgs),
        "hosts": [
            {
                "initiator": host.initiator,
                "tpg": host.tpg,
                "logged_in": host.logged_in,
                "differs": (host.tpg, host.initiator) in group.differing,
            }
            for host in group.members
        ],
        "luns": [_lun_facts(*item) for item in group.luns],
    }


def host_facts(host: Host) -> dict[str, object]:
    """Return an initiator as plain values: $defs/host of docs/json.schema.json."""
    return {
        "initiator": host.initiator,
        "group": host.group or None,
        "tpg": host.tpg,
        "logged_in": host.logged_in,
        "acl": host.acl,
        "luns": [_lun_facts(*item) for item in host.luns],
    }


def _lun_facts(lun: GroupLun, disk: Disk) -> dict[str, object]:
    return {
        "lun": lun.index,
        "storage_object": f"/backstores/{disk.name}",
        "size": disk.size,
        "serial": disk.serial or None,
        "naa": disk.naa or None,
        "write_protect": lun.write_protect,
    }
