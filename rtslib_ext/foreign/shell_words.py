# SPDX-License-Identifier: Apache-2.0
"""The commands of a shell script as words, with their lines. Nothing is run.

Quotes, comments, continued lines, ``VARIABLE=value`` and one output redirection are understood.
All that a shell would have to compute is not: a command's output, a loop, a variable that the
script does not set. Such a command names the missing part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..fast_dataclasses import dataclass, field

# Words that need no more than a look for blanks, such as the scripts of tcm_dump and lio_dump have.
_PLAIN = re.compile(r"([\w\s./:,=@+\[\]%-]*)(?:>[ \t]*([\w./:,=@+\[\]%-]+)\s*)?")
_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r]+)
    | '(?P<single>[^']*)'
    | "(?P<double>(?:[^"\\]|\\.)*)"
    | \\(?P<escaped>.)
    | \$\{(?P<braced>\w+)\} | \$(?P<variable>\w+)
    | (?P<to>>>?)
    | (?P<end>&&|\|\||;;?|\n)
    | (?P<computed>[$`()|&<{}])
    | (?P<text>[^\s'"\\$`;&|<>(){}]+|.)""",
    re.VERBOSE | re.DOTALL,
)
_IN_QUOTES = re.compile(r"""\\([$`"\\])|\\\n|\$\{(\w+)\}|\$(\w+)|(\$\(|`)""")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
# A save file cannot hold them; surrogates are bytes that are not UTF-8.
_UNUSABLE = re.compile("[\0\ud800-\udfff]")
_DECLARES = ("export", "local", "declare", "readonly")
# Of commands that test or repeat; the commands that they enclose may run or not.
_COMPOUND = frozenset("if then else elif fi for while until do done case esac function [".split())
_NOT_PLAIN = _COMPOUND | frozenset(_DECLARES)
# Variables that are made of others would otherwise grow without limit.
_LONGEST = 1 << 16


@dataclass(slots=True)
class Command:
    """The words of a command, the file that its output goes to ("": none), and its line.

    ``computed`` is why the words are not known ("": they are).
    """

    line: int
    words: list[str] = field(default_factory=list)
    to: str = ""
    computed: str = ""


def commands(text: str) -> Iterator[Command]:
    """Yield the commands of a script that are not assignments, in order."""
    variables: dict[str, str] = {}
    for line, logical in _lines(text):
        if not logical or logical[0] == "#":
            continue
        plain = _PLAIN.fullmatch(logical)
        if plain:
            words = plain[1].split()
            if words and words[0] not in _NOT_PLAIN and "=" not in words[0]:
                yield Command(line, words, plain[2] or "")
                continue
        for command in _Reader(line, variables).read(logical):
            if command.words and not _assigned(command, variables):
                yield _judged(command)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines with their numbers; one that ends with a backslash continues."""
    if "\\\n" not in text:
        yield from enumerate(text.split("\n"), 1)
        return
    begun: list[str] = []
    first = 1
    for number, line in enumerate(text.split("\n"), 1):
        if line.endswith("\\") and not line.endswith("\\\\"):
            begun.append(line[:-1])
            continue
        yield first, "".join((*begun, line))
        begun.clear()
        first = number + 1
    if begun:
        yield first, "".join(begun)


def _judged(command: Command) -> Command:
    if _UNUSABLE.search("".join((*command.words, command.to))):
        command.words, command.computed = ["a command"], "it is not UTF-8 without NUL"
    elif command.words[0] in _COMPOUND and not command.computed:
        command.computed = f"{command.words[0]} depends on what a shell would find"
    return command


def _assigned(command: Command, variables: dict[str, str]) -> bool:
    """Note the values of assignments; return False for another command."""
    words = command.words[command.words[0] in _DECLARES :]
    if not words or "=" not in words[0] or not all(_ASSIGNMENT.match(word) for word in words):
        return False
    for word in words:
        name, _, value = word.partition("=")
        if command.computed or len(value) > _LONGEST:
            variables.pop(name, None)
        else:
            variables[name] = value
    return True


class _Reader:
    """Reads the commands of one line."""

    def __init__(self, line: int, variables: dict[str, str]) -> None:
        self._line, self._variables = line, variables
        self._command = Command(line)
        self._word: list[str] | None = None
        self._to = False
        self._left = _LONGEST

    def read(self, logical: str) -> Iterator[Command]:
        place = 0
        while place < len(logical):
            if logical[place] == "#" and self._word is None:
                break
            match = _TOKEN.match(logical, place)
            assert match is not None
            place = match.end()
            if match.lastgroup == "end":
                yield self._finished()
            else:
                self._take(match.lastgroup or "", match[match.lastgroup or 0])
        yield self._finished()

    def _take(self, kind: str, text: str) -> None:
        if kind == "blank":
            self._end_word()
        elif kind == "to":
            self._end_word()
            self._to = True
        elif kind == "double":
            self._add(_IN_QUOTES.sub(self._quoted, text))
        elif kind in ("braced", "variable"):
            self._add(self._value(text))
        elif kind == "computed" or text in "'\"":
            self._compute("a quote is missing" if text in "'\"" else f"a shell would run {text!r}")
            self._add(text)
        else:
            self._add(text)

    def _quoted(self, match: re.Match[str]) -> str:
        escaped, braced, variable, run = match.groups()
        if run:
            self._compute(f"a shell would run {run!r}")
        if braced or variable:
            return self._value(braced or variable)
        return escaped or ""

    def _value(self, name: str) -> str:
        value = self._variables.get(name)
        if value is None:
            self._compute("the script does not set a variable in it")
            return f"${name}"
        self._left -= len(value)
        if self._left < 0:
            self._compute(f"its words are longer than {_LONGEST} characters")
            return ""
        return value

    def _compute(self, why: str) -> None:
        self._command.computed = self._command.computed or why

    def _add(self, text: str) -> None:
        if self._word is None:
            self._word = []
        self._word.append(text)

    def _end_word(self) -> None:
        if self._word is None:
            return
        word, self._word = "".join(self._word), None
        if self._to:
            self._command.to, self._to = word, False
        else:
            self._command.words.append(word)

    def _finished(self) -> Command:
        self._end_word()
        command, self._command, self._to = self._command, Command(self._line), False
        return command
