# SPDX-License-Identifier: Apache-2.0
"""The program: run a command, the lines of standard input, the shell, or the sandbox."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from rtslib_ext.config.printable import printable
from rtslib_ext.errors import InvalidValue, LioError, reason

from . import __version__, options, secret_words
from .options import Request

# typing is not imported for --version.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .env import Env


def main(words: Sequence[str] | None = None) -> int:
    """Run the program; return its exit status."""
    if words is None:
        words = sys.argv[1:]
        _hide_secrets(words)
    status = _guarded(words)
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader has closed the pipe.
        _drop_output()
    except OSError as err:
        if not status:
            print(f"output: {reason(err)}", file=sys.stderr)
        _drop_output()
        return status or 1
    return status


def _guarded(words: Sequence[str]) -> int:
    request = Request()
    try:
        return _main(words, request)
    except LioError as err:
        from .views import errors
        from .views.wrap import width_of

        width = width_of(sys.stderr)
        lines = errors.error(err) if width is None else errors.at_terminal(err, width)
        print(*lines, sep="\n", file=sys.stderr)
        if request.options.json:
            from .report import Report
            from .views import document

            with suppress(OSError):
                print(document.line(Report(failures=[err])))
        return 1
    except KeyboardInterrupt as err:
        # The terminal has written ^C at the cursor.
        print(f"\n{err}" if err.args else "\ninterrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of the output is gone: no message can be printed.
        _drop_output()
        return 1


def _drop_output() -> None:
    """Discard unwritten output: at exit, Python would complain and return status 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _main(words: Sequence[str], request: Request) -> int:
    if words[:1] == ["--complete"]:
        from .completion import shells

        _prepare_streams()
        return shells.print_completions(words[1:])
    options.parse_program(words, request)
    options.refuse_ineffective(request)
    if request.action == "help":
        print(options.usage(), end="")
        return 0
    if request.action == "version":
        print(f"targetcli version {__version__}", file=sys.stderr)
        return 0
    if request.sandbox:
        return _run_in_sandbox(request)
    if request.options.is_restricted:
        # Files of the user before sudo are not trusted: it is the one that the role restricts.
        os.environ.pop("SUDO_UID", None)
    return _run(request)


def _prepare_streams() -> None:
    """Make the streams accept any text, and replace those that the caller closed."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


def _hide_secrets(words: Sequence[str]) -> None:
    """Hide the secrets of this process's own command line from ps: it may wait for the lock."""
    if secret_words.may_be_in(" ".join(words)):
        # Imported here: most commands have no secret.
        from . import argv

        argv.hide(words)


def _add_fabrics() -> None:
    """Add the fabrics that files describe; print a warning for each problem."""
    from rtslib_ext.fabrics import DROP_INS

    if os.path.lexists(DROP_INS):
        from rtslib_ext.fabrics.drop_ins import add_drop_ins

        for problem in add_drop_ins():
            print(f"warning: {printable(problem)}", file=sys.stderr)


def _run(request: Request) -> int:
    # Imported here: --version and --help need none of it.
    from . import session
    from .env import Env
    from .language import grammar
    from .prefs import Preferences, default_folder

    _prepare_streams()
    _add_fabrics()
    env = Env(Preferences.load(default_folder()), options=request.options)
    if env.prefs.folder is not None and env.prefs.problem:
        print(f"warning: {printable(env.prefs.problem)}", file=sys.stderr)

    def run_batch(env: Env, file: str) -> int:
        from . import batch

        return batch.run(env, file)

    env.session.batch = run_batch
    if request.action == "disable-daemon":
        request.words = ["set", "global", "auto_use_daemon=false"]
    if env.options.batch is not None:
        if request.words:
            raise InvalidValue("--batch runs the lines of a file, so a command cannot be given")
        return run_batch(env, env.options.batch)
    if env.options.dry_run:
        from .changes.transaction import Transaction

        Transaction.for_dry_run(env)
    if request.words:
        done = session.run_line(env, lambda: grammar.parse_words(request.words))
        return env.session.report.failed if done is None else done.status
    return _run_lines(env)


def _run_lines(env: Env) -> int:
    """Run the shell, or the lines of standard input; return the exit status."""
    from . import progress, session

    is_shell = env.stdin.isatty()
    if is_shell and env.options.json:
        raise InvalidValue("--json needs a command, or lines on standard input")
    # One thread for all lines.
    with progress.watched(env):
        if not is_shell:
            return session.run_script(env)
        from .shell import run_shell

        return run_shell(env)


def _run_in_sandbox(request: Request) -> int:
    from pathlib import Path

    from rtslib_ext.fast_dataclasses import replace

    from . import sandbox

    state = Path(request.state) if request.state else None
    settings = sandbox.Settings(state=state, kernel=request.kernel or "")
    if request.memory is not None:
        settings = replace(settings, memory=request.memory)
    if request.program:
        if not request.words:
            raise InvalidValue("--exec needs a program", hint="--sandbox --exec bash gives a shell")
        _print_at_terminal(sandbox.kept(settings))
        return sandbox.run(request.words, settings)
    # The program in the sandbox would take its first word for an option if it looks like one.
    apart = request.options.literal or "".join(request.words[:1]) in options.WORDS
    words = [*options.written(request.options), *["--"] * apart, *request.words]
    settings = replace(settings, state=settings.state or sandbox.default_state())
    if not request.words and request.options.batch is None and sys.stdin.isatty():
        _print_at_terminal(sandbox.kept(settings))
    return sandbox.run_targetcli(words, settings)


def _print_at_terminal(text: str) -> None:
    """Print a text on standard error, unless a script reads it."""
    if sys.stderr is not None and sys.stderr.isatty():
        print(text, file=sys.stderr)
