# SPDX-License-Identifier: Apache-2.0
"""The options before the command: what the command line asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rtslib_ext.errors import InvalidValue
from rtslib_ext.fast_dataclasses import dataclass, field

USAGE = """\
Usage: targetcli [OPTIONS] [PATH] [COMMAND [PARAMETERS]]

Without a command it is a shell, or runs the lines of standard input.

Options, before the command:
  --sandbox         use a kernel of its own: no root needed, nothing changes here
  --exec            with --sandbox: run any program in it
  --state FOLDER    with --sandbox: where it keeps its configuration
  --memory SIZE     with --sandbox: the memory of its kernel (1G)
  --json            give one JSON document for each command (docs/JSON.md)
  --show-secrets    show passwords at a terminal, and with --json, too
  --dry-run         show what the command, or each of the lines, would change
  --batch FILE      run the lines of a file, or of standard input (-), all or none
  --yes             answer yes to questions, and go on where only that is needed
  --wait SECONDS    how long to wait for others who change the configuration
  --disable-daemon  set the preference auto_use_daemon=false (there is no daemon)
  --version, -v     show the version
  --help, -h        show this

targetcli(8) tells more; so does the command help.
"""


@dataclass(slots=True)
class Options:
    """What stands before the command on the command line."""

    show_secrets: bool = False
    json: bool = False
    yes: bool = False
    dry_run: bool = False
    batch: str | None = None
    wait: float | None = None
    literal: bool = False
    """Whether the command's words stood behind ``--``, and none of them is an option."""


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


def known() -> dict[str, str]:
    """The options by name, with what the value of each one is called; "" where it has none."""
    found = re.findall(r"^  (--[a-z-]+)(?:, -\w)?(?: ([A-Z]+))?  ", USAGE, re.MULTILINE)
    return {name: value for name, value in found}


# fb's words that are options without dashes when they come first; help with words behind it is
# the command.
WORDS = {"help": "--help", "version": "--version", "disable-daemon": "--disable-daemon"}
ACTIONS = {
    "--help": "help",
    "-h": "help",
    "--version": "version",
    "-v": "version",
    "--disable-daemon": "disable-daemon",
}


_FLAGS: dict[str, Callable[[Request], None]] = {
    "--sandbox": lambda request: setattr(request, "sandbox", True),
    "--exec": lambda request: setattr(request, "program", True),
    "--show-secrets": lambda request: setattr(request.options, "show_secrets", True),
    "--json": lambda request: setattr(request.options, "json", True),
    "--dry-run": lambda request: setattr(request.options, "dry_run", True),
    "--yes": lambda request: setattr(request.options, "yes", True),
}


def parse(words: Sequence[str], request: Request | None = None) -> Request:
    """Read the command line; raises InvalidValue, ``request`` having what was read until then."""
    request = request or Request()
    rest = list(words)
    if rest and rest[0] in WORDS and not (rest[0] == "help" and rest[1:]):
        rest[0] = WORDS[rest[0]]
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "--":
            request.words, request.options.literal = rest, bool(rest)
            return request
        _take(request, option, rest)
        if request.program:
            request.words = rest
            return request
    request.words = rest
    return request


def _take(request: Request, option: str, rest: list[str]) -> None:
    name, equals, value = option.partition("=")
    if name in ACTIONS and not equals:
        request.action = request.action or ACTIONS[name]
    elif name in _FLAGS and not equals:
        _FLAGS[name](request)
    elif name in ("--wait", "--state", "--memory", "--batch"):
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
    elif name == "--batch":
        request.options.batch = value
    else:
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
            raise InvalidValue(f"--wait takes a number of seconds, not {value!r}")
        request.options.wait = float(value)
