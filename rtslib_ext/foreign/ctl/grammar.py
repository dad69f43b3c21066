# SPDX-License-Identifier: Apache-2.0
"""The classic grammar of FreeBSD's ctl.conf (usr.sbin/ctld, token.l and parse.y).

Statements end with their last argument, not with their line, so the grammar knows how many each
keyword takes. A quoted word is never a keyword.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pyparsing as pp

from ..nested_parser import NestedParser
from ..source import Source
from ..statements import Statement

# No text matches in two ways, so a file that does not match takes no longer than one that does.
_GAP = r"(?:[ \t\r\n]|\#[^\n]*(?:\n|\Z))*"
_PLAIN = r"[A-Za-z0-9.\-@_/:\[\]]"
_WORD = rf'(?:"[^"]+"|{_PLAIN}+(?!{_PLAIN}))'

ARGUMENTS: Mapping[str, Mapping[str, int]] = {
    "": {
        "debug": 1,
        "isns-period": 1,
        "isns-server": 1,
        "isns-timeout": 1,
        "maxproc": 1,
        "pidfile": 1,
        "timeout": 1,
    },
    "auth-group": {
        "auth-type": 1,
        "chap": 2,
        "chap-mutual": 4,
        "host-address": 1,
        "host-nqn": 1,
        "initiator-name": 1,
        "initiator-portal": 1,
    },
    "portal-group": {
        "discovery-auth-group": 1,
        "discovery-filter": 1,
        "dscp": 1,
        "foreign": 0,
        "listen": 1,
        "listen-iser": 1,
        "offload": 1,
        "option": 2,
        "pcp": 1,
        "redirect": 1,
        "tag": 1,
    },
    "transport-group": {
        "discovery-auth-group": 1,
        "discovery-filter": 1,
        "dscp": 1,
        "listen": 2,
        "option": 2,
        "pcp": 1,
    },
    "lun": {
        "backend": 1,
        "blocksize": 1,
        "ctl-lun": 1,
        "device-id": 1,
        "device-type": 1,
        "option": 2,
        "path": 1,
        "serial": 1,
        "size": 1,
    },
    "target": {
        "alias": 1,
        "auth-group": 1,
        "auth-type": 1,
        "chap": 2,
        "chap-mutual": 4,
        "initiator-name": 1,
        "initiator-portal": 1,
        "offload": 1,
        "port": 1,
        "redirect": 1,
    },
    "controller": {
        "auth-group": 1,
        "auth-type": 1,
        "host-address": 1,
        "host-nqn": 1,
        "serial": 1,
    },
}
"""The keywords of each block ("": outside of all), and how many arguments each takes."""

# In a target: ``portal-group NAME [AUTH-GROUP]``, ``lun NUMBER NAME``.
_OPTIONAL = {"target": ("portal-group",), "controller": ("transport-group",)}
_REFERENCES = {"target": ("lun",), "controller": ("namespace",)}
KEYWORDS = frozenset(
    {key for keys in ARGUMENTS.values() for key in keys}
    | {"auth-group", "controller", "lun", "namespace", "portal-group", "target", "transport-group"}
)
_TOKEN = re.compile(rf"{_GAP}({_WORD}|[{{}};]|.|\Z)", re.DOTALL)


def _any_of(words: Sequence[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_KEYWORD = rf"(?:{_any_of(tuple(KEYWORDS))})(?!{_PLAIN})"
_ARGUMENT = rf'(?:"[^"]+"|(?!{_KEYWORD}){_PLAIN}+(?!{_PLAIN}))'


def _statement(block: str) -> str:
    """Return a pattern of one statement without a block in it."""
    forms = []
    for count in sorted(set(ARGUMENTS[block].values())):
        keys = [key for key, number in ARGUMENTS[block].items() if number == count]
        forms.append(rf"(?:{_any_of(keys)})(?!{_PLAIN})" + (_GAP + _ARGUMENT) * count)
    if block in _OPTIONAL:
        words = _any_of(_OPTIONAL[block])
        forms.append(rf"(?:{words})(?!{_PLAIN}){_GAP}{_ARGUMENT}(?:{_GAP}{_ARGUMENT})?")
        words = _any_of(_REFERENCES[block])
        forms.append(rf"(?:{words})(?!{_PLAIN}){_GAP}{_ARGUMENT}{_GAP}{_ARGUMENT}")
    return rf"(?:{'|'.join(forms)}){_GAP}(?:;{_GAP})?"


# A LUN that is described outside of targets: most of a large file is a run of them.
_LUN = (
    rf"lun(?!{_PLAIN}){_GAP}({_ARGUMENT}){_GAP}\{{"
    rf"{_GAP}((?:{_statement('lun')})*)\}}{_GAP}(?:;{_GAP})?"
)
_LUNS = re.compile(_LUN)
# Comments, semicolons and the end match too, so that no word is found within a comment.
_WORDS = re.compile(rf"{_GAP}(?:({_WORD})|;|\Z)")


def parse(source: Source) -> tuple[Statement, ...]:
    """Return the statements of a file. Raises InvalidValue with file and line."""
    return _Parser(source.text, source).run()


class _Parser(NestedParser):
    def grammar(self) -> pp.ParserElement:
        gap = pp.Suppress(pp.Regex(_GAP)).leave_whitespace()
        inner = self._block("lun", "lun", gap, self._runs("lun"))
        namespace = self._block("namespace", "lun", gap, self._runs("lun"))
        # The most frequent ones first.
        blocks = [self._block("target", "target", gap, self._runs("target") | inner)]
        blocks += [
            self._block(key, key, gap, self._runs(key))
            for key in ("lun", "auth-group", "portal-group", "transport-group")
        ]
        blocks.append(
            self._block("controller", "controller", gap, self._runs("controller") | namespace)
        )
        leaves = pp.Regex(f"(?:{_LUN})+").set_parse_action(self._leaves)
        inside = leaves | pp.MatchFirst(blocks) | self._runs("")
        return gap - pp.ZeroOrMore(inside) - pp.StringEnd()

    def _runs(self, block: str) -> pp.ParserElement:
        # A run of statements is one token: a token for each would take ten times as long.
        pattern = f"(?:{_statement(block)})+"
        return pp.Regex(pattern).set_parse_action(
            lambda _text, start, tokens: self._run(block, start, tokens[0])
        )

    def _block(
        self, key: str, kind: str, gap: pp.ParserElement, content: pp.ParserElement
    ) -> pp.ParserElement:
        head = pp.Regex(rf"{re.escape(key)}(?!{_PLAIN}){_GAP}{_ARGUMENT}{_GAP}\{{{_GAP}")
        head.set_parse_action(self._head)
        close = pp.Suppress(pp.Regex(rf"\}}{_GAP}(?:;{_GAP})?"))
        return (head - pp.ZeroOrMore(content) - close).set_parse_action(self._closed)

    def _run(self, block: str, start: int, text: str) -> list[Statement]:
        found = [(match[1], match.start(1)) for match in _WORDS.finditer(text) if match[1]]
        known, statements, number = ARGUMENTS[block], [], 0
        line_at = self.lines.at
        while number < len(found):
            key, place = found[number]
            count = known[key] if key in known else self._count(block, key, found, number)
            last = number + 1 + count
            words = tuple([word.strip('"') for word, _ in found[number:last]])
            statements.append(Statement(words, line_at(start + place)))
            number = last
        return statements

    def _count(self, block: str, key: str, found: Sequence[tuple[str, int]], number: int) -> int:
        """Return how many arguments a keyword has that may have one or two."""
        if key in _REFERENCES[block]:
            return 2
        return 2 if number + 2 < len(found) and found[number + 2][0] not in KEYWORDS else 1

    def _leaves(self, _text: str, start: int, tokens: pp.ParseResults) -> list[Statement]:
        return [
            Statement(
                ("lun", match[1].strip('"')),
                self.lines.at(start + match.start()),
                tuple(self._run("lun", start + match.start(2), match[2])),
            )
            for match in _LUNS.finditer(tokens[0])
        ]

    def _head(self, _text: str, start: int, tokens: pp.ParseResults) -> list[Statement]:
        return [Statement(_words(tokens[0])[:2], self.lines.at(start), ())]

    def _closed(self, _text: str, _start: int, tokens: pp.ParseResults) -> list[Statement]:
        head, *body = tokens
        return [Statement(head.words, head.line, tuple(body))]

    def explained(self, where: int) -> Exception:
        """Return the error for the place at which the grammar stopped."""
        match = _TOKEN.match(self.text, where)
        word = match.group(1) if match else ""
        line = self.lines.at(match.start(1) if match else where)
        if not word:
            return self.source.wrong(line, "expected a } that closes the last block, at the end")
        if word == '"':
            return self.source.wrong(line, 'expected a closing " and a word that is not empty')
        if word in KEYWORDS:
            text = f"expected another statement, or other arguments, at {word}"
            return self.source.wrong(line, text)
        # Not the word itself: it may be a secret.
        return self.source.wrong(line, "expected a keyword of this block, or a }")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip('"') for word in _WORDS.findall(text) if word)
