# SPDX-License-Identifier: Apache-2.0
"""Dispatch: run the command of a line on its node."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from rtslib_ext.errors import InvalidValue, LioError, NotFound, PermissionDenied
from rtslib_ext.fast_dataclasses import replace

from . import log
from .changes.prompt import Question
from .changes.prompt import put as ask
from .command_table.command import Command
from .command_table.table import ALIASES, command_of
from .env import Env
from .language import binding, grammar, hints, ranges
from .language.grammar import Line
from .report import Report
from .result import Aside, Result
from .tree import Node, walk

# A kind of backstore in old manuals.
_REMOVED = "rd_dr"
# Commands that do the same or nothing harmful at another node. "" is a path alone.
_SAFE = frozenset(
    (
        "",
        "?",
        "bookmarks",
        "cd",
        "exit",
        "get",
        "help",
        "info",
        "ls",
        "pwd",
        "quit",
        "refresh",
        "status",
    )
)


def run(env: Env, line: Line) -> Result:
    """Run one line; raises LioError if nothing was changed."""
    report = env.session.report
    report.command, report.path = line.command or None, line.path or env.session.cwd
    hints.refuse_apart(line)
    note = _leave_for(env, line)
    result = _run_from(env, walk.resolve(walk.root(env), env.session.cwd), line)
    if note:
        result.notes.append(Aside(note))
    return result


def _run_from(env: Env, start: Node, line: Line) -> Result:
    report = env.session.report

    def has_command(path: str, name: str) -> bool:
        node = walk.find(start, path)
        return node is not None and command_of(node.kind, name) is not None

    line = grammar.settle(line, lambda path: walk.find(start, path) is not None, has_command)
    if line.arguments and line.arguments[0].span[0] == line.command_span[1]:
        # Imported here: few words end a command without a blank.
        from .language import dashes

        line = dashes.joined(line, partial(has_command, line.path or "."))
    line = _with_pattern(start, line)
    report.command, report.path = line.command or "cd", line.path or env.session.cwd
    if walk.is_pattern(start, line.path):
        report.command = line.command or "ls"
        return _run_on_each(env, walk.expand(start, line.path), line)
    node = walk.resolve(start, line.path or ".")
    report.path = node.path
    if not line.command:
        return Result(cd=node.path, data=lambda: {"path": node.path})
    result = _with_notes(node, _run_on(env, node, line))
    if _REMOVED in line.path.split("/"):
        result.notes.append(Aside(f"Note: {_REMOVED} was removed from the kernel; using ramdisk"))
    return result


def leave_deleted(env: Env) -> str:
    """Go up to the nearest node that exists, if the current one is gone; return a note, or ""."""
    gone = env.session.cwd
    env.session.cwd = walk.nearest(walk.root(env), gone).path
    return "" if env.session.cwd == gone else f"Note: {gone} is gone; now at {env.session.cwd}"


def _leave_for(env: Env, line: Line) -> str:
    """Do ``leave_deleted`` before a line; raises NotFound if the line depends on the node."""
    gone = env.session.cwd
    note = leave_deleted(env)
    # It was typed for another node: the one above may have a command of this name, too.
    if note and line.command not in _SAFE and not line.path.startswith(("/", "@")):
        raise NotFound(
            f"No such path {gone}",
            hint=f"it no longer exists; now at {env.session.cwd}, nothing was run",
        )
    return note


def _with_pattern(start: Node, line: Line) -> Line:
    """Return ``ls PATTERN`` as ``PATTERN ls``, which runs on every node that matches."""
    pattern = line.keywords.get("path") or "".join(line.positional[:1])
    if line.command != "ls" or not ("*" in pattern or "?" in pattern):
        return line
    if not pattern.startswith(("/", "@")):
        pattern = f"{line.path.rstrip('/')}/{pattern}" if line.path else pattern
    if not walk.is_pattern(start, pattern):
        return line
    words = line.positional[0 if "path" in line.keywords else 1 :]
    named = {name: value for name, value in line.keywords.items() if name != "path"}
    named.update(zip(("depth",), words, strict=False))
    return replace(line, path=pattern, positional=(), keywords=named)


def _run_on_each(env: Env, nodes: list[Node], line: Line) -> Result:
    """Run a command on several nodes, each with a heading; continue after errors."""
    line = line if line.command else Line(path=line.path, command="ls")
    total, result = env.session.report, Result()
    total.parts = []
    lines: list[str] = []
    for node in nodes:
        lines.append(f"[{node.path}]")
        env.session.report = Report(line.command, node.path)
        total.parts.append(env.session.report)
        try:
            lines += _lines_of_one(env, _with_notes(node, _run_on(env, node, line)))
        except LioError as err:
            err.path = err.path or node.path
            env.session.report.failures.append(err)
        except Exception as err:
            env.session.report.failures.append(err)
            raise
        result.failures += cast("list[LioError]", env.session.report.failures)
    env.session.report = total
    if not env.options.json:
        result.lines = lines
    if not nodes:
        result.notes.append(Aside(f"Note: nothing matches {line.path}"))
    return result


def _lines_of_one(env: Env, done: Result) -> list[str]:
    if env.options.json:
        env.session.report.take(done)
        return []
    env.session.report.failures += done.failures
    return [*done.lines, *done.notes]


def _run_on(env: Env, node: Node, line: Line) -> Result:
    try:
        result = _run_command(env, node, line)
        result.notes += (Aside(f"Note: {text}") for text in env.session.report.asides)
        return result
    except (InvalidValue, NotFound) as err:
        hints.advise(err, node, line)
        raise


def _run_command(env: Env, node: Node, line: Line) -> Result:
    if hints.asks_for_help(env, line):
        line = hints.help_line(line)
        env.session.report.command = line.command
    command = command_of(node.kind, line.command)
    if command is None:
        command = command_of(node.kind, ALIASES.get(line.command, ""))
    if command is None:
        raise hints.no_command(node, line)
    if line.command != command.name:
        line = replace(line, command=command.name)
        env.session.report.command = command.name
    hints.refuse_option(env, node, command, line)
    hints.refuse_joined(node, command, line)
    hints.refuse_verbose(env, node, command)
    env.session.report.failed, env.session.report.text = command.failed, grammar.written(line)
    words, named = binding.with_named_flags(command, line.positional, line.keywords)
    words, named = binding.with_split_portal(command, words, named)
    calls = ranges.calls(node, command, words, named)
    values = [binding.arguments(command, *call, node.path) for call in calls]
    if env.options.is_restricted:
        # Imported here: only a batch has a role.
        from . import roles

        roles.check(env, node, command, values)
    run_once = _change if command.changes else _read
    env.session.agreed = ()
    while True:
        try:
            return run_once(env, node, command, values)
        except Question as question:
            ask(env, question, node.path)


def _read(env: Env, node: Node, command: Command, values: list[dict[str, Any]]) -> Result:
    result = _call(env, node, command, values[0])
    if result.under_lock is not None:
        if env.options.role == "read":
            raise PermissionDenied("the role read may not change anything", path=node.path)
        with _errors_of(node), _lock(env, node, command):
            result = result.under_lock()
    return _filtered(env, command, _after(env, node, result))


def _change(env: Env, node: Node, command: Command, values: list[dict[str, Any]]) -> Result:
    with _lock(env, node, command):
        if len(values) == 1:
            return _filtered(
                env, command, _after(env, node, _done(env, node.path, command, values[0]))
            )
        # Imported here: most lines are a single call.
        from .changes.transaction import atomically

        calls = [partial(_done, env, node.path, command, each) for each in values]
        return _filtered(env, command, atomically(env, calls))


@contextmanager
def _lock(env: Env, node: Node, command: Command) -> Iterator[None]:
    """Hold the lock for a change. Raises PermissionDenied, Locked, InUse."""
    # Imported here: commands that change nothing do not need it.
    from .changes import apply
    from .changes.locked import locked

    apply.require_root(env)
    with locked(env, node, command.name):
        yield


def _done(env: Env, path: str, command: Command, values: dict[str, Any]) -> Result:
    # The tree may have changed while waiting for the lock, or by the previous call.
    node = walk.resolve(walk.root(env), path)
    return _with_notes(node, _call(env, node, command, values))


def _filtered(env: Env, command: Command, result: Result) -> Result:
    """Log the messages, and keep those that loglevel_console shows."""
    if command.changes or result.messages:
        result.lines = log.log_messages(env, result.lines)
        result.notes = log.log_messages(env, result.notes)
    return result


def _with_notes(node: Node, result: Result) -> Result:
    """Add the notes about names that were resolved to another one."""
    result.notes += (Aside(f"Note: {text}") for text in node.tree.notes)
    node.tree.notes.clear()
    return result


def _call(env: Env, node: Node, command: Command, values: dict[str, Any]) -> Result:
    with _errors_of(node):
        result: Result = command.function()(env, node, **values)
    return result


@contextmanager
def _errors_of(node: Node) -> Iterator[None]:
    """Name the node in errors that name no path."""
    try:
        yield
    except LioError as err:
        # Messages of commands at the root need no path.
        err.path = err.path or (node.path if node.parent else "")
        raise


def _after(env: Env, node: Node, result: Result) -> Result:
    """Bookmark a created object as last, and change to it if auto_cd_after_create is set."""
    if last := result.last or result.created:
        env.prefs.set_bookmark("last", last)
        if env.prefs.flag("auto_cd_after_create"):
            result.notes.append(f"Entering new node {last}")
            result.cd = last
    if result.cd and not result.leave:
        env.prefs.visit(result.cd, env.session.cwd)
    return result
