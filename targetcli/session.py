# SPDX-License-Identifier: Apache-2.0
"""A run of several lines: what is printed, where we are, what is saved at the end."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from rtslib_ext.errors import LioError

from . import __version__, dispatch, grammar, tree
from .env import Env
from .grammar import Line
from .result import Result
from .views import errors

BANNER = f"targetcli shell version {__version__}\nFor help on commands, type 'help'.\n"


def run_line(env: Env, read: Callable[[], Line]) -> Result | None:
    """Read and run one line and print what it says; None when it failed.

    This is the one place where errors end.
    """
    try:
        line = read()
        if line.is_blank:
            return Result()
        result = dispatch.run(env, line)
        for text in result.lines:
            print(text, file=env.stdout)
        env.stdout.flush()
    except LioError as err:
        _print_errors(env, errors.error(err))
        return None
    except BrokenPipeError:
        raise
    except OSError as err:
        _print_errors(env, [f"{err.filename or 'output'}: {(err.strerror or str(err)).lower()}"])
        return None
    except Exception as err:
        if os.environ.get("TARGETCLI_DEBUG"):
            traceback.print_exc(file=env.stderr)
        _print_errors(env, errors.bug(err))
        return None
    if result.problems:
        _print_errors(env, result.problems)
        return None
    if result.cd:
        env.cwd = result.cd
    return result


def _print_errors(env: Env, lines: list[str]) -> None:
    with suppress(OSError):
        env.stdout.flush()
    print(*lines, sep="\n", file=env.stderr, flush=True)


def start(env: Env) -> None:
    """Say hello, and go where the last session was."""
    print(BANNER, file=env.stdout)
    if not env.is_root:
        print("You are not root, disabling privileged commands.\n", file=env.stdout)
    try:
        env.cwd = tree.resolve(tree.root(env), env.prefs.last_path).path
    except LioError:
        env.cwd = "/"


def finish(env: Env) -> bool:
    """Save where the preferences say so; False when that failed."""
    if not (env.is_root and env.prefs.flag("auto_save_on_exit")):
        return True
    print("Global pref auto_save_on_exit=true", file=env.stdout)
    env.cwd = "/"
    return run_line(env, lambda: grammar.parse("saveconfig")) is not None


def prompt(env: Env) -> str:
    """The prompt, its path shortened in the middle as the preferences say."""
    path, longest = env.cwd, env.prefs.number("prompt_length")
    if longest and longest < len(path):
        half = (longest - 3) // 2
        path = f"{path[:half]}...{path[-half:]}"
    return f"{path}> "


def run_script(env: Env) -> int:
    """Run the lines of standard input; errors do not stop it, and its exit status is 0."""
    start(env)
    failed = 0
    while True:
        print(prompt(env), end="", file=env.stdout, flush=True)
        text = env.stdin.readline()
        if not text:
            print("exit", file=env.stdout)
            break
        result = run_line(env, partial(grammar.parse, text.strip()))
        failed += result is None
        if result is not None and result.leave:
            break
    failed += not finish(env)
    if failed:
        print(f"{failed} of the commands failed", file=env.stderr)
    return 0
