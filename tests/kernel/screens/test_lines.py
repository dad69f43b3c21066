# SPDX-License-Identifier: Apache-2.0
"""What a screen runs: previews with the initiators that are interrupted, then the real change."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

import pytest

from targetcli import session
from targetcli.changes.transaction import Transaction
from targetcli.env import Env
from targetcli.language import grammar
from targetcli.screens.lines import NO_INITIATOR, Lines, words

from ..commands.harness import Shell, differences, tree
from ..commands.initiator import logged_in
from .conftest import ACL, HOST, TARGET, TPG

IQN = TARGET.rpartition("/")[2]
DISABLE = partial(words, TPG, "disable")
DELETE = partial(words, f"{TPG}/luns", "delete", "lun1")
_ISIDS = count(1)


@pytest.fixture
def lines(user: Shell) -> Lines:
    """The lines of a screen in a one-shot command."""
    user.several = False
    env = user.env()
    return Lines(env, session.run_line)


@pytest.fixture
def host(user: Shell) -> Iterator[None]:
    """An initiator that is logged in."""
    user.ok(f"{TPG} set attribute authentication=0")
    with logged_in(HOST, IQN, isid=next(_ISIDS)):
        yield


def test_a_preview_changes_nothing(lines: Lines) -> None:
    before, env = tree(), lines.env
    streams, done = (env.stdin, env.stdout, env.stderr), len(env.session.done)
    answer = lines.preview(DELETE)
    assert answer.changes and not answer.failed
    assert answer.lines[-2:] == ("Plan: 2 to delete.", NO_INITIATOR)
    assert differences(tree(), before) == []
    assert (env.stdin, env.stdout, env.stderr) == streams
    assert (env.session.transaction, env.session.agrees) == (None, None)
    assert len(env.session.done) == done


def test_an_error_is_its_answer(lines: Lines) -> None:
    answer = lines.preview(partial(words, TPG, "set", "attribute", "authentication=7"))
    assert answer.failed and "takes 0 or 1" in answer.lines[0]
    answer = lines.run(partial(words, "/nowhere", "ls"))
    assert answer.failed and answer.lines[0].startswith("No such path /nowhere")


def test_what_changes_nothing(lines: Lines) -> None:
    same = partial(words, TPG, "set", "attribute", "authentication=0")
    assert not lines.preview(same).changes
    answer = lines.preview(partial(words, TPG, "info"))
    assert not answer.changes and not answer.failed and answer.lines


def test_initiators_are_shown_first(lines: Lines, host: None) -> None:
    answer = lines.preview(DELETE)
    assert answer.lines[0].startswith(f"interrupts: {HOST} (session ")
    assert "would lose LUN 1" in answer.lines[0]
    done = lines.run(DELETE, answer.facts)
    assert (done.failed, done.lines) == (False, ("Deleted LUN 1.",))


def test_initiators_that_were_not_shown(lines: Lines, user: Shell) -> None:
    user.ok(f"{TPG} set attribute authentication=0")
    shown = lines.preview(DISABLE)
    assert shown.lines[-1] == NO_INITIATOR
    with logged_in(HOST, IQN, isid=next(_ISIDS)):
        before = tree()
        refused = lines.run(DISABLE, shown.facts)
        assert differences(tree(), before) == []
        assert refused.failed
        assert "nothing was changed, this was not shown: " in refused.lines[0]
        assert "would be logged out" in refused.lines[0]
        again = lines.preview(DISABLE)
        assert not lines.run(DISABLE, again.facts).failed


def test_undo_and_redo(lines: Lines, host: None) -> None:
    assert not lines.run(DELETE, lines.preview(DELETE).facts).failed
    create = partial(words, f"{TPG}/luns", "create", "/backstores/ramdisk/r2", "9")
    before = tree()
    assert not lines.run(create, lines.preview(create).facts).failed
    undo = partial(words, "/", "undo")
    shown = lines.preview(undo)
    assert shown.changes and any("would lose LUN 9" in line for line in shown.lines)
    assert lines.run(undo).failed
    assert not lines.run(undo, shown.facts).failed
    assert differences(tree(), before) == []
    redo = partial(words, "/", "redo")
    assert not lines.run(redo, lines.preview(redo).facts).failed
    assert "undo" in " ".join(lines.run(partial(words, "/", "history")).lines)


def test_in_a_transaction_changes_are_queued(user: Shell) -> None:
    env: Env = user.env()
    queue = Transaction.begin(env)
    lines, before = Lines(env, session.run_line), tree()
    assert lines.preview(DELETE).changes
    assert queue.plan().steps == ()
    assert not lines.run(DELETE).failed
    assert len(queue.plan().steps) == 2
    assert lines.preview(partial(words, f"{TPG}/luns", "delete", "lun0")).changes
    assert len(queue.plan().steps) == 2
    assert differences(tree(), before) == []
    queue.discard()


def test_values_need_no_quotes(lines: Lines) -> None:
    alias = "two words = 'one' \"x\" #"
    line = partial(words, "/backstores/ramdisk/r1", "set", "device", f"alias={alias}")
    assert not lines.run(line, lines.preview(line).facts).failed
    said = lines.run(partial(words, "/backstores/ramdisk/r1", "get", "device", "alias")).lines
    assert said == (f"alias={alias} ",)


def test_secrets_are_not_repeated(lines: Lines) -> None:
    line = partial(words, ACL, "set", "auth", "userid=u", "password=aSecretOfTwelve")
    answers = [lines.preview(line), lines.run(line, lines.preview(line).facts)]
    answers.append(lines.run(partial(words, "/", "history", "--last")))
    assert not any(answer.failed for answer in answers)
    assert "aSecretOfTwelve" not in str(answers)


def test_no_screen_in_a_screen(lines: Lines) -> None:
    assert lines.preview(partial(grammar.parse, "browse")).failed
    assert lines.preview(partial(grammar.parse, "cd")).failed
    left = lines.preview(partial(grammar.parse, "exit"))
    assert left.leave and not left.changes
    assert lines.preview(partial(grammar.parse, "cd /iscsi")).cd == "/iscsi"
