# SPDX-License-Identifier: Apache-2.0
"""The manual pages: what tables hold is as in the tables, and the markup is right."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rtslib_ext import naming, savefile, schema
from rtslib_ext.errors import InvalidValue
from rtslib_ext.savefile import checked_json
from targetcli import options
from targetcli.command_table.command import Command
from targetcli.command_table.rows import every_row
from targetcli.language import binding, grammar
from tests.whole import WHOLE

MAN = Path(__file__).parents[2] / "man"
PAGES = sorted(path for path in MAN.iterdir() if re.fullmatch(r"\.[1-8]", path.suffix))
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
# How each formatter is run so that it says what it does not like.
FORMATTERS = {
    "groff": ("groff", "-man", "-ww", "-Tutf8", "-z"),
    "mandoc": ("mandoc", "-Tlint", "-Wwarning"),
    "man": ("man", "--warnings", "-E", "UTF-8", "-Tutf8", "-Z", "-l"),
}
# What is called by its name in a file: a path, a target port group, a logical unit group.
NAME = re.compile(r"/.*|g|lu")

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)


def _load() -> ModuleType:
    found = importlib.util.spec_from_file_location("man_build", MAN / "build.py")
    assert found and found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


build = _load()


def text_of(name: str) -> str:
    return (MAN / name).read_text(encoding="utf-8")


def plain(text: str) -> str:
    """The text of a page without the markup of fonts and characters."""
    for escape, char in ((r"\-", "-"), (r"\e", "\\"), (r"\(aq", "'"), (r"\(dq", '"')):
        text = text.replace(escape, char)
    return re.sub(r"\\f[BIRP]|\\[&%]", "", text)


def labels(text: str) -> list[str]:
    """What stands before the labelled paragraphs of a page."""
    lines = plain(text).split("\n")
    return [line for before, line in zip(lines, lines[1:], strict=False) if before == ".TP"]


def test_pages() -> None:
    names = ["saveconfig.json.5", "targetcli-attributes.7", "targetcli.8"]
    assert [page.name for page in PAGES] == names == [page.name for page in build.pages()]


# -- drift ----------------------------------------------------------------------------------


@every_page
def test_page_is_as_its_tables(page: Path) -> None:
    text = text_of(page.name)
    assert build.built(text) == text, "run man/build.py"


@every_page
def test_drift_is_noticed(page: Path) -> None:
    text = text_of(page.name)
    drifted = re.sub(r'(^\.\\" BEGIN .*\n)', r"\1changed by hand\n", text, flags=re.MULTILINE)
    assert drifted != text
    assert build.built(drifted) == text


def test_check_tells_by_its_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "MAN", tmp_path)
    old = re.sub(r"\\fBrestoreconfig.*", "gone", text_of("targetcli.8"))
    (tmp_path / "targetcli.8").write_text(old)
    assert build.main(["--check"]) == 1
    assert (tmp_path / "targetcli.8").read_text() == old
    assert "targetcli.8 differs from its tables" in capsys.readouterr().err
    assert build.main([]) == 0
    assert (tmp_path / "targetcli.8").read_text() == text_of("targetcli.8")
    assert build.main(["--check"]) == 0
    assert build.main(["--nosuch"]) == 2


def test_every_part_is_in_one_page() -> None:
    begun = [name for page in PAGES for name in re.findall(r"BEGIN (\S+)\n", text_of(page.name))]
    ended = [found["name"] for page in PAGES for found in build.PART.finditer(text_of(page.name))]
    assert sorted(begun) == sorted(ended) == sorted(build.PARTS)


def test_every_group_of_settings_is_told() -> None:
    assert set(build.GROUPS) == set(schema.GROUPS)


def test_options_are_those_of_the_program() -> None:
    section = text_of("targetcli.8").partition(".SH OPTIONS")[2].partition(".SH ")[0]
    told = {option for label in labels(section) for option in OPTION.findall(label)}
    assert told == set(OPTION.findall(options.usage().partition("before the command:")[2]))


@pytest.mark.parametrize("row", every_row(), ids=lambda row: f"{row.name} {','.join(row.on)[:20]}")
def test_example_is_a_call_of_its_command(row: Command) -> None:
    line = grammar.parse(row.text.partition("\nExample: ")[2] or row.name)
    assert line.command == row.name
    if line.arguments or not any(item.required for item in row.parameters):
        binding.bind(row, line.positional, line.keywords, "/")


# -- the examples ---------------------------------------------------------------------------

# What the program adds to targetcli-fb, at work.
SHOWN = (
    "diff",
    "apply",
    "confirm",
    "undo",
    "history",
    "revert",
    "drain",
    "replace",
    "clone",
    "pin",
    "what",
    "map",
    "report",
    "begin",
    "commit",
    "import",
)


def commands_of_examples() -> list[list[str]]:
    """Return the words of each command of EXAMPLES, the path first if it has one."""
    section = plain(text_of("targetcli.8")).partition(".SH EXAMPLES\n")[2].partition("\n.SH ")[0]
    lines = "\n".join(re.findall(r"\.nf\n(.*?)\.fi\n", section, re.DOTALL)).replace("\\\n", "")
    typed = (re.match(r"(?:targetcli(?: --\S+)*|\*?/>) (.*)", line) for line in lines.split("\n"))
    return [shlex.split(found[1].replace("$tpg", "/iscsi/x/tpg1")) for found in typed if found]


def test_the_examples_show_what_is_new() -> None:
    used = [word for words in commands_of_examples() for word in words[:2] if "/" not in word]
    assert set(SHOWN) <= set(used)


@pytest.mark.parametrize("words", commands_of_examples(), ids=" ".join)
def test_every_command_of_the_examples_is_a_call(words: list[str]) -> None:
    line = grammar.parse_words(words)
    rows = [row for row in every_row() if row.name == line.command]
    assert rows
    for row in rows:
        with suppress(InvalidValue):
            binding.bind(row, line.positional, line.keywords, "/")
            return
    pytest.fail(f"no command takes {words}")


# -- the save file --------------------------------------------------------------------------


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every key that is looked for, or skipped, when a file is read."""
    asked: set[str] = set()
    raw, ignore = checked_json.Item.raw, checked_json.Item.ignore

    def spy_on_raw(item: checked_json.Item, key: str) -> Any:
        asked.add(key)
        return raw(item, key)

    def spy_on_ignore(item: checked_json.Item, *names: str) -> None:
        asked.update(names)
        ignore(item, *names)

    monkeypatch.setattr(checked_json.Item, "raw", spy_on_raw)
    monkeypatch.setattr(checked_json.Item, "ignore", spy_on_ignore)
    assert savefile.loads(savefile.dumps(WHOLE)).problems == ()
    return {key for key in asked if not NAME.fullmatch(key)}


def written(value: Any) -> set[str]:
    """The keys of a file that is saved, without settings and what is called by its name."""
    if isinstance(value, list):
        return {key for item in value for key in written(item)}
    if not isinstance(value, dict):
        return set()
    found = {key for key in value if not NAME.fullmatch(key)}
    for key, item in value.items():
        if key not in ("attributes", "parameters", "files"):
            found |= written(item)
    return found


def told_keys() -> set[str]:
    """What the manual of the save file has in bold."""
    lines = plain(text_of("saveconfig.json.5").replace("\\fB", ".B ")).split("\n")
    bold = [line for line in lines if line.startswith((".B ", ".BR ", ".TP"))]
    return {word for line in bold for word in re.findall(r"[a-z_]+", line)}


def test_every_key_is_told(keys: set[str]) -> None:
    assert keys | written(json.loads(savefile.dumps(WHOLE))) <= told_keys()


def test_every_key_that_is_told_is_there(keys: set[str]) -> None:
    types = re.compile(r'^\.?B?R? ?(.*?)"? \((?:text|number|switch|list|object|settings)\b')
    found = [types.match(label) for label in labels(text_of("saveconfig.json.5"))]
    told = {word for match in found if match for word in re.findall(r"[a-z_]+", match[1])}
    assert len(told) > 60
    assert told <= keys | written(json.loads(savefile.dumps(WHOLE)))


def test_example_file_can_be_restored() -> None:
    text = plain(text_of("saveconfig.json.5")).partition("\n.nf\n")[2].partition("\n.fi\n")[0]
    loaded = savefile.loads(text)
    assert loaded.problems == ()
    assert loaded.config.storage_objects and loaded.config.targets


# -- markup ---------------------------------------------------------------------------------


def test_there_is_a_formatter() -> None:
    assert any(map(shutil.which, FORMATTERS)), "install Debian's package man-db or mandoc"


@every_page
@pytest.mark.parametrize("name", [name for name in FORMATTERS if shutil.which(name)])
def test_formatter_has_no_complaint(page: Path, name: str) -> None:
    words = [*FORMATTERS[name], str(page)]
    env = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=env)
    told = done.stdout if name == "mandoc" else ""
    assert (done.returncode, told + done.stderr) == (0, "")


@every_page
def test_dashes_to_be_typed_are_no_hyphens(page: Path) -> None:
    lines = [line for line in text_of(page.name).split("\n") if not line.startswith('.\\"')]
    assert not [line for line in lines if re.search(r"(?<![\w\\])-", line)]
    assert not [line for line in lines if any(ord(char) > 126 for char in line)]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("it's a read-only copy.", "it's a read-only copy."),
        ("give --yes or -1.", r"give \-\-yes or \-1."),
        ("below /dev/disk/by-id", r"below /dev/disk/by\-id"),
        (".hidden at the start", r"\&.hidden at the start"),
        ("'quoted' at the start", r"\&'quoted' at the start"),
        ("One. Two.", "One.\nTwo."),
    ],
)
def test_prose(text: str, made: str) -> None:
    assert build.prose(text) == made


def test_literal() -> None:
    assert build.literal("a-b\\c'd~e^f`g") == r"a\-b\ec\(aqd\(tie\(haf\(gag"


def test_the_longest_unit_serial_number() -> None:
    row = schema.wwn("vpd_unit_serial")
    longest = row and row.high
    assert longest
    assert f"at most {longest} bytes" in text_of("saveconfig.json.5")
    naming.check_unit_serial("x" * longest, "")
    with pytest.raises(InvalidValue):
        naming.check_unit_serial("x" * (longest + 1), "")
