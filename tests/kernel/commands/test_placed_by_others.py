# SPDX-License-Identifier: Apache-2.0
"""A file or link that another user may have placed is not exported without asking."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rtslib_ext import System
from rtslib_ext.config.backing import FileIO
from rtslib_ext.config.model import Config, StorageObject
from rtslib_ext.errors import LioError
from rtslib_ext.host import devices

from .harness import ETC, Shell
from .test_questions import Terminal, at_terminal

OTHER = 12345
FILEIO, IQN = "/backstores/fileio", "iqn.2003-01.org.example:t"
HELD = "Cannot configure StorageObject because "
CURE = "others can replace it, also by a link; keep it in a directory of root"


def a_file(path: Path, owner: int = 0) -> Path:
    path.write_bytes(bytes(1 << 20))
    os.chown(path, owner, owner)
    return path


@pytest.mark.parametrize("owner", [0, OTHER])
def test_planted_link(shell: Shell, tmp_path: Path, open_folder: Path, owner: int) -> None:
    victim, link = a_file(tmp_path / "victim"), open_folder / "disk"
    link.symlink_to(victim)
    os.chown(link, owner, owner, follow_symlinks=False)
    text = f"{link} is a symbolic link"
    shell.ok(f"/iscsi create {IQN}")
    lines = [f"{FILEIO} create f {link}", f"/iscsi/{IQN}/tpg1/luns create {link}"]
    for line in lines:
        shell.refuses(line, HELD, text, "name the file that it leads to")
        assert shell(line, yes=True).exit == 1
    (open_folder / "there").symlink_to(tmp_path)
    shell.refuses(
        f"{FILEIO} create f {open_folder}/there/new 1M", f"{open_folder}/there is a symbolic link"
    )
    assert not (tmp_path / "new").exists()
    shell.ok(f"{FILEIO} create f {victim}")
    shell.refuses(f"{FILEIO}/f replace {link}")
    (tmp_path / "other").write_bytes(bytes(1 << 20))
    link.unlink()
    link.symlink_to(tmp_path / "other")
    shell.refuses(f"{FILEIO}/f replace {link}", text)


def test_planted_link_to_a_device(shell: Shell, open_folder: Path, ram: list[str]) -> None:
    (open_folder / "disk").symlink_to(ram[0])
    for line in ("fileio create f", "block create b"):
        shell.refuses(f"/backstores/{line} {open_folder}/disk", HELD, "is a symbolic link")


def test_file_of_another_user(shell: Shell, open_folder: Path) -> None:
    file = a_file(open_folder / "disk", OTHER)
    text = f"{file} belongs to uid {OTHER}"
    shell.refuses(f"{FILEIO} create f {file}", f"{HELD}{text} ({CURE}; to proceed: targetcli --yes")
    answer = at_terminal(shell, f"{FILEIO} create f {file}", Terminal("n\n"))
    assert answer.exit == 1 and text in answer.stderr
    answer = shell.ok(f"{FILEIO} create f {file}", yes=True)
    assert f"Note: {text} ({CURE})" in answer.asides
    # Root put it where nobody else can place something.
    os.chown(open_folder, 0, 0)
    open_folder.chmod(0o755)
    shell.ok(f"{FILEIO} delete f")
    assert "Note" not in shell.ok(f"{FILEIO} create f {file}")


def test_file_that_is_placed_while_it_is_looked_at(
    shell: Shell, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the first look, at links, and the check of the file."""
    really, file = devices.is_block_device, open_folder / "disk"

    def placed(path: str) -> bool:
        if path == str(file) and not file.exists():
            a_file(file, OTHER)
        return really(path)

    monkeypatch.setattr(devices, "is_block_device", placed)
    text = f"{file} belongs to uid {OTHER}"
    shell.refuses(f"{FILEIO} create f {file} 1M", text)


def test_other_ways_to_place_a_file(shell: Shell, tmp_path: Path, open_folder: Path) -> None:
    os.link(a_file(tmp_path / "victim"), open_folder / "disk")
    shell.refuses(
        f"{FILEIO} create f {open_folder}/disk", "disk has 2 names, and others can create"
    )
    a_file(open_folder / "mine")
    assert "belongs" not in shell.ok(f"{FILEIO} create f {open_folder}/mine")
    assert "others" not in shell.ok(f"{FILEIO} create g {open_folder}/new 1M")
    open_folder.chmod(0o777)
    for file in ("mine2 1M", "disk"):
        shell.refuses(
            f"{FILEIO} create h {open_folder}/{file}", "others can write to the directory"
        )
    os.chown(open_folder, OTHER, OTHER)
    text = f"the directory {open_folder} belongs to uid {OTHER}"
    shell.refuses(f"{FILEIO} create h {open_folder}/new2 1M", text)
    assert not (open_folder / "new2").exists()


def test_restoring(shell: Shell, tmp_path: Path, open_folder: Path) -> None:
    """What was accepted stays so; what others placed since is not the saved file."""
    mine, theirs = a_file(open_folder / "mine"), a_file(open_folder / "theirs", OTHER)
    shell.ok(f"{FILEIO} create f {mine}")
    shell.ok(f"{FILEIO} create g {theirs}", yes=True)
    shell.ok("saveconfig")
    saved = json.loads((ETC / "saveconfig.json").read_text())["rtslib_ext"]["storage_objects"]
    assert saved[f"{FILEIO}/g"]["device"]["placed_by"] == OTHER
    assert "placed_by" not in saved[f"{FILEIO}/f"]["device"]
    shell.ok("restoreconfig clear_existing=true")
    mine.unlink()
    a_file(mine, OTHER)
    text = f"{FILEIO}/f: {mine} is not the file that was saved: {mine} belongs to uid {OTHER}"
    shell.refuses("restoreconfig clear_existing=true", "nothing was cleared", text)
    assert text in shell("diff").stderr + shell("diff")
    shell.ok(f"{FILEIO} delete f")
    shell.refuses("apply", text, "--yes apply")
    mine.unlink()
    mine.symlink_to(a_file(tmp_path / "victim"))
    shell.refuses("apply", f"{mine} is a symbolic link")
    assert shell("apply", yes=True).exit == 1
    answer = shell("restoreconfig keep_existing=true")
    assert answer.exit == 1 and f"{mine} is a symbolic link" in answer.stderr
    answer = shell("restoreconfig keep_existing=true", yes=True)
    assert answer.exit == 1 and f"{mine} is a symbolic link" in answer.stderr


def test_a_file_that_is_placed_during_a_restore(
    shell: Shell, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The saved one was missing when the restore looked."""
    file = a_file(open_folder / "mine")
    shell.ok(f"{FILEIO} create f {file}")
    shell.ok("saveconfig")
    shell.ok("clearconfig confirm=true")
    file.unlink()

    def placed(env: object) -> frozenset[int]:
        a_file(file, OTHER)
        return frozenset()

    with monkeypatch.context() as patch:
        patch.setattr("targetcli.commands.restoreconfig._reserved", placed)
        answer = shell("restoreconfig")
    text = f"{file} belongs to uid {OTHER}, and it was placed after the restore began"
    assert answer.exit == 1 and text in answer.stderr
    assert shell(f"ls {FILEIO}/f").exit == 1


def test_restoring_a_file_of_another_tool(shell: Shell, open_folder: Path) -> None:
    """Nobody was asked: a user is, a boot does not lack the disk."""
    file = a_file(open_folder / "disk", OTHER)
    shell.ok(f"{FILEIO} create f {file}", yes=True)
    shell.ok("saveconfig")
    save = ETC / "saveconfig.json"
    value = json.loads(save.read_text())
    del value["rtslib_ext"]
    save.write_text(json.dumps(value))
    shell.ok("clearconfig confirm=true")
    belongs = f"{file} belongs to uid {OTHER}"
    text = f"{FILEIO}/f: {belongs}"
    for line in ("restoreconfig clear_existing=true", "apply"):
        shell.refuses(line, text, "--yes")
    answer = shell("restoreconfig")
    assert answer.exit == 1 and belongs in answer.stderr
    answer = shell.ok(f"restore_pending {save}")
    assert answer.asides == [f"Note: {text}"]
    shell.ok("clearconfig confirm=true")
    assert shell.ok("restoreconfig", yes=True).asides == [f"Note: {text}"]


def test_library(shell: Shell, tmp_path: Path, open_folder: Path) -> None:
    """A driver gets notes, and never follows a link."""
    file = a_file(open_folder / "disk", OTHER)
    system = System()

    def plan(path: Path) -> Config:
        so = StorageObject("f", FileIO(str(path), 1 << 20))
        return Config(storage_objects={so.key: so})

    notes = system.plan(plan(file)).plan.notes
    assert (f"{FILEIO}/f", f"{file} belongs to uid {OTHER} ({CURE})") in notes
    link = open_folder / "link"
    link.symlink_to(a_file(tmp_path / "victim"))
    with pytest.raises(LioError, match="link is a symbolic link, and others can write to"):
        system.apply(system.plan(plan(link)))
