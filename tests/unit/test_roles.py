# SPDX-License-Identifier: Apache-2.0
"""Roles: every command of the table has one, and so has every kind of parameter."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest

from rtslib_ext.errors import InvalidValue, LioError, PermissionDenied
from rtslib_ext.kernel.configfs import ConfigFS
from targetcli import options, roles
from targetcli.command_table.command import Command
from targetcli.command_table.rows import every_row
from targetcli.env import Env, Options
from targetcli.prefs import Preferences
from targetcli.tree import Node, walk

ROWS = every_row()


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is written to the system's log."""
    found: list[str] = []
    monkeypatch.setattr("syslog.syslog", lambda level, text: found.append(text))
    monkeypatch.setenv("SSH_CLIENT", "192.0.2.7 50022 22")
    return found


def env_of(role: str, tmp_path: Path, within: str | None = None) -> Env:
    return Env(
        Preferences.load(None),
        fs=ConfigFS(str(tmp_path)),
        stdin=io.StringIO(),
        stdout=io.StringIO(),
        stderr=io.StringIO(),
        options=Options(role=role, batch="-", within=within),
    )


def node_of(env: Env, command: Command) -> Node:
    """Return a node whose kind is one of the command's."""
    node = walk.root(env)
    if "*" not in command.on:
        node.kind = command.on[0]  # type: ignore[misc]
    return node


def allowed(command: Command, role: str, tmp_path: Path, **values: Any) -> bool:
    env = env_of(role, tmp_path)
    given = {item.name: values.get(item.name) for item in command.parameters}
    if command.keywords:
        given[command.keywords] = values.get(command.keywords, {})
    try:
        roles.check(env, node_of(env, command), command, [given])
    except PermissionDenied as err:
        assert f"the role {role} may not" in err.message
        return False
    return True


def test_every_command_has_a_role() -> None:
    assert set(roles.COMMANDS) == {row.name for row in ROWS}


def test_every_kind_of_parameter_that_a_role_may_use_is_known() -> None:
    known = roles.HARMLESS | roles._FILES | roles._DEVICES | roles._OBJECTS | {roles._ASKED}
    kinds = {
        item.kind
        for row in ROWS
        if roles.COMMANDS[row.name] != roles.ADMIN
        for item in row.parameters
    }
    assert kinds <= known, f"put them into a set of targetcli/roles.py: {kinds - known}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}-{row.on[0]}")
@pytest.mark.parametrize("role", roles.ROLES)
def test_every_command_for_every_role(
    row: Command, role: str, tmp_path: Path, logged: list[str]
) -> None:
    least = roles.ROLES.index(roles.COMMANDS[row.name])
    passing = row.name in ("create", "ensure") and row.on[0] in ("user", "pscsi")
    wanted = role == "admin" or (roles.ROLES.index(role) >= least and not passing)
    assert allowed(row, role, tmp_path) is wanted
    assert len(logged) == (not wanted)
    if role == "read" and wanted:
        assert not row.changes
    assert all(text.endswith("(from 192.0.2.7 50022 22)") for text in logged)


def row_of(name: str, kind: str = "*") -> Command:
    return next(row for row in ROWS if row.name == name and kind in row.on)


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("set", "*", {"group": "global", "parameter": {"logfile": "/etc/passwd"}}),
        ("set", "*", {"group": "discovery_auth", "parameter": {}}),
        ("set", "*", {"group": "fabric", "parameter": {"cpus_allowed_list": "0"}}),
        ("set", "*", {"group": "auth", "parameter": {"password": "@/etc/shadow"}}),
        ("set", "*", {"group": "auth", "parameter": {"password_mutual": "@shadow"}}),
        ("set", "*", {"group": "attribute", "parameter": {"dev_config": "file//etc/shadow"}}),
        ("saveconfig", "root", {"savefile": "/etc/cron.d/x"}),
        ("diff", "*", {"file": "/etc/shadow"}),
        ("check", "*", {"file": "/etc/shadow"}),
        ("backups", "*", {"name": "/etc/shadow"}),
        ("map", "*", {"file": "/etc/cron.d/x"}),
        ("report", "root", {"file": "/root/x"}),
        ("export", "*", {"file": "/root/x"}),
        ("export", "*", {"file": "-", "secrets": "/root"}),
        ("stats", "*", {"interval": 1.0}),
        ("sessions", "*", {"action": "list", "watch": 2.0}),
        ("sessions", "*", {"action": "end"}),
        ("create", "fileio", {"file_or_dev": "/etc/shadow"}),
        ("create", "block", {"dev": "/dev/sda"}),
        ("ensure", "luns", {"storage_object": "/etc/shadow"}),
        ("ensure", "acl", {"tpg_lun_or_backstore": "/etc/shadow"}),
        ("replace", "storage_object", {"dev": "/dev/sda"}),
        ("create", "pscsi", {"dev": "1:0:0:0"}),
    ],
)
def test_what_provision_may_not(
    name: str, kind: str, values: dict[str, Any], tmp_path: Path, logged: list[str]
) -> None:
    row = next(r for r in ROWS if r.name == name and (kind in r.on or r.on == ("*",)))
    assert not allowed(row, "provision", tmp_path, **values)
    assert allowed(row, "admin", tmp_path, **values)


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("set", "*", {"group": "auth", "parameter": {"password": "@new", "userid": "@x"}}),
        ("set", "*", {"group": "auth", "parameter": {"password": "@@x"}}),
        ("set", "*", {"group": "attribute", "parameter": {"authentication": "1"}}),
        ("saveconfig", "root", {"savefile": "/etc/target/saveconfig.json"}),
        ("export", "*", {"file": "-"}),
        ("sessions", "*", {"action": "detail"}),
        ("ensure", "acl", {"tpg_lun_or_backstore": "lun7"}),
        ("ensure", "ramdisk", {"name": "x", "size": "1M"}),
    ],
)
def test_what_provision_may(
    name: str, kind: str, values: dict[str, Any], tmp_path: Path, logged: list[str]
) -> None:
    row = next(r for r in ROWS if r.name == name and (kind in r.on or r.on == ("*",)))
    assert allowed(row, "provision", tmp_path, **values)


def test_files_below_the_directories_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    srv, other = tmp_path / "srv", tmp_path / "other"
    for folder in (srv, other, tmp_path / "srv2"):
        folder.mkdir()
    (other / "secret").write_text("x")
    (srv / "link").symlink_to(other / "secret")
    (srv / "away").symlink_to(other)
    (srv / "device").symlink_to("/dev/null")
    (srv / "volume").symlink_to(other / "volume")
    blocks = {str(other / "volume")}
    monkeypatch.setattr("rtslib_ext.host.devices.is_block_device", blocks.__contains__)
    env = env_of("provision", tmp_path, f"{srv}:/dev/vg0")
    for good in ("a.img", "sub/../b.img", "volume"):
        assert roles._outside(env, f"{srv}/{good}") == "", good
    assert roles._outside(env, "/dev/vg0/disk1") == ""
    others = ("link", "away", "device", "../other/secret", "../srv2/x", ".", "../other/volume")
    for bad in (*others, "away/secret", "away/new.img", "away/../../other/secret"):
        assert "it is outside of" in roles._outside(env, f"{srv}/{bad}"), bad
    for bad in ("/dev/vg0", "/dev/vg01/x", "~/x", "x", "", "/"):
        assert "it is outside of" in roles._outside(env, bad), bad
    none = env_of("provision", tmp_path)
    assert "the directories of --within" in roles._outside(none, f"{srv}/a.img")


@pytest.mark.parametrize(
    "words",
    [
        "--role read ls",
        "--role read",
        "--role root --batch -",
        "--role read --batch - --show-secrets",
        "--role read --within /srv --batch -",
        "--within /srv ls",
        "--sandbox --role read --batch -",
    ],
)
def test_options_that_would_not_hold_are_refused(words: str) -> None:
    request = options.Request()
    with pytest.raises(InvalidValue):
        options.parse_program(words.split(), request)
        options.refuse_ineffective(request)


def test_a_line_takes_no_role() -> None:
    from targetcli.language import grammar, line_options

    for line in ("--role admin ls", "--within / ls", "--role=admin ls"):
        with pytest.raises(LioError):
            line_options.take(grammar.parse(line), Options(role="read", batch="-"))
    line = grammar.parse("ls --role admin")
    assert line_options.take(line, Options(role="read", batch="-"))[1].role == "read"


def test_the_program_ignores_the_command_of_ssh(tmp_path: Path, monkeypatch: Any) -> None:
    from targetcli import batch

    monkeypatch.setenv("SSH_ORIGINAL_COMMAND", "targetcli clearconfig confirm=true")
    env = env_of("read", tmp_path)
    env.stdin = io.StringIO("pwd\n")
    assert batch.run(env, "-") == 0
    assert env.stdout.getvalue() == "/\n"  # type: ignore[attr-defined]
    assert "is ignored" in env.stderr.getvalue()  # type: ignore[attr-defined]
    assert os.environ["SSH_ORIGINAL_COMMAND"]


@pytest.mark.parametrize("name", ["create", "ensure", "clone"])
@pytest.mark.parametrize("place", ["/loopback", "/loopback/naa.5001405000000001/luns"])
def test_no_disks_for_the_host_itself(
    name: str, place: str, tmp_path: Path, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The LUNs of loopback are disks of this host, which reads what initiators wrote there."""
    row = next(row for row in ROWS if row.name == name and "fabric" in row.on)
    env = env_of("provision", tmp_path)
    node = node_of(env, row)
    monkeypatch.setattr(type(node), "path", place)
    given = {item.name: None for item in row.parameters}
    with pytest.raises(PermissionDenied, match="disks of this host"):
        roles.check(env, node, row, [given])
    monkeypatch.setattr(type(node), "path", "/loopbacks")
    roles.check(env, node, row, [given])


@pytest.mark.parametrize("role", ["read", "provision"])
def test_what_does_not_show_which_files_exist(
    role: str, tmp_path: Path, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").write_text("x")
    row = row_of("what")
    for name in ("there", "missing", "../etc/shadow"):
        assert not allowed(row, role, tmp_path, word=f"{tmp_path}/{name}")
    for word in ("disk1", "iqn.1994-05.com.example:h1", "192.0.2.1", "/backstores"):
        assert allowed(row, role, tmp_path, word=word), word
    monkeypatch.setattr("rtslib_ext.host.devices.is_block_device", lambda path: True)
    assert allowed(row, role, tmp_path, word="/dev/vg0/disk1")


def test_no_role_has_a_pager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pager can run programs, also those that a variable of the client names."""
    from targetcli import batch

    monkeypatch.setattr("targetcli.views.pager.page", lambda *_: pytest.fail("a pager"))
    for name in ("PAGER", "LESSOPEN", "EDITOR", "VISUAL"):
        monkeypatch.setenv(name, "sh -c 'echo no'")
    for role in ("read", "provision"):
        env = env_of(role, tmp_path)
        env.is_root = True
        env.lock_file = str(tmp_path / "lock")
        for stream in (env.stdin, env.stdout):
            monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
        env.stdin.write("help create\n")
        env.stdin.seek(0)
        assert batch.run(env, "-") == 0, env.stderr.getvalue()  # type: ignore[attr-defined]


_LONG = f"clearconfig confirm=true savefile=/{'x' * 300_000}"
LINES = (
    "!sh",
    "sandbox",
    "/clearconfig confirm=true",
    "/ 'clearconfig' confirm=true",
    '/ "clear"config confirm=true',
    "restoreconfig /etc/passwd",
    "saveconfig /etc/cron.d/x",
    "export /etc/cron.d/x",
    "map /etc/cron.d/x",
    "report /root/x",
    "import /etc/tgt/targets.conf",
    "begin",
    "undo",
    "bookmarks add x",
    "set global logfile=/etc/cron.d/x",
    "--role admin ls",
    "ls --role admin",
    "ls --show-secrets",
    "--show-secrets ls",
    "--batch /etc/passwd",
    "-- clearconfig confirm=true",
    "--yes clearconfig confirm=true",
    "* clearconfig confirm=true",
    "ls\0",
    "ls\x1b[2J",
    _LONG,
)


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_lines_of_an_enemy(
    line: str, tmp_path: Path, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is refused, and the lines before it have no effect."""
    from targetcli import batch

    monkeypatch.setenv("HOME", str(tmp_path))
    for role in ("read", "provision"):
        env = env_of(role, tmp_path)
        env.is_root, env.lock_file = True, str(tmp_path / "lock")
        env.stdin = io.StringIO(f"cd /\n{line}\n")
        assert batch.run(env, "-") == 1
        assert env.stderr.getvalue().count("line 2") == 1  # type: ignore[attr-defined]
        assert not env.stdout.getvalue()  # type: ignore[attr-defined]
    assert all("\n" not in text and text.isprintable() for text in logged)
    assert all(len(text) < 1000 and text.endswith("50022 22)") for text in logged)
    assert line != _LONG or len(logged) == 2
    assert {path.name for path in tmp_path.iterdir()} <= {"lock"}


@pytest.mark.parametrize(
    ("role", "trusts"), [("read", False), ("provision", False), ("admin", True)]
)
def test_files_of_the_user_before_sudo_are_not_trusted(
    role: str, trusts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The role restricts this user, who could put a link in the place of a file that is served."""
    from rtslib_ext.files import trusted
    from targetcli import cli

    found = []
    monkeypatch.setenv("SUDO_UID", "54321")
    monkeypatch.setattr("targetcli.batch.run", lambda *_: found.append(trusted.trusted_users()))
    cli.main(["--role", role, "--batch", "-"])
    assert [54321 in users for users in found] == [trusts]
