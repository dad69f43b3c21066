# SPDX-License-Identifier: Apache-2.0
"""Completion in bash and zsh.

The scripts in completions/ call it; each completion is a line, which ends in a blank if the word
is complete.

    targetcli --complete bash LINE WORD     the line up to the cursor, the part that bash replaces
    targetcli --complete zsh WORD ...       the words after the program, the last one unfinished
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from rtslib_ext.config.printable import has_controls
from rtslib_ext.fabrics import drop_ins

from .. import options
from ..env import Env
from ..language import grammar
from ..prefs import Preferences, default_folder
from . import Candidate
from .complete import complete, continuation
from .paths import folders, regular_files

_SUITES = ("bookworm", "trixie", "sid")
"""The suites of Debian whose user-mode kernel has the target."""


def _kernels(value: str) -> Iterator[Candidate]:
    yield from (Candidate(suite) for suite in _SUITES if suite.startswith(value))
    yield from regular_files(value)


def _roles(value: str) -> Iterator[Candidate]:
    yield from (Candidate(role) for role in options.ROLES if role.startswith(value))


# What completes the value of an option, by its kind.
_OF_KIND: dict[str, Callable[[str], Iterable[Candidate]]] = {
    "file": regular_files,
    "folder": folders,
    "kernel": _kernels,
    "role": _roles,
}
_OPEN = "\0"
_CONTINUES = "..."
# Everything else is special to bash, or may become so; non-ASCII characters are not.
_SPECIAL = re.compile(r"[^A-Za-z0-9_@%+=:,./\-\u0080-\U0010ffff]")


def answer(words: Sequence[str]) -> list[str]:
    """Return the lines for a completion script."""
    if words[:1] == ["bash"] and len(words) == 3:
        return list(_for_bash(words[1], words[2]))
    if words[:1] == ["zsh"] and len(words) > 1:
        found = candidates(words[1:-1], words[-1])
        return [f"{item.value}{item.end.strip('=')}" for item in map(_with_sign, found)]
    return []


def _for_bash(line: str, replaced: str) -> Iterator[str]:
    """Yield the typed part unchanged, followed by the escaped rest."""
    words, current, quote = split(line)
    found = [_with_sign(item) for item in candidates(words[1:], current)]
    if quote and len(found) == 1 and not found[0].end:
        # bash closes the quote after a single completion, even if the word continues.
        found.append(Candidate(f"{found[0].value}{_CONTINUES}", ""))
    for item in found:
        yield f"{replaced}{_escaped(item.value[len(current) :], quote)}{item.end}"


def _with_sign(item: Candidate) -> Candidate:
    """Add the = to the name of a parameter, after which the word continues."""
    return Candidate(f"{item.value}=", "") if item.end == "=" else item


def split(line: str) -> tuple[list[str], str, str]:
    """Split a line of bash: (complete words, the unfinished word, its open quote)."""
    import shlex

    # A non-blank at the end makes sure that there is an unfinished word.
    lexer = shlex.shlex(line + _OPEN, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    quote = ""
    try:
        words += lexer
    except ValueError:
        # The unfinished word is at the end, in the open quote.
        words.append(lexer.token)
        quote = str(vars(lexer)["state"])
    return words[:-1], words[-1].removesuffix(_OPEN), quote


def _escaped(text: str, quote: str) -> str:
    if quote == "'":
        return text.replace("'", "'\\''")
    if quote:
        return re.sub(r'(["\\$`])', r"\\\1", text)
    return _SPECIAL.sub(r"\\\g<0>", text)


def candidates(words: Sequence[str], current: str) -> list[Candidate]:
    """Return the completions of the last word of a command line."""
    known, rest = options.known(), list(words)
    while rest and rest[0].startswith("-"):
        option, equals, _ = rest.pop(0).partition("=")
        if option == "--":
            return _of_command(rest, current)
        if option == "--sandbox":
            # Only the sandbox's own kernel knows its objects; its options are known here.
            return _of_options(known, current)
        if known.get(option) and not equals:
            if not rest:
                return _of_value(option, current)
            rest.pop(0)
    if not rest and current.startswith("-"):
        return _of_options(known, current)
    # Followed by a word, help is the command.
    only = {*options.WORDS} - {"help"}
    return [] if rest and rest[0] in only else _of_command(rest, current)


def _of_options(known: dict[str, str], current: str) -> list[Candidate]:
    option, equals, value = current.partition("=")
    if equals:
        # The shell does not expand a ~ here, and nothing else does.
        found = [] if value.startswith("~") else _of_value(option, value)
        return [Candidate(f"{option}={item.value}", item.end) for item in found]
    return [Candidate(name) for name in sorted(known) if current and name.startswith(current)]


def _of_value(option: str, value: str) -> list[Candidate]:
    row = options.find(option)
    complete = _OF_KIND.get(row.kind) if row else None
    # As in complete: a line break in the name of a file would begin another answer.
    return [item for item in complete(value) if not has_controls(item.value)] if complete else []


def _of_command(words: Sequence[str], current: str) -> list[Candidate]:
    drop_ins.add_drop_ins()
    env = Env(Preferences.load(default_folder()))
    context, is_value = grammar.context_of_words(words, current)
    typed = current[: len(current) - len(context.partial)] if is_value else ""
    result = []
    for found in complete(env, context):
        if is_value:
            result.append(Candidate(f"{typed}{found.value}", found.end))
        elif any(char in grammar.BLANKS for char in current):
            # The word is a whole line, which the user ends.
            more = continuation(context, Candidate(found.value, found.end.strip()))
            result.append(Candidate(f"{current}{more}", ""))
        else:
            more = continuation(context, found)
            result.append(Candidate(f"{current}{more.removesuffix(found.end)}", found.end))
    return result


def print_completions(words: Sequence[str]) -> int:
    """Print completions. Errors are swallowed unless TARGETCLI_DEBUG is set."""
    try:
        lines = answer(words)
    except Exception:
        if os.environ.get("TARGETCLI_DEBUG"):
            raise
        return 1
    print(*lines, sep="\n", end="\n" if lines else "")
    return 0
