# SPDX-License-Identifier: Apache-2.0
"""--json: one document for each command, whatever becomes of it."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import DOCS, SCHEMA, Json, checked

from targetcli import options, session
from targetcli.changes.transaction import Transaction
from targetcli.command_table.rows import every_row
from targetcli.command_table.table import commands_of
from targetcli.commands import navigation as shell_commands
from targetcli.language import grammar
from targetcli.prefs import Preferences
from targetcli.tree import walk
from targetcli.tree.walk import root

from .. import nft_family
from .harness import ETC, Shell
from .test_every_command import LINES, bound, give_files
from .test_user_backed import RBD, log

__all__ = ["bound", "log"]

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
INITIATOR = "iqn.2003-01.org.example:i"
R1 = "/backstores/ramdisk/r1"


@pytest.fixture
def user(shell: Shell) -> Shell:
    """A user with a LUN that is mapped for one initiator, and a secret."""
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"{TPG}/luns create {R1}")
    shell.ok(f"{TPG}/acls create {INITIATOR}")
    shell.ok(f"{TPG} set auth userid=anna password=geheim")
    shell.ok(f"{TPG}/acls/{INITIATOR} set auth userid=anna password=geheim")
    return shell


def document(shell: Shell, line: str, **options: object) -> Json:
    """Run a line with --json."""
    answer = shell(line, json=True, **options)
    found = checked(answer)
    assert found["ok"] == (answer.exit == 0), line
    assert bool(answer.stderr) != found["ok"], line
    return found


def done(shell: Shell, line: str, **options: object) -> Json:
    """Run a line with --json that must succeed."""
    found = document(shell, line, **options)
    assert found["ok"], found["errors"]
    return found


# -- every command --------------------------------------------------------------------------


def test_every_command_of_the_table(
    monkeypatch: pytest.MonkeyPatch,
    shell: Shell,
    disks: Path,
    ram: list[str],
    scsi_disk: tuple[str, str],
    bound: dict[str, set[str]],
    log: Path,
) -> None:
    nft_family.use(disks / "bin", monkeypatch)
    more = [
        f"{RBD} create v1 1M pool/v1",
        f"{RBD} changemedium v1 2M other",
        "/ bookmarks show",
        "/ bookmarks go x",
        "/ bookmarks del x",
        "/ help",
        "/iscsi help userid",
        "/ get global --changed",
        "/ get",
        "/ set",
        "/ set global",
        "/ set global tree_max_depth=0",
        "/iscsi",
    ]
    give_files(disks)
    lines = [*LINES.strip().splitlines(), *more]
    for line in lines:
        for word, text in (("DISKS", str(disks)), ("SCSI", scsi_disk[0]), ("ETC", str(ETC))):
            line = line.replace(word, text)
        if "topic" in line:
            shell.cwd = "/iscsi"
            line = line.removeprefix("/ ")
        made = done(shell, line)
        if " create " in line:
            created = [path for action, path in _changes(made) if action == "create"]
            # The steps of user-backed objects name no handler.
            assert made["created"].replace("user:rbd", "user") in created, line
            assert done(shell, line.replace(" create ", " ensure "))["changes"] == []
    done(shell, "/ begin")
    for line in ("/ commit", "/ rollback", "/ browse", "/ peer", "/ top interval=1s"):
        assert not document(shell, line)["ok"]
    assert {row.run for row in every_row()} - bound.keys() == set()


def test_the_schema_knows_every_command() -> None:
    told: set[str] = set()
    for rule in SCHEMA["allOf"]:
        told.update(rule["if"]["properties"].get("command", {}).get("enum", ()))
    assert told == {row.name for row in every_row()}


def _nodes(node: walk.Node) -> Iterator[walk.Node]:
    yield node
    for child in node.children():
        yield from _nodes(child)


def test_every_node(user: Shell) -> None:
    user.ok("/loopback create")
    user.ok("/backstores/lu_gps create g1")
    kinds = set()
    for node in _nodes(root(user.env())):
        for command in ("ls", "status", "get", "set", "help", "info"):
            if command in commands_of(node.kind):
                found = done(user, f"{node.path} {command}")
                assert (found["command"], found["path"]) == (command, node.path)
        for group in done(user, f"{node.path} get")["data"]["groups"]:
            done(user, f"{node.path} get {group['name']}")
            done(user, f"{node.path} set {group['name']}")
        kinds.add(node.kind)
    known = {kind for row in every_row() for kind in row.on} - {"*", "user"}
    assert known <= kinds
    kind_text = SCHEMA["$defs"]["node"]["properties"]["kind"]["description"]
    assert kinds <= set(re.findall(r"[a-z_]+", kind_text))


# -- what is shown --------------------------------------------------------------------------


def _flat(node: Json) -> Iterator[Json]:
    yield node
    for child in node["children"] or ():
        yield from _flat(child)


@pytest.mark.parametrize("line", ["ls", "/iscsi ls", "ls /backstores 1", f"{TPG}/luns ls"])
def test_ls_has_what_its_text_has(user: Shell, line: str) -> None:
    rows = user.ok(line).rows
    nodes = list(_flat(done(user, line)["data"]))
    assert len(nodes) == len(rows)
    for node, row in zip(nodes, rows, strict=True):
        assert row.lstrip(" |").startswith(f"o- {node['name']} .")
        assert row.endswith(f" [{node['summary'] or {True: 'OK', None: '...'}[node['healthy']]}]")


def test_where_the_depth_ends(user: Shell) -> None:
    top = done(user, "ls / 1")["data"]
    assert [child["children"] for child in top["children"]] == [None] * len(top["children"])
    leaf = done(user, f"{TPG}/luns/lun0 ls")["data"]
    assert leaf["children"] == []
    assert (leaf["path"], leaf["kind"]) == (f"{TPG}/luns/lun0", "lun")
    user.ok("set global tree_max_depth=1")
    assert done(user, "ls")["data"] == top


def test_values_have_their_types(user: Shell) -> None:
    def values(line: str) -> dict[str, object]:
        (group,) = done(user, line)["data"]["groups"]
        return {item["name"]: (item["type"], item["value"]) for item in group["settings"]}

    assert values(f"{TPG} get attribute authentication") == {"authentication": ("number", 0)}
    assert values(f"{TPG} get parameter InitialR2T") == {"InitialR2T": ("yesno", "Yes")}
    assert values(f"{TPG} set attribute login_timeout=20") == {"login_timeout": ("number", 20)}
    assert values("set global auto_save_on_exit=no") == {"auto_save_on_exit": ("bool", False)}
    assert values("get global tree_max_depth") == {"tree_max_depth": ("number", 0)}
    assert values("/iscsi get discovery_auth enable") == {"enable": ("bool", False)}
    (groups,) = [done(user, f"{TPG} get")["data"]["groups"]]
    assert {"name": "attribute", "settings": None} in groups


# Settings that may be written like a number, and are a text or a word.
TEXTS = {
    "alias",
    "color_default",
    "cpus_allowed_list",
    "product_id",
    "revision",
    "vpd_unit_serial",
    *("userid", "password", "mutual_userid", "mutual_password", "nexus"),
}
LIKE_VALUE = re.compile(r"[+-]?\d+(?:\.\d+)?|0x[\da-f]+|true|false|on|off|none", re.IGNORECASE)


def test_no_number_is_a_text(user: Shell, scsi_disk: tuple[str, str]) -> None:
    user.ok("/backstores/lu_gps create g1")
    user.ok(f"/backstores/pscsi create p1 {scsi_disk[0]}")
    found: list[tuple[str, str, object]] = []
    for node in _nodes(root(user.env())):
        for name in done(user, f"{node.path} get")["data"]["groups"]:
            (group,) = done(user, f"{node.path} get {name['name']}")["data"]["groups"]
            found += [(node.path, item["name"], item["value"]) for item in group["settings"]]
        if "info" in commands_of(node.kind):
            facts = done(user, f"{node.path} info")["data"]
            found += [(node.path, name, facts[name]) for name in facts]
    assert len(found) > 500
    texts = [item for item in found if isinstance(item[2], str) and item[1] not in TEXTS]
    assert [item for item in texts if LIKE_VALUE.fullmatch(item[2].strip())] == []
    values = {(path, name): value for path, name, value in found}
    assert values["/backstores/lu_gps/g1", "lu_gp_id"] == 1
    assert values["/backstores/pscsi/p1", "hba_mode"] == 0
    assert values[R1, "block_size"] == 512
    assert values[R1, "company_id"] == 0x1405
    assert values[R1, "generation"] == 0 and values[R1, "all_tgt_pts"] is None
    assert values["/", "max_backup_files"] == 10
    assert values[f"{R1}/alua/default_tg_pt_gp", "alua_access_state"] == 0


def test_values_of_changes_have_their_types(user: Shell) -> None:
    line = f"{TPG} set attribute login_timeout=20"
    (planned,) = done(user, f"--dry-run {line}")["data"]["plan"]
    (made,) = done(user, line)["changes"]
    (undone,) = done(user, "undo")["changes"]
    assert (made["before"], made["after"]) == (planned["before"], planned["after"]) == (15, 20)
    assert (undone["before"], undone["after"]) == (20, 15)
    (made,) = done(user, f"{TPG} set auth userid=12345")["changes"]
    assert (made["setting"], made["after"]) == ("auth userid", "12345")
    made = done(user, "/iscsi set discovery_auth enable=1 userid=u password=p")["changes"][-1]
    assert (made["setting"], made["before"], made["after"]) == (
        "discovery_auth enable",
        False,
        True,
    )
    found = {}
    for entry in done(user, "history")["data"]["history"]:
        (full,) = done(user, f"history {entry['number']}")["data"]["history"]
        for item in full["changes"]:
            found[item["text"]] = (item["before"], item["after"])
    assert found["set login_timeout=20"] == (15, 20)
    assert found["set userid=12345"] == ("anna", "12345")


def test_defaults_in_help_have_their_types(user: Shell) -> None:
    (create,) = done(user, "/backstores/fileio help create")["data"]["commands"]
    defaults = {item["name"]: item["default"] for item in create["parameters"]}
    assert defaults["write_back"] is True and defaults["size"] is None
    (create,) = done(user, f"{TPG}/portals help create")["data"]["commands"]
    assert [item["default"] for item in create["parameters"]] == ["::0", 3260]


def test_what_is_shown_is_not_said_again(user: Shell) -> None:
    for line in ("ls", "pwd", "status", "help", f"{TPG} get attribute", f"{TPG} info", "version"):
        assert done(user, line)["messages"] == []
    said = done(user, "/backstores/rd_dr ls")["messages"]
    assert said == ["Note: rd_dr was removed from the kernel; using ramdisk"]


def test_info(user: Shell) -> None:
    assert done(user, f"{TPG}/luns/lun0 info")["data"]["storage_object"] == R1
    assert done(user, f"{TPG}/acls/{INITIATOR} info")["data"]["wwns"] == [INITIATOR]
    assert done(user, "/iscsi info")["data"]["module"] == "iscsi_target_mod"


# -- secrets --------------------------------------------------------------------------------

SECRET_LINES = (
    f"{TPG} get auth",
    f"{TPG} get auth password userid",
    f"{TPG} set auth password=geheim mutual_password=geheim2",
    f"{TPG}/acls/{INITIATOR} set auth password=geheim",
    f"{TPG} info",
    f"{TPG}/acls/{INITIATOR} info",
    f"{TPG}/acls/* info",
    f"{TPG} get auth password=geheim",
    f"{TPG} set auth password=geheim 'userid=x",
    f"{TPG} set auth userid=NULL password=geheim",
    f"{TPG} set auth userid= password=geheim",
    f"{TPG} set auth password=geheim nosuch=geheim",
    f"{TPG} nosuch password=geheim",
    "ls",
    "saveconfig",
    "restoreconfig clear_existing=true",
    "restoreconfig",
    "clearconfig confirm=true",
)


@pytest.mark.parametrize("show_secrets", [False, True])
def test_secrets_are_in_no_document(user: Shell, show_secrets: bool) -> None:
    with_secret = []
    for line in SECRET_LINES:
        answer = user(line, json=True, show_secrets=show_secrets)
        checked(answer)
        if "geheim" in answer:
            with_secret.append(line)
    shown = [line for line in SECRET_LINES[:7] if line != SECRET_LINES[1]]
    assert set(with_secret) >= {*shown, SECRET_LINES[1]} if show_secrets else with_secret == []


def test_a_hidden_value_is_no_value(user: Shell) -> None:
    def password(**options: object) -> Json:
        found = done(user, f"{TPG} get auth password", **options)
        (setting,) = found["data"]["groups"][0]["settings"]
        return setting

    assert (password()["value"], password()["hidden"]) == (None, True)
    shown = password(show_secrets=True)
    assert (shown["value"], shown["hidden"]) == ("geheim", False)
    user.ok(f"{TPG} set auth password=''")
    assert (password()["value"], password()["hidden"]) == ("", False)


# -- what is changed ------------------------------------------------------------------------


def _changes(found: Json) -> list[tuple[str, str]]:
    return [(change["action"], change["path"]) for change in found["changes"]]


def test_what_a_command_made(shell: Shell, disks: Path) -> None:
    found = done(shell, f"/iscsi create {IQN}")
    assert found["created"] == f"/iscsi/{IQN}", "the target, not the TPG created with it"
    assert shell.ok("@last pwd") == f"{TPG}\n"
    assert "Created TPG 1." in found["messages"]
    assert _changes(found) == [
        ("create", f"/iscsi/{IQN}"),
        ("create", TPG),
        ("update", TPG),
        ("update", TPG),
        ("create", f"{TPG}/portals/[::0]:3260"),
    ]
    done(shell, "/backstores/ramdisk create r1 1M")
    shell.ok(f"{TPG}/acls create {INITIATOR}")
    mapped = f"{TPG}/acls/{INITIATOR}/mapped_lun0"
    found = done(shell, f"{TPG}/luns create {R1}")
    assert _changes(found) == [("create", f"{TPG}/luns/lun0"), ("create", mapped)]
    found = done(shell, "/backstores/ramdisk delete r1")
    assert _changes(found) == [("delete", mapped), ("delete", f"{TPG}/luns/lun0"), ("delete", R1)]
    assert found["created"] is None
    (made, *_) = done(shell, f"/backstores/fileio create f {disks}/f.img 1M")["changes"]
    assert made["text"] == f"create fileio f on {disks}/f.img, a new file"
    done(shell, "/backstores/fileio delete f")
    (made, *_) = done(shell, f"/backstores/fileio create f {disks}/f.img")["changes"]
    assert made["text"] == f"create fileio f on {disks}/f.img"


def test_what_is_so_already_is_no_change(user: Shell) -> None:
    assert done(user, f"{TPG} enable")["changes"] == []
    assert done(user, "ls")["changes"] == []
    found = done(user, f"/iscsi/{IQN} create 2")
    assert "Default portal not created" in " ".join(found["messages"])
    assert _changes(found)[0] == ("create", f"/iscsi/{IQN}/tpg2")
    assert not any("/portals/" in path for _, path in _changes(found))
    (loaded,) = done(user, "/iscsi set discovery_auth userid=x")["changes"]
    assert loaded["text"] == "set userid=x", "the fabric is there"


def test_a_restore_tells_what_it_wrote(user: Shell) -> None:
    user.ok(f"{R1} set attribute emulate_caw=0")
    user.ok("saveconfig")
    user.ok("clearconfig confirm=true")
    found = done(user, "restoreconfig")
    made = [path for action, path in _changes(found) if action == "create"]
    assert {R1, TPG, f"{TPG}/luns/lun0", f"{TPG}/acls/{INITIATOR}"} <= set(made)
    written = [change["text"] for change in found["changes"] if change["path"] == R1]
    # A fresh object has the other attributes already.
    assert sorted(written) == [
        "create ramdisk r1 on memory",
        "set emulate_caw=0",
        "set emulate_model_alias=1",
    ]


def test_what_was_undone_is_no_change(user: Shell) -> None:
    found = document(user, f"{R1} set attribute emulate_caw=0 emulate_tpu=1")
    assert found["changes"] == []
    (error,) = found["errors"]
    assert error == {
        "kind": "KernelRefused",
        "message": "Cannot set attribute emulate_tpu: [Errno 38] Function not implemented: "
        "a ramdisk cannot discard blocks; the kernel says: Generic Block Discard not supported",
        "path": R1,
        "hint": "use a fileio backstore on a tmpfs, which can",
        "errno": "ENOSYS",
    }
    assert (found["command"], found["path"]) == ("set", R1)


def test_saving(user: Shell) -> None:
    file = f"{ETC}/saveconfig.json"
    first = done(user, "saveconfig")["data"]
    assert first == {
        "file": file,
        "written": True,
        "backup": None,
        "unrestored": [],
        "not_restorable": [],
    }
    user.ok(f"{TPG} set attribute login_timeout=20")
    second = done(user, "saveconfig")["data"]
    assert second["written"] and Path(second["backup"]).is_file()
    assert done(user, "saveconfig")["data"]["written"] is False
    assert done(user, f"{R1} saveconfig")["data"]["file"] == file
    assert done(user, "/backstores/ramdisk delete r1")["data"] is None
    user.ok("/backstores/ramdisk create r1 1M")
    assert done(user, "/backstores/ramdisk delete r1 save=true")["data"]["file"] == file


def test_a_restore_that_is_not_complete(user: Shell) -> None:
    file = ETC / "broken.json"
    user.ok(f"saveconfig {file}")
    saved = json.loads(file.read_text())
    saved["storage_objects"].append({"plugin": "fileio", "name": "f", "dev": "/no/f", "size": 512})
    saved["targets"][0]["tpgs"][0]["attributes"]["login_timeout"] = 1
    saved["nosuch"] = 1
    file.write_text(json.dumps(saved))
    found = document(user, f"restoreconfig {file} clear_existing=true")
    assert found["data"] == {"file": str(file), "complete": False, "notes": []}
    assert ("delete", R1) in _changes(found) and ("create", R1) in _changes(found)
    told = {(error["kind"], error["path"], error["errno"]) for error in found["errors"]}
    assert ("NotFound", "/backstores/fileio/f", None) in told
    assert ("KernelRefused", TPG, "EINVAL") in told
    assert any("nosuch" in error["message"] for error in found["errors"])
    text = user(f"restoreconfig {file} clear_existing=true").stderr
    assert text.startswith(f"Configuration restored, {len(found['errors'])} recoverable errors:\n")
    for error in found["errors"]:
        assert error["message"] in text
    found = document(user, "restoreconfig /no/file")
    assert (found["data"], found["changes"]) == (None, [])
    found = done(user, "clearconfig confirm=true")
    assert ("delete", R1) in _changes(found)


# -- many nodes, many lines -----------------------------------------------------------------


def test_star_has_a_document_for_each(user: Shell) -> None:
    user.ok("/iscsi create iqn.2003-01.org.example:b")
    user.ok("/iscsi/iqn.2003-01.org.example:b/tpg1/portals delete ::0 3260")
    found = document(user, "/iscsi/*/tpg1/portals delete ::0 3260")
    assert (found["path"], found["ok"]) == ("/iscsi/*/tpg1/portals", False)
    first, second = found["results"]
    assert (first["path"], first["ok"], second["ok"]) == (f"{TPG}/portals", True, False)
    told, note = first["messages"]
    assert told == "Deleted network portal ::0:3260" and "has no portal" in note
    assert found["errors"] == second["errors"] and second["errors"][0]["kind"] == "NotFound"
    assert found["changes"] == first["changes"] and len(first["changes"]) == 1
    found = done(user, "/backstores/*")
    assert found["command"] == "ls"
    assert [item["data"]["path"] for item in found["results"]] == [
        f"/backstores/{name}" for name in ("block", "fileio", "pscsi", "ramdisk")
    ]
    assert document(user, "/nosuch/* ls")["results"] is None


def _script(user: Shell, text: str) -> tuple[list[Json], str]:
    env = user.env(json=True)
    env.stdin = io.StringIO(text)
    assert session.run_script(env) == 0
    out = env.stdout.getvalue()  # type: ignore[attr-defined]
    err = env.stderr.getvalue()  # type: ignore[attr-defined]
    return [checked(line) for line in out.splitlines(keepends=True)], err


def test_lines_of_standard_input(user: Shell) -> None:
    change = f"{TPG} set attribute login_timeout=20"
    found, err = _script(user, f"# a comment\n\ncd /iscsi\npwd\nnosuch\n'\npwd\n{change}\n")
    assert [(item["command"], item["ok"]) for item in found] == [
        ("cd", True),
        ("pwd", True),
        ("nosuch", False),
        (None, False),
        ("pwd", True),
        ("set", True),
        ("saveconfig", True),
    ]
    assert found[4]["data"] == {"path": "/iscsi"}
    assert found[3]["path"] is None and found[3]["errors"][0]["kind"] == "ParseError"
    assert err.splitlines()[-1] == "2 of the commands failed"
    assert [item["command"] for item in _script(user, "pwd\n")[0]] == ["pwd"]
    user.ok("set global auto_save_on_exit=false")
    found, err = _script(user, "exit\npwd\n")
    assert [item["command"] for item in found] == ["exit"] and err == ""


def test_an_empty_line_is_no_command(user: Shell) -> None:
    assert user("", json=True) == "" and user("# x", json=True) == ""


# -- a process ------------------------------------------------------------------------------


def _process(user: Shell, *words: str, **more: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TARGETCLI_HOME": str(user.home), "LC_ALL": "C"}
    environment.pop("PYTHONUNBUFFERED", None)
    command = [sys.executable, "-m", "targetcli", "--json", *words]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.run(command, text=True, env=environment, **streams)  # type: ignore[call-overload]


def test_a_process(user: Shell, disks: Path) -> None:
    one = _process(user, "/backstores/fileio", "create", "f", f"{disks}/ä \udcff.img", "1M")
    assert (one.returncode, one.stderr) == (0, "")
    assert checked(one.stdout)["created"] == "/backstores/fileio/f"
    found = checked(_process(user, "/backstores/fileio/f", "info").stdout)
    assert found["data"]["dev"] == f"{disks}/ä \udcff.img"
    again = _process(user, "/backstores/fileio", "create", "f", "/x", "1M")
    assert again.returncode == 1
    text = "/backstores/fileio: Storage object fileio/f exists ("
    text += "an object with this name already exists: choose another name)"
    assert again.stderr == f"{text}\n"
    (error,) = checked(again.stdout)["errors"]
    assert (error["kind"], error["message"]) == ("Exists", "Storage object fileio/f exists")


@pytest.mark.parametrize("word", ["pwd", "--help"])
def test_output_that_takes_no_more(user: Shell, word: str) -> None:
    with open("/dev/full", "w") as full:
        one = _process(user, word, stdout=full)
    assert (one.returncode, one.stderr) == (1, "output: no space left on device\n")


def test_at_a_terminal_it_needs_a_command(user: Shell) -> None:
    leader, follower = os.openpty()
    one = _process(user, stdin=follower)
    os.close(follower)
    os.close(leader)
    text = "--json needs a command, or lines on standard input"
    assert (one.returncode, one.stderr) == (1, f"{text}\n")
    assert checked(one.stdout)["errors"][0]["message"] == text


def test_an_option_that_is_refused(user: Shell) -> None:
    one = _process(user, "--nosuch", "ls")
    assert (one.returncode, one.stderr) == (
        1,
        "there is no option --nosuch (--help shows the options)\n",
    )
    found = checked(one.stdout)
    (error,) = found["errors"]
    assert (found["command"], found["path"], found["ok"]) == (None, None, False)
    assert (error["kind"], error["message"]) == ("InvalidValue", "there is no option --nosuch")
    error = checked(_process(user, "ls", "--state=x").stdout)["errors"][0]
    assert error["message"] == "--state is after the command"


def test_a_bug_has_a_document_too(user: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(env: object, node: object) -> None:
        raise ZeroDivisionError("so it goes")

    monkeypatch.setattr(shell_commands, "pwd", broken)
    found = document(user, "pwd")
    assert [(item["kind"], item["message"]) for item in found["errors"]] == [("Bug", "so it goes")]
    found = document(user, "/iscsi/* pwd")
    assert [item["ok"] for item in found["results"]] == [False]
    assert [item["kind"] for item in found["errors"]] == ["Bug"]


def test_who_is_not_root(user: Shell) -> None:
    found = document(user, f"{TPG} disable", is_root=False)
    assert found["errors"][0]["kind"] == "PermissionDenied"
    assert (found["command"], found["path"]) == ("disable", TPG)


# -- the documentation ----------------------------------------------------------------------


def _examples() -> Iterator[tuple[str, Json]]:
    text = (DOCS / "JSON.md").read_text()
    for block in re.findall(r"^    \$ targetcli (.*(?:\n    .*)*)", text, re.MULTILINE):
        command, _, output = block.partition("\n")
        yield command, json.loads(re.sub(r"\\\n *", "", output))


def test_the_examples_of_the_documentation(shell: Shell) -> None:
    assert Preferences().flag("auto_add_default_portal")
    examples = list(_examples())
    assert len(examples) >= 6
    for command, expected in examples:
        request = options.parse(shlex.split(command))
        assert request.options.json
        env = shell.env()
        env.options = request.options
        if request.options.dry_run:
            Transaction.for_dry_run(env)
        session.run_line(env, lambda words=request.words: grammar.parse_words(words))  # type: ignore[misc]
        assert checked(env.stdout.getvalue()) == expected, command  # type: ignore[attr-defined]
