# SPDX-License-Identifier: Apache-2.0
"""The command line: options, one command, lines from standard input, or the shell."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from rtslib_ext.errors import InvalidValue, LioError

from . import __version__, grammar, session
from .env import Env, Options
from .prefs import Preferences, default_folder
from .views import errors

USAGE = """\
Usage: targetcli [OPTIONS] [PATH] [COMMAND [PARAMETERS]]

Without a command it is a shell, or runs the lines of standard input.

Options, before the command:
  --sandbox         use a kernel of its own: no root needed, nothing changes here
  --exec            with --sandbox: run any program in it
  --state FOLDER    with --sandbox: where it keeps its configuration
  --memory SIZE     with --sandbox: the memory of its kernel (1G)
  --show-secrets    show passwords at a terminal too
  --yes             answer yes to questions
  --wait SECONDS    how long to wait for others who change the configuration
  --disable-daemon  set the preference auto_use_daemon=false (there is no daemon)
  --version, -v     show the version
  --help, -h        show this

targetcli(8) tells more; so does the command help.
"""


@dataclass(slots=True)
class Request:
    """What the command line asks for."""

    words: list[str] = field(default_factory=list)
    options: Options = field(default_factory=Options)
    action: str = ""
    sandbox: bool = False
    program: bool = False
    state: str | None = None
    memory: str = "1G"


# fb's words that are options without dashes when they come first.
_WORDS = {"help": "--help", "version": "--version", "disable-daemon": "--disable-daemon"}
_ACTIONS = {
    "--help": "help",
    "-h": "help",
    "--version": "version",
    "-v": "version",
    "--disable-daemon": "disable-daemon",
}


def parse(words: Sequence[str]) -> Request:
    """Read the command line; raises InvalidValue."""
    request = Request()
    rest = list(words)
    if rest and rest[0] in _WORDS:
        rest[0] = _WORDS[rest[0]]
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "--":
            break
        _take(request, option, rest)
        if request.program:
            break
    request.words = rest
    return request


def _take(request: Request, option: str, rest: list[str]) -> None:
    name, equals, value = option.partition("=")
    if name in _ACTIONS and not equals:
        request.action = request.action or _ACTIONS[name]
    elif name == "--sandbox":
        request.sandbox = True
    elif name == "--exec":
        request.program = True
    elif name == "--show-secrets":
        request.options.show_secrets = True
    elif name == "--yes":
        request.options.yes = True
    elif name in ("--wait", "--state", "--memory"):
        if not equals and not rest:
            raise InvalidValue(f"{name} needs a value", hint="--help shows the options")
        _set(request, name, value if equals else rest.pop(0))
    else:
        raise InvalidValue(f"there is no option {option}", hint="--help shows the options")


def _set(request: Request, name: str, value: str) -> None:
    if name == "--state":
        request.state = value
    elif name == "--memory":
        request.memory = value
    else:
        try:
            request.options.wait = float(value)
        except ValueError as err:
            raise InvalidValue(f"--wait takes a number of seconds, not {value!r}") from err


def main(words: Sequence[str] | None = None) -> int:
    """Run the program; its exit status."""
    try:
        return _main(sys.argv[1:] if words is None else words)
    except LioError as err:
        print(*errors.error(err), sep="\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Who read the output is gone; nothing more can be told to anybody.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _main(words: Sequence[str]) -> int:
    request = parse(words)
    if request.action == "help":
        print(USAGE, end="")
        return 0
    if request.action == "version":
        print(f"targetcli version {__version__}", file=sys.stderr)
        return 0
    if request.sandbox:
        return _run_in_sandbox(request)
    env = Env(Preferences.load(default_folder()), options=request.options)
    if request.action == "disable-daemon":
        request.words = ["set", "global", "auto_use_daemon=false"]
    if request.words:
        done = session.run_line(env, lambda: grammar.parse_words(request.words))
        return 0 if done is not None else 1
    if env.stdin.isatty():
        from .shell import run_shell

        return run_shell(env)
    return session.run_script(env)


def _run_in_sandbox(request: Request) -> int:
    from pathlib import Path

    from . import sandbox

    state = Path(request.state) if request.state else None
    settings = sandbox.Settings(state=state, memory=request.memory)
    if request.program:
        if not request.words:
            raise InvalidValue("--exec needs a program", hint="--sandbox --exec bash gives a shell")
        return sandbox.run(request.words, settings)
    return sandbox.run_targetcli(_options(request) + request.words, settings)


def _options(request: Request) -> list[str]:
    """The options that the program in the sandbox needs to know."""
    options = []
    if request.options.show_secrets:
        options.append("--show-secrets")
    if request.options.yes:
        options.append("--yes")
    if request.options.wait is not None:
        options.append(f"--wait={request.options.wait}")
    return options
