# SPDX-License-Identifier: Apache-2.0
"""Secrets from a prompt, a file or nowhere, and those in a command line, which ps would show."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from rtslib_ext.config.model import Auth
from rtslib_ext.config.secrets import length_notes
from rtslib_ext.errors import InvalidValue, LioError
from targetcli.commands import secret_sources
from targetcli.env import Env
from targetcli.options import Options
from targetcli.prefs import Preferences


def env(text: str = "", **options: object) -> Env:
    return Env(
        Preferences(None),
        stdin=io.StringIO(text),
        options=Options(**options),  # type: ignore[arg-type]
    )


def resolved(value: str, given: Env | None = None, name: str = "password") -> str:
    return secret_sources.resolve(given or env(), "/x", {name: value})[name]


@pytest.mark.parametrize("value", ["plain", "", "a@b", "a-b", "--", "NULL"])
def test_other_values_are_the_secrets_themselves(value: str) -> None:
    assert resolved(value) == value


def test_only_secrets_come_from_elsewhere() -> None:
    for value in ("-", "@new", "@/nosuch"):
        assert resolved(value, name="userid") == value


def test_two_at_signs_begin_a_secret_with_one() -> None:
    assert resolved("@@new") == "@new"


def test_a_secret_is_a_line_of_standard_input() -> None:
    given = env("first one\nsecond\n")
    values = secret_sources.resolve(given, "/x", {"password": "-", "mutual_password": "-"})
    assert values == {"password": "first one", "mutual_password": "second"}


def test_no_line_is_no_secret() -> None:
    for text in ("", "\n"):
        with pytest.raises(InvalidValue, match="no secret on standard input"):
            resolved("-", env(text))


def test_a_script_is_not_taken_for_secrets() -> None:
    """Nor is the next line, which may be one, taken for a command: it would be logged."""
    given = env("x" * 5000 + "\nls\n")
    given.session.several = True
    for each in (given, env("ls\n", batch="-")):
        with pytest.raises(InvalidValue, match="between the lines of a script") as caught:
            resolved("-", each)
        assert "password=@FILE" in caught.value.hint
        assert each.stdin.read() == "ls\n"
    assert "the next line was not run" not in caught.value.hint


@pytest.mark.parametrize(("text", "secret"), [("a b\n", "a b"), ("ä", "ä"), (" x \n", " x ")])
def test_a_file_has_the_secret(tmp_path: Path, text: str, secret: str) -> None:
    (tmp_path / "secret").write_text(text)
    assert resolved(f"@{tmp_path}/secret") == secret


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "has no text"),
        (b"\n", "has no text"),
        (b"geheim\ngeheim\n", "has several lines"),
        (b"\xff\xfegeheim", "it is not UTF-8"),
        (b"geheim" * 1000, "it has more than 4,096 bytes"),
    ],
)
def test_a_file_without_a_secret_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "secret").write_bytes(data)
    with pytest.raises(LioError) as caught:
        resolved(f"@{tmp_path}/secret")
    assert why in str(caught.value) and "geheim" not in str(caught.value)


@pytest.mark.parametrize("value", ["@geheim/nosuch", "@", "@geheim\0"])
def test_an_error_does_not_repeat_what_may_be_a_secret(value: str) -> None:
    with pytest.raises(LioError) as caught:
        resolved(value)
    assert "geheim" not in f"{caught.value} {caught.value.hint}"
    assert "password=@@" in caught.value.hint
    assert caught.value.__cause__ is None


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LioError, match="not a regular file"):
        resolved(f"@{tmp_path}/pipe")


def test_a_name_is_that_of_a_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chap").write_text("of the service\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert resolved("@chap") == "of the service"
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert resolved("@chap") == "of the service"


def test_every_initiator_takes_a_new_secret() -> None:
    made = {resolved("@new") for _ in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch("[A-Za-z0-9]{16}", secret) for secret in made)
    assert not list(length_notes(Auth(password=made.pop())))
    assert len(set("".join(made))) == 62


# -- the command line --------------------------------------------------------------------------

SHOWS_ITSELF = """
import sys
from targetcli import argv, secret_words
words = sys.argv[1:]
if secret_words.may_be_in(" ".join(words)):
    argv.hide(words)
sys.stdout.buffer.write(open("/proc/self/cmdline", "rb").read())
"""


def command_line(words: Sequence[str]) -> list[str]:
    """Return the words that ps shows of a process that hid its secrets."""
    done = subprocess.run(
        [sys.executable, "-c", SHOWS_ITSELF, *words], capture_output=True, check=True
    )
    return done.stdout.decode().removesuffix("\0").split("\0")[3:]


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["/x", "set", "auth", "password=geheim"], ["/x", "set", "auth", "password=******"]),
        (["set", "auth", "password=a b", "userid=u"], ["set", "auth", "password=***", "userid=u"]),
        (["/x set auth password=geheim"], ["/x set auth password=******"]),
        (["set", "auth", "password=ä"], ["set", "auth", "password=**"]),
        (["auth", "password=a userid=b"], ["auth", "password=**********"]),
        (["set", "auth", "password="], ["set", "auth", "password="]),
        (["/iscsi", "ls"], ["/iscsi", "ls"]),
        (["--json", "ste", "auth", "geheim", ""], ["--json", "ste", "auth", "******", ""]),
    ],
)
def test_ps_shows_no_secret(words: list[str], shown: list[str]) -> None:
    assert command_line(words) == shown
