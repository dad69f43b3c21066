# SPDX-License-Identifier: Apache-2.0
"""Sessions: run lines, print results and errors, and save the configuration at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain
from typing import TextIO

from rtslib_ext.config.printable import printable
from rtslib_ext.errors import InvalidValue, LioError, ParseError, Unsupported, reason

from . import __version__, dispatch, log, options, progress
from .env import Env
from .language import grammar
from .language.grammar import Line
from .report import Report
from .result import Again, Aside, Result
from .tree import walk
from .views import errors, shown

# Without an end of line, the input would be read until the memory is full.
_LONGEST_LINE = 1 << 20
BANNER = f"targetcli shell version {__version__}\nFor help on commands, type 'help'.\n"


def run_line(env: Env, read: Callable[[], Line]) -> Result | None:
    """Parse and run one line and print its result; return None if it failed.

    Errors of commands end here. A shell leaves its current node if the line deleted it.
    """
    # Also while the result is printed: the tree is read meanwhile.
    with progress.watched(env), _options_of_one_line(env):
        result = _run_line(env, read)
    if env.session.several and not (result and result.leave):
        note = dispatch.leave_deleted(env)
        if note:
            print(_wrapped(printable(note), env.stderr), file=env.stderr, flush=True)
    return result


@contextmanager
def _options_of_one_line(env: Env) -> Iterator[None]:
    """Restore the options after a line, and end a dry run of this line alone."""
    session = env.session
    options, outer, logs, cwd = env.options, session.transaction, session.logs, session.cwd
    try:
        yield
    finally:
        own_dry_run = env.options.dry_run and not options.dry_run
        env.options = options
        if own_dry_run and session.transaction is not None:
            if outer is None:
                session.transaction.discard()
            else:
                outer.end_trial()
            session.logs, session.cwd = logs, cwd


def _take_options(env: Env, line: Line) -> Line:
    """Use the options of a line; return the rest. Raises InvalidValue."""
    if not (line.options or options.may_be_in(line.text)):
        return line
    # Imported here: most lines have no options.
    from .language import line_options

    queued = env.session.transaction
    was_dry_run = env.options.dry_run
    line, env.options = line_options.take(line, env.options)
    if env.options.dry_run and not was_dry_run:
        if queued is not None:
            queued.start_trial()
        elif env.options.batch is None:
            from .changes.transaction import Transaction

            Transaction.for_dry_run(env)
    return line


def _run_batch(env: Env, line: Line, file: str) -> Result | None:
    """Run the batch that a line names; return None if it failed."""
    if not line.is_blank:
        raise InvalidValue("--batch runs the lines of a file, so a command cannot be given")
    if env.session.batch is None or file == "-" or env.session.transaction is not None:
        raise Unsupported(
            "a batch cannot be run here", hint="targetcli --batch FILE, or end the transaction"
        )
    cwd = env.session.cwd
    status = env.session.batch(env, file)
    env.session.cwd = cwd
    return None if status else Result()


def _run_line(env: Env, read: Callable[[], Line]) -> Result | None:
    env.session.report = report = Report()
    if env.session.last_change:
        _tell_rolled_back(env)
    try:
        line = read()
        if line.is_blank:
            return Result()
        report.typed = line.text
        batch = env.options.batch
        line = _take_options(env, line)
        if env.options.batch is not None and env.options.batch != batch:
            return _run_batch(env, line, env.options.batch)
        if line.is_blank:
            raise InvalidValue("there is no command after the options")
        log.log_line(env, line)
        result = dispatch.run(env, line)
        if result.screen is not None:
            result, env.session.report = result.screen(run_line), report
        if env.session.transaction is not None:
            result = env.session.transaction.report(report, result)
    except BrokenPipeError:
        raise
    except Exception as err:
        fail(env, report, err)
        return None
    if not print_result(env, report, result):
        return None
    if result.cd:
        env.session.cwd = result.cd
    return result


def _tell_rolled_back(env: Env) -> None:
    """Print a note if a change that waited for confirmation was rolled back meanwhile."""
    # Imported here: only a session that has seen such a change needs it.
    from rtslib_ext.transaction import confirmed_commit
    from rtslib_ext.transaction.lock import LastChange

    if env.session.last_change is not LastChange.UNCONFIRMED:
        return
    with suppress(LioError):
        last = confirmed_commit.last(confirmed_commit.beside(env.journal))
        if last is None or last.outcome:
            env.session.last_change = LastChange.OTHER
        if last and last.outcome:
            text = f"Note: {last}: {last.outcome}"
            print(_wrapped(printable(text), env.stderr), file=env.stderr, flush=True)


def print_result(env: Env, report: Report, result: Result) -> bool:
    """Print the result of a command; return False if it failed or could not be printed."""
    try:
        if env.options.json:
            report.take(result)
        else:
            _print_lines(env, result)
    except BrokenPipeError:
        # The command succeeded, and the reader has closed the pipe: ls | grep -q.
        if env.session.several:
            raise
    except Exception as err:
        fail(env, report, err)
        return False
    if result.failures:
        fail(env, report, *result.failures)
        return False
    if env.options.json and not _print_document(env, report):
        return False
    if result.printed is not None:
        result.printed()
    return True


def _print_lines(env: Env, result: Result) -> None:
    """Print lines, which may be produced only now."""
    try:
        if result.again is not None:
            _show_again(env, result.again)
            return
        lines = () if result.pages and _page(env, result) else result.lines
        for text in chain(lines, result.notes):
            if isinstance(text, Aside):
                # Keep the order of lines if both streams are the same.
                env.stdout.flush()
                print(_wrapped(printable(text), env.stderr), file=env.stderr, flush=True)
            elif text.startswith("Note: "):
                print(_wrapped(printable(text), env.stdout), file=env.stdout)
            else:
                print(_shown(env, text), file=env.stdout)
        env.stdout.flush()
    finally:
        progress.end(env)


def _show_again(env: Env, again: Again) -> None:
    """Show lines every few seconds until Ctrl-C."""
    # Imported here: few commands do so.
    from .views.repaint import repaint

    def frame() -> list[str]:
        return [_shown(env, line) for line in again.frame()]

    repaint(env.stdout, again.title, again.every, frame)


def _shown(env: Env, text: str) -> str:
    """Return a line of a result as one line: only tabs and this program's colours remain."""
    return text if text.isprintable() else shown(text, colors=env.uses_colors)


def _wrapped(text: str, stream: TextIO) -> str:
    """Wrap a line for a terminal; for other streams leave it unchanged."""
    # Imported here, as in _print_errors: most commands print no notes.
    from .views.wrap import width_of, wrap

    return wrap(text, width_of(stream))


def _page(env: Env, result: Result) -> bool:
    """Show the lines of a result in a pager; return False if they are to be printed."""
    # A pager can run programs, which no role may.
    if env.options.is_restricted or not (env.stdin.isatty() and env.on_terminal):
        return False
    # Imported here: only help at a terminal needs it.
    from .views import pager

    result.lines = [_shown(env, text) for text in result.lines]
    return pager.page(result.lines, env.stdout)


def fail(env: Env, report: Report, *failures: Exception) -> None:
    """Print errors, and add them to the report."""
    failures = tuple(_without_secrets(env, err) for err in failures)
    for err in failures:
        if isinstance(err, LioError) and err.proposal:
            err.hint = "; ".join(filter(None, (err.proposal(), err.hint)))
            err.proposal = None
        _print_errors(env, err)
    if env.options.json:
        report.failures += [err for err in failures if err not in report.failures]
        _print_document(env, report)


def _without_secrets(env: Env, err: Exception) -> Exception:
    """Return an error; an unexpected one of a line with a secret without its text."""
    if isinstance(err, (LioError, OSError)):
        return err
    # Imported here: only a bug needs it.
    from .language import masking

    return errors.without_text(err) if masking.has_secret(env.session.report.typed) else err


def _error_lines(env: Env, err: Exception) -> list[str]:
    """Return an error in lines as scripts match them."""
    if isinstance(err, LioError):
        return errors.error(err)
    if isinstance(err, FileNotFoundError) and not err.filename:
        # Of os.getcwd: writing to a stream does not fail so.
        return ["the current directory does not exist any more"]
    if isinstance(err, OSError):
        return [printable(f"{err.filename or 'output'}: {reason(err)}")]
    if os.environ.get("TARGETCLI_DEBUG"):
        import traceback

        traceback.print_exception(err, file=env.stderr)
    return errors.bug(err)


def _print_document(env: Env, report: Report) -> bool:
    """Print the JSON document; return False if the output cannot be written."""
    from .views import document

    try:
        print(document.line(report, secrets=env.options.show_secrets), file=env.stdout, flush=True)
    except BrokenPipeError:
        if env.session.several:
            raise
    except OSError as err:
        _print_errors(env, err)
        return False
    return True


def _print_errors(env: Env, err: Exception) -> None:
    """Log an error, and print it: at a terminal shortened and wrapped."""
    with suppress(OSError):
        env.stdout.flush()
    lines = _error_lines(env, err)
    log.log_errors(env, lines)
    from .views.wrap import width_of, wrap

    width = width_of(env.stderr)
    if width is not None and isinstance(err, LioError):
        lines = errors.at_terminal(err, width, env.session.report.path or "")
    else:
        lines = [wrap(line, width) for line in lines]
    print(*lines, sep="\n", file=env.stderr, flush=True)


def start(env: Env) -> None:
    """Print the banner, and change to the last path of the previous session."""
    env.session.several = True
    _print(env, BANNER)
    if not env.is_root:
        _print(env, "You are not root, disabling privileged commands.\n")
    try:
        env.session.cwd = walk.resolve(walk.root(env), env.prefs.last_path).path
    except LioError:
        env.session.cwd = "/"


def finish(env: Env) -> bool:
    """Save if the session changed anything and auto_save_on_exit is set.

    Returns False if that failed.
    """
    if env.session.transaction is not None:
        if env.session.transaction.is_dry_run:
            return True
        for text in env.session.transaction.discard():
            print(printable(text), file=env.stderr)
    if not (env.is_root and env.prefs.flag("auto_save_on_exit")):
        return True
    if not env.session.changed:
        # The running configuration may be incomplete, and others may have edited the file.
        return True
    for text in log.log_messages(env, ["Global pref auto_save_on_exit=true"]):
        _print(env, text)
    env.session.cwd = "/"
    env.session.leaving = True
    return run_line(env, lambda: grammar.parse("saveconfig")) is not None


def _print(env: Env, text: str, end: str = "\n") -> None:
    """Print a text of the session itself; nothing with --json."""
    if not env.options.json:
        print(text, end=end, file=env.stdout, flush=True)


def prompt(env: Env) -> str:
    """Return the prompt; prompt_length limits its path, which is shortened in the middle."""
    path, longest = printable(env.session.cwd), env.prefs.number("prompt_length")
    if longest and longest < len(path):
        half = (longest - 3) // 2
        path = f"{path[:half]}...{path[-half:]}"
    return f"{mark(env)}{path}> "


def mark(env: Env) -> str:
    """Return the mark of a transaction in the prompt: "*" or ""."""
    return (
        "*"
        if env.session.transaction is not None and not env.session.transaction.is_dry_run
        else ""
    )


def _parse(stream: TextIO, text: str) -> Line:
    """Parse a line of standard input; read the rest of one that is too long. Raises ParseError."""
    if len(text) < _LONGEST_LINE:
        return grammar.parse(text.strip())
    while len(text) == _LONGEST_LINE and text[-1:] != "\n":
        text = stream.readline(_LONGEST_LINE)
    raise ParseError(f"the line has more than {_LONGEST_LINE:,} characters")


def run_script(env: Env) -> int:
    """Run the lines of standard input, also after errors; return the exit status, 0."""
    start(env)
    failed = 0
    while True:
        _print(env, prompt(env), end="")
        text = env.stdin.readline(_LONGEST_LINE)
        if not text:
            _print(env, "exit")
            break
        result = run_line(env, partial(_parse, env.stdin, text))
        failed += result is None
        if result is not None and result.leave:
            break
    failed += not finish(env)
    if failed:
        print(f"{failed} of the commands failed", file=env.stderr)
    return 0
