# SPDX-License-Identifier: Apache-2.0
"""help: the groups of commands, what is described for which words, widths, examples."""

from __future__ import annotations

import io
import json
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from rtslib_ext.kernel.configfs import ConfigFS
from targetcli import cli, session
from targetcli.command_table import groups, places
from targetcli.command_table.command import Command
from targetcli.command_table.rows import every_row
from targetcli.command_table.table import commands_of
from targetcli.env import Env
from targetcli.language import binding, grammar
from targetcli.options import Options
from targetcli.prefs import Preferences

KINDS = sorted({kind for row in every_row() for kind in row.on} - {"*"})
every_command = pytest.mark.parametrize(
    "row", every_row(), ids=lambda row: f"{row.name} {','.join(row.on)[:20]}"
)


class Screen(io.StringIO):
    """A terminal without a size of its own."""

    def isatty(self) -> bool:
        return True


class Reader:
    """A user on a host without LIO."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.stderr = ""

    def __call__(
        self, line: str, width: int = 0, *, cwd: str = "/", in_shell: bool = True, **options: bool
    ) -> list[str]:
        """Run a line; return its lines. With a width, standard output is a terminal."""
        stdout = Screen() if width else io.StringIO()
        env = Env(
            Preferences.load(self.home),
            fs=ConfigFS(str(self.home / "nosuch")),
            stdin=io.StringIO(),
            stdout=stdout,
            stderr=io.StringIO(),
            options=Options(**options),
        )
        env.session.several, env.session.cwd = in_shell, cwd
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "targetcli.commands.help.terminal_width", lambda _, without: width or without
            )
            session.run_line(env, partial(grammar.parse, line))
        assert isinstance(env.stderr, io.StringIO)
        self.stderr = env.stderr.getvalue()
        return stdout.getvalue().splitlines()


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


# -- the list -------------------------------------------------------------------------------


def test_every_command_has_one_group() -> None:
    listed = Counter(name for names in groups.GROUPS.values() for name in names)
    assert set(listed.values()) == {1}
    assert set(listed) == {row.name for row in every_row()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [80, 132])
def test_each_command_has_one_line(reader: Reader, kind: str, width: int) -> None:
    lines = reader(f"help {kind}" if kind != "root" else "help", width)
    assert max(map(len, lines)) <= width
    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    assert sorted(listed) == sorted(commands_of(kind))
    assert all(f"  {name} (new)" in "\n".join(lines) for name in listed if name in ("undo", "diff"))
    assert not any(line.startswith("  create (new)") for line in lines) or kind == "lu_groups"


def test_groups_are_titles_of_the_list(reader: Reader) -> None:
    for width in (0, 80):
        titles = [line for line in reader("help", width) if line in groups.GROUPS]
        assert titles == list(groups.GROUPS)
        assert reader("help", width)[-1] == "(new): targetcli-fb does not have this command."


def test_without_a_terminal_the_syntax_is_listed(reader: Reader) -> None:
    lines = reader("help")
    assert "  - saveconfig [savefile] [drop_missing] [owner] [target] " in lines
    place = lines.index("  - undo [dry_run] ")
    assert lines[place + 1] == "      (new) Undoes the last change of this session."
    assert "GENERALITIES" in lines and "AVAILABLE COMMANDS" in lines


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_commands_of_a_node_have_the_same_line(kind: str) -> None:
    known = [row.summary for row in commands_of(kind).values()]
    assert len(set(known)) == len(known)


def test_another_node_is_listed(reader: Reader) -> None:
    assert reader("help iscsi") == reader("help /iscsi")
    assert "The following commands are available in /iscsi" in reader("help /iscsi")
    assert "The following commands are available in luns" in reader("help luns")


# -- one command ----------------------------------------------------------------------------


@every_command
@pytest.mark.parametrize("width", [40, 80, 132])
def test_text_is_wrapped(reader: Reader, row: Command, width: int) -> None:
    lines = reader(f"help {row.on[0] if row.on[0] != '*' else 'root'} {row.name}", width)
    text = lines[: lines.index("EXAMPLES")]
    # A word that is longer stays whole: it is an option or a path.
    assert [line for line in text if len(line) > width and " " in line.strip()] == []
    assert "SYNTAX" in text and "DESCRIPTION" in text


def test_found_entries_are_wrapped_with_an_indent(reader: Reader) -> None:
    lines = reader("help search chap", 60)
    assert max(map(len, lines)) <= 60
    assert {line[0] == " " or "(" in line for line in lines} == {True}
    assert any(line.startswith("    ") for line in lines)


def test_without_a_terminal_the_width_is_80(reader: Reader) -> None:
    lines = reader("help restoreconfig")
    assert len(lines[3]) > 80 and lines[3].startswith("restoreconfig [savefile]")
    assert 70 < max(map(len, lines[lines.index("DESCRIPTION") :])) <= 80
    assert max(map(len, reader("help restoreconfig", 80))) <= 80


@every_command
def test_the_example_can_be_pasted(reader: Reader, row: Command) -> None:
    where = row.on[0] if row.on[0] != "*" else "root"
    lines = reader(f"help {where} {row.name}")
    (example,) = lines[lines.index("EXAMPLES") + 2 :]
    line = grammar.parse(example.strip())
    assert line.command == row.name
    assert line.path in ("", *places.SAMPLES.values())
    binding.bind(row, line.positional, line.keywords, "/")
    (again,) = reader(f"help {where} {row.name}", in_shell=False)[-1:]
    assert again == f"  targetcli {example.strip()}"


def test_there_is_a_sample_of_every_kind() -> None:
    made = {kind for row in every_row() for kind in row.on[:1]} - {"*"}
    assert made <= set(places.SAMPLES)


def test_the_example_is_for_this_node(reader: Reader) -> None:
    assert reader("help create", cwd="/vhost")[-1].startswith("  /vhost create ")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("help create", "TPG/luns (help luns create)"),
        ("help create", "/backstores/fileio (help fileio create)"),
        ("help luns create", "A command of TPG/luns."),
        ("help iscsi create", "Creates a target."),
        ("help /iscsi create", "Creates a target."),
        ("help acl rm", "A command of TPG/acls/WWN or TPG/acls/TAG."),
        ("/iscsi help clearconfig", "A command of /."),
        ("help enable", "A command of TPG."),
        ("create --help", "TPG/luns (help luns create)"),
        ("/iscsi create x y --help", "create [wwn] "),
        ("/iscsi/create --help", "create [wwn] "),
        ("ls --help", "ls [path] [depth] "),
        ("create -h", "TPG/luns (help luns create)"),
        ("/iscsi delete iqn.2003-01.org.example:a -h", "delete wwn "),
        ("remove --help", "TPG/luns (help luns delete)"),
        ("help MaxBurstLength", "MaxBurstLength (TPG, group parameter, iscsi only): "),
        ("help clear_existing", "clear_existing (parameter of restoreconfig, /): "),
        ("help auto_save_on_exit", "auto_save_on_exit (global)"),
        ("? undo", "undo "),
    ],
)
@pytest.mark.parametrize("in_shell", [True, False])
def test_what_is_found(reader: Reader, line: str, text: str, in_shell: bool) -> None:
    lines = reader(line, in_shell=in_shell)
    assert any(found.startswith(text) for found in lines), lines
    assert reader.stderr == ""


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("help frobnicate", "Cannot find help topic frobnicate. (help search frobnicate"),
        ("help creat", "did you mean create?"),
        ("help luns frobnicate", "Cannot find help topic frobnicate."),
        ("help group join", "help describes one command at a time (help group)"),
        ("help luns create delete", "help describes one command at a time"),
        ("frobnicate --help", "Cannot find help topic frobnicate."),
        ("ls '--help'", "No such path /--help"),
        ("ls '-h'", "No such path /-h"),
    ],
)
def test_what_is_not_found(reader: Reader, line: str, text: str) -> None:
    assert reader(line) == [] and text in reader.stderr


def test_help_after_the_words_of_another_node(reader: Reader) -> None:
    assert reader("luns create --help") == reader("help luns create") != []
    assert reader("luns --help") == reader("help luns") != []


def test_as_json(reader: Reader) -> None:
    (text,) = reader("help create", json=True)
    found = json.loads(text)["data"]["commands"]
    assert {item["name"] for item in found} == {"create"} and len(found) > 10
    luns = next(item for item in found if item["place"] == "TPG/luns")
    assert (luns["group"], luns["new"]) == ("Change", False)


# -- the command line -----------------------------------------------------------------------


@pytest.mark.parametrize("words", [["help"], ["help", "create"], ["create", "--help"]])
def test_without_a_shell(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TARGETCLI_HOME", str(tmp_path))
    assert cli.main(words) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    first = "Usage: targetcli [OPTIONS] [PATH] COMMAND " if words == ["help"] else "create is a "
    assert shown.out.lstrip("\n").startswith(first)
