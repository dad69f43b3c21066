# SPDX-License-Identifier: Apache-2.0
"""Initiators without another path to a disk, as far as this host can know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..kernel import links
from ..kernel.configfs import ConfigfsPath
from ..reading.reader import Reader
from . import exports, sessions
from .exports import Export


def without_another_path(reader: Reader, leaving: Sequence[Export]) -> Iterator[tuple[Export, str]]:
    """Yield (LUN, name) of the initiators that lose a disk when the LUNs ``leaving`` go.

    An initiator has another path if it is logged in to another TPG that exports the storage
    object to it. Several sessions with one TPG are no other path: all of them lose the LUN. Paths
    through another host are not known here.
    """
    known: dict[ConfigfsPath, set[str]] = {}
    for export in leaving:
        link = links.link_in(reader.fs, export.configfs)
        if link is None:
            continue
        if link[1] not in known:
            others = exports.of_storage_object(reader.fs, link[1])
            known[link[1]] = {
                name for other in others if other not in leaving for name in _seeing(reader, other)
            }
        yield from (
            (export, name) for name in _seeing(reader, export) if name not in known[link[1]]
        )


def _seeing(reader: Reader, export: Export) -> Iterator[str]:
    """Yield the initiators that are logged in and see a LUN."""
    tpg = export.tpg_path.configfs
    if not export.fabric.has("acls"):
        return
    mapped = dict.fromkeys(
        folder for folder, _ in exports.mapped_luns(reader, export.tpg_path, export.index)
    )
    for folder in mapped:
        session = sessions.of_acl(reader, export.fabric, tpg, folder)
        if session:
            yield session.initiator
    yield from sessions.dynamic_initiators(reader, tpg)
