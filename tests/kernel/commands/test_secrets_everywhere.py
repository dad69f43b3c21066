# SPDX-License-Identifier: Apache-2.0
"""Everything that the program wrote while it knew secrets, with the most careless umask.

Files that must have secrets (save file, backups, the journal of a running change, a change that
waits for confirmation) have mode 0600 when they are created; nothing else has one at all.
"""

from __future__ import annotations

import builtins
import gzip
import io
import os
import pty
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from rtslib_ext.transaction.lock import change_lock
from targetcli import batch, session
from targetcli.changes import apply
from targetcli.language import grammar

from .harness import ETC, Answer, Shell, value

IQN = "iqn.2003-01.org.example:a"
TPG = f"/iscsi/{IQN}/tpg1"
ACL = f"{TPG}/acls/iqn.1994-05.com.example:h"
FILES = f"iscsi/{IQN}/tpgt_1"
# In every secret; no other text has it.
MARK = "Geheim"
OWN = (ETC, Path("/run/targetcli"))
SECRET = f"{MARK}0Wort123"


@pytest.fixture
def user(shell: Shell, tmp_path: Path) -> Iterator[Shell]:
    """A user whose files can be read by all unless the program takes care."""
    tmp_path.chmod(0o755)
    shell.kept = f"{tmp_path}/var/history"
    (tmp_path / "var").mkdir()
    before = os.umask(0)
    try:
        for name, text in (("logfile", tmp_path / "log"), ("loglevel_file", "debug")):
            shell.ok(f"set global {name}={text}")
        shell.ok(f"/iscsi create {IQN}")
        shell.ok(f"{TPG}/acls create iqn.1994-05.com.example:h")
        yield shell
    finally:
        os.umask(before)


@pytest.fixture
def created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files that other users could read at the moment when they were created."""
    found: list[str] = []

    def note(file: int) -> None:
        status = os.fstat(file)
        name = os.readlink(f"/proc/self/fd/{file}")
        ours = name.startswith((str(tmp_path), *map(str, OWN)))
        if ours and stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
            found.append(name)

    def watched(call: Callable[..., Any], number: Callable[[Any], int]) -> Callable[..., Any]:
        def opened(*words: Any, **options: Any) -> Any:
            result = call(*words, **options)
            note(number(result))
            return result

        return opened

    monkeypatch.setattr(os, "open", watched(os.open, int))
    monkeypatch.setattr(builtins, "open", watched(open, lambda file: int(file.fileno())))
    monkeypatch.setattr(io, "open", watched(io.open, lambda file: int(file.fileno())))
    return found


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode(errors="replace")


def with_secrets(*folders: Path) -> dict[str, str]:
    """The files that have a secret, with the modes of file and folder."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink() and MARK in text_of(path):
                modes = (stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent))
                found[path.name] = " ".join(f"{mode:o}" for mode in modes)
    return found


LINES = [
    f"{TPG} set auth userid=u password={SECRET} mutual_userid=m mutual_password={SECRET}m",
    f"/iscsi set discovery_auth userid=u password={SECRET}d enable=1",
    f"{TPG} set auth pasword={SECRET} 'userid=x",
    f"{TPG} set auth password=@{SECRET}",
    f'{TPG} set auth password="{SECRET}',
    f"saveconfig --nosuch password={SECRET}",
    f"{ACL} set auth userid=u password={SECRET}b",
    "saveconfig",
    f"{ACL} set auth password={SECRET}c",
    "saveconfig",
    "undo",
    "backups",
    "history --last",
    "clearconfig confirm=true --dry-run",
    "restoreconfig clear_existing=true",
    f"{ACL} set auth password={SECRET}e",
]
SHOWN_TWICE = [
    "status",
    "diff -v",
    "apply -v --dry-run",
    f"{TPG} set auth password={SECRET}x --dry-run -v",
    f"{TPG} ste auht {SECRET}",
    "history",
    "/ ls",
    f"{ACL} info",
    f"/iscsi clone {IQN} iqn.2003-01.org.example:b --dry-run",
]
BATCH = f"{TPG} set auth password={SECRET}y\n{ACL} set auth password={SECRET}z\n"


def test_nothing_but_0600_files_has_a_secret(
    user: Shell, tmp_path: Path, created: list[str]
) -> None:
    calls = [(line, {}) for line in (*LINES, *SHOWN_TWICE)]
    calls += [(line, {"json": True}) for line in SHOWN_TWICE]
    answers = {f"{line} {options}": user(line, **options) for line, options in calls}
    answers["waits"] = user("apply confirm_within=60s -v", yes=True)
    waiting = with_secrets(tmp_path, *OWN)
    answers["confirm"] = user("confirm")
    answers["batch"] = in_a_batch(user, BATCH, dry_run=True)
    assert [line for line, answer in answers.items() if MARK in answer + answer.stderr] == []
    # It knew them: nothing of this holds for a program that did not.
    assert value(f"{FILES}/auth/password") == SECRET
    # The directory of the save file exists before.
    modes = {name.partition("-")[0]: modes for name, modes in waiting.items()}
    assert modes.pop("saveconfig.json").startswith("600 ")
    assert modes == {"saveconfig": "600 700", "waiting": "600 700"}
    kept = with_secrets(tmp_path, *OWN)
    assert {name.partition("-")[0] for name in kept} == {"saveconfig.json", "saveconfig"}
    assert created == []


def in_a_batch(user: Shell, lines: str, **options: object) -> Answer:
    env = user.env(**options)
    env.stdin = io.StringIO(lines)
    batch.run(env, "-")
    answer = Answer(env.stdout.getvalue())  # type: ignore[attr-defined]
    answer.stderr = env.stderr.getvalue()  # type: ignore[attr-defined]
    return answer


def test_a_bug_and_its_traceback_show_no_secret(
    user: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*words: object, **options: object) -> None:
        try:
            {}[f"{SECRET}"]
        except KeyError as err:
            raise RuntimeError(f"no {SECRET}") from err

    monkeypatch.setattr(apply, "apply", broken)
    monkeypatch.setenv("TARGETCLI_DEBUG", "1")
    for line in (f"{TPG} set auth password={SECRET}", f"{TPG} ste auth {SECRET}"):
        answer = user(line)
        assert MARK not in answer + answer.stderr
    answer = user(f"{TPG} set auth password={SECRET}", json=True)
    assert MARK not in answer + answer.stderr
    assert "in broken" in answer.stderr
    assert "this is a bug in targetcli: RuntimeError" in answer.stderr
    assert MARK not in text_of(tmp_path / "log")
    # Of other lines the text is shown: it helps to find the bug.
    assert MARK in user(f"{TPG} set attribute authentication=1").stderr


def test_a_secret_that_is_shown_is_not_logged(user: Shell, tmp_path: Path) -> None:
    answer = user.ok(f"{TPG} set auth password={SECRET}", show_secrets=True)
    assert SECRET in answer
    assert MARK not in text_of(tmp_path / "log")


def test_secrets_from_elsewhere(user: Shell, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}f\n")
    (tmp_path / "secret").chmod(0o600)
    answer = user.ok(f"{TPG} set auth password=@{tmp_path}/secret")
    assert value(f"{FILES}/auth/password") == f"{SECRET}f"
    answer += user.ok(f"{TPG} set auth mutual_password=@new")
    new = value(f"{FILES}/auth/password_mutual")
    assert len(new) == 16 and new not in answer
    assert MARK not in answer
    env = user.env()
    env.stdin, env.session.several = io.StringIO(f"{SECRET}p\n"), False
    session.run_line(env, lambda: grammar.parse(f"{TPG} set auth password=-"))
    assert value(f"{FILES}/auth/password") == f"{SECRET}p"
    assert MARK not in env.stdout.getvalue()  # type: ignore[attr-defined]
    assert MARK not in text_of(tmp_path / "log")


def test_a_prompt_does_not_show_what_is_typed(user: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGETCLI_HOME", str(user.home))
    words = [sys.executable, "-m", "targetcli", TPG, "set", "auth", "password=-"]
    process, terminal = pty.fork()
    if not process:
        os.execv(words[0], words)
    shown = b""
    try:
        while b"password of" not in shown:
            shown += os.read(terminal, 65536)
        os.write(terminal, f"{SECRET}\n".encode())
        with suppress(OSError):  # EIO is the end
            while data := os.read(terminal, 65536):
                shown += data
    finally:
        _, status = os.waitpid(process, 0)
        os.close(terminal)
    assert status == 0, shown
    assert shown.startswith(f"password of {TPG}: ".encode())
    assert MARK.encode() not in shown and b"is now '(hidden)'" in shown
    assert value(f"{FILES}/auth/password") == SECRET


def test_ps_shows_no_secret_while_the_lock_is_waited_for(
    user: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TARGETCLI_HOME", str(user.home))
    program = [sys.executable, "-m", "targetcli"]
    with change_lock("something"):
        process = subprocess.Popen(
            [*program, TPG, "set", "auth", "userid=u", f"password={SECRET} {SECRET}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        waits = process.stderr.readline()
        words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
    out, err = process.communicate()
    assert waits.startswith("waiting for another process")
    assert words[3:-1] == [
        *(word.encode() for word in (TPG, "set", "auth", "userid=u")),
        b"password=" + b"*" * (2 * len(SECRET) + 1),
    ]
    assert MARK not in waits + out + err
    assert value(f"{FILES}/auth/password") == f"{SECRET} {SECRET}"
