# SPDX-License-Identifier: Apache-2.0
"""What was laid down in a staged tree is found by folder, and forgotten in order."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rtslib_ext.staging.overlay import TABLES, Files, Overlay

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
        assert set(overlay.leading_to(target)) == links


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
    assert overlay.called("enable") == ["core/a/x/enable"]
    overlay.remove("core/a")
    assert list(overlay.names("core", "made")) == ["b"] and overlay.called("enable") == []


def test_files_of_the_host() -> None:
    overlay = Overlay()
    files, mark = Files(overlay), overlay.savepoint()
    files.add("/srv/a.img")
    assert "/srv/a.img" in files and "/srv/b.img" not in files
    overlay.rollback_to(mark)
    assert "/srv/a.img" not in files
