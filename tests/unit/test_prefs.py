# SPDX-License-Identifier: Apache-2.0
"""Preferences between processes, and in agreement with configshell's."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtslib_ext.errors import InvalidValue
from targetcli import prefs as module
from targetcli import prefs_bin
from targetcli.preference import CHOICES, PREFERENCES, parse_value, show_value
from targetcli.prefs import HISTORY_MAX, Preferences, default_folder

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from configshell import ConfigNode, ConfigShell, ExecutionError

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated")

# What the contract says (reference/targetcli-fb.md, A.2), and what this program adds.
CONTRACT = {
    "create_missing": ("bool", False),
    "export_backstore_name_as_model": ("bool", True),
    "auto_enable_tpgt": ("bool", True),
    "auto_add_mapped_luns": ("bool", True),
    "auto_cd_after_create": ("bool", False),
    "auto_save_on_exit": ("bool", True),
    "auto_add_default_portal": ("bool", True),
    "max_backup_files": ("string", "10"),
    "auto_use_daemon": ("bool", False),
    "daemon_use_batch_mode": ("bool", False),
    "tree_round_nodes": ("bool", True),
    "tree_status_mode": ("bool", True),
    "tree_max_depth": ("number", 0),
    "tree_show_root": ("bool", True),
    "color_mode": ("bool", True),
    "color_default": ("colordefault", None),
    "color_path": ("color", "magenta"),
    "color_command": ("color", "cyan"),
    "color_parameter": ("color", "magenta"),
    "color_keyword": ("color", "cyan"),
    "prompt_length": ("number", 30),
    "identity_namespace": ("string", ""),
    "identity_node": ("number", 0),
    "loglevel_console": ("loglevel", "info"),
    "loglevel_file": ("loglevel", "debug"),
    "logfile": ("string", None),
}


def stored(folder: Path) -> dict[str, object]:
    found = json.loads((folder / "prefs.json").read_text())
    assert isinstance(found, dict)
    return found


class Node(ConfigNode):
    def __init__(self, name: str, parent: ConfigNode | None, shell: ConfigShell | None) -> None:
        super().__init__(name, parent, shell)
        for row in PREFERENCES.values():
            self.define_config_group_param("global", row.name, row.kind, row.text)


@pytest.fixture(scope="module")
def configshell() -> ConfigShell:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shell = ConfigShell()
    shell.log.debug = lambda *args: None
    shell.con._stdout = io.StringIO()
    shell.prefs["loglevel_console"] = "info"
    Node("/", None, shell)
    return shell


def test_names_types_and_defaults_are_the_contract() -> None:
    prefs = Preferences.load(None)
    assert {row.name: (row.kind, row.default) for row in PREFERENCES.values()} == CONTRACT
    assert all(prefs.get(name) == default for name, (_, default) in CONTRACT.items())
    assert all(row.text.endswith(".") for row in PREFERENCES.values())


# Staying between processes


def test_set_stays(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    prefs = Preferences.load(folder)
    assert prefs.problem == ""
    assert not folder.exists()
    assert prefs.get("logfile") == str(folder / "log.txt")
    assert prefs.set("auto_save_on_exit", "false") is True
    assert prefs.set("tree_max_depth", 3) is True
    assert prefs.set("color_path", "default") is True
    assert prefs.set("logfile", "") is True
    again = Preferences.load(folder)
    assert (again.flag("auto_save_on_exit"), again.number("tree_max_depth")) == (False, 3)
    assert (again.get("color_path"), again.text("color_path")) == (None, "default")
    assert (again.get("logfile"), again.text("logfile")) == (None, "n/a")
    assert (folder / "prefs.json").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert sorted(os.listdir(folder)) == [".prefs.lock", "prefs.json"]


def test_nothing_is_written_when_nothing_changes(tmp_path: Path) -> None:
    prefs = Preferences.load(tmp_path)
    assert prefs.set("auto_save_on_exit", True)
    assert prefs.set("prompt_length", "")
    assert prefs.delete_bookmark("none")
    assert os.listdir(tmp_path) == []
    prefs.set("auto_save_on_exit", False)
    prefs.set_bookmark("last", "/iscsi")
    prefs.visit("/iscsi")
    before = (tmp_path / "prefs.json").stat()
    assert prefs.set("auto_save_on_exit", "NO")
    assert prefs.set_bookmark("last", "/iscsi")
    assert prefs.visit("/iscsi")
    # A new file has another inode. Reading may have set the time of access.
    after = (tmp_path / "prefs.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert prefs.set("auto_save_on_exit", "yes")  # back at the default, but it was written
    assert Preferences.load(tmp_path).flag("auto_save_on_exit") is True


def test_two_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    one, two = Preferences.load(tmp_path), Preferences.load(tmp_path)
    one.set("auto_save_on_exit", False)
    two.set("auto_enable_tpgt", False)
    one.set_bookmark("a", "/a")
    two.set_bookmark("b", "/b")
    one.visit("/x")
    two.delete_bookmark("a")
    last = Preferences.load(tmp_path)
    assert not last.flag("auto_save_on_exit") and not last.flag("auto_enable_tpgt")
    assert last.bookmarks == {"b": "/b"}
    assert two.bookmarks == {"b": "/b"}
    assert two.flag("auto_save_on_exit") is False  # learnt in passing


def test_many_processes_at_once(tmp_path: Path) -> None:
    program = """
import sys
from targetcli.prefs import Preferences
prefs = Preferences.load(sys.argv[1])
for number in range(20):
    assert prefs.set_bookmark(f"{sys.argv[2]}_{number}", "/"), prefs.problem
    assert Preferences.load(sys.argv[1]).problem == ""
"""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen([sys.executable, "-c", program, tmp_path, str(n)], env=environ)
        for n in range(6)
    ]
    assert [process.wait() for process in processes] == [0] * 6
    assert len(Preferences.load(tmp_path).bookmarks) == 120


def test_keys_of_a_newer_version_stay(tmp_path: Path) -> None:
    (tmp_path / "prefs.json").write_text('{"future": [1], "prompt_length": 9}')
    prefs = Preferences.load(tmp_path)
    assert (prefs.number("prompt_length"), prefs.problem) == (9, "")
    prefs.set("prompt_length", 8)
    assert stored(tmp_path) == {"future": [1], "prompt_length": 8}


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "flash").mkdir()
    real = tmp_path / "flash" / "prefs.json"
    (tmp_path / "prefs.json").symlink_to(real)
    assert Preferences.load(tmp_path).set("prompt_length", 5)
    assert (tmp_path / "prefs.json").is_symlink()
    assert json.loads(real.read_text()) == {"prompt_length": 5}


# Nothing of it fails a command


@pytest.mark.parametrize(
    "content",
    [b"", b"garbage", b"\xff\xfe\x00", b"[]", b"null", b"3", b'{"a": ', b"[" * 100000],
)
def test_an_unreadable_file_is_no_preferences(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "prefs.json"
    file.write_bytes(content)
    prefs = Preferences.load(tmp_path)
    assert prefs.problem.startswith(f"preferences not read: {file}: ")
    assert prefs.flag("auto_save_on_exit") is True
    assert file.read_bytes() == content
    assert prefs.set("auto_save_on_exit", False) is True
    assert prefs.problem == ""
    assert stored(tmp_path) == {"auto_save_on_exit": False}
    assert (tmp_path / "prefs.json.bad").read_bytes() == content


def test_values_of_the_wrong_kind_count_as_not_set(tmp_path: Path) -> None:
    wrong = {
        "auto_save_on_exit": "banana",
        "auto_enable_tpgt": 1,
        "prompt_length": True,
        "tree_max_depth": [],
        "color_path": "pink",
        "loglevel_file": None,
        "max_backup_files": "many",
        "bookmarks": {"a": 1, "b": "/b"},
        "path_history": ["/a", 2],
        "path_history_index": 5,
        "tree_show_root": "off",
    }
    (tmp_path / "prefs.json").write_text(json.dumps(wrong))
    prefs = Preferences.load(tmp_path)
    for name in wrong.keys() & PREFERENCES.keys() - {"tree_show_root"}:
        assert prefs.get(name) == PREFERENCES[name].default
        if name != "loglevel_file":
            assert name in prefs.problem
    assert prefs.flag("tree_show_root") is False
    assert (prefs.bookmarks, prefs.path_history) == ({"b": "/b"}, [])
    assert prefs.set("prompt_length", "7") and prefs.number("prompt_length") == 7


@pytest.mark.parametrize("bookmarks", [[], "x", None, 3])
def test_bookmarks_that_are_none(tmp_path: Path, bookmarks: object) -> None:
    (tmp_path / "prefs.json").write_text(json.dumps({"bookmarks": bookmarks}))
    prefs = Preferences.load(tmp_path)
    assert prefs.bookmarks == {}
    assert prefs.set_bookmark("a", "/a")
    assert Preferences.load(tmp_path).bookmarks == {"a": "/a"}


def test_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefs = Preferences.load(tmp_path)

    def refuse(*args: object) -> None:
        raise OSError(30, "Read-only file system", str(tmp_path / "x"))

    monkeypatch.setattr(module.os, "open", refuse)
    assert prefs.set("auto_save_on_exit", False) is False
    assert prefs.problem == f"preferences not saved: {tmp_path / 'x'}: Read-only file system"
    assert prefs.flag("auto_save_on_exit") is False  # but it holds for this process
    assert prefs.set_bookmark("a", "/") is False
    assert prefs.bookmarks == {"a": "/"}
    assert prefs.visit("/a") is False
    assert prefs.path_history == ["/", "/a"]
    monkeypatch.undo()
    assert os.listdir(tmp_path) == []


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefs = Preferences.load(tmp_path)
    prefs.set("prompt_length", 5)

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert prefs.set("prompt_length", 6) is False
    assert "No space left" in prefs.problem
    assert stored(tmp_path) == {"prompt_length": 5}
    assert sorted(os.listdir(tmp_path)) == [".prefs.lock", "prefs.json"]


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    prefs = Preferences.load(file)
    assert "Not a directory" in prefs.problem
    assert prefs.set("prompt_length", 5) is False
    (tmp_path / "prefs.json").mkdir()
    assert "Is a directory" in Preferences.load(tmp_path).problem
    assert Preferences.load(tmp_path).set("prompt_length", 5) is False


def test_a_lock_that_somebody_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rtslib_ext.transaction.lock.acquire", lambda lock, seconds: False)
    prefs = Preferences.load(tmp_path)
    assert prefs.set("prompt_length", 5) is False
    assert prefs.problem.endswith(f"another process holds {tmp_path}/.prefs.lock")


def test_no_home_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TARGETCLI_HOME", raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    assert default_folder() == "/home/me/.targetcli"
    monkeypatch.setenv("TARGETCLI_HOME", "~/t")
    assert default_folder() == "/home/me/t"
    monkeypatch.setenv("TARGETCLI_HOME", "")
    assert default_folder() == "/home/me/.targetcli"
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", lambda uid: {}[uid])
    assert default_folder() is None
    prefs = Preferences.load(None)
    assert prefs.problem == "there is no home directory: preferences are not saved"
    assert prefs.get("logfile") is None
    assert prefs.set("prompt_length", 5) is False
    assert prefs.number("prompt_length") == 5


# Values


@pytest.mark.parametrize("text", ["true", "YES", "On", "1", "True"])
def test_true(text: str) -> None:
    assert parse_value("bool", text) is True


@pytest.mark.parametrize("text", ["false", "NO", "Off", "0", "False"])
def test_false(text: str) -> None:
    assert parse_value("bool", text) is False


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("auto_save_on_exit", "maybe"),
        ("auto_save_on_exit", ""),
        ("prompt_length", "x"),
        ("prompt_length", "1.5"),
        ("loglevel_console", "debug9"),
        ("loglevel_console", ""),
        ("color_path", "pink"),
        ("color_default", "default"),
        ("nosuch", "x"),
    ],
)
def test_refused_with_the_words_of_configshell(
    configshell: ConfigShell, tmp_path: Path, name: str, text: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        Preferences.load(tmp_path).set(name, text)
    with pytest.raises(ExecutionError) as theirs:
        configshell.run_cmdline(f"set global {name}={text}")
    assert refused.value.message == str(theirs.value)


@pytest.mark.parametrize("name", ["prompt_length", "max_backup_files"])
@pytest.mark.parametrize("text", ["1_0", "x", "٣", " 1", "1" * 5000])
def test_numbers_are_plain(name: str, text: str) -> None:
    with pytest.raises(InvalidValue, match=f"^Not setting {name}! .* is not a NUMBER.$"):
        Preferences.load(None).set(name, text)


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("auto_save_on_exit", "False", "false"),
        ("prompt_length", "12", "12"),
        ("tree_max_depth", "-1", "-1"),
        ("logfile", "/x", "/x"),
        ("logfile", "", "n/a"),
        ("max_backup_files", "20", "20"),
        ("color_path", "", "default"),
        ("color_path", "default", "default"),
        ("color_path", "red", "red"),
        ("color_default", "none", "none"),
        ("color_default", "", "none"),
        ("color_default", "white", "white"),
        ("loglevel_file", "critical", "critical"),
    ],
)
def test_shown_as_configshell_does(
    configshell: ConfigShell, tmp_path: Path, name: str, text: str, shown: str
) -> None:
    prefs = Preferences.load(tmp_path)
    assert prefs.set(name, text)
    assert prefs.text(name) == Preferences.load(tmp_path).text(name) == shown
    out = configshell.con._stdout = io.StringIO()
    configshell.run_cmdline(f"set global {name}={text}")
    assert out.getvalue() == f"Parameter {name} is now '{shown}'.\n"


@pytest.mark.parametrize(
    ("name", "value"), [("auto_save_on_exit", 1), ("prompt_length", True), ("color_path", 3)]
)
def test_typed_values_are_of_their_type(name: str, value: int) -> None:
    with pytest.raises(InvalidValue, match=f"^Not setting {name}! "):
        Preferences.load(None).set(name, value)


def test_an_empty_number_is_the_default(tmp_path: Path) -> None:
    prefs = Preferences.load(tmp_path)
    for name in ("prompt_length", "max_backup_files"):
        prefs.set(name, "77")
        prefs.set(name, "")
        assert prefs.get(name) == PREFERENCES[name].default
    prefs.set("max_backup_files", 5)
    assert prefs.get("max_backup_files") == "5"


def test_choices_are_configshells(configshell: ConfigShell) -> None:
    root = configshell._root_node
    for kind, choices in CHOICES.items():
        assert list(choices) == root.get_type_method(kind)(enum=True)
        for choice in choices:
            value = parse_value(kind, choice)
            assert show_value(kind, value) == choice
            assert value == root.get_type_method(kind)(choice)


# Path history


moves = st.lists(st.sampled_from(["/", "/a", "/b", "/c", "<", ">", "gone", "here"]), max_size=25)


@settings(max_examples=150, deadline=None)
@given(moves)
def test_history_walks_as_in_configshell(configshell: ConfigShell, steps: list[str]) -> None:
    """Compare every cd with configshell's, with a node that comes and goes."""
    configshell.prefs["path_history"] = None
    configshell.prefs["bookmarks"] = {}
    configshell.con._stdout = io.StringIO()
    root = Node("/", None, configshell)
    nodes = {name: Node(name, root, None) for name in "abc"}
    prefs, here = Preferences(), "/"
    for step in steps:
        if step in ("gone", "here"):
            (root._children.discard if step == "gone" else root._children.add)(nodes["c"])
            continue
        there = {"/", *(child.path for child in root.children)}
        if step.startswith("/") and step not in there or here not in there:
            continue
        configshell.run_cmdline(f"cd {step}")
        if step.startswith("/"):
            prefs.visit(step, here)
            here = step
        else:
            walk = prefs.back if step == "<" else prefs.forward
            here = walk(there.__contains__, here) or here
        assert here == configshell._current_node.path
        assert (prefs.path_history or [here]) == configshell.prefs["path_history"]
        assert prefs.path_history_index == configshell.prefs["path_history_index"]


def test_history_stays_and_has_an_end(tmp_path: Path) -> None:
    prefs = Preferences.load(tmp_path)
    assert prefs.last_path == "/"
    assert prefs.back(lambda path: True) is None
    assert prefs.forward(lambda path: True) is None
    for number in range(HISTORY_MAX + 50):
        prefs.visit(f"/{number}")
    again = Preferences.load(tmp_path)
    assert again.path_history == prefs.path_history
    assert len(again.path_history) == HISTORY_MAX
    assert again.last_path == f"/{HISTORY_MAX + 49}"
    assert again.back(lambda path: True) == f"/{HISTORY_MAX + 48}"
    assert Preferences.load(tmp_path).last_path == f"/{HISTORY_MAX + 48}"


def test_another_process_does_not_move_this_shell(tmp_path: Path) -> None:
    one, two = Preferences.load(tmp_path), Preferences.load(tmp_path)
    one.visit("/a")
    two.visit("/b")
    one.set("prompt_length", 5)
    assert one.path_history == ["/", "/a"]
    assert one.back(lambda path: True) == "/"


# The old file


OLD = {
    "auto_save_on_exit": False,
    "auto_enable_tpgt": True,
    "prompt_length": 12,
    "color_path": None,
    "loglevel_file": "debug9",
    "logfile": "/root/.targetcli/log.txt",
    "max_backup_files": "20",
    "completions_in_columns": True,
    "bookmarks": {"last": "/iscsi", "x": 3},
    "path_history": ["/", "/iscsi"],
    "path_history_index": 1,
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_prefs_bin_is_taken_over_once(tmp_path: Path, protocol: int) -> None:
    old = pickle.dumps(OLD, protocol)
    (tmp_path / "prefs.bin").write_bytes(old)
    prefs = Preferences.load(tmp_path)
    assert prefs.problem == ""
    assert prefs.flag("auto_save_on_exit") is False
    assert prefs.number("prompt_length") == 12
    assert prefs.text("color_path") == "default"
    assert prefs.get("loglevel_file") == "debug"
    assert prefs.get("max_backup_files") == "20"
    assert prefs.bookmarks == {"last": "/iscsi"}
    assert prefs.last_path == "/iscsi"
    assert (tmp_path / "prefs.bin").read_bytes() == old
    assert "completions_in_columns" not in stored(tmp_path)
    (tmp_path / "prefs.bin").write_bytes(pickle.dumps({"prompt_length": 99}))
    assert Preferences.load(tmp_path).number("prompt_length") == 12


def test_what_configshell_itself_saves(tmp_path: Path, configshell: ConfigShell) -> None:
    configshell.prefs.save(tmp_path / "prefs.bin")
    prefs = Preferences.load(tmp_path)
    assert prefs.problem == ""
    assert (tmp_path / "prefs.json").exists()
    assert prefs.get("color_keyword") == configshell.prefs["color_keyword"]


def test_an_old_file_on_a_read_only_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "prefs.bin").write_bytes(pickle.dumps(OLD, 2))

    really = os.open

    def refuse(path: str, flags: int, *args: int, **options: int) -> int:
        if flags & os.O_CREAT:
            raise OSError(30, "Read-only file system")
        return really(path, flags, *args, **options)

    monkeypatch.setattr(module.os, "open", refuse)
    prefs = Preferences.load(tmp_path)
    assert (prefs.problem, prefs.number("prompt_length")) == ("", 12)


def test_preferences_that_others_can_write_are_not_read(tmp_path: Path) -> None:
    file = tmp_path / "prefs.json"
    file.write_text('{"prompt_length": 7}')
    file.chmod(0o666)
    prefs = Preferences.load(tmp_path)
    assert prefs.problem == f"preferences not read: others can write to {file} (mode 0666)"
    assert prefs.number("prompt_length") == 30
    assert not prefs.set("prompt_length", 9)
    assert file.read_text() == '{"prompt_length": 7}'


def test_preferences_that_are_not_read_are_named(tmp_path: Path) -> None:
    """Else a setting of the administrator would be the default without a word."""
    tmp_path.chmod(0o700)
    assert Preferences.load(tmp_path).set("max_backup_files", "3")
    shown = []
    for mode in (0o600, 0o666):
        (tmp_path / "prefs.json").chmod(mode)
        done = subprocess.run(
            [sys.executable, "-m", "targetcli", "get", "global", "max_backup_files"],
            env={**os.environ, "TARGETCLI_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        shown.append((done.stdout.strip(), done.stderr))
    file = tmp_path / "prefs.json"
    warning = f"warning: preferences not read: others can write to {file} (mode 0666)\n"
    assert shown == [("max_backup_files=3", ""), ("max_backup_files=10", warning)]


def test_preferences_are_not_written_where_others_can_replace_them(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    folder.chmod(0o777)
    prefs = Preferences.load(folder)
    assert not prefs.set("prompt_length", 9)
    assert prefs.problem == (
        f"preferences not saved: others can write to the directory {folder} (mode 0777)"
    )


def test_large_preferences_are_not_read(tmp_path: Path) -> None:
    with (tmp_path / "prefs.json").open("wb") as file:
        file.truncate(1 << 40)
    problem = Preferences.load(tmp_path).problem
    assert problem.endswith("/prefs.json: it has more than 1,048,576 bytes")


def test_setting_while_another_takes_the_old_file_over(tmp_path: Path) -> None:
    (tmp_path / "prefs.bin").write_bytes(pickle.dumps(OLD, 2))
    late = Preferences(str(tmp_path))
    Preferences.load(tmp_path).set("prompt_length", 3)
    late.set("tree_max_depth", 2)
    last = Preferences.load(tmp_path)
    assert (last.number("prompt_length"), last.number("tree_max_depth")) == (3, 2)
    assert last.get("max_backup_files") == "20"


class Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_run_something_is_refused(tmp_path: Path, protocol: int) -> None:
    mark = tmp_path / "run"
    (tmp_path / "prefs.bin").write_bytes(pickle.dumps({"prompt_length": Evil(mark)}, protocol))
    prefs = Preferences.load(tmp_path)
    assert not mark.exists()
    assert "it refers to posix.system" in prefs.problem
    assert prefs.number("prompt_length") == 30
    assert not (tmp_path / "prefs.json").exists()
    pickle.loads((tmp_path / "prefs.bin").read_bytes())
    assert mark.exists()  # it would have


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        b"\x80\x02]q\x00.",
        pickle.dumps([1]),
        pickle.dumps({1: 2, "prompt_length": {"a": b"x"}}),
        b"cos\nsystem\n(S'true'\ntR.",
        b"(S'true'\nios\nsystem\n.",
        b"\x80\x02\x82\x01.",
        b"Pid\n.",
        b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x0f.",
        b"\x80\x02}r\xff\xff\xff\x7f.",
        b"\x80\x02}}b.",
        b"(" * 50000,
    ],
)
def test_old_files_that_are_no_preferences(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "prefs.bin").write_bytes(data)
    prefs = Preferences.load(tmp_path)
    assert prefs.number("prompt_length") == 30
    assert prefs.set("prompt_length", 31)


@settings(max_examples=300)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        assert isinstance(prefs_bin.parse(data), dict)
    except ValueError:
        pass
