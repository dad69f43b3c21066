# SPDX-License-Identifier: Apache-2.0
"""Samples of what the kernel counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rtslib_ext.config.printable import printable
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.reading.reader import Reader
from rtslib_ext.statistics import counted, counters
from rtslib_ext.statistics.columns import LUN, MAPPED_LUN, SESSION, STORAGE_OBJECT, TARGET
from rtslib_ext.statistics.counters import Row

from .metrics import Chunk, Labels, chunks

_TRAFFIC = ("commands", "read_bytes", "written_bytes")
_FROM = {
    STORAGE_OBJECT: ("lio_storage_object", (*_TRAFFIC, "aborts", "resets")),
    LUN: ("lio_lun", _TRAFFIC),
    MAPPED_LUN: ("lio_mapped_lun", _TRAFFIC),
    SESSION: ("lio_session", ("commands", "sent_bytes", "received_bytes", "digest_errors")),
}
"""The beginning of the names of metrics, and the columns that follow it."""
_OF_TARGET = {
    "lio_sessions": "sessions",
    "lio_logins": "logins",
    "lio_logouts": "logouts",
    "lio_connection_timeouts": "connection_errors",
}


class Names:
    """The labels of objects, by their configfs paths. What many have in common is one text."""

    def __init__(self) -> None:
        self._tpgs: dict[str, Labels] = {}

    def tpg(self, configfs: str) -> Labels:
        """Return (fabric, target, tag) of the TPG that an object is in."""
        path = paths.tpg_of(configfs)
        found = self._tpgs.get(path)
        if found is None:
            parsed = paths.parse_tpg(path)
            assert parsed is not None, configfs
            fabric, wwn, tag = parsed
            found = self._tpgs[path] = (fabric.name, printable(wwn), str(tag))
        return found


def storage_object(configfs: str) -> str:
    """Return the label of a storage object: PLUGIN/NAME."""
    key = paths.key_of_storage_object(configfs)
    return printable("/".join(key)) if key else ""


def initiator(configfs: str) -> str:
    """Return the label of the ACL that a path is, or is in."""
    parsed = paths.parse_acl(configfs)
    tpg = paths.parse_tpg(parsed[0]) if parsed else None
    return printable(tpg[0].from_folder(parsed[1])) if parsed and tpg else ""


def rows_of(reader: Reader, kind: str) -> tuple[Row, ...]:
    """Return the counters of all objects of a kind."""
    return tuple(counters.read(reader.fs, counted.objects(reader, "/", (kind,))))


def of_storage_objects(rows: Sequence[Row]) -> Iterator[Chunk]:
    """Yield the counters of storage objects."""
    return _of(STORAGE_OBJECT, rows, lambda row: (storage_object(row.configfs),))


def of_luns(reader: Reader, names: Names, objects: Mapping[int, str]) -> Iterator[Chunk]:
    """Yield the counters of LUNs; ``objects`` are the storage objects by their ``device``."""

    def labels(row: Row) -> Labels:
        number = row.configfs.rpartition("_")[2]
        device = row.value("device")
        return (*names.tpg(row.configfs), number, objects.get(device or -1, ""))

    return _of(LUN, rows_of(reader, LUN), labels)


def of_mapped_luns(names: Names, rows: Sequence[Row]) -> Iterator[Chunk]:
    """Yield the counters of mapped LUNs."""

    def labels(row: Row) -> Labels:
        number = row.configfs.rpartition("_")[2]
        return (*names.tpg(row.configfs), initiator(row.configfs), number)

    return _of(MAPPED_LUN, rows, labels)


def of_sessions(reader: Reader, names: Names) -> Iterator[Chunk]:
    """Yield the counters of the latest session of each ACL."""

    def labels(row: Row) -> Labels:
        return (*names.tpg(row.configfs)[1:], initiator(row.configfs))

    return _of(SESSION, rows_of(reader, SESSION), labels)


def of_targets(reader: Reader) -> Iterator[Chunk]:
    """Yield the sessions, logins and errors of iSCSI targets."""
    rows = rows_of(reader, TARGET)
    for name, column in _OF_TARGET.items():
        yield from chunks(name, ((_target(row), row.value(column)) for row in rows))
    yield from chunks(
        "lio_login_failures",
        (
            ((*_target(row), kind), number)
            for row in rows
            for kind, number in counters.login_failures(row).items()
        ),
    )


def _target(row: Row) -> Labels:
    return (printable(row.path.rpartition("/")[2]),)


def acls_with_luns(rows: Iterable[Row]) -> set[ConfigfsPath]:
    """Return the ACLs that have mapped LUNs, given the rows of all mapped LUNs."""
    return {paths.parent(row.configfs) for row in rows}


def _of(kind: str, rows: Sequence[Row], labels: Callable[[Row], Labels]) -> Iterator[Chunk]:
    beginning, columns = _FROM[kind]
    known = [labels(row) for row in rows]
    for column in columns:
        values = (row.value(column) for row in rows)
        yield from chunks(f"{beginning}_{column}", zip(known, values, strict=True))
