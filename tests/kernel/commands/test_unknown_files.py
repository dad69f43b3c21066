# SPDX-License-Identifier: Apache-2.0
"""Files and folders of the kernel that nobody has heard of: shown, set, saved, never in the way.

A newer kernel has them. Here the schema forgets files that are there, and one folder of the tree
is mounted in the place of another, so that both hold what does not belong there.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from rtslib_ext import schema
from rtslib_ext.config import inquiry
from rtslib_ext.kernel import paths
from rtslib_ext.reading.reader import Reader
from targetcli.settings import Folder
from targetcli.tree.walk import root

from .harness import ETC, TARGET, Shell, tree, value

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
FILE = f"iscsi/{IQN}/tpgt_1"
I1 = "iqn.2003-01.org.example:i1"
LOOP = "/loopback/naa.5001405000000001"
R1 = "/backstores/ramdisk/r1"
LOOKUPS = (
    "storage_object wwn tpg_attribute tpg_parameter acl_attribute target_parameter tpg".split()
)


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with an exported storage object, an ACL and a loopback target."""
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok("/backstores/ramdisk create r2 1M")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"{TPG}/luns create /backstores/ramdisk/r2")
    shell.ok(f"{TPG}/acls create {I1}")
    shell.ok("/loopback create naa.5001405000000001")
    return shell


def home(shell: Shell, name: str = "r1") -> str:
    found = paths.find_storage_object(shell.fs, "ramdisk", name)
    assert found
    return found


def forget(monkeypatch: pytest.MonkeyPatch, forgotten: str) -> None:
    """Make the schema one that was written before the kernel had the file."""

    def patch(lookup: str) -> None:
        real = getattr(schema, lookup)

        def find(name: str, *more: str) -> object:
            return None if name == forgotten else real(name, *more)

        monkeypatch.setattr(schema, lookup, find)

    for lookup in LOOKUPS:
        patch(lookup)
    known = schema.known
    monkeypatch.setattr(
        schema, "known", lambda group, name: name != forgotten and known(group, name)
    )


CASES = [
    (R1, "attribute", "emulate_caw", "0", "7"),
    (R1, "attribute", "block_size", "4096", "513"),
    (TPG, "attribute", "login_timeout", "20", "31"),
    (TPG, "attribute", "demo_mode_write_protect", "0", "2"),
    (TPG, "parameter", "MaxConnections", "4", "x"),
    (f"{TPG}/acls/{I1}", "attribute", "nopin_timeout", "20", "61"),
    (f"/iscsi/{IQN}", "parameter", "cmd_completion_affinity", "-2", "-3"),
    (LOOP, "port", "transport_status", "offline", "away"),
]


@pytest.mark.parametrize("path, group, name, text, wrong", CASES)
def test_a_file_nobody_knows(
    user: Shell,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    group: str,
    name: str,
    text: str,
    wrong: str,
) -> None:
    forget(monkeypatch, name)
    before = user.ok(f"{path} get {group} {name}").strip().partition("=")[2]
    assert before != text
    rows = user.ok(f"{path} get {group}").rows
    assert rows[rows.index(f"{name}={before}") + 2] == ""
    assert f"{name}=string" in user.ok(f"{path} set {group}").rows
    user.refuses(f"{path} set {group} {name}={wrong}", path, f"Cannot set {group} {name}")
    said = user.ok(f"{path} set {group} {name}={text}")
    assert said == f"Parameter {name} is now '{text}'.\n"
    whole = tree()
    user.ok(f"saveconfig {ETC}/1.json")
    assert f'"{name}": ' in (ETC / "1.json").read_text()
    user.ok("clearconfig confirm=true")
    user.ok(f"restoreconfig {ETC}/1.json")
    assert tree() == whole
    user.ok(f"saveconfig {ETC}/2.json")
    assert (ETC / "2.json").read_text() == (ETC / "1.json").read_text()


def test_a_field_of_an_identity_nobody_knows(user: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saved, restored and compared like those that are known."""
    forget(monkeypatch, "revision")
    known = inquiry.defaults

    def defaults(plugin: str, name: str, *, named: bool) -> dict[str, str]:
        found = known(plugin, name, named=named)
        return {field: text for field, text in found.items() if field != "revision"}

    monkeypatch.setattr(inquiry, "defaults", defaults)
    user.ok(f"saveconfig {ETC}/0.json")
    assert user.ok(f"{R1} set identity revision=7") == "Parameter revision is now '7'.\n"
    whole = tree()
    user.ok(f"saveconfig {ETC}/1.json")
    would = f"~ {R1}: would set identity revision: 7 -> 4.0"
    assert user(f"diff {ETC}/0.json").rows[0] == would
    user.ok(f"apply {ETC}/0.json", yes=True)
    user.ok(f"saveconfig {ETC}/2.json")
    assert (ETC / "2.json").read_text() == (ETC / "0.json").read_text()
    user.ok("clearconfig confirm=true")
    user.ok(f"restoreconfig {ETC}/1.json")
    assert tree() == whole
    user.ok(f"saveconfig {ETC}/2.json")
    assert (ETC / "2.json").read_text() == (ETC / "1.json").read_text()


def test_a_setting_of_a_kernel_that_is_not_this_one(user: Shell) -> None:
    """A file that no kernel is known to have is named; the object comes up all the same."""
    user.ok(f"{R1} set attribute emulate_caw=0")
    user.ok(f"saveconfig {ETC}/1.json")
    config = json.loads((ETC / "1.json").read_text())
    for so in config["storage_objects"]:
        so["attributes"]["emulate_tomorrow"] = 1
    (ETC / "2.json").write_text(json.dumps(config))
    answer = user(f"restoreconfig {ETC}/2.json clear_existing=true")
    assert answer.exit == 1
    assert "/backstores/ramdisk/r1: set emulate_tomorrow=1: no known kernel has" in answer.stderr
    assert value(f"{home(user)}/attrib/emulate_caw") == "0"
    assert value(f"{FILE}/enable") == "1"


# -- what does not belong there ---------------------------------------------------------------


@pytest.fixture
def mounted(user: Shell) -> Iterator[list[str]]:
    """Folders that have another one in their place; taken away at the end."""
    made: list[str] = []
    yield made
    for place in reversed(made):
        subprocess.run(["umount", place], check=True)


def put(mounted: list[str], folder: str, place: str) -> None:
    subprocess.run(["mount", "--bind", TARGET / folder, TARGET / place], check=True)
    mounted.append(str(TARGET / place))


def look_at_all(user: Shell) -> None:
    """Every command that reads, at every node that there is."""
    for line in ("ls", "sessions detail", f"saveconfig {ETC}/look.json"):
        user.ok(line)
    nodes = [root(user.env())]
    for node in nodes:
        nodes += node.children()
        # Only / may be unhealthy: a TPG without its directory of portals has none.
        assert user(f"{node.path} status").exit <= (node.parent is None)
        for group in node.groups():
            user.ok(f"{node.path} get {group.name}")
            user.ok(f"{node.path} set {group.name}")
    assert len(nodes) > 20


@pytest.mark.parametrize("name", ["acls", "attrib", "auth", "lun", "np", "param"])
def test_a_folder_of_a_tpg_with_other_things(user: Shell, mounted: list[str], name: str) -> None:
    """Each holds files that nobody knows, and the six folders of a TPG."""
    put(mounted, FILE, f"{FILE}/{name}")
    look_at_all(user)


@pytest.mark.parametrize("name", ["alua", "attrib", "pr", "wwn"])
def test_a_folder_of_a_storage_object_with_other_things(
    user: Shell, mounted: list[str], name: str
) -> None:
    """Each holds a file that cannot be read, and folders."""
    put(mounted, home(user, "r2"), f"{home(user)}/{name}")
    look_at_all(user)


def test_folders_of_settings_in_each_others_place(user: Shell, mounted: list[str]) -> None:
    put(mounted, f"{FILE}/param", f"{FILE}/attrib")
    assert "MaxConnections=1" in user.ok(f"{TPG} get attribute").rows
    user.ok(f"{TPG} set attribute MaxConnections=3")
    assert value(f"{FILE}/param/MaxConnections") == "3"
    user.ok(f"saveconfig {ETC}/1.json")
    saved = json.loads((ETC / "1.json").read_text())["targets"][0]["tpgs"][0]
    assert saved["attributes"]["MaxConnections"] == 3
    look_at_all(user)


def test_a_file_where_a_folder_should_be_and_the_other_way_round(user: Shell) -> None:
    reader = Reader(user.fs)
    for file in (f"{home(user)}/info", f"{home(user)}/nothing"):
        group = Folder("attribute", R1, (file,), lambda name: None)
        assert list(group.rows(user.fs)) == []
        assert reader.attributes.values(file, file) == {}
        assert reader.fs.directories(file) == []
    assert reader.fs.read_if_there(f"{home(user)}/alua") is None
    group = Folder("attribute", R1, (home(user),), lambda name: None)
    names = [row.name for row in group.rows(user.fs)]
    assert {"control", "enable"} <= set(names) and not {"alua", "wwn"} & set(names)
    assert "control" not in reader.attributes.values(home(user), "an object")
