# SPDX-License-Identifier: Apache-2.0
"""The grammar of scst.conf, as scstadmin reads it (scstadmin.sysfs: readConfigFile, parseStanza).

Lines are statements; a brace at the end of one opens its block. Comments begin at any ``#`` without
a backslash, in quotes too, and take the character before them along.
"""

from __future__ import annotations

import re
from typing import Any

import pyparsing as pp

from ..nested_parser import NestedParser
from ..source import Source
from ..statements import Statement, check_text

# A line, or a block of lines without blocks in it: most of a large file are devices and LUNs.
_LINE = r"[^\s{}][^{}\n]*"
_LINES = rf"(?:{_LINE}(?:\n\s*|\Z))"
_PART = rf"(?:{_LINE}(?:\n\s*|\Z|\{{\s*{_LINES}*\}}\s*))"
_PARTS = re.compile(rf"({_LINE})(?:\n\s*|\Z|\{{\s*({_LINES}*)\}}\s*)")
# TARGET_DRIVER, TARGET, GROUP, LUN: no block is deeper, but for one of lines alone.
_DEPTH = 4
_WORD = re.compile(r'"([^"]*)"|(\S+)')
_OLD_FORMAT = re.compile(r"^\[(?:HANDLER|GROUP|ASSIGNMENT)\s+.*\]", re.MULTILINE)


def parse(source: Source) -> tuple[Statement, ...]:
    """Return the statements of a file.

    Raises InvalidValue with file and line where scstadmin would refuse or misread it.
    """
    check_text(source)
    old = _OLD_FORMAT.search(source.text)
    if old:
        expected = (
            "expected sections in braces; this is the format of SCST 1, which scstadmin converts"
        )
        raise source.wrong(source.text.count("\n", 0, old.start()) + 1, expected)
    return _Parser(_uncommented(source.text), source).run()


def _uncommented(text: str) -> str:
    """Return a text without comments and escapes; lines stay where they are."""
    text = text.replace("\r\n", "\n")
    text = re.sub(r"^#.*", "", text, flags=re.MULTILINE)
    text = re.sub(r"[^\\\n]#.*", "", text)
    return re.sub(r"\\(.)", r"\1", text)


class _Parser(NestedParser):
    def grammar(self) -> pp.ParserElement:
        # A run of them is one token: a token for each line would take ten times as long.
        run = pp.Regex(f"{_PART}+").set_parse_action(self._run)
        opened = pp.Regex(rf"{_LINE}\{{").set_parse_action(self._opened)
        close = pp.Suppress("}")
        body: pp.ParserElement = pp.ZeroOrMore(run)
        for _ in range(_DEPTH):
            block = (opened - body - close).set_parse_action(self._block)
            body = pp.ZeroOrMore(run | block)
        return body - pp.StringEnd()

    def _run(self, _text: str, start: int, tokens: pp.ParseResults) -> list[Statement]:
        result = []
        for match in _PARTS.finditer(tokens[0]):
            place = start + match.start()
            words = self._words(match[1], place)
            body = None if match[2] is None else self._lines(match[2], start + match.start(2))
            result.append(Statement(words, self.lines.at(place), body))
        return result

    def _lines(self, text: str, start: int) -> tuple[Statement, ...]:
        """Return the statements of lines without blocks."""
        result = []
        for line in text.split("\n"):
            if line and not line.isspace():
                result.append(Statement(self._words(line, start), self.lines.at(start)))
            start += len(line) + 1
        return tuple(result)

    def _opened(self, _text: str, start: int, tokens: pp.ParseResults) -> list[Any]:
        return [Statement(self._words(tokens[0][:-1], start), self.lines.at(start), ())]

    def _block(self, _text: str, _start: int, tokens: pp.ParseResults) -> list[Statement]:
        head, *body = tokens
        return [Statement(head.words, head.line, tuple(body))]

    def _words(self, line: str, start: int) -> tuple[str, ...]:
        if '"' not in line:
            return tuple(line.split())
        if line.count('"') % 2:
            expected = 'expected a closing " (a # before it starts a comment; write \\#)'
            raise self.source.wrong(self.lines.at(start), expected)
        return tuple(quoted or plain for quoted, plain in _WORD.findall(line))

    def explained(self, where: int) -> Exception:
        """Return the error for the place at which the grammar stopped."""
        opened: list[int] = []
        for match in re.finditer(r"[{}]", self.text):
            if match.group() == "{":
                opened.append(match.start())
            elif opened:
                opened.pop()
            else:
                line = self.lines.at(match.start())
                return self.source.wrong(line, "expected no }: nothing is open")
        if opened:
            return self.source.wrong(
                self.lines.at(opened[-1]), "expected a } that closes this section, none follows"
            )
        rest = self.text[where:].lstrip()
        line = self.lines.at(len(self.text) - len(rest))
        if rest.startswith("{"):
            return self.source.wrong(line, "expected the name of the section on the line of its {")
        if len(rest.partition("\n")[0].partition("}")[0]) and "}" in rest.partition("\n")[0]:
            expected = "expected a line of its own for }: scstadmin ignores the words before it"
            return self.source.wrong(line, expected)
        return self.source.wrong(line, "expected no section here: they are at most five deep")
