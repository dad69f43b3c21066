# SPDX-License-Identifier: Apache-2.0
"""The language of scsi_target.lio: words, blocks in braces, comments -> statements with lines.

A statement is a row of words that ends with its line, a semicolon or the brace around it. A block
after it has statements that continue it: ``disk d1 { size 1MB }`` is ``disk d1 size 1MB``. So the
words of a whole file are a list of paths, which lio.py reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from ..fast_dataclasses import dataclass

if TYPE_CHECKING:
    from .source import Source

_WORD = r"""(?:"[^"\n]*"|'[^'\n]*'|[^\s{}#;"']+)"""
_ONE_WORD = re.compile(r"""\s*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s{}#;"']+))""")
# A save file cannot hold them; surrogates are bytes that are not UTF-8.
_UNUSABLE = re.compile("[\0\ud800-\udfff]")
# Deeper than any object; a file with more is not of this language.
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Statement:
    """The words of a statement after those of the blocks around it; ``opens``: a block follows."""

    words: tuple[str, ...]
    line: int
    opens: bool = False


def statements(source: Source) -> Iterator[Statement]:
    """Yield the statements in order; one with a block comes before those in it.

    Raises ParseError with the line.
    """
    line = 1
    words: tuple[str, ...] = ()
    around: list[tuple[tuple[str, ...], int]] = []
    for token in _tokens(source):
        if token not in ("{", "}", ";", "\n"):
            words = tuple("".join(found) for found in _ONE_WORD.findall(token))
            if _UNUSABLE.search(token):
                raise source.wrong(line, "expected UTF-8 without NUL")
            continue
        if token == "{":
            if not words or len(around) == _DEEPEST:
                expected = "a word before {" if not words else f"at most {_DEEPEST} blocks"
                raise source.wrong(line, f"expected {expected}")
            yield Statement(_within(around, words), line, opens=True)
            around.append((words, line))
        elif words:
            yield Statement(_within(around, words), line)
        if token == "}" and not around:
            raise source.wrong(line, "} without {")
        if token == "}":
            around.pop()
        words = ()
        line += token == "\n"
    if around:
        raise source.wrong(around[-1][1], "{ without }")


def _within(around: list[tuple[tuple[str, ...], int]], words: tuple[str, ...]) -> tuple[str, ...]:
    return (*(word for outer, _ in around for word in outer), *words)


def _tokens(source: Source) -> Iterator[str]:
    """Yield the words of each line or part of one, and the marks between them."""
    text = f"{source.text}\n".replace("\r\n", "\n")
    for found, start, _ in _grammar().scan_string(text):
        if "wrong" in found:
            line = text.count("\n", 0, start) + 1
            raise source.wrong(line, f"expected a word, not {found['wrong']}: is a quote missing?")
        yield found[0]


@cache
def _grammar() -> Any:
    # Imported here: only imports of this format need it.
    from pyparsing import Regex

    blank = r"[^\S\n]*(?:#[^\n]*)?"
    words = rf"(?P<words>{_WORD}(?:[^\S\n]+{_WORD})*)"
    # The last one matches anything, so that no search for a later match begins.
    token = Regex(rf"{blank}(?:{words}|(?P<mark>[{{}};\n])|(?P<wrong>(?s:.)))")
    token.set_parse_action(lambda found: found["words"] or found["mark"])
    return token.set_whitespace_chars("").parse_with_tabs()
