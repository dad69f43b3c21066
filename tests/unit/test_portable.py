# SPDX-License-Identifier: Apache-2.0
"""Configurations as commands: quoted for sh and for our own grammar; secrets only named."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtslib_ext.config.backing import FileIO, RamDisk
from rtslib_ext.config.initiator_groups import Group, GroupLun
from rtslib_ext.config.model import (
    Auth,
    Config,
    MappedLun,
    NodeAcl,
    Portal,
    StorageObject,
    Target,
    Tpg,
)
from targetcli.command_table.table import command_of
from targetcli.env import Env
from targetcli.language import binding, grammar
from targetcli.portable import beside, calls, remarks, script, secret_files, yaml
from targetcli.portable.beside import Beside
from targetcli.portable.call import Call, Secret
from targetcli.prefs import Preferences

IQN = "iqn.2003-01.org.example:a"
HOST = "iqn.1994-05.com.example:h"
TPG = f"/iscsi/{IQN}/tpg1"

texts = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
    | st.sampled_from("'\"\\ =$`![]*#@-"),
    min_size=1,
    max_size=12,
)


def words_of(call: Call) -> list[str]:
    """Return the words that the program gets from the shell."""
    line = list(script.lines(Config(), [call], []))[-1]
    return shlex.split(line.removeprefix("run "))


@given(name=texts.filter(lambda text: "/" not in text), file=texts)
def test_parameters_are_what_was_written(name: str, file: str) -> None:
    values: dict[str, str | int | bool | Secret] = {
        "name": name,
        "file_or_dev": file,
        "size": 512,
        "write_back": False,
    }
    line = grammar.parse_words(words_of(Call("/backstores/fileio", "ensure", values, 2)))
    assert (line.path, line.command) == ("/backstores/fileio", "ensure")
    command = command_of("fileio", "ensure")
    assert command is not None
    found = binding.bind(
        command, *binding.with_named_flags(command, line.positional, line.keywords), ""
    )
    got = {key: str(value).replace("[[]", "[") for key, value in found.items()}
    assert got == {"name": name, "file_or_dev": file, "size": "512", "write_back": "False"}


@given(value=texts)
def test_values_of_settings_are_what_was_written(value: str) -> None:
    call = Call("/backstores/fileio/d 1", "set", {"alias": value}, group="device")
    line = grammar.parse_words(words_of(call))
    assert line.path == "/backstores/fileio/d 1"
    assert (line.positional, line.keywords) == (("device",), {"alias": value})


def test_secrets_are_files_of_a_directory() -> None:
    path = calls.shell_paths.ShellPath(f"{TPG}/acls/{HOST}")
    secret = Secret(path, "password", "geheim")
    call = Call(path, "set", {"userid": "u", "password": secret}, group="auth")
    lines = list(script.lines(Config(), [call], []))
    name = f"iscsi,{IQN},tpg1,acls,{HOST},password"
    assert secret_files.name(secret) == name
    assert lines[-1] == f'run {path} set auth userid=u "password=@$SECRETS/{name}"'
    assert f"#   {name}" in lines
    assert "geheim" not in "\n".join(lines) + repr(secret)


@given(st.lists(texts, min_size=2, max_size=2, unique=True))
def test_files_of_secrets_have_different_plain_names(tags: list[str]) -> None:
    secrets = [
        Secret(calls.shell_paths.ShellPath(f"/iscsi/{tag}"), "password", "x") for tag in tags
    ]
    names = {secret_files.name(secret) for secret in secrets}
    assert len(names) == 2
    assert all(len(name) < 256 and name.isascii() and "/" not in name for name in names)


def test_credentials_are_set_together_or_not_at_all() -> None:
    acl = NodeAcl(HOST, auth=Auth("", "", "", ""))
    tpg = Tpg(1, enable=True, auth=Auth("u", "geheim", "", ""), acls={HOST: acl})
    target = Target("iscsi", IQN, {1: tpg})
    found = [call for call in calls.of_config(Config(targets={target.key: target}))]
    assert [call.at for call in found if call.group == "auth"] == [TPG]
    assert [call.command for call in found][-1] == "enable"


def of_tpg(**parts: Any) -> Config:
    """A configuration with one TPG."""
    target = Target("iscsi", IQN, {1: Tpg(1, **parts)})
    return Config(targets={target.key: target})


def of_object(so: StorageObject) -> Config:
    return Config(storage_objects={so.key: so})


MAPPED = {HOST: NodeAcl(HOST, {0: MappedLun(0, 2)})}
PROTECTED = {"prod_mode_write_protect": "1"}
TAGGED = {f"{HOST}{n}": NodeAcl(f"{HOST}{n}", tag="t", cmdsn_depth=str(n)) for n in (1, 2)}


@pytest.mark.parametrize(
    ("config", "severity", "text"),
    [
        (of_object(StorageObject("d", FileIO("/d", aio=True))), "lost", "asynchronous"),
        (of_object(StorageObject("a b", RamDisk(512))), "lost", "create refuses"),
        (Config(targets={("iscsi", IQN): Target("iscsi", IQN)}), "lost", "without TPGs"),
        (of_tpg(auth=Auth("u", "p", "m", "p")), "lost", "are equal"),
        (of_tpg(acls=TAGGED), "changed", "written with the settings of"),
        (of_tpg(acls={HOST: NodeAcl(HOST, tag="a.b")}), "lost", "refuses this tag"),
        (of_tpg(acls=MAPPED, attributes=PROTECTED), "changed", "makes it read-only"),
    ],
)
def test_remarks(config: Config, severity: str, text: str) -> None:
    (found,) = remarks.of_config(config)
    assert found.severity == severity and text in found.text and found.path


PORTAL = Portal("192.0.2.1", 3260)
KEY = ("ramdisk", "d")
LUNS = {2: GroupLun(2, KEY, write_protect=True), 3: GroupLun(3, ("ramdisk", "gone"))}
LISTENING = {n: Tpg(n, enable=True, portals={PORTAL.name: PORTAL}) for n in (1, 2)}
WITH = Config(
    {KEY: StorageObject("d", RamDisk(512))}, {("iscsi", IQN): Target("iscsi", IQN, LISTENING)}
)
BESIDE = Beside(
    {"/backstores/ramdisk/d": "csi"},
    {PORTAL.name: ("192.0.2.0/24", "2001:db8::/64")},
    {
        "all": Group("all", LUNS, ((("iscsi", IQN), 1), (("iscsi", IQN), 2))),
        "none": Group("none"),
        "one": Group("one", {}, ((("iscsi", IQN), 2),)),
    },
)


def test_a_script_has_allowed_networks_and_groups_without_members() -> None:
    lines = list(script.lines(WITH, list(calls.of_config(WITH, BESIDE)), []))
    portal = f"{TPG}/portals/192.0.2.1:3260"
    assert lines[-6:-1] == [
        f"run {portal} allow 192.0.2.0/24,2001:db8::/64",
        f"has / groups all || {{ run / group create all target={IQN} && "
        "run / group map all /backstores/ramdisk/d 2 write_protect=true; }",
        "has / groups none || { run / group create none; }",
        "has / groups one || { run / group create one; }",
        f"run {TPG} enable",
    ]
    assert [line for line in lines if line.startswith("has()")]


@pytest.mark.parametrize(
    ("commands", "wanted"),
    [
        (True, ["note the owner csi", "note ramdisk/gone", f"changed its targets: {IQN}"]),
        (
            False,
            ["note the owner csi", "lost only 192.0.2.0/24, 2001:db8::/64 may"]
            + [f"note the group {name}," for name in ("all", "none", "one")],
        ),
    ],
)
def test_what_stands_beside_the_configuration_is_never_left_out_silently(
    commands: bool, wanted: list[str]
) -> None:
    found = list(beside.remarks(WITH, BESIDE, commands=commands))
    assert len(found) == len(wanted)
    for one, text in zip(found, wanted, strict=True):
        severity, _, words = text.partition(" ")
        assert one.severity == severity and words in one.text and one.path


def test_yaml_runs_no_template_of_a_name() -> None:
    assert yaml.scalar("a{{ b }}") == '!unsafe "a{{ b }}"'
    assert yaml.scalar('a"\\\x85') == '"a\\"\\\\\\u0085"'
    assert list(yaml.lines([{"a": 1, "b": [{"c": True}, {"d": {}}], "e": "x"}])) == [
        "- a: 1",
        "  b:",
        "    - c: true",
        "    - d: {}",
        '  e: "x"',
    ]


def test_no_directory_of_secrets_is_made_behind_a_planted_link(tmp_path: Path) -> None:
    from rtslib_ext.files.trusted import Untrusted
    from targetcli.commands import export

    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "link").symlink_to(tmp_path)
    env = Env(Preferences.load(None))
    with pytest.raises(Untrusted, match="is a symbolic link"):
        export._write_secrets(env, f"{shared}/link/new", [], "script")
    assert not (tmp_path / "new").exists()
    export._write_secrets(env, f"{shared}/a/b", [], "script")
    assert (shared / "a/b").stat().st_mode & 0o777 == 0o700
