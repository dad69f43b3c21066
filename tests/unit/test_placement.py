# SPDX-License-Identifier: Apache-2.0
"""The directories in which other users could place a file, and the links in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rtslib_ext.files import placement
from rtslib_ext.files.trusted import Untrusted


def test_trusted_directory_is_looked_at_once(tmp_path: Path) -> None:
    (tmp_path / "disk").touch()
    (tmp_path / "link").symlink_to("disk")
    safe: set[str] = set()
    assert placement.find(f"{tmp_path}/link", safe) is None and safe == set()
    assert placement.find(f"{tmp_path}/disk", safe) is None and safe == {str(tmp_path)}
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o1777)
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("open/link")
    (tmp_path / "open" / "link").symlink_to("../disk")
    with pytest.raises(Untrusted, match="open/link is a symbolic link, and others can write to"):
        placement.find(f"{tmp_path}/link", safe)


@pytest.mark.parametrize("name", ["disk", "new", "below/disk"])
def test_directory_in_which_others_can_replace_files(tmp_path: Path, name: str) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "disk").touch()
    tmp_path.chmod(0o777)
    safe: set[str] = set()
    found = placement.find(f"{tmp_path}/{name}", safe)
    assert found == ("others", f"others can write to the directory {tmp_path}") and not safe


def test_hard_link_where_others_can_create_names(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.link(tmp_path / "file", tmp_path / "second")
    assert placement.find(f"{tmp_path}/file") is None
    tmp_path.chmod(0o1777)
    text = f"{tmp_path}/file has 2 names, and others can create names in {tmp_path}"
    assert placement.find(f"{tmp_path}/file") == ("others", text)
    (tmp_path / "second").unlink()
    assert placement.find(f"{tmp_path}/file") is None


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "one").symlink_to("one")
    for path in ("1:0:0:0", f"{tmp_path}/a/b", f"{tmp_path}/file/x", f"{tmp_path}/one"):
        assert placement.find(path) is None


def test_path_from_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").symlink_to("/dev/null")
    tmp_path.chmod(0o1777)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Untrusted, match=f"{tmp_path}/disk is a symbolic link"):
        placement.find("disk")
