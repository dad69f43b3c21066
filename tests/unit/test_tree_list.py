# SPDX-License-Identifier: Apache-2.0
"""The lists of browse: nodes are made when they are opened, values read when they are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from rtslib_ext.kernel.configfs import ConfigFS
from targetcli.env import Env
from targetcli.prefs import Preferences
from targetcli.screens.edit import EditPage
from targetcli.screens.setting_list import SettingList
from targetcli.screens.tree_list import TreeList
from targetcli.tree import walk

TARGET = "iqn.2003-01.org.example:disks"
TPG = f"/iscsi/{TARGET}/tpg1"
LUNS = 300


class Counting(ConfigFS):
    """Files in the place of the kernel's; counts what is read."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.texts: list[str] = []

    def read(self, path: str) -> str:
        self.texts.append(path)
        return super().read(path)


@pytest.fixture
def env(tmp_path: Path) -> Env:
    tpg = tmp_path / f"iscsi/{TARGET}/tpgt_1"
    for number in range(LUNS):
        (tpg / f"lun/lun_{number}").mkdir(parents=True)
    (tpg / "attrib").mkdir()
    for name, value in (("authentication", 0), ("login_timeout", 15), ("demo_mode_discovery", 0)):
        (tpg / f"attrib/{name}").write_text(f"{value}\n")
    return Env(Preferences("", {}), fs=Counting(str(tmp_path)))


def paths(tree: TreeList) -> list[str]:
    return [row.node.path for row in tree.rows]


def test_nodes_are_opened_and_closed(env: Env) -> None:
    tree = TreeList(env)
    at = paths(tree).index("/iscsi")
    assert tree.rows[at].mark == "+"
    assert tree.open(at) == 1
    assert tree.open(at) == 0
    assert tree.rows[at].mark == "-"
    assert tree.above(at + 1) == at
    tree.open(at + 1)
    tree.close(at)
    assert f"/iscsi/{TARGET}" not in paths(tree)
    assert tree.above(0) == 0


def test_a_path_is_revealed(env: Env) -> None:
    tree = TreeList(env)
    at = tree.reveal(f"{TPG}/luns/lun123")
    assert paths(tree)[at] == f"{TPG}/luns/lun123"
    assert tree.rows[at].is_leaf
    assert len(tree.rows) > LUNS
    assert paths(tree)[tree.reveal(f"{TPG}/luns/lun999")] == f"{TPG}/luns"
    # lun2 comes before lun10.
    assert paths(tree)[at - 1] == f"{TPG}/luns/lun122"


def test_open_nodes_stay_open(env: Env) -> None:
    tree = TreeList(env)
    tree.reveal(f"{TPG}/luns/lun1")
    before = paths(tree)
    tree.reload()
    assert paths(tree) == before


def test_a_summary_is_read_when_it_is_shown(env: Env) -> None:
    tree = TreeList(env)
    at = tree.reveal(f"{TPG}/luns/lun5")
    assert isinstance(env.fs, Counting)
    env.fs.texts.clear()
    assert not tree.rows[at].is_read
    assert tree.rows[at].text(summarized=False).endswith("lun5")
    assert env.fs.texts == []
    assert "! lun5  BROKEN STORAGE LINK" in tree.rows[at].text()
    assert tree.rows[at].is_read


def test_every_path_is_found(env: Env) -> None:
    found = list(TreeList(env).every_path())
    assert len([path for path in found if "/luns/" in path]) == LUNS
    assert found[0] == "/"


@pytest.fixture
def settings(env: Env) -> SettingList:
    return SettingList(env, walk.resolve(walk.root(env), TPG))


def test_values_are_read_when_they_are_shown(env: Env, settings: SettingList) -> None:
    assert isinstance(env.fs, Counting)
    assert env.fs.texts == []
    assert settings.cells(settings.shown[1]) == ("* authentication", "0", "1", "0, 1")
    assert env.fs.texts == [f"iscsi/{TARGET}/tpgt_1/attrib/authentication"]
    settings.cells(settings.shown[1])
    assert len(env.fs.texts) == 1


def test_settings_are_filtered(settings: SettingList) -> None:
    settings.filter("demo discovery")
    assert [item.name for item in settings.shown] == ["", "demo_mode_discovery"]
    settings.filter("chap")
    assert "authentication" in [item.name for item in settings.shown]
    settings.filter("no such words")
    assert settings.shown == []
    settings.filter("")
    assert settings.shown == settings.all


def test_preferences_are_at_the_root_only(env: Env, settings: SettingList) -> None:
    assert "global" not in {item.group.name for item in settings.all}
    root = SettingList(env, walk.root(env))
    assert {item.group.name for item in root.all} == {"global"}


def edited(settings: SettingList, name: str, *keys: str) -> tuple[EditPage, list[str]]:
    """Open the page of a setting and press keys; return it, and the values it has taken."""
    item = next(item for item in settings.all if item.name == name)
    taken: list[str] = []
    page = EditPage(TPG, item, settings.entry(item), taken.append)
    for key in keys:
        left = page.body.keypress((80, 20), key)
        if left:
            page.key(left)
    return page, taken


@pytest.mark.parametrize(
    ("name", "keys", "taken"),
    [
        ("authentication", ("down", "enter"), ["1"]),
        ("authentication", ("up", "enter"), ["1"]),
        ("authentication", ("backspace", "2", "enter"), []),
        ("authentication", ("ctrl d", "enter"), ["default"]),
        ("login_timeout", ("backspace", "7", "enter"), ["17"]),
        ("login_timeout", ("9", "enter"), []),
        ("login_timeout", ("9", "backspace", "enter"), ["15"]),
        ("userid", ("a", " ", "b", "enter"), ["a b"]),
        ("password", ("-", "enter"), []),
        ("password", ("@", "n", "e", "w", "enter"), ["@new"]),
    ],
)
def test_values_are_checked_while_they_are_typed(
    settings: SettingList, name: str, keys: tuple[str, ...], taken: list[str]
) -> None:
    assert edited(settings, name, *keys)[1] == taken


def test_the_reason_of_a_refusal_is_shown(settings: SettingList) -> None:
    page, _ = edited(settings, "login_timeout", "9")
    drawn = b"\n".join(page.body.render((80, 20), focus=True).text).decode()
    assert "! login_timeout takes" in drawn
    assert "Takes:     5 to 30 seconds" in drawn


def test_a_secret_is_not_shown(settings: SettingList) -> None:
    page, _ = edited(settings, "password", *"secret")
    drawn = b"\n".join(page.body.render((80, 20), focus=True).text).decode()
    assert "secret" not in drawn.partition("New value")[2]
    assert "******" in drawn
