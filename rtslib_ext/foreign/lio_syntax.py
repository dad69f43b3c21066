# SPDX-License-Identifier: Apache-2.0
"""The language of scsi_target.lio: words, blocks in braces, comments -> statements with lines.

A statement is a row of words that ends with its line, a semicolon or the brace around it. A block
after it has statements that continue it: ``disk d1 { size 1MB }`` is ``disk d1 size 1MB``. Most
lines are a name and a value, so lines without a special character take no pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .source import Source

Statement = tuple[int, list[str], str]
"""(line, words, mark): the mark is "{" before a block, "}" after its last statement, else ""."""

OPENS, CLOSES = "{", "}"
_SPECIAL = re.compile("[{};#\"'\0\ud800-\udfff]")
_TOKEN = re.compile(
    r"""[^\S\n]*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<word>[^\s{}#;"']+)"""
    r"""|(?P<mark>[{};])|(?P<comment>#.*|$)|(?P<wrong>.))""",
    re.DOTALL,
)
# A save file cannot hold them; surrogates are bytes that are not UTF-8.
_UNUSABLE = re.compile("[\0\ud800-\udfff]")
# Deeper than any object; a file with more is not of this language.
_DEEPEST = 32


def statements(source: Source) -> Iterator[Statement]:
    """Yield the statements in order; a closing brace may be one without words.

    Raises ParseError with the line.
    """
    opened: list[int] = []
    for line, text in enumerate(source.text.split("\n"), 1):
        if not _SPECIAL.search(text):
            words = text.split()
            if words:
                yield line, words, ""
            continue
        for words, mark in _parts(source, line, text):
            if mark == OPENS:
                if not words or len(opened) == _DEEPEST:
                    expected = f"at most {_DEEPEST} blocks" if words else "a word before {"
                    raise source.wrong(line, f"expected {expected}")
                opened.append(line)
            elif mark == CLOSES:
                if not opened:
                    raise source.wrong(line, "expected a { before this }")
                opened.pop()
            yield line, words, mark
    if opened:
        raise source.wrong(opened[-1], "expected a } that closes this block")


def _parts(source: Source, line: int, text: str) -> Iterable[tuple[list[str], str]]:
    """Return the statements of one line, with their marks; most lines have one brace at most."""
    bare = text.strip()
    if bare == CLOSES:
        return (([], CLOSES),)
    if bare.endswith(OPENS) and not _SPECIAL.search(bare, 0, len(bare) - 1):
        return ((bare[:-1].split(), OPENS),)
    return _tokens(source, line, text)


def _tokens(source: Source, line: int, text: str) -> Iterator[tuple[list[str], str]]:
    words: list[str] = []
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "comment"
        if kind in ("word", "double", "single"):
            if _UNUSABLE.search(found[kind]):
                raise source.wrong(line, "expected UTF-8 without NUL")
            words.append(found[kind])
        elif kind == "wrong":
            raise source.wrong(line, f"expected a word, not {found[kind]}: is a quote missing?")
        else:
            mark = found[kind] if kind == "mark" else ""
            if words or mark in (OPENS, CLOSES):
                yield words, mark.replace(";", "")
            words = []
