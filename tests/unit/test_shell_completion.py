# SPDX-License-Identifier: Apache-2.0
"""What bash and zsh are answered, without a kernel: how lines are split, and what is escaped."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targetcli import options
from targetcli.completion import Candidate, shells

ONE_SHOT = ("rtslib_fb", "configshell_fb", "urwid", "pyparsing", "argcomplete", "subprocess")


@pytest.mark.parametrize(
    ("line", "words", "current", "quote"),
    [
        ("targetcli ", ["targetcli"], "", ""),
        ("targetcli /is", ["targetcli"], "/is", ""),
        ("targetcli 'a b' c", ["targetcli", "a b"], "c", ""),
        ("targetcli 'a b", ["targetcli"], "a b", "'"),
        ('targetcli x="a \\"b', ["targetcli"], 'x=a "b', '"'),
        ("targetcli a\\ b", ["targetcli"], "a b", ""),
        ("targetcli # a", ["targetcli", "#"], "a", ""),
        ("targetcli ''", ["targetcli"], "", ""),
        ("targetcli 'a'b", ["targetcli"], "ab", ""),
    ],
)
def test_split(line: str, words: list[str], current: str, quote: str) -> None:
    assert shells.split(line) == (words, current, quote)


VALUES = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=8)


@given(st.lists(VALUES, min_size=1, max_size=5))
def test_what_is_escaped_is_what_bash_reads(values: list[str]) -> None:
    """In each of the quotes that could be open."""
    words = []
    for value in values:
        for quote in ("", "'", '"'):
            words.append(quote + shells._escaped(value, quote) + quote)
    program = "printf '%s\\0' " + " ".join(words)
    done = subprocess.run(["bash", "-c", program], capture_output=True, check=True)
    read = done.stdout.decode().split("\0")[:-1]
    assert read == [value for value in values for _ in range(3)]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's preferences."""
    monkeypatch.setenv("TARGETCLI_HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("line", "replaced", "told"),
    [
        ("targetcli set global loglevel_console=deb", "deb", ["debug "]),
        ("targetcli 'set' global color_mode=", "", ["false ", "true "]),
        ("targetcli 'set glo", "set glo", ["set global", "set global..."]),
        ("targetcli --", "--", [f"{name} " for name in sorted(options.known())]),
        ("targetcli --wait ", "", []),
        ("targetcli --sandbox --mem", "--mem", ["--memory "]),
        ("targetcli --sandbox --kernel tr", "tr", []),
        ("targetcli --kernel tr", "tr", ["trixie "]),
        ("targetcli --sandbox --kernel=tr", "tr", ["trixie "]),
        ("targetcli --sandbox l", "l", []),
        ("targetcli apply x --confirm-within 3", "3", ["30s "]),
        ("targetcli apply x --confirm-within=3", "3", ["30s "]),
        ("targetcli apply x --confirm-within=3", "--confirm-within=3", ["--confirm-within=30s "]),
        ("targetcli -- pw", "pw", ["pwd "]),
        ("targetcli help sear", "sear", ["search "]),
        ("targetcli help drai", "drai", ["drain "]),
        ("targetcli help lun", "lun", ["lun ", "luns "]),
        ("targetcli help luns dr", "dr", ["drain "]),
        ("targetcli help fileio ", "", ["create ", "delete ", "drain ", "ensure ", "rename "]),
        ("targetcli help search login_t", "login_t", ["login_timeout "]),
        ("targetcli version sear", "sear", []),
        ("targetcli / help sear", "sear", ["search "]),
        ("targetcli / help search login_t", "login_t", ["login_timeout "]),
    ],
)
def test_answers(home: None, line: str, replaced: str, told: list[str]) -> None:
    assert shells.answer(["bash", line, replaced]) == told


def test_the_home_folder(home: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "save.json").touch()
    (tmp_path / "disks").mkdir()
    told = shells.answer(["bash", "targetcli saveconfig ~/s", "~/s"])
    assert told == ["~/save.json "]
    assert shells.candidates(["--state"], "~/") == [Candidate("~/disks/", "")]
    assert shells.candidates([], "--state=~/") == []


def test_name_of_a_file_with_a_line_end(home: None, tmp_path: Path) -> None:
    for name in ("plain", "p\nrm", "p\x1b]0;x\x07", "p\u202eb"):
        (tmp_path / name).touch()
    line = f"targetcli --batch {tmp_path}/p"
    assert shells.answer(["bash", line, f"{tmp_path}/p"]) == [f"{tmp_path}/plain "]


def test_folders_of_the_sandbox(home: None, tmp_path: Path) -> None:
    (tmp_path / "my state").mkdir()
    (tmp_path / "file").touch()
    found = [Candidate(f"{tmp_path}/my state/", "")]
    assert shells.candidates(["--state"], f"{tmp_path}/") == found
    with_name = [Candidate(f"--state={tmp_path}/my state/", "")]
    assert shells.candidates([], f"--state={tmp_path}/") == with_name


def test_options_are_those_that_are_told() -> None:
    known = options.known()
    assert known["--wait"] == "SECONDS" and known["--yes"] == ""
    for name, value in known.items():
        options.parse([name, *(["1"] if value else [])])


def test_nothing_is_told_of_what_goes_wrong(capfd: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["bash"], ["nosuch", "a"], ["bash", "targetcli \0", "\0"]):
        assert shells.print_completions(words) == 0
    assert capfd.readouterr() == ("", "")


def test_a_tab_imports_no_library() -> None:
    program = (
        "import sys; from targetcli.completion import shells\n"
        "shells.answer(['zsh', 'set', 'global', ''])\n"
        f"print([name for name in {ONE_SHOT!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
