# SPDX-License-Identifier: Apache-2.0
"""One scrape: all samples of this host, one metric after the other."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

from rtslib_ext.errors import LioError
from rtslib_ext.host.answering import Looks
from rtslib_ext.kernel import setup
from rtslib_ext.kernel.configfs import ReadFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.statistics.columns import MAPPED_LUN, STORAGE_OBJECT

from .. import __version__
from . import counts, saved, states
from .metrics import Chunk, chunk
from .saved import Files


def scrape(
    fs: ReadFS,
    files: Files,
    drift: Callable[[], list[Chunk]] | None,
    looks: Looks | None = None,
) -> Iterator[Chunk]:
    """Yield all samples.

    ``drift`` returns those of the saved file, which take long. ``looks`` is for several scrapes: it
    knows the file systems that did not answer before.
    """
    start = time.monotonic()
    release = os.uname().release
    yield chunk("lio_exporter_info", ((__version__, release), 1))
    try:
        setup.require_readable(fs)
    except LioError:
        yield chunk("lio_up", ((), 0))
        return
    yield chunk("lio_up", ((), 1))
    reader, names = Reader(fs), counts.Names()
    yield from _of_luns(reader, names, files, looks or Looks())
    yield from counts.of_targets(reader)
    yield from counts.of_sessions(reader, names)
    yield from states.of_sessions(reader)
    yield from saved.timestamp(files)
    yield from drift() if drift else ()
    yield chunk("lio_scrape_duration_seconds", ((), time.monotonic() - start))


def _of_luns(reader: Reader, names: counts.Names, files: Files, looks: Looks) -> Iterator[Chunk]:
    """Yield the samples of storage objects, LUNs, mapped LUNs and the hosts that have them."""
    rows = counts.rows_of(reader, STORAGE_OBJECT)
    yield from counts.of_storage_objects(rows)
    number, unrestored = saved.unrestored(files)
    yield from number
    configured = (row.configfs for row in rows)
    yield from states.of_storage_objects(reader, configured, looks).chunks(unrestored)
    objects = {
        device: counts.storage_object(row.configfs)
        for row in rows
        if (device := row.value("device")) is not None
    }
    del rows
    yield from counts.of_luns(reader, names, objects)
    del objects
    mapped = counts.rows_of(reader, MAPPED_LUN)
    yield from counts.of_mapped_luns(names, mapped)
    yield from states.of_targets(reader, counts.acls_with_luns(mapped))
