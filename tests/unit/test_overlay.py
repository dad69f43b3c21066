# SPDX-License-Identifier: Apache-2.0
"""What was laid down in a staged tree is found by folder, and forgotten in order."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rtslib_ext.staging.overlay import TABLES, Files, Laid

PATHS = ("core", "core/a", "core/a/x", "core/a/x/enable", "core/ab", "iscsi/t/lun_0/link", "f")


def contents(laid: Laid) -> dict[str, dict[str, Any]]:
    return {table: dict(laid._tables[table]) for table in TABLES}


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(("put", "drop", "forget")), st.sampled_from(TABLES), st.sampled_from(PATHS)
    )
)


@given(CHANGES, CHANGES)
def test_going_back_forgets_what_came_since(before: list[Any], since: list[Any]) -> None:
    laid = Laid()
    change(laid, before)
    kept, mark = contents(laid), laid.mark
    change(laid, since)
    laid.go_back(mark)
    assert contents(laid) == kept
    for target in ("to f", "to core"):
        links = {path for path, found in laid.links.items() if found == target}
        assert set(laid.leading_to(target)) == links


def change(laid: Laid, changes: list[Any]) -> None:
    for number, (what, table, path) in enumerate(changes):
        if what == "put":
            laid.put(table, path, f"to {PATHS[number % 2 * 6]}")
        elif what == "drop":
            laid.drop(table, path)
        else:
            laid.forget(path)
            assert not [
                found
                for name in TABLES
                if name != "files"
                for found in laid._tables[name]
                if found == path or found.startswith(f"{path}/")
            ]


def test_names_in_a_folder() -> None:
    laid = Laid()
    for path in ("core/a", "core/a/x", "core/b"):
        laid.put("made", path)
    laid.put("texts", "core/a/x/enable", "1")
    assert list(laid.names("core", "made")) == ["a", "b"]
    assert list(laid.names("core", "texts")) == []
    assert list(laid.names("core/a/x", "texts")) == ["enable"]
    assert laid.called("enable") == ["core/a/x/enable"]
    laid.forget("core/a")
    assert list(laid.names("core", "made")) == ["b"] and laid.called("enable") == []


def test_files_of_the_host() -> None:
    laid = Laid()
    files, mark = Files(laid), laid.mark
    files.add("/srv/a.img")
    assert "/srv/a.img" in files and "/srv/b.img" not in files
    laid.go_back(mark)
    assert "/srv/a.img" not in files
