# SPDX-License-Identifier: Apache-2.0
"""The kernel's log: its records, and other files that a container has in its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtslib_ext.kernel import log


def test_another_file_of_that_name_is_not_read(tmp_path: Path) -> None:
    """/dev/null would not end, and a pipe or console would wait."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("6,1,2,-;text\n")
    for path in (os.devnull, "/dev/zero", f"{tmp_path}/pipe", f"{tmp_path}/file", "/dev/missing"):
        assert log._opened(path) is None, path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("6,339,5140900,-;NET: a text\n SUBSYSTEM=x\n", log.Record(339, 5.1409, "NET: a text")),
        ("6,339,5140900;short", log.Record(339, 5.1409, "short")),
        # Facility 1: a program wrote it.
        ("12,1,2,-;text", None),
        *(
            (text, None)
            for text in ("", ";", "6", "6;x", "6,1;x", "6,a,b;x", "6,1,2x;x", "²,1,2;x")
        ),
    ],
)
def test_records(text: str, found: log.Record | None) -> None:
    assert log._record(text) == found


def test_the_end_of_a_file_ends_it(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("6,1,2,-;text\n")
    handle = os.open(file, os.O_RDONLY)
    try:
        assert [record.text for record in log._records(handle)] == ["text"]
    finally:
        os.close(handle)
