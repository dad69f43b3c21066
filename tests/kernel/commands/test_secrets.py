# SPDX-License-Identifier: Apache-2.0
"""A secret that is typed is printed nowhere: not by the command, its errors, logs or history."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from targetcli import batch

from .harness import Answer, Shell, value

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
ACL = f"{TPG}/acls/iqn.1994-05.com.example:h"
FILE = f"iscsi/{IQN}/tpgt_1"
SECRET = "geheim-geheim"


@pytest.fixture
def user(shell: Shell, tmp_path: Path) -> Shell:
    """A user with a TPG and an ACL, whose lines are logged."""
    shell.ok(f"/iscsi create {IQN}")
    shell.ok(f"{TPG}/acls create iqn.1994-05.com.example:h")
    for name, text in (("logfile", tmp_path / "log"), ("loglevel_file", "debug")):
        shell.ok(f"set global {name}={text}")
    return shell


def leaks(user: Shell, tmp_path: Path, answer: Answer) -> list[str]:
    """The places that have the secret, or a part of it."""
    kept = [path.read_text(errors="replace") for path in Path(user.history).rglob("*.json*")]
    texts = {
        "stdout": str(answer),
        "stderr": answer.stderr,
        "log": (tmp_path / "log").read_text(),
        "history": "".join(kept),
        "history command": str(user("history")),
    }
    return [name for name, text in texts.items() if "geheim" in text]


LINES = [
    f"{TPG} set auth password={SECRET}",
    f"{TPG} set auth userid=u password={SECRET} mutual_password={SECRET}2",
    f"{TPG} set password={SECRET} auth",
    f"{TPG} set password={SECRET} group=auth",
    f"{TPG} set group=auth password_mutual={SECRET}",
    f"{TPG} set AUTH password={SECRET}",
    f"{TPG} set auth PASSWORD={SECRET}",
    f"{TPG} set auth pasword={SECRET}",
    f"{TPG} set auth secret={SECRET}",
    f"{TPG} set auth password {SECRET}",
    f"{TPG} set auth {SECRET}",
    f"{TPG} set auth password={SECRET} nosuch={SECRET}",
    f"{TPG} set auth password= {SECRET}",
    f"{TPG} set auth password = {SECRET}",
    f"{TPG} set auth password={SECRET} mutual_password={SECRET}",
    f"{TPG} set auth password=NULL{SECRET}",
    f"{TPG} set auth password={SECRET * 30}",
    f"{TPG} set auth 'password={SECRET}'",
    f"{TPG} set auth 'password=geheim wort geheim'",
    f'{TPG} set auth password="geheim\\"wort geheim"',
    f"{TPG} set auth password='geheim wort geheim' 'userid=x",
    f"{TPG} set auth \"password=geheim wort geheim' userid=x",
    f"{TPG} set auth pasword={SECRET} 'userid=x",
    f"{TPG} set auth password={SECRET} --nosuch",
    f"{TPG} set attribute password={SECRET}",
    f"{TPG} set global password={SECRET}",
    f"{TPG} sett auth password={SECRET}",
    f"{TPG} get auth password={SECRET}",
    f"{TPG} create password={SECRET}",
    f"/iscsi create userid=u password={SECRET}",
    f"{TPG}/acls create iqn.1994-05.com.example:j password={SECRET}",
    f"{TPG}/acls ensure iqn.1994-05.com.example:j userid=u password={SECRET}",
    f"{TPG}/acls/* set auth password={SECRET}",
    f"{ACL} set auth password={SECRET}",
    f"{ACL}/nosuch set auth password={SECRET}",
    f"/iscsi set discovery_auth password={SECRET}",
    f"/iscsi set discovery_auth enable=1 password={SECRET} mutual_password={SECRET}2",
    f"/nosuch set auth password={SECRET}",
    f"set auth password={SECRET}",
    f"auth password={SECRET}",
    f"{TPG} set auht pasword={SECRET}",
    f"{TPG} set auht {SECRET}",
    f"{TPG} ste auth {SECRET}",
    f"{TPG} set 'au'th {SECRET}",
    f"{TPG} 'set' auth {SECRET} 'userid=x",
    f'{TPG} set "auth {SECRET}',
    f"{TPG} setauth {SECRET}",
    f"{TPG} auth {SECRET}",
    f"{TPG}/acls ensure iqn.1994-05.com.example:j userid=u pasword={SECRET}",
    f"/iscsi set discovery_auht {SECRET}",
    f"password={SECRET}",
]


@pytest.mark.parametrize("line", LINES)
def test_a_secret_in_a_line_is_not_printed(user: Shell, tmp_path: Path, line: str) -> None:
    for options in ({}, {"json": True}, {"dry_run": True}, {"json": True, "dry_run": True}):
        assert leaks(user, tmp_path, user(line, **options)) == [], options
    words = [line.replace("'", "").replace('"', "")]
    words = [
        word.replace("_wort_", " wort ") for word in words[0].replace(" wort ", "_wort_").split()
    ]
    assert leaks(user, tmp_path, user.words(*words)) == []


@pytest.mark.parametrize("line", LINES)
def test_a_secret_in_a_batch_is_not_printed(user: Shell, tmp_path: Path, line: str) -> None:
    for options in ({}, {"json": True}, {"dry_run": True}):
        env = user.env(**options)
        env.stdin = io.StringIO(f"{line}\n")
        batch.run(env, "-")
        answer = Answer(env.stdout.getvalue())  # type: ignore[attr-defined]
        answer.stderr = env.stderr.getvalue()  # type: ignore[attr-defined]
        assert leaks(user, tmp_path, answer) == [], options


def test_the_line_of_a_set_secret_keeps_its_form(user: Shell) -> None:
    line = f"{TPG} set auth userid=u password={SECRET}"
    assert user.ok(line).rows == [
        "Parameter userid is now 'u'.",
        "Parameter password is now '(hidden)'.",
    ]
    assert value(f"{FILE}/auth/password") == SECRET
    shown = user.ok(f"{TPG} set auth password={SECRET}2", show_secrets=True)
    assert shown == f"Parameter password is now '{SECRET}2'.\n"
    assert user.ok(f"{TPG} set auth password=''") == "Parameter password is now ''.\n"
