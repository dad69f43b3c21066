# SPDX-License-Identifier: Apache-2.0
"""The grammar of Perl's Config::General, in which tgt's targets.conf is written.

A line is an option with a value, or begins or ends a block; ``#`` begins a comment, a backslash at
the end continues a line, ``include`` names further files. As in Config::General, files and lines
are joined first. Then pyparsing finds the blocks, in tokens of whole lines: a token for each word
would take ten times as long.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pyparsing as pp

from ..errors import ParseError
from ..fast_dataclasses import dataclass, field
from .imported import Place
from .source import MOST_BYTES, Source

_COMMENT = re.compile(r"(?<!\\)#.*")
_CONTINUED = re.compile(r"(?<!\\)\\\Z")
_INCLUDE = re.compile(r"""include(?:optional)?(?:\s*(["'])(.*)\1|\s+(.+))""", re.IGNORECASE)
_HERE = re.compile(r"[^\s=]+(?:\s*=\s*|\s+)<<.+")
_EMPTY_BLOCK = re.compile(r"<([^/].*)/>")
_SPLIT = re.compile(r"\s*=\s*|\s+")
_ESCAPED = re.compile(r'\\([$\\"#])')
_NAMED = re.compile(r'(?:"([^"]+)"|(\S+))(?:\s+(?:"([^"]+)"|(.*)))?', re.DOTALL)
# Generators such as cinder write a file for each volume.
_MOST_FILES = 100_000


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a block; ``value`` is "" without one."""

    name: str
    value: str
    at: Place


@dataclass(slots=True)
class Block:
    """A block such as ``<target NAME>``: its kind, its name ("": none), and its contents."""

    kind: str
    name: str
    at: Place
    options: list[Option] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


def parse(source: Source) -> tuple[Block, list[str]]:
    """Return the contents of a file as a block without a name, and the paths of its files.

    Raises ParseError, which names the line; LioError for an included file that cannot be read.
    """
    read = _Lines(source)
    body = "\n".join((*read.lines, ""))
    try:
        found = _grammar().parse_string(body, parse_all=True)
    except pp.ParseBaseException as err:
        raise _unfit(err, read.lines, read.places) from None
    return _Tree(read.places).block(Block("", "", Place(source.path)), found), read.files


def _unfit(err: pp.ParseBaseException, lines: list[str], places: list[Place]) -> ParseError:
    """Return the error for the first line that does not fit."""
    wanted = str(err.msg).removeprefix("Expected ")
    number = err.lineno - 1
    if err.loc >= sum(map(len, lines)) + len(lines):
        # At the end of the file: name the block that does not end.
        number, wanted = _open_block(lines), "the end of this block before that of the file"
    return ParseError(f"{places[number]}: expected {wanted}", hint="nothing was imported")


def _open_block(lines: list[str]) -> int:
    """Return the index of the line that begins the innermost block without an end."""
    begun: list[int] = []
    for number, line in enumerate(lines):
        if line.startswith("</"):
            begun.pop()
        elif line.startswith("<"):
            begun.append(number)
    return begun[-1]


@cache
def _grammar() -> Any:
    """Return the grammar of joined lines: blocks in blocks, as deep as tgt knows them."""
    option = r"[^<\n][^\n]*\n"
    whole_store = rf"<[^/\n][^\n]*>\n(?:{option})*</[^\n]*>\n"
    options = pp.Regex(rf"(?:{option})+").set_name("an option")
    # All options and stores of a target are one token; ``store`` finds the error in another one.
    contents = pp.Regex(rf"(?:{option}|{whole_store})+").set_name("an option")
    begin = pp.Regex(r"<[^/\n][^\n]*>\n").set_name("<target NAME>")
    end = pp.Regex(r"</[^\n]*>\n").set_name("an option, or the end of the block as </NAME>")
    store = pp.Group(begin - pp.ZeroOrMore(options) - end)
    target = pp.Group(begin - pp.ZeroOrMore(contents | store) - end)
    file = pp.ZeroOrMore(options | target)
    for each in (options, contents, begin, end, store, target, file):
        each.leave_whitespace(recursive=False)
    last = pp.StringEnd().leave_whitespace().set_name("an option, or a block as <target NAME>")
    return (file + last).parse_with_tabs()


class _Tree:
    """Makes blocks of tokens; they follow each other without a gap, so lines can be counted."""

    def __init__(self, places: list[Place]) -> None:
        self.places, self.line = places, 0

    def block(self, block: Block, tokens: Any) -> Block:
        for token in tokens:
            if isinstance(token, str):
                self.contents(block, token.split("\n")[:-1])
            else:
                begin, *inner = token
                inner.pop()
                self.block(self.begin(block, begin[:-1]), inner)
                self.line += 1
        return block

    def contents(self, outer: Block, lines: list[str]) -> None:
        """Add lines of options, and of blocks of options."""
        block = outer
        for text in lines:
            if text[0] != "<":
                block.options.append(_option(text, self.places[self.line]))
                self.line += 1
            elif text[1] != "/":
                block = self.begin(outer, text)
            else:
                block = outer
                self.line += 1

    def begin(self, outer: Block, text: str) -> Block:
        """Add the block that a line begins, and return it."""
        inner = text[1:-1].strip()
        named = _NAMED.fullmatch(inner)
        kind, name = inner, ""
        if named:
            kind, name = named[1] or named[2], named[3] or named[4] or ""
        block = Block(kind, name, self.places[self.line])
        outer.blocks.append(block)
        self.line += 1
        return block


def _option(text: str, at: Place) -> Option:
    name, *rest = _SPLIT.split(text, 1) if "=" in text else text.split(None, 1)
    value = rest[0] if rest else ""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    if "\\" in value:
        value = _ESCAPED.sub(r"\1", value)
    return Option(name, value, at)


class _Lines:
    """The lines of a file and of those that it includes, without comments, joined and stripped.

    ``places`` are those of ``lines``, ``files`` the paths that were read.
    """

    def __init__(self, source: Source) -> None:
        self.lines: list[str] = []
        self.places: list[Place] = []
        self.files: list[str] = []
        self.open: list[str] = []
        self.left = MOST_BYTES - len(source.text)
        self.read(source)

    def read(self, source: Source) -> None:
        self.files.append(source.path)
        self.open.append(source.path)
        start, joined = 0, ""
        for number, text in enumerate(source.text.split("\n"), 1):
            if "#" in text:
                text = _COMMENT.sub("", text)
            text = text.rstrip("\r")
            if text.endswith("\\") and _CONTINUED.search(text):
                joined, start = joined + text[:-1].lstrip(), start or number
                continue
            text = joined + text.strip()
            if text:
                self.line(source, text, Place(source.path, start or number))
            start, joined = 0, ""
        if joined.strip():
            self.add(joined.strip(), Place(source.path, start))
        self.open.pop()

    def add(self, text: str, at: Place) -> None:
        self.lines.append(text)
        self.places.append(at)

    def line(self, source: Source, text: str, at: Place) -> None:
        if text[0] in "iI" and (included := _INCLUDE.fullmatch(text)):
            self.include(source, included[2] or included[3], at)
            return
        if text[0] == "<":
            if empty := _EMPTY_BLOCK.fullmatch(text):
                self.add(f"<{empty[1]}>", at)
                text = "</>"
        elif "<<" in text and _HERE.fullmatch(text):
            raise source.wrong(at.line, "expected a value on this line, not a here-document")
        self.lines.append(text)
        self.places.append(at)

    def include(self, source: Source, pattern: str, at: Place) -> None:
        for found in source.included(pattern):
            self.left -= len(found.text)
            if found.path in self.open:
                raise source.wrong(at.line, f"expected no circle, but {found.path} includes this")
            if self.left < 0 or len(self.files) >= _MOST_FILES:
                raise source.wrong(
                    at.line, f"expected at most {MOST_BYTES >> 20} MiB in {_MOST_FILES:,} files"
                )
            self.read(found)
