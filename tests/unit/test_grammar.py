# SPDX-License-Identifier: Apache-2.0
"""The grammar, held to configshell's own parser wherever that one read the whole line."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import warnings

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rtslib_ext.errors import ParseError
from targetcli.language.grammar import (
    BLANKS,
    Context,
    Line,
    Place,
    complete_context,
    parse,
    parse_words,
    quote,
    settle,
)

PLAIN = "abAB09?;&*$!#,=_\\+/.<>()~@:-%[]"
Parts = tuple[str, str, tuple[str, ...], dict[str, str]]


@functools.cache
def configshell():
    """configshell's parser, without its log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from configshell import ConfigShell

        shell = ConfigShell()
    shell.log.debug = lambda *args, **kwargs: None
    return shell


def fb(text: str) -> Parts | None:
    """What configshell makes of a line, None where it does not read all of it."""
    from pyparsing import ParseException

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            configshell()._parser.parseString(text, parseAll=True)
        except ParseException:
            return None
        _, path, command, pparams, kparams = configshell()._parse_cmdline(text)
    return path, command, tuple(pparams), kparams


def parts(line: Line) -> Parts:
    return line.path, line.command, line.positional, line.keywords


def same_as_fb(text: str) -> None:
    """Compare a line; the five differences are lines whose parameters fb drops in silence."""
    wanted = fb(text)
    if wanted is None:
        return
    path, command, positional, keywords = wanted
    if not command and (positional or keywords):
        if text.lstrip(BLANKS).startswith("#"):
            assert parse(text).is_blank
            return
        if not path and positional and positional[0].startswith("--"):
            return
        if text.lstrip(BLANKS).startswith("?") and positional[:1] == ("?",) and not path:
            assert parse(text).command == "?"
            return
        if not path:
            with pytest.raises(ParseError):
                parse(text)
            return
        after = text[text.index(path) + len(path) :]
        if after[0] not in BLANKS and ("/" in path or after[0] == "/"):
            assert parse(text).path == path + after.split()[0]
            return
    assert parts(parse(text)) == wanted


CORPUS = [
    "iscsi/ info",
    "iblock/ create name=my_disk dev=/dev/sdb",
    "/backstores/iblock/create my_disk2 /dev/vg0/lv1",
    "cd <",
    "cd >",
    "cd ..",
    "cd",
    "..",
    ".",
    "*",
    "* ls",
    "*ls",
    "..ls",
    "@mark ls",
    "@mark",
    "ls @mark",
    "/saveconfig",
    "/",
    "/ ls",
    "a=b",
    "-=?",
    "ls a=b",
    "ls a =b",
    "ls a= b",
    "ls a = b",
    "ls a= b=c",
    "ls a=b=c",
    "ls a==",
    "ls =b",
    "ls a",
    "ls a=b a=c",
    "set auth userid= ",
    "set auth userid=",
    "set auth userid=x password=y=z",
    "create C:\\dir\\file",
    "create a\\\\b",
    "create a\\ b",
    "create a\\b=c",
    "create \\",
    "",
    "   ",
    "\t ls\t/iscsi \r\n",
    "/iscsi create iqn.2003-01.org.linux-iscsi.host.x8664:sn.0123456789ab",
    "/iscsi/iqn.2003-01.org.x:y/tpg1/portals create 0.0.0.0 3260",
    "/iscsi/iqn.2003-01.org.x:y/tpg1/portals delete [::0] 3260",
    "/iscsi/iqn.2003-01.org.x:y/tpg1/portals/[::0]:3260 enable_iser boolean=true",
    "/iscsi/T/tpg1/luns/ create /backstores/fileio/disk1",
    "/backstores/user:glfs/NAME saveconfig",
    "/iscsi set global auto_add_default_portal=false",
    "ls /iscsi 1",
    "ls iscsi",
    "/backstores/fileio create d1 /tmp/d1.img 10M write_back=false sparse=true",
    "/backstores/user:rbd create name=d cfgstring=pool/image;conf=/etc/x size=1G",
    "clearconfig confirm=True",
    "restoreconfig /etc/target/saveconfig.json clear_existing=true",
    "bookmarks add last",
    "...",
    "/a/* ls",
    "/a/*",
    "*/luns ls",
    "@mark/x ls",
    "/a/x+y ls",
    "@m[x]",
    "-x",
    "-=0 ?",
    "/ -x",
    "/ [::0] 3260",
    "# a comment",
    "  # a comment",
    "#",
    "ls #x",
    "/ . x",
    "create/x",
    "a+b/c ls",
]


@pytest.mark.parametrize("text", CORPUS)
def test_corpus_reads_as_in_configshell(text: str) -> None:
    assert fb(text) is not None
    same_as_fb(text)


@settings(max_examples=1500, deadline=None)
@given(st.text(PLAIN + "  \t=/.*@", max_size=40))
@example("a\\\\ =b")
def test_any_line_of_its_characters_reads_as_in_configshell(text: str) -> None:
    same_as_fb(text)


@settings(max_examples=300, deadline=None)
@given(st.text("ab/. =@*\\'\"{é\n\x0b", max_size=16))
def test_any_other_line_reads_as_in_configshell_or_was_cut_there(text: str) -> None:
    same_as_fb(text)


words = st.text(PLAIN, min_size=1, max_size=8)
paths = st.sampled_from(
    ["", "/", "/iscsi ", "@last ", "* ", ".. ", "iscsi/ ", "/a:b/[::]:1/x ", "."]
)


@settings(max_examples=700, deadline=None)
@given(paths, st.sampled_from(["ls", "create", "set ", "x_1 "]), st.lists(words, max_size=4))
def test_commands_read_as_in_configshell(path: str, command: str, rest: list[str]) -> None:
    same_as_fb(path + command + " ".join(rest))
    same_as_fb(path + command + " " + "  ".join(rest))


@settings(max_examples=300, deadline=None)
@given(st.lists(words, max_size=4))
def test_plain_argv_words_read_as_in_configshell(rest: list[str]) -> None:
    # A "key=" or "=value" of its own was glued to its neighbour; now it is one word's.
    if not any(word[0] == "=" or word[-1] == "=" for word in rest):
        argv = ["/iscsi", "create", *rest]
        assert parts(parse_words(argv)) == fb(" ".join(argv))


# What is new


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("create 'my disk'", ("", "create", ("my disk",), {})),
        ('create name="my disk" dev=/x', ("", "create", (), {"name": "my disk", "dev": "/x"})),
        ("set auth password='se\"c{r}et'", ("", "set", ("auth",), {"password": 'se"c{r}et'})),
        ('create "a\\"b\\\\c\\d"', ("", "create", ('a"b\\c\\d',), {})),
        ("create 'a\\b'", ("", "create", ("a\\b",), {})),
        ("create O\\'Brien", ("", "create", ("O'Brien",), {})),
        ('create a\\\\"b c"', ("", "create", ("a\\b c",), {})),
        ('create a\\\\\\"b', ("", "create", ('a\\"b',), {})),
        ("create pre'fix 'ed", ("", "create", ("prefix ed",), {})),
        ("create 'file=/x'", ("", "create", ("file=/x",), {})),
        ("create file'='/x", ("", "create", ("file=/x",), {})),
        ("create ''", ("", "create", ("",), {})),
        ("set auth userid='' password=''", ("", "set", ("auth",), {"userid": "", "password": ""})),
        ("create päß {x} a|b", ("", "create", ("päß", "{x}", "a|b"), {})),
        ("create 日本=x", ("", "create", ("日本=x",), {})),
        ("/backstores/fileio/'my disk' info", ("/backstores/fileio/my disk", "info", (), {})),
        ("'/backstores/fileio/my disk' info", ("/backstores/fileio/my disk", "info", (), {})),
        ("/backstores/fileio/dïsk info", ("/backstores/fileio/dïsk", "info", (), {})),
        ("/backstores/* ls", ("/backstores/*", "ls", (), {})),
        ("acls/* set attribute x=1", ("acls/*", "set", ("attribute",), {"x": "1"})),
        ("*/acls/* ls", ("*/acls/*", "ls", (), {})),
        ("@mark/luns ls", ("@mark/luns", "ls", (), {})),
        ("create 'a\tb\nc'", ("", "create", ("a\tb\nc",), {})),
    ],
)
def test_quotes_escapes_and_stars(text: str, wanted: Parts) -> None:
    assert parts(parse(text)) == wanted


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("create O'Brien", 8, "this quote is not closed"),
        ('create x="a b', 9, "this quote is not closed"),
        ("/x 'ls", 3, "this quote is not closed"),
        ("}garbage", 0, "a path or a command is expected here"),
        ("$x ls", 0, "a path or a command is expected here"),
        ("'foo bar' x", 0, "a path or a command is expected here"),
        ("ls\u00a0/iscsi", 2, "U+00A0"),
        ("ls x\x0by", 4, "U+000B"),
        ("ls x\x00y", 4, "U+0000"),
    ],
)
def test_refusals_point_at_the_place(text: str, column: int, message: str) -> None:
    with pytest.raises(ParseError) as refused:
        parse(text)
    said, shown, caret = refused.value.message.split("\n")
    assert message in said
    assert len(shown) == 2 + len(text)
    assert caret == " " * (2 + column) + "^"


def test_caret_stands_under_wide_characters_and_passwords_are_masked() -> None:
    with pytest.raises(ParseError) as refused:
        parse("create 日本 password=secret mutual_PASSWORD='s t' x'")
    _, shown, caret = refused.value.message.split("\n")
    assert "secret" not in shown and "s t" not in shown
    assert shown == "  create 日本 password=****** mutual_PASSWORD=***** **"
    assert caret.index("^") == shown.rindex("**") + 3  # two columns wider, and the x


def test_spans_and_order() -> None:
    text = " /iscsi  create b x=1 c y= 2"
    line = parse(text)
    assert text[slice(*line.path_span)] == "/iscsi"
    assert text[slice(*line.command_span)] == "create"
    assert [text[slice(*arg.span)] for arg in line.arguments] == ["b", "x=1", "c", "y= 2"]
    assert [(arg.key, arg.value) for arg in line.arguments] == [
        (None, "b"),
        ("x", "1"),
        (None, "c"),
        ("y", "2"),
    ]
    assert [arg.apart for arg in line.arguments] == [False, False, False, True]


# One shot


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        ([], ("", "", (), {})),
        (["", " "], ("", "", (), {})),
        (["# x"], ("", "", (), {})),
        (["/iscsi"], ("/iscsi", "", (), {})),
        (["ls"], ("", "ls", (), {})),
        (["iscsi/ create", "iqn.x:y"], ("iscsi/", "create", ("iqn.x:y",), {})),
        (["/iscsi/T", "create 2"], ("/iscsi/T", "create", ("2",), {})),
        (["/x create a 'b c' k=v", "d e"], ("/x", "create", ("a", "b c", "d e"), {"k": "v"})),
        (["/x", "create", "my disk", "/a b"], ("/x", "create", ("my disk", "/a b"), {})),
        (["/x", "create", "O'Brien", '"'], ("/x", "create", ("O'Brien", '"'), {})),
        (["/x", "create", "name=a 'b", "c\\"], ("/x", "create", ("c\\",), {"name": "a 'b"})),
        (["/x", "set", "auth", "userid=", "password=p=q"],
         ("/x", "set", ("auth",), {"userid": "", "password": "p=q"})),
        (["/x", "create", "", "é=x", "a b=c"], ("/x", "create", ("", "é=x", "a b=c"), {})),
        (["", "/x", "", "ls", "1"], ("/x", "ls", ("1",), {})),
        (["/x/* ls"], ("/x/*", "ls", (), {})),
        (["/x/*", "ls", "#"], ("/x/*", "ls", ("#",), {})),
        (["'/x/my disk' info"], ("/x/my disk", "info", (), {})),
        (["'/x/my disk'", "info", "a b"], ("/x/my disk", "info", ("a b",), {})),
        (["create\n"], ("", "create", (), {})),
    ],
)  # fmt: skip
def test_one_shot_words(argv: list[str], wanted: Parts) -> None:
    assert parts(parse_words(argv)) == wanted


def test_a_quote_ends_with_its_argv_word() -> None:
    with pytest.raises(ParseError) as refused:
        parse_words(["/it's", "ls", "o'x"])
    assert refused.value.message.endswith("\n  /it's ls o'x\n     ^")


@given(st.lists(st.text(max_size=10), max_size=4))
def test_words_after_the_command_are_taken_as_they_are(values: list[str]) -> None:
    line = parse_words(["/x", "create", *values])
    assert [
        arg.value if arg.key is None else f"{arg.key}={arg.value}" for arg in line.arguments
    ] == values
    assert [line.text[slice(*arg.span)] for arg in line.arguments] == values


# Quoting


@given(st.lists(st.text(max_size=12), min_size=1, max_size=4))
@example(["a=b", "=b", "", "#x", "\\", "\\'", "'\"\\", "a\\"])
def test_quote_is_the_inverse(values: list[str]) -> None:
    assert parse("create " + " ".join(map(quote, values))).positional == tuple(values)
    assert parse("set k=" + quote(values[0]) + " x").keywords == {"k": values[0]}


@given(st.text(max_size=12))
def test_quoted_paths_read_back(name: str) -> None:
    assert parse(quote("/backstores/" + name) + " ls").path == "/backstores/" + name


def test_quote_leaves_plain_words_alone() -> None:
    for word in ("/dev/sda", "iqn.2003-01.org.x:y", "[::0]:3260", "C:\\x", "a;b&c", "10%"):
        assert quote(word) == word


@settings(max_examples=500)
@given(st.text("ab/ =\\'\"*@.#é\x0b", max_size=20), st.integers(0, 20))
def test_nothing_but_a_parse_error_comes_out(text: str, cursor: int) -> None:
    try:
        line = parse(text)
        assert line.text == text
    except ParseError as err:
        assert err.message.count("\n") == 2
    context = complete_context(text, cursor)
    assert context.start <= max(cursor, len(text))


# The tree's part


NODES = {"/", "/iscsi", "/backstores", "/backstores/fileio", "/backstores/fileio/create"}
COMMANDS = {"ls", "create", "saveconfig", "info"}


def is_node(path: str) -> bool:
    return (path.rstrip("/") or "/") in NODES


def settled(line: Line) -> Parts:
    return parts(settle(line, is_node, lambda path, name: is_node(path) and name in COMMANDS))


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (parse("/backstores/create my_disk2 /dev/vg0/lv1"),
         ("/backstores/", "create", ("my_disk2", "/dev/vg0/lv1"), {})),
        (parse("/iscsi/create iqn.2003-01.x:y"), ("/iscsi/", "create", ("iqn.2003-01.x:y",), {})),
        (parse("/iscsi/create name=x y=1"), ("/iscsi/", "create", (), {"name": "x", "y": "1"})),
        (parse("/iscsi/create 'a b'"), ("/iscsi/", "create", ("a b",), {})),
        (parse("/iscsi/create [::0] 3260"), ("/iscsi/", "create", ("[::0]", "3260"), {})),
        (parse("/saveconfig"), ("/", "saveconfig", (), {})),
        (parse("/iscsi ls"), ("/iscsi", "ls", (), {})),
        (parse("/iscsi"), ("/iscsi", "", (), {})),
        (parse("/nosuch"), ("/nosuch", "", (), {})),
        (parse("/nosuch ls x"), ("/nosuch", "ls", ("x",), {})),
        # The node wins over the command of the same name.
        (parse("/backstores/fileio/create"), ("/backstores/fileio/create", "", (), {})),
        (parse("/backstores/fileio/create info"), ("/backstores/fileio/create", "info", (), {})),
        (parse("ls"), ("", "ls", (), {})),
        (parse("# x"), ("", "", (), {})),
        (parse_words(["/iscsi/create", "a b", "k=v 'w"]),
         ("/iscsi/", "create", ("a b",), {"k": "v 'w"})),
        (parse_words(["/iscsi/create x", "a 'b"]), ("/iscsi/", "create", ("x", "a 'b"), {})),
    ],
)  # fmt: skip
def test_settle_takes_a_command_off_its_path(line: Line, wanted: Parts) -> None:
    assert settled(line) == wanted


@pytest.mark.parametrize("text", ["/iscsi -x", "/iscsi {}", "/nosuch/ 'a b'", "... ls", "@m[x]"])
def test_settle_refuses_parameters_of_no_command(text: str) -> None:
    with pytest.raises(ParseError, match="a command is expected here"):
        settled(parse(text))


# Completion


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", Context(Place.FIRST)),
        ("  ", Context(Place.FIRST, start=2)),
        ("is", Context(Place.FIRST, "is")),
        ("..", Context(Place.FIRST, "..")),
        ("/is", Context(Place.PATH, "/is")),
        ("@la", Context(Place.PATH, "@la")),
        ("'/my di", Context(Place.PATH, "/my di", quote="'")),
        ("/iscsi ", Context(Place.COMMAND, start=7, path="/iscsi")),
        ("/iscsi cr", Context(Place.COMMAND, "cr", 7, path="/iscsi")),
        ("/a/* cr", Context(Place.COMMAND, "cr", 5, path="/a/*")),
        ("create ", Context(Place.POSITIONAL, start=7, command="create")),
        ("/x create a", Context(Place.POSITIONAL, "a", 10, path="/x", command="create")),
        ("create a ", Context(Place.POSITIONAL, start=9, command="create", positional=("a",))),
        ("create 'a b", Context(Place.POSITIONAL, "a b", 7, "'", command="create")),
        ("create k=", Context(Place.KEYWORD, start=9, keyword="k", command="create")),
        ("create k= ", Context(Place.KEYWORD, start=10, keyword="k", command="create")),
        ('create k="a b', Context(Place.KEYWORD, "a b", 9, '"', "k", command="create")),
        ("create k=a", Context(Place.KEYWORD, "a", 9, keyword="k", command="create")),
        ("create a k=v l=w=",
         Context(Place.KEYWORD, "w=", 15, "", "l", "", "create", ("a",), {"k": "v"})),
        ("create k='v w' x",
         Context(Place.POSITIONAL, "x", 15, command="create", keywords={"k": "v w"})),
        ("# x", Context(Place.NONE)),
    ],
)  # fmt: skip
def test_context_of_a_line_being_typed(text: str, wanted: Context) -> None:
    assert complete_context(text, len(text)) == wanted
    assert complete_context(text + "rest 'x", len(text)) == wanted
    assert wanted.index == len(wanted.positional)


def test_the_one_shot_path_imports_nothing_slow() -> None:
    program = (
        "import sys, targetcli.language.grammar, targetcli.prefs, targetcli.sizes\n"
        "import rtslib_ext.transaction.lock\n"
        "import targetcli.views.tree, targetcli.views.settings\n"
        "slow = {'configshell', 'pyparsing', 'rtslib', 'rtslib_fb', 'urwid', 'pickle'}\n"
        "print(slow & sys.modules.keys())"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    out = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True)
    assert out.stdout == b"set()\n", out.stderr
