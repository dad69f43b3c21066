# SPDX-License-Identifier: Apache-2.0
"""Text from outside: as one line, without what acts on a terminal."""

from __future__ import annotations

import io

import pytest

from rtslib_ext.config.printable import has_controls, printable
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.errors import LioError, RestoreIncomplete
from targetcli import session
from targetcli.changes import prompt
from targetcli.env import Env
from targetcli.prefs import Preferences
from targetcli.report import Report
from targetcli.result import Aside, Result
from targetcli.views import errors, history, paint, shown, tree

FOREIGN = "a\x1b[31mb\nsid: 7\r\x07\x9b\u202e\u2028c"
ESCAPED = r"a\x1b[31mb\nsid: 7\r\x07\x9b\u202e\u2028c"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_control_characters_are_escaped() -> None:
    assert printable(FOREIGN) == ESCAPED
    assert printable("disk 1, größe: 5 \\ ok") == "disk 1, größe: 5 \\ ok"
    # A byte that is no UTF-8, as standard output shows it too.
    assert printable("donn\udce9es") == r"donn\udce9es"


@pytest.mark.parametrize("text", FOREIGN)
def test_controls_are_found(text: str) -> None:
    assert has_controls(text) == (text not in "abc[31msid: 7")


def test_a_line_of_a_result_is_one_line() -> None:
    env = Env(Preferences(None, {}), stdout=io.StringIO(), stderr=io.StringIO())
    result = Result([f"name: {FOREIGN}\tend", Aside(f"Note: {FOREIGN}")], [f"Note: {FOREIGN}"])
    assert session.print_result(env, Report(), result)
    assert env.stdout.getvalue() == f"name: {ESCAPED}\tend\nNote: {ESCAPED}\n"  # type: ignore[attr-defined]
    assert env.stderr.getvalue() == f"Note: {ESCAPED}\n"  # type: ignore[attr-defined]


def test_own_colours_remain() -> None:
    line = paint("x", "red", colors=True) + "\t\x1b]0;title\x07"
    assert shown(line, colors=True) == paint("x", "red", colors=True) + "\t" + r"\x1b]0;title\x07"
    assert shown(line, colors=False) == r"\x1b[31mx\x1b[0m" + "\t" + r"\x1b]0;title\x07"


def test_a_name_brings_no_colours_into_the_tree() -> None:
    plain, colored = (
        list(tree.render(tree.Branch("o", children=[tree.Branch(FOREIGN, FOREIGN)]), colors=on))
        for on in (False, True)
    )
    assert [line.count(ESCAPED) for line in (*plain, *colored)] == [0, 2, 0, 2]


def test_an_error_is_one_line() -> None:
    error = LioError(f"no {FOREIGN}", path=ShellPath(f"/iscsi/{FOREIGN}"), hint=FOREIGN)
    assert errors.error(error) == [f"/iscsi/{ESCAPED}: no {ESCAPED} ({ESCAPED})"]
    for line in errors.at_terminal(error, 200):
        assert not has_controls(line.replace("\n", ""))
    assert not any(map(has_controls, errors.bug(ValueError(FOREIGN))))


def test_an_error_of_several_parts_has_their_lines_only() -> None:
    error = RestoreIncomplete("two:\n  one\x1b[1m", hint="cure\n")
    assert errors.error(error) == ["two:", r"  one\x1b[1m", "cure"]


def test_a_question_shows_names_escaped() -> None:
    env = Env(Preferences(None, {}), stdin=io.StringIO("y\n"), stderr=io.StringIO())
    prompt.put(env, prompt.Question((f"{FOREIGN} would be logged out",)), "/")
    assert env.stderr.getvalue().startswith(f"{ESCAPED} would be logged out\nProceed?")  # type: ignore[attr-defined]


def test_the_prompt_is_one_line() -> None:
    env = Env(Preferences(None, {}))
    env.session.cwd = "/a\x1b[1m\nb"
    assert session.prompt(env) == r"/a\x1b[1m\nb> "


def test_history_shows_commands_escaped() -> None:
    assert history.printable(FOREIGN) == ESCAPED
