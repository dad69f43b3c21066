# SPDX-License-Identifier: Apache-2.0
"""Tab in bash and zsh: what a word of a one-shot command could become.

completions/ has the scripts that ask; each answer is a line, which ends in a blank where the
word is whole.

    targetcli --complete bash LINE WORD     the line up to the cursor, what bash will replace of it
    targetcli --complete zsh WORD ...       the words behind the program's, the last one unfinished
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from rtslib_ext.fabrics import drop_ins

from .. import options
from ..env import Env
from ..language import grammar
from ..prefs import Preferences, default_folder
from . import Candidate
from .complete import complete, typed_on
from .paths import folders, regular_files

# What completes the value of an option, by its kind.
_OF_KIND: dict[str, Callable[[str], Iterable[Candidate]]] = {
    "file": regular_files,
    "folder": folders,
}
_OPEN = "\0"
_GOES_ON = "..."
# Everything else means something to bash, or may one day; what is not ASCII means nothing.
_SPECIAL = re.compile(r"[^A-Za-z0-9_@%+=:,./\-\u0080-\U0010ffff]")


def answer(words: Sequence[str]) -> list[str]:
    """The lines that a script asks for."""
    if words[:1] == ["bash"] and len(words) == 3:
        return list(_for_bash(words[1], words[2]))
    if words[:1] == ["zsh"] and len(words) > 1:
        found = candidates(words[1:-1], words[-1])
        return [f"{item.value}{item.end.strip('=')}" for item in map(_with_sign, found)]
    return []


def _for_bash(line: str, replaced: str) -> Iterator[str]:
    """What is typed stays as it is: only what comes behind it is escaped."""
    words, current, quote = split(line)
    found = [_with_sign(item) for item in candidates(words[1:], current)]
    if quote and len(found) == 1 and not found[0].end:
        # bash closes the quote behind a word that is the only one, even if it goes on.
        found.append(Candidate(f"{found[0].value}{_GOES_ON}", ""))
    for item in found:
        yield f"{replaced}{_escaped(item.value[len(current) :], quote)}{item.end}"


def _with_sign(item: Candidate) -> Candidate:
    """A name goes on behind its sign."""
    return Candidate(f"{item.value}=", "") if item.end == "=" else item


def split(line: str) -> tuple[list[str], str, str]:
    """The whole words of a line of bash, the unfinished one, and the quote that is open in it."""
    import shlex

    # Something that is no blank ends the unfinished word, so that there always is one.
    lexer = shlex.shlex(line + _OPEN, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    quote = ""
    try:
        words += lexer
    except ValueError:
        # It stands at the end, in the quote that nothing closed.
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
    """The values that the last word of a command line could become."""
    known, rest = options.known(), list(words)
    while rest and rest[0].startswith("-"):
        option, equals, _ = rest.pop(0).partition("=")
        if option == "--":
            return _of_command(rest, current)
        if option == "--sandbox":
            # What there is in a sandbox only its own kernel knows; its options can be told.
            return _of_options(known, current)
        if known.get(option) and not equals:
            if not rest:
                return _of_value(option, current)
            rest.pop(0)
    if not rest and current.startswith("-"):
        return _of_options(known, current)
    # With a word behind it, help is the command.
    only = {*options.WORDS} - {"help"}
    return [] if rest and rest[0] in only else _of_command(rest, current)


def _of_options(known: dict[str, str], current: str) -> list[Candidate]:
    option, equals, value = current.partition("=")
    if equals:
        # There the shell leaves a ~ as it is, and nobody else knows it.
        found = [] if value.startswith("~") else _of_value(option, value)
        return [Candidate(f"{option}={item.value}", item.end) for item in found]
    return [Candidate(name) for name in sorted(known) if current and name.startswith(current)]


def _of_value(option: str, value: str) -> list[Candidate]:
    row = options.find(option)
    complete = _OF_KIND.get(row.kind) if row else None
    return list(complete(value)) if complete else []


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
            # The word is a line of its own, and ends where its user says.
            more = typed_on(context, Candidate(found.value, found.end.strip()))
            result.append(Candidate(f"{current}{more}", ""))
        else:
            more = typed_on(context, found)
            result.append(Candidate(f"{current}{more.removesuffix(found.end)}", found.end))
    return result


def tell(words: Sequence[str]) -> int:
    """Print the answer; whatever goes wrong, nobody wants to read of it in the middle of a line."""
    try:
        lines = answer(words)
    except Exception:
        if os.environ.get("TARGETCLI_DEBUG"):
            raise
        return 1
    print(*lines, sep="\n", end="\n" if lines else "")
    return 0
