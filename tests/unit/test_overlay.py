# SPDX-License-Identifier: Apache-2.0
"""What was laid down in a staged tree is found by folder, and forgotten in order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtslib_ext.errors import Exists
from rtslib_ext.staging.host_files import StagedHostFiles
from rtslib_ext.staging.overlay import TABLES, Overlay

PATHS = ("core", "core/a", "core/a/x", "core/a/x/enable", "core/ab", "iscsi/t/lun_0/link", "f")


def contents(overlay: Overlay) -> dict[str, dict[str, Any]]:
    return {table: dict(overlay._tables[table]) for table in TABLES}


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(("set", "drop", "remove")), st.sampled_from(TABLES), st.sampled_from(PATHS)
    )
)


@given(CHANGES, CHANGES)
def test_going_back_forgets_what_came_since(before: list[Any], since: list[Any]) -> None:
    overlay = Overlay()
    change(overlay, before)
    kept, mark = contents(overlay), overlay.savepoint()
    change(overlay, since)
    overlay.rollback_to(mark)
    assert contents(overlay) == kept
    for target in ("to f", "to core"):
        links = {path for path, found in overlay.links.items() if found == target}
        assert set(overlay.links_to(target)) == links


def change(overlay: Overlay, changes: list[Any]) -> None:
    for number, (what, table, path) in enumerate(changes):
        if what == "set":
            overlay.set(table, path, f"to {PATHS[number % 2 * 6]}")
        elif what == "drop":
            overlay.drop(table, path)
        else:
            overlay.remove(path)
            assert not [
                found
                for name in TABLES
                if name != "files"
                for found in overlay._tables[name]
                if found == path or found.startswith(f"{path}/")
            ]


def test_names_in_a_folder() -> None:
    overlay = Overlay()
    for path in ("core/a", "core/a/x", "core/b"):
        overlay.set("made", path)
    overlay.set("texts", "core/a/x/enable", "1")
    assert list(overlay.names("core", "made")) == ["a", "b"]
    assert list(overlay.names("core", "texts")) == []
    assert list(overlay.names("core/a/x", "texts")) == ["enable"]
    assert overlay.named("enable") == ["core/a/x/enable"]
    overlay.remove("core/a")
    assert list(overlay.names("core", "made")) == ["b"] and overlay.named("enable") == []


def test_files_of_the_host(tmp_path: Path) -> None:
    overlay = Overlay()
    host, mark = StagedHostFiles(overlay), overlay.savepoint()
    one, other = f"{tmp_path}/a.img", f"{tmp_path}/b.img"
    host.create(one, 1 << 20, sparse=True)
    assert host.exists(one) and not host.exists(other) and not os.path.exists(one)
    with pytest.raises(Exists):
        host.create(one, 1 << 20, sparse=True)
    overlay.rollback_to(mark)
    assert not host.exists(one)
