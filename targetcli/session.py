# SPDX-License-Identifier: Apache-2.0
"""A run of several lines: what is printed, where we are, what is saved at the end."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import chain

from rtslib_ext.errors import LioError

from . import __version__, dispatch, log, progress
from .env import Env
from .language import grammar
from .language.grammar import Line
from .report import Report
from .result import Aside, Result
from .tree import walk
from .views import errors

BANNER = f"targetcli shell version {__version__}\nFor help on commands, type 'help'.\n"


def run_line(env: Env, read: Callable[[], Line]) -> Result | None:
    """Read and run one line and print what it says; None when it failed.

    This is the one place where errors end.
    """
    env.session.report = report = Report()
    try:
        line = read()
        if line.is_blank:
            return Result()
        log.log_line(env, line)
        result = dispatch.run(env, line)
        if env.session.transaction is not None:
            result = env.session.transaction.report(report, result)
    except BrokenPipeError:
        raise
    except Exception as err:
        fail(env, report, err)
        return None
    if not tell(env, report, result):
        return None
    if result.cd:
        env.session.cwd = result.cd
    return result


def tell(env: Env, report: Report, result: Result) -> bool:
    """Print what a command returned; False when it failed, or that could not be printed."""
    try:
        if env.options.json:
            report.take(result)
        else:
            _print_lines(env, result)
    except BrokenPipeError:
        # The command did its work, and who reads has seen enough of it: ls | grep -q.
        if env.session.several:
            raise
    except Exception as err:
        fail(env, report, err)
        return False
    if result.failures:
        fail(env, report, *result.failures)
        return False
    return not env.options.json or _print_document(env, report)


def _print_lines(env: Env, result: Result) -> None:
    """Print lines, which may be made only now."""
    try:
        for text in chain(result.lines, result.notes):
            if isinstance(text, Aside):
                # Where both streams are one, each line stays in its place.
                env.stdout.flush()
                print(text, file=env.stderr, flush=True)
            else:
                print(text, file=env.stdout)
        env.stdout.flush()
    finally:
        progress.end(env)


def fail(env: Env, report: Report, *found: Exception) -> None:
    """Tell what went wrong."""
    for err in found:
        _print_errors(env, _told(env, err))
    if env.options.json:
        report.failures += [err for err in found if err not in report.failures]
        _print_document(env, report)


def _told(env: Env, err: Exception) -> list[str]:
    if isinstance(err, LioError):
        return errors.error(err)
    if isinstance(err, OSError):
        return [f"{err.filename or 'output'}: {(err.strerror or str(err)).lower()}"]
    if os.environ.get("TARGETCLI_DEBUG"):
        import traceback

        traceback.print_exception(err, file=env.stderr)
    return errors.bug(err)


def _print_document(env: Env, report: Report) -> bool:
    """Print what --json tells; False when the output takes no more."""
    from .views import document

    try:
        print(document.line(report, secrets=env.options.show_secrets), file=env.stdout, flush=True)
    except BrokenPipeError:
        if env.session.several:
            raise
    except OSError as err:
        _print_errors(env, _told(env, err))
        return False
    return True


def _print_errors(env: Env, lines: list[str]) -> None:
    with suppress(OSError):
        env.stdout.flush()
    log.log_errors(env, lines)
    print(*lines, sep="\n", file=env.stderr, flush=True)


def start(env: Env) -> None:
    """Say hello, and go where the last session was."""
    env.session.several = True
    _print(env, BANNER)
    if not env.is_root:
        _print(env, "You are not root, disabling privileged commands.\n")
    try:
        env.session.cwd = walk.resolve(walk.root(env), env.prefs.last_path).path
    except LioError:
        env.session.cwd = "/"


def finish(env: Env) -> bool:
    """Save where the preferences say so; False when that failed."""
    if env.session.transaction is not None:
        if env.session.transaction.is_dry_run:
            return True
        for text in env.session.transaction.discard():
            print(text, file=env.stderr)
    if not (env.is_root and env.prefs.flag("auto_save_on_exit")):
        return True
    for text in log.tell(env, ["Global pref auto_save_on_exit=true"]):
        _print(env, text)
    env.session.cwd = "/"
    env.session.leaving = True
    return run_line(env, lambda: grammar.parse("saveconfig")) is not None


def _print(env: Env, text: str, end: str = "\n") -> None:
    """Print what a session says besides its commands; with --json that is nothing."""
    if not env.options.json:
        print(text, end=end, file=env.stdout, flush=True)


def prompt(env: Env) -> str:
    """The prompt, its path shortened in the middle as the preferences say."""
    path, longest = env.session.cwd, env.prefs.number("prompt_length")
    if longest and longest < len(path):
        half = (longest - 3) // 2
        path = f"{path[:half]}...{path[-half:]}"
    return f"{mark(env)}{path}> "


def mark(env: Env) -> str:
    """What stands before the path while changes are collected."""
    return (
        "*"
        if env.session.transaction is not None and not env.session.transaction.is_dry_run
        else ""
    )


def run_script(env: Env) -> int:
    """Run the lines of standard input; errors do not stop it, and its exit status is 0."""
    start(env)
    failed = 0
    while True:
        _print(env, prompt(env), end="")
        text = env.stdin.readline()
        if not text:
            _print(env, "exit")
            break
        result = run_line(env, partial(grammar.parse, text.strip()))
        failed += result is None
        if result is not None and result.leave:
            break
    failed += not finish(env)
    if failed:
        print(f"{failed} of the commands failed", file=env.stderr)
    return 0
