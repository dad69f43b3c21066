# SPDX-License-Identifier: Apache-2.0
"""Batches: the lines of a file as one change, all or none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

from rtslib_ext.errors import InvalidValue, LioError, NotFound
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.files import trusted
from rtslib_ext.steps import Step

from . import dispatch, log, progress, session
from .changes import apply, plans
from .changes.locked import locked
from .changes.transaction import Transaction
from .env import Env
from .language import grammar
from .report import Report
from .result import Aside, Result
from .tree import walk

STDIN = "-"
# A million lines; more would not be one change that is worth undoing as a whole.
_MOST_CHARACTERS = 64 << 20
# How many lines the history shows of a batch.
_RECORDED = 3


@dataclass(slots=True)
class _Done:
    """A line by number, with the result to print after the commit."""

    number: int
    steps: list[Step]
    report: Report
    result: Result


def run(env: Env, file: str) -> int:
    """Run the lines of a file, or of standard input; return the exit status.

    Their results are printed at the end, as if they had been run one by one. If a line is
    refused, only its error is printed, and nothing is changed.
    """
    env.session.report = Report("batch", "/")
    if env.options.role is not None and os.environ.get("SSH_ORIGINAL_COMMAND"):
        # It comes from the client: parsed, it would be a second way for lines.
        note = "Note: the command given to ssh is ignored; lines are read from standard input"
        print(note, file=env.stderr)
    try:
        lines = _lines(env, file)
        if env.options.dry_run:
            return _dry_run(env, lines)
        with _lock(env):
            done = _run(env, file, lines)
    except BrokenPipeError:
        raise
    except Exception as err:
        session.fail(env, env.session.report, err)
        return 1
    printed = [session.print_result(env, item.report, item.result) for item in done]
    return 0 if all(printed) else 1


def _lock(env: Env) -> AbstractContextManager[object]:
    """Return the lock, which only root can take; none for a role that changes nothing."""
    if env.options.role == "read":
        return nullcontext()
    apply.require_root(env)
    return locked(env, walk.root(env), "batch")


def _lines(env: Env, file: str) -> list[str]:
    if file == STDIN:
        return _read(env.stdin, "standard input")
    try:
        # A pipe too: --batch <(PROGRAM).
        opened = file if trusted.is_inherited(file) else trusted.open_file(file)
        with open(opened, encoding="utf-8", errors="surrogateescape") as stream:
            return _read(stream, file)
    except FileNotFoundError as err:
        raise NotFound(f"there is no file {file}") from err


def _read(stream: TextIO, name: str) -> list[str]:
    text = stream.read(_MOST_CHARACTERS + 1)
    if len(text) > _MOST_CHARACTERS:
        raise InvalidValue(
            f"{name} has more than {_MOST_CHARACTERS:,} characters", hint="use several batches"
        )
    # Not splitlines, which splits at characters that a value may have, such as U+2028.
    return text.removesuffix("\n").split("\n") if text else []


def _dry_run(env: Env, lines: list[str]) -> int:
    transaction = Transaction.for_dry_run(env)
    with progress.work(env, "preparing", lambda _: len(lines)) as work:
        for _ in _stage(env, transaction, lines, work.count):
            pass
    report = Report("batch", "/", dry_run=True)
    return 0 if session.print_result(env, report, plans.show(env, transaction.plan())) else 1


def _run(env: Env, file: str, lines: list[str]) -> list[_Done]:
    transaction = Transaction.for_batch(env)
    try:
        with progress.work(env, "preparing", lambda _: len(lines)) as work:
            done = list(_stage(env, transaction, lines, work.count))
    finally:
        transaction.close()
    env.session.report = total = Report("batch", "/", text=_text(env, file, done))
    try:
        transaction.perform(noted=True)
    except LioError as err:
        _name_line(err, _of_step(done, err.failed_step))
        raise
    if done:
        done[-1].result.notes += (Aside(f"Note: {text}") for text in total.asides)
    changed = set(map(id, total.changes))
    for item in done:
        item.report.changes = [step for step in item.steps if id(step) in changed]
        for failure in item.result.failures:
            _name_line(failure, item.number)
    return done


def _text(env: Env, file: str, done: Sequence[_Done]) -> str:
    """Return what the history shows: the first lines that change something, and their number."""
    role = f"--role {env.options.role} " if env.options.is_restricted else ""
    lines = [f"{item.report.path} {item.report.text}" for item in done if item.steps]
    more = [f"and {len(lines) - _RECORDED:,} more"] if len(lines) > _RECORDED else []
    return f"{role}--batch {file}: {'; '.join([*lines[:_RECORDED], *more])}"


def _of_step(done: list[_Done], index: int | None) -> int | None:
    """Return the number of the line that planned a step."""
    performed = [item.number for item in done for step in item.steps if step.operations]
    return None if index is None else performed[index]


def _stage(
    env: Env, transaction: Transaction, lines: list[str], count: Callable[[], object]
) -> Iterator[_Done]:
    for number, text in enumerate(lines, 1):
        count()
        first = len(transaction.steps)
        env.session.report = Report()
        try:
            line = grammar.parse(text)
            if line.is_blank:
                continue
            if line.options:
                raise InvalidValue(
                    f"{line.options[0]} is in a line of a batch", hint="options are for the batch"
                )
            log.log_line(env, line)
            result = dispatch.run(env, line)
            if result.failures:
                raise result.failures[0]
        except LioError as err:
            _name_line(err, number)
            raise
        _read_all(env, result)
        transaction.steps += env.session.report.changes
        env.session.report.changes = []
        if result.cd:
            env.session.cwd = result.cd
        yield _Done(number, transaction.steps[first:], env.session.report, result)
        if result.leave:
            return


def _read_all(env: Env, result: Result) -> None:
    """Read the output now: the commit may change what it shows."""
    result.lines = list(result.lines)
    if env.options.json and result.data is not None:
        data = result.data()
        result.data = lambda: data


def _name_line(err: LioError, number: int | None) -> None:
    if number is not None:
        err.prefix(f"line {number}")
