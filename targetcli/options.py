# SPDX-License-Identifier: Apache-2.0
"""The options before the command: a table from which they are read, shown and completed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rtslib_ext.errors import InvalidValue
from rtslib_ext.fast_dataclasses import dataclass, field

ROLES = ("read", "provision", "admin")
_ADMIN = ROLES[-1]


@dataclass(slots=True)
class Options:
    """The options that apply to the command."""

    show_secrets: bool = False
    json: bool = False
    yes: bool = False
    dry_run: bool = False
    verbose: bool = False
    batch: str | None = None
    wait: float | None = None
    role: str | None = None
    """What the lines of the batch may do (targetcli.roles); None: everything."""
    within: str | None = None
    """Directories of the files that a role may serve, separated by colons."""
    literal: bool = False
    """Whether the command followed ``--``, so that none of its words is an option."""

    @property
    def is_restricted(self) -> bool:
        """Return True if the batch has a role that may not do everything."""
        return self.role not in (None, _ADMIN)


@dataclass(slots=True)
class Request:
    """The parsed command line."""

    words: list[str] = field(default_factory=list)
    options: Options = field(default_factory=Options)
    action: str = ""
    sandbox: bool = False
    program: bool = False
    state: str | None = None
    memory: str | None = None
    kernel: str | None = None


class Option:
    """A row of the table.

    ``value`` names the option's value in the usage text; "" for an option without one. ``kind``
    decides how the value is checked and completed. ``sets`` is the field of Request that takes
    the value, or True; an option without a field is an action, which may be written without its
    dashes.
    """

    __slots__ = ("name", "text", "value", "kind", "sets", "short")

    # Not a data class: --version would have to compile its constructor.
    def __init__(
        self,
        name: str,
        text: str,
        value: str = "",
        kind: str = "text",
        sets: str = "",
        short: str = "",
    ) -> None:
        self.name, self.text = name, text
        self.value, self.kind, self.sets, self.short = value, kind, sets, short

    @property
    def word(self) -> str:
        """Return the name without dashes."""
        return self.name[2:]

    def set(self, request: Request, value: object) -> None:
        """Set the field of a request."""
        holder, _, name = self.sets.rpartition(".")
        setattr(request.options if holder else request, name, value)


ROWS = (
    Option(
        "--sandbox",
        "use a separate kernel: needs no root, does not change this host",
        sets="sandbox",
    ),
    Option("--exec", "with --sandbox: run any program in it", sets="program"),
    Option(
        "--state",
        "with --sandbox: the directory that keeps its state",
        "DIR",
        "folder",
        sets="state",
    ),
    Option(
        "--memory", "with --sandbox: the memory of its kernel (default 1G)", "SIZE", sets="memory"
    ),
    Option(
        "--kernel",
        "with --sandbox: its kernel, a file or a Debian suite such as trixie",
        "KERNEL",
        "kernel",
        sets="kernel",
    ),
    Option(
        "--json", "print one JSON document for each command (docs/JSON.md)", sets="options.json"
    ),
    Option(
        "--show-secrets",
        "show passwords: at a terminal, with --json, in messages of set",
        sets="options.show_secrets",
    ),
    Option(
        "--dry-run",
        "show what each command would change, without changing it",
        sets="options.dry_run",
    ),
    Option(
        "--verbose",
        "show more details: each step of a plan, not only its changes",
        sets="options.verbose",
        short="-v",
    ),
    Option(
        "--batch",
        "run the commands in a file, or on standard input (-), all or none",
        "FILE",
        "file",
        sets="options.batch",
    ),
    Option(
        "--role",
        "with --batch: what its lines may do: read, provision or admin",
        "ROLE",
        "role",
        sets="options.role",
    ),
    Option(
        "--within",
        "with --role provision: the directories, separated by colons, of the files and devices "
        "that it may serve",
        "DIRS",
        "folder",
        sets="options.within",
    ),
    Option(
        "--yes", "answer yes to questions, and proceed where --yes is required", sets="options.yes"
    ),
    Option(
        "--wait",
        "how long to wait for other changes to finish (default 600)",
        "SECONDS",
        "seconds",
        sets="options.wait",
    ),
    Option("--disable-daemon", "set the preference auto_use_daemon=false (there is no daemon)"),
    Option("--version", "show the version; so does -v alone"),
    Option("--help", "show this help", short="-h"),
)

_BY_NAME = {name: row for row in ROWS for name in (row.name, row.short) if name}

# targetcli-fb takes its actions without dashes too, as the first word; help is the command.
WORDS = {row.word: row.name for row in ROWS if not row.sets}

# -v is the version in targetcli-fb. With a command it is --verbose, which needs one. As a first
# word, version is the option of targetcli-fb, which shows no more.
_ALONE: dict[tuple[str, ...], Sequence[str]] = {
    ("-v",): ("--version",),
    ("version", "-v"): ("/", "version", "-v"),
    ("version", "--verbose"): ("/", "version", "--verbose"),
}


def known() -> dict[str, str]:
    """Return the options by name, with the name of each one's value; "" where it has none."""
    return {row.name: row.value for row in ROWS}


def may_be_in(text: str) -> bool:
    """Return False if no word of a line can be an option."""
    return "--" in text or "-v" in text


def find(name: str) -> Option | None:
    """Return the row of an option, by either of its names."""
    return _BY_NAME.get(name)


def _label(row: Option) -> str:
    return f"{row.name}, {row.short}" if row.short else f"{row.name} {row.value}"


def usage() -> str:
    """Return the text of --help, in lines of at most 80 columns."""
    # Imported here: only --help needs it.
    from textwrap import fill

    rows = (
        fill(row.text, 80, initial_indent=f"  {_label(row):18}", subsequent_indent=" " * 20)
        for row in ROWS
    )
    return _USAGE.format("\n".join(rows))


_USAGE = """\
Usage: targetcli [OPTIONS] [PATH] [COMMAND [PARAMETERS]]

Runs one command. Without a command, starts a shell, or if standard input is not
a terminal, runs the commands on standard input.

Options, before the command:
{}

After the command, and in a line of the shell, --yes, --dry-run, --verbose,
--json, --show-secrets and --wait hold for that command.

See targetcli(8) for details; `targetcli help` lists the commands.
"""


def parse(words: Sequence[str], request: Request | None = None) -> Request:
    """Parse the command line.

    Raises InvalidValue; ``request`` then holds the options before the wrong one.
    """
    request = request or Request()
    _read(words, request)
    return request


def parse_program(words: Sequence[str], request: Request) -> Request:
    """Parse the command line of the program: as ``parse``, but for whole lines with -v."""
    return parse(_ALONE.get(tuple(words), words), request)


def refuse_ineffective(request: Request) -> None:
    """Raise InvalidValue for an option that this command line would ignore.

    Without --sandbox, the options of the sandbox would run the command on the host's kernel.
    """
    if request.action in ("help", "version"):
        return
    if not request.sandbox:
        for row in ROWS:
            value = getattr(request, row.sets, None) if "." not in row.sets and row.sets else None
            if value:
                raise InvalidValue(
                    f"{row.name} has no effect without --sandbox, so nothing was run",
                    hint=f"targetcli --sandbox {row.name} …",
                )
    elif request.program and (ignored := written(request.options)):
        raise InvalidValue(
            f"{ignored[0].partition('=')[0]} has no effect with --exec, so nothing was run",
            hint="--exec runs any program; give it its own options after its name",
        )
    if request.options.verbose and not (request.words or request.options.dry_run):
        raise InvalidValue(
            "--verbose needs a command that it has an effect on, so nothing was run",
            hint="targetcli --verbose diff, for one",
        )
    _refuse_unrestricted(request)
    if request.action == "disable-daemon" and (request.words or request.options.batch is not None):
        raise InvalidValue(
            "--disable-daemon runs no command, so nothing was run",
            hint="run the command by itself",
        )


def _refuse_unrestricted(request: Request) -> None:
    """Raise InvalidValue for a role that would not hold, or that hides the secrets."""
    options = request.options
    if options.role not in (None, *ROLES):
        raise InvalidValue(f"--role must be one of {', '.join(ROLES)}, not {options.role!r}")
    if options.role is not None and (options.batch is None or request.sandbox):
        raise InvalidValue(
            "--role has no effect without --batch, so nothing was run",
            hint=f"targetcli --role {options.role} --batch -",
        )
    if options.within is not None and options.role != "provision":
        raise InvalidValue("--within has no effect without --role provision, so nothing was run")
    if options.is_restricted and options.show_secrets:
        raise InvalidValue(f"the role {options.role} sees no secrets: omit --show-secrets")


def _read(words: Sequence[str], request: Request) -> None:
    rest = list(words)
    # Help about the command version is not the option.
    if rest and rest[0] in WORDS and rest[0] != "help" and not {"--help", "-h"} & {*rest[1:]}:
        rest[0] = WORDS[rest[0]]
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "--":
            request.words, request.options.literal = rest, bool(rest)
            return
        _take(request, option, rest)
        if request.program:
            break
    request.words = rest


def _take(request: Request, option: str, rest: list[str]) -> None:
    """Read one option, and its value from the words after it."""
    name, equals, value = option.partition("=")
    row = find(name)
    if row is None or (equals and not row.value):
        # Imported here: only an error needs it.
        from . import closest

        hint = closest.hint(name, _BY_NAME, "--help shows the options")
        raise InvalidValue(f"there is no option {option}", hint=hint)
    if not row.sets:
        request.action = request.action or row.word
    elif not row.value:
        row.set(request, True)
    elif equals or rest:
        text = value if equals else rest.pop(0)
        if not text:
            raise InvalidValue(f"{name} needs a value, and this one is empty")
        row.set(request, _typed(row, text))
    else:
        raise InvalidValue(f"{name} needs a value", hint="--help shows the options")


def _typed(row: Option, value: str) -> object:
    convert = _CONVERT.get(row.kind)
    return convert(row, value) if convert else value


def _seconds(row: Option, value: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        raise InvalidValue(f"{row.name} must be a number of seconds, not {value!r}")
    return float(value)


_CONVERT: dict[str, Callable[[Option, str], object]] = {"seconds": _seconds}


def written(options: Options) -> list[str]:
    """Return options as words of a command line."""
    words = []
    for row in ROWS:
        holder, _, name = row.sets.rpartition(".")
        value = getattr(options, name) if holder else None
        if value is True:
            words.append(row.name)
        elif value is not None and value is not False:
            words.append(f"{row.name}={value}")
    return words
