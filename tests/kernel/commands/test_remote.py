# SPDX-License-Identifier: Apache-2.0
"""Used by other hosts: batches with a role, and the modules of the Ansible collection."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from rtslib_ext import savefile
from rtslib_ext.transaction import clear
from targetcli import batch

from .harness import Shell, tree
from .initiator import until
from .test_export import EVERYTHING, H1, NAME, TPG, saved

ROOT = Path(__file__).parents[3]
COLLECTION = "ansible_collections.targetcli.lio.plugins.modules"
SECRET = "geheimgeheim3"


@pytest.fixture
def filled(shell: Shell, disks: Path) -> Shell:
    """A target with something of every kind of object."""
    for line in EVERYTHING.strip().splitlines():
        shell.ok(line.replace("DISKS", str(disks)))
    return shell


def run(shell: Shell, lines: list[str], **options: object) -> tuple[int, str, str]:
    """Run lines as a batch from standard input."""
    env = shell.env(batch="-", **options)
    env.stdin = io.StringIO("\n".join(lines) + "\n")
    status = batch.run(env, "-")
    return status, env.stdout.getvalue(), env.stderr.getvalue()  # type: ignore[attr-defined]


# -- roles ----------------------------------------------------------------------------------


LOOKS = f"""
ls
{TPG}/acls/web get auth
/iscsi get discovery_auth
{TPG}/acls/web info
{TPG} info
status
check
sessions
logins
reservations
paths
stats
map
what d1
report
diff
history
export -
help create
version
"""


@pytest.mark.parametrize("form", [False, True])
def test_the_role_read_sees_no_secret_and_changes_nothing(filled: Shell, form: bool) -> None:
    before = tree()
    lines = LOOKS.strip().splitlines()
    filled.ok("saveconfig")
    assert run(filled, ["ls", "sessions"], role="read", is_root=False)[0] == 0
    status, out, err = run(filled, lines, role="read", json=form)
    assert status == 0, err
    assert not any(secret in out + err for secret in (SECRET, "ge heim", "@andere"))
    assert "a transaction is in progress" not in out + err
    assert tree() == before
    for line in ("/backstores/ramdisk create x 1M", f"{TPG} set attribute login_timeout=3"):
        status, out, err = run(filled, ["ls", line], role="read", json=form)
        assert status == 1 and "line 2: the role read may not run" in err
    assert tree() == before


def test_the_role_provision_makes_disks_below_its_directories(shell: Shell, disks: Path) -> None:
    lines = [
        f"/backstores/fileio create d1 {disks}/d1.img 1M",
        f"/iscsi create {NAME}:p",
        f"/iscsi/{NAME}:p/tpg1/luns create /backstores/fileio/d1",
        f"/iscsi/{NAME}:p/tpg1/acls create {H1}",
        f"/iscsi/{NAME}:p/tpg1/acls/{H1} set auth userid=u password=geheimgeheim4",
        "/ saveconfig",
    ]
    status, out, err = run(shell, lines, role="provision", within=str(disks))
    assert status == 0, err
    before = tree()
    for line, why in (
        ("clearconfig confirm=true", "may not run clearconfig"),
        ("restoreconfig", "may not run restoreconfig"),
        ("/backstores/fileio create d2 /etc/passwd", "it is outside of"),
        (f"/iscsi/{NAME}:p/tpg1/luns create /etc/passwd", "it is outside of"),
        (f"/iscsi/{NAME}:p/tpg1/acls/{H1} create 5 /etc/passwd", "it is outside of"),
        ("set global logfile=/etc/cron.d/x", "may not set the group global"),
        (f"saveconfig {disks}/x.json", "may not use savefile of saveconfig"),
        ("--role admin clearconfig confirm=true", "--role is in a line of a batch"),
        ("* delete d1", "may not"),
    ):
        if line.startswith("*"):
            continue
        status, out, err = run(shell, [line], role="provision", within=str(disks))
        assert status == 1 and why in err, f"{line}: {err}"
    assert tree() == before


# -- the modules of Ansible, without Ansible --------------------------------------------------


class _Loader(yaml.SafeLoader):
    """Reads the tag of Ansible for texts that are no templates."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def tasks_of(text: str, secrets: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (module, options) of a file of tasks; references to secrets become these."""
    for task in yaml.load(text, _Loader):
        for module, found in task.items():
            if module != "name":
                yield module.rpartition(".")[2], _templated(found, secrets)


def _templated(value: Any, secrets: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _templated(item, secrets) for name, item in value.items()}
    if isinstance(value, list):
        return [_templated(item, secrets) for item in value]
    if isinstance(value, str) and value.startswith("{{ lio_secrets['"):
        return secrets[value.removeprefix("{{ lio_secrets['").removesuffix("'] }}")]
    return value


def lines_of(module: str, given: dict[str, Any]) -> list[str]:
    """Return the lines that a module would run."""
    found = import_module(f"{COLLECTION}.{module}")
    checked = ArgumentSpecValidator(found.ARGUMENTS).validate(given)
    assert not checked.error_messages
    return list(found.lines(checked.validated_parameters))


def test_the_exported_tasks_create_the_same_again_and_again(filled: Shell, tmp_path: Path) -> None:
    tasks, secrets = tmp_path / "tasks.yml", tmp_path / "secrets"
    filled.ok(f"export {tasks} secrets={secrets}")
    text = tasks.read_text()
    assert "geheim" not in text and "andere" not in text
    known = {path.name: path.read_text().removesuffix("\n") for path in secrets.iterdir()}
    found = [lines_of(*task) for task in tasks_of(text, known)]
    before = saved(filled.fs)
    clear.everything(filled.fs)
    for lines in found:
        status, _, err = run(filled, lines)
        assert status == 0, f"{lines}: {err}"
    assert saved(filled.fs) == before
    for lines in found:
        status, out, err = run(filled, lines, json=True)
        assert not [item for row in out.splitlines() for item in json.loads(row)["changes"]], lines
    assert saved(filled.fs) == before


# -- the modules, run by Ansible --------------------------------------------------------------

TASKS = f"""
- lio_backstore:
    backstores:
      - {{kind: ramdisk, name: r1, size: 1M, settings: {{attribute: {{emulate_tas: false}}}}}}
- lio_target:
    targets:
      - {{wwn: "{NAME}:x"}}
- lio_lun:
    target: "{NAME}:x"
    luns:
      - {{backstore: /backstores/ramdisk/r1, lun: 3}}
- lio_acl:
    target: "{NAME}:x"
    acls:
      - {{initiator: "{H1}"}}
    add_mapped_luns: true
- lio_auth:
    credentials:
      - {{target: "{NAME}:x", acl: "{H1}", userid: u, password: {SECRET}}}
- lio_info:
    gather: [tree, sessions]
"""
CALLBACK = """
import json, os
from ansible.plugins.callback import CallbackBase
class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "lines"
    def v2_runner_on_ok(self, result):
        found = self._clean(result)
        print("ok " + json.dumps(found))
    def v2_runner_on_failed(self, result, ignore_errors=False):
        print("failed " + json.dumps(self._clean(result)))
    def _clean(self, result):
        found = json.loads(self._dump_results(result._result, keep_invocation=True))
        return {**found, "diff": result._result.get("diff")}
"""


def play(
    folder: Path, tasks: list[dict[str, Any]], *options: str
) -> list[tuple[str, dict[str, Any]]]:
    """Run tasks by ansible-playbook; return (ok or failed, result) of each."""
    (folder / "callback").mkdir(exist_ok=True)
    (folder / "callback/lines.py").write_text(CALLBACK)
    book = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}]
    (folder / "book.yml").write_text(json.dumps(book))
    environ = {
        **os.environ,
        "HOME": str(folder),
        "PATH": f"{folder}/bin:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT),
        "ANSIBLE_CALLBACK_PLUGINS": str(folder / "callback"),
        "ANSIBLE_STDOUT_CALLBACK": "lines",
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        # One process a task instead of five.
        "ANSIBLE_PIPELINING": "True",
    }
    words = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", *options, "book.yml"]
    done = subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True)
    rows = [row.partition(" ") for row in done.stdout.splitlines()]
    found = [(word, json.loads(text)) for word, _, text in rows if word in ("ok", "failed")]
    assert len(found) >= len(tasks), done.stdout + done.stderr
    return found


def task(module: str, **options: object) -> dict[str, Any]:
    program = {"executable": f"{sys.executable} -m targetcli"}
    return {f"targetcli.lio.{module}": {**program, **options}, "ignore_errors": True}


def named(text: str) -> list[dict[str, Any]]:
    rows = yaml.safe_load(text)
    return [task(module, **options) for row in rows for module, options in row.items()]


@pytest.mark.long
def test_ansible_runs_a_task_twice(shell: Shell, tmp_path: Path) -> None:
    rows = named(TASKS)[:1]
    first, second = play(tmp_path, [*rows, *rows])
    assert (first[0], second[0]) == ("ok", "ok"), (first, second)
    assert first[1]["changed"] and not second[1]["changed"]
    assert "r1" in Path("/etc/target/saveconfig.json").read_text()


@pytest.mark.long
def test_ansible_runs_tasks_in_turn_and_again(shell: Shell, tmp_path: Path) -> None:
    tasks = named(TASKS)
    found = play(tmp_path, [*tasks, *tasks])
    assert [word for word, _ in found] == ["ok"] * len(found), found
    first, second = found[: len(tasks)], found[len(tasks) :]
    assert [result["changed"] for _, result in first] == [True] * 5 + [False]
    assert not any(result["changed"] for _, result in second)
    assert SECRET not in str(found)
    assert second[-1][1]["lio"]["tree"]["kind"] == "root"
    wanted = json.loads(Path("/etc/target/saveconfig.json").read_text())
    assert SECRET in str(wanted)
    wanted["targets"][0]["tpgs"][0]["attributes"]["login_timeout"] = 20
    before = tree()
    rows = [task("lio_config", document=wanted), task("lio_lun", target="x", luns=[{"lun": 1}])]
    checked, failed = play(tmp_path, rows, "--check", "--diff")
    assert checked[1]["changed"] and "login_timeout" in checked[1]["diff"]["prepared"]
    assert failed[0] == "failed" and "backstore is required" in failed[1]["msg"]
    assert tree() == before and SECRET not in str(checked)


def owned(*names: str) -> dict[str, object]:
    """Return a fragment with small RAM disks; their serial numbers end with their names."""
    disks = [
        {"name": name, "plugin": "ramdisk", "size": 1 << 20, "wwn": f"5eed-{name}"}
        for name in names
    ]
    return {"storage_objects": disks, "targets": []}


def disks_of(shell: Shell) -> set[str]:
    found = json.loads(shell.ok("ls /backstores/ramdisk", json=True))["data"]["children"]
    return {child["name"] for child in found}


@pytest.mark.long
def test_ansible_applies_what_an_owner_has(shell: Shell, tmp_path: Path) -> None:
    """Only the owner's objects change; a failing task leaves all of them as they were."""
    shell.ok("/backstores/ramdisk create mine 1M")
    web = task("lio_config", document=owned("o1"), owner="web")
    both = owned("o1", "o2")
    broken: dict[str, Any] = {**both, "targets": [{"fabric": "iscsi", "wwn": "no name"}]}
    found = play(
        tmp_path,
        [
            {**web, "check_mode": True, "diff": True},
            web,
            web,
            task("lio_config", document=both, owner="other"),
            task("lio_config", document=broken, owner="web"),
            task("lio_config", document=both, owner="web", adopt=True),
            task("lio_config", document=owned("o2"), owner="web"),
        ],
    )
    told = [(word, item.get("changed"), item.get("msg")) for word, item in found]
    words = [("ok", True), ("ok", True), ("ok", False), ("failed", False), ("failed", False)]
    assert [row[:2] for row in told] == [*words, ("ok", True), ("ok", True)], told
    assert "/backstores/ramdisk/o1: create" in found[0][1]["diff"]["prepared"]
    assert "web" in told[3][2]
    assert [one["path"] for one in found[5][1]["changes"]] == ["/backstores/ramdisk/o2"]
    assert disks_of(shell) == {"mine", "o2"}
    loaded = savefile.loads(Path("/etc/target/saveconfig.json").read_text())
    assert loaded.owners == {"/backstores/ramdisk/o2": "web"}


@pytest.mark.long
def test_ansible_confirms_a_change_or_it_is_rolled_back(shell: Shell, tmp_path: Path) -> None:
    def apply(name: str, time: str) -> dict[str, Any]:
        return task("lio_config", document=owned(name), owner="web", confirm_within=time)

    found = play(
        tmp_path,
        [
            apply("o1", "120s"),
            apply("o2", "120s"),
            task("lio_confirm"),
            task("lio_confirm"),
            apply("o2", "120s"),
            task("lio_confirm", state="rolled_back"),
            apply("o1", "120s"),
            # The play ends, and confirms nothing.
            apply("o2", "1s"),
        ],
    )
    told = [(word, item.get("changed"), item.get("msg")) for word, item in found]
    assert [row[:2] for row in told] == [
        ("ok", True),
        ("failed", False),
        ("ok", True),
        ("failed", False),
        ("ok", True),
        ("ok", True),
        ("ok", False),
        ("ok", True),
    ], told
    assert "is waiting for confirmation" in told[1][2]
    assert "no change is waiting" in told[3][2]
    assert "o1" in Path("/etc/target/saveconfig.json").read_text()
    until(lambda: disks_of(shell) == {"o1"})


@pytest.mark.long
def test_ansible_runs_the_other_modules(shell: Shell, disks: Path, tmp_path: Path) -> None:
    target = f"{NAME}:x"
    assert [word for word, _ in play(tmp_path, named(TASKS)[:2])] == ["ok", "ok"]
    (disks / "ietd.conf").write_text(f"Target {NAME}:i\n\tLun 0 Path={disks}/i,Type=fileio\n")
    (disks / "i").write_bytes(bytes(1 << 20))
    wanted: dict[str, list[object]] = {"storage_objects": [], "targets": [], "fabric_modules": []}
    mapped = {"acl": H1, "mapped_lun": 4}
    rows = [
        task("lio_tpg", tpgs=[{"target": target, "enabled": True}]),
        task("lio_portal", target=target, portals=[{"address": "127.0.0.1", "port": 3262}]),
        task("lio_import", src=f"{disks}/ietd.conf", lossy=True),
        task("lio_lun", target=target, luns=[{"backstore": "/backstores/ramdisk/r1", "lun": 0}]),
        task("lio_acl", target=target, acls=[{"initiator": H1}]),
        task("lio_mapped_lun", target=target, mapped_luns=[{**mapped, "lun": "0"}]),
        task("lio_mapped_lun", target=target, mapped_luns=[mapped], state="absent"),
        task("lio_target", targets=[{"wwn": target}], state="absent"),
        task("lio_config", document=wanted),
    ]
    found = play(tmp_path, [each for row in rows for each in (row, row)])
    told = [
        (word, item.get("changed"), item.get("messages"), item.get("msg")) for word, item in found
    ]
    assert [row[:2] for row in told] == [("ok", True), ("ok", False)] * len(rows), told
    assert len(shell.ok("ls /iscsi").rows) == 1


@pytest.mark.long
def test_ansible_runs_the_role(shell: Shell, disks: Path, tmp_path: Path) -> None:
    program = tmp_path / "bin/targetcli"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m targetcli "$@"\n')
    program.chmod(0o755)
    variables = {
        "storage_target_backstores": [
            {"kind": "fileio", "name": "d1", "dev": f"{disks}/d1", "size": "1M"}
        ],
        "storage_target_targets": [
            {
                "wwn": f"{NAME}:x",
                "luns": [{"backstore": "/backstores/fileio/d1", "lun": 0}],
                "acls": [{"initiator": H1}],
            }
        ],
        "storage_target_credentials": [
            {"target": f"{NAME}:x", "acl": H1, "userid": "u", "password": SECRET}
        ],
    }
    role = {"include_role": {"name": "targetcli.lio.storage_target"}, "vars": variables}
    first, second = (play(tmp_path, [role]) for _ in range(2))
    assert any(result["changed"] for _, result in first)
    assert {word for word, _ in (*first, *second)} == {"ok"}
    assert not any(result.get("changed") for _, result in second)
    assert SECRET not in str(first)
    assert "mapped_lun0" in shell.ok(f"ls /iscsi/{NAME}:x/tpg1/acls")
