# SPDX-License-Identifier: Apache-2.0
"""The UCL form of ctl.conf: read into the statements of the classic form.

Of libucl, this reads what ctld accepts (usr.sbin/ctld/uclparse.cc): objects, arrays, strings and
numbers. Macros such as .include, variables and here documents are refused with their line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyparsing as pp

from ...fast_dataclasses import dataclass
from ..source import Source
from ..statements import Lines, Statement
from ..words import shown

_DEPTH = 12
_QUOTED = r'"(?:[^"\\\n]|\\.)*"'
_SINGLE = r"'(?:[^'\\\n]|\\.)*'"
_KEY = rf"(?:{_QUOTED}|[A-Za-z0-9_/][\w./-]*)"
# No text matches in two ways, so a file that does not match takes no longer than one that does.
_PLAIN = r"[^\s=:,;{}\[\]\"'$<](?:[^\n,;{}\[\]]*[^\s,;{}\[\]])?"
# How many items a token has at most: the pattern keeps its way through all of them, in memory, so
# that each of ten thousand would take twice as long as each of a thousand.
_MANY, _SOME = "{1,50}", "{0,50}"
# A key with a text: a run of them is one token, as a token for each takes several times as long.
_TEXT = (
    rf"({_KEY})(?:\s*[=:]\s*|[^\S\n]+)(?:({_QUOTED})|({_SINGLE})|({_PLAIN}))"
    r"(?=\s*[,;}\n]|\s*\Z)[\s,;]*"
)
_TEXTS = re.compile(_TEXT)
_OBJECT = rf"\{{\s*((?:{_TEXT}){_SOME})\}}[\s,;]*"
_OBJECTS = re.compile(_OBJECT)
_LEAF = rf"({_KEY})\s*(?:[=:]\s*)?{_OBJECT}"
_ARRAY = rf"({_KEY})\s*(?:[=:]\s*)?\[\s*((?:{_OBJECT}){_SOME})\][\s,;]*"
_TEXT_OR_LEAF = re.compile(rf"(?P<text>{_TEXT})|(?P<leaf>{_LEAF})|(?P<array>{_ARRAY})")
# Objects of texts, of objects of texts and of arrays of these: as LUNs are, and most targets.
_BRANCH = rf"({_KEY})\s*(?:[=:]\s*)?\{{\s*((?:{_TEXT}|{_LEAF}|{_ARRAY}){_SOME})\}}[\s,;]*"
_BRANCHES = re.compile(_BRANCH)
_BRACES = re.compile(rf"{_QUOTED}|{_SINGLE}|[\[\]{{}}]")
_COMMENTS = re.compile(rf"({_QUOTED}|{_SINGLE})|\#[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
# libucl: k is 1000, kb is 1024.
_NUMBER = re.compile(r"(\d+)([kmgtp]?)(b?)", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_BLOCKS = (
    "auth-group",
    "controller",
    "lun",
    "portal-group",
    "target",
    "transport-group",
)
_CHAP = {
    "chap": ("user", "secret"),
    "chap-mutual": ("user", "secret", "mutual-user", "mutual-secret"),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """An entry of an object, or of an array with the key "": a text, an object or an array."""

    key: str
    value: str | tuple[Pair, ...]
    line: int
    is_array: bool = False


def parse(source: Source) -> tuple[Statement, ...]:
    """Return a file as statements of the classic form. Raises ParseError with file and line."""
    pairs = _Parser(source).run()
    found = list(_top(source, pairs))
    # ctld reads targets last.
    return tuple(sorted(found, key=lambda one: one.key == "target"))


# -- the grammar ----------------------------------------------------------------------------


class _Parser:
    """One parse: the grammar's actions, with the lines of the text."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        if "#" in self.text or "/*" in self.text:
            self.text = _COMMENTS.sub(_without_comment, self.text)
        self.lines = Lines(self.text)

    def run(self) -> tuple[Pair, ...]:
        self._check_depth()
        try:
            found = self._grammar().parse_with_tabs().parse_string(self.text)
        except pp.ParseBaseException as err:
            raise self._explained(err) from None
        return tuple(found)

    def _check_depth(self) -> None:
        depth = 0
        for match in _BRACES.finditer(self.text):
            depth += 1 if match[0] in "{[" else -1 if match[0] in "}]" else 0
            if depth > _DEPTH:
                line = self.lines.at(match.start())
                raise self.source.wrong(line, f"expected at most {_DEPTH} levels of braces")

    def _grammar(self) -> pp.ParserElement:
        value = pp.Forward()
        section = pp.Forward()
        ends = pp.Suppress(pp.Regex(r"[,;]*"))
        run = pp.Regex(f"(?:{_TEXT}){_MANY}").set_parse_action(self._run)
        quoted = pp.Regex(_QUOTED).set_parse_action(lambda tokens: [_unquoted(tokens[0])])
        single = pp.Regex(_SINGLE).set_parse_action(lambda tokens: [tokens[0][1:-1]])
        plain = pp.Regex(_PLAIN)
        key = pp.Regex(rf"{_KEY}\s*(?=[=:]|[^\S\n]|\{{|\[)").set_parse_action(
            lambda tokens: [_unquoted(tokens[0].strip())]
        )
        head = pp.Regex(rf"{_KEY}(?=\s*\{{|[^\S\n]+{_KEY}[^\S\n]*\{{)").set_parse_action(
            lambda tokens: [_unquoted(tokens[0])]
        )
        pair = (section | (key - pp.Suppress(pp.Regex(r"[=:]?")) - value)) + ends
        branches = pp.Regex(f"(?:{_BRANCH}){_MANY}").set_parse_action(self._branches)
        inside = pp.ZeroOrMore(run | branches | pair)
        whole = pp.Suppress("{") - inside - pp.Suppress("}")
        objects = pp.Regex(f"(?:{_OBJECT}){_MANY}").set_parse_action(self._objects)
        array = pp.Suppress("[") - pp.ZeroOrMore(objects | (value + ends)) - pp.Suppress("]")
        value <<= (
            whole.copy().set_parse_action(lambda tokens: [_object(tokens)])
            | array.copy().set_parse_action(lambda tokens: [_array(tokens)])
            | quoted
            | single
            | plain
        )
        section <<= head + (
            whole.copy().set_parse_action(lambda tokens: [_object(tokens)]) | section
        )
        section.set_parse_action(self._pair)
        pair.set_parse_action(self._pair)
        return (whole | inside) - pp.StringEnd()

    def _objects(self, _text: str, start: int, tokens: pp.ParseResults) -> list[Pair]:
        return self._all_objects(tokens[0], start)

    def _all_objects(self, text: str, start: int) -> list[Pair]:
        return [
            Pair("", tuple(self._pairs(match[1], start + match.start(1))), 0)
            for match in _OBJECTS.finditer(text)
        ]

    def _branches(self, _text: str, start: int, tokens: pp.ParseResults) -> list[Pair]:
        return [
            Pair(
                _unquoted(match[1]),
                tuple(self._within(match[2], start + match.start(2))),
                self.lines.at(start + match.start()),
            )
            for match in _BRANCHES.finditer(tokens[0])
        ]

    def _within(self, text: str, start: int) -> Iterator[Pair]:
        """Yield the texts in an object, its objects of texts, and its arrays of these."""
        for match in _TEXT_OR_LEAF.finditer(text):
            line = self.lines.at(start + match.start())
            found = match.lastgroup
            assert found
            # The groups of the pattern in this one: the key, then the text or contents.
            first = match.re.groupindex[found] + 1
            key, inside = _unquoted(match[first]), match[first + 1]
            if found == "text":
                yield Pair(key, _value(*match.group(first + 1, first + 2, first + 3)), line)
                continue
            place = start + match.start(first + 1)
            if found == "leaf":
                yield Pair(key, tuple(self._pairs(inside, place)), line)
            else:
                yield Pair(key, tuple(self._all_objects(inside, place)), line, is_array=True)

    def _run(self, _text: str, start: int, tokens: pp.ParseResults) -> list[Pair]:
        return self._pairs(tokens[0], start)

    def _pairs(self, text: str, start: int) -> list[Pair]:
        return [
            Pair(
                _unquoted(match[1]),
                _value(*match.group(2, 3, 4)),
                self.lines.at(start + match.start()),
            )
            for match in _TEXTS.finditer(text)
        ]

    def _pair(self, _text: str, start: int, tokens: pp.ParseResults) -> list[Pair]:
        if len(tokens) == 1:
            return [tokens[0]]
        key, value = tokens
        line = self.lines.at(start)
        if isinstance(value, Pair):
            # A section with a name: KEY NAME { … } is KEY { NAME { … } }.
            if value.key != "":
                return [Pair(key, (value,), line)]
            return [Pair(key, value.value, line, value.is_array)]
        return [Pair(key, value, line)]

    def _explained(self, err: pp.ParseBaseException) -> Exception:
        rest = self.text[err.loc :].lstrip()
        line = self.lines.at(len(self.text) - len(rest))
        if not rest:
            return self.source.wrong(line, "expected a } or ] that closes the last one, at the end")
        if rest.startswith((".", "$", "<<")):
            return self.source.wrong(line, "expected no macro, variable or here document")
        return self.source.wrong(line, "expected a key and its value")


def _value(quoted: str | None, single: str | None, plain: str) -> str:
    """Return the text in the last groups of _TEXT."""
    if quoted:
        return _unquoted(quoted)
    return single[1:-1] if single else plain


def _without_comment(match: re.Match[str]) -> str:
    return match.group(1) or "\n" * match.group().count("\n")


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    if "\\" not in text:
        return text[1:-1]
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return text[1:-1]


def _object(tokens: Sequence[Any]) -> Pair:
    return Pair("", tuple(tokens), 0)


def _array(tokens: Sequence[Any]) -> Pair:
    items = [one if isinstance(one, Pair) else Pair("", one, 0) for one in tokens]
    return Pair("", tuple(items), 0, is_array=True)


# -- the statements -------------------------------------------------------------------------


def _top(source: Source, pairs: Sequence[Pair]) -> Iterator[Statement]:
    for pair in pairs:
        if pair.key not in _BLOCKS:
            yield from _plain(source, pair)
            continue
        for block in _objects(source, pair):
            yield Statement(
                (pair.key, block.key), block.line, tuple(_block(source, pair.key, block))
            )


def _objects(source: Source, pair: Pair) -> Iterator[Pair]:
    """Yield the named objects of a section."""
    for item in _inside(source, pair):
        if item.key == "":
            yield from _objects(source, Pair(pair.key, item.value, pair.line))
        elif isinstance(item.value, str):
            raise source.wrong(item.line, f"expected an object in braces at {shown(item.key)}")
        else:
            yield item


def _inside(source: Source, pair: Pair) -> tuple[Pair, ...]:
    if isinstance(pair.value, str):
        raise source.wrong(pair.line, f"expected an object in braces at {shown(pair.key)}")
    return pair.value


def _block(source: Source, kind: str, block: Pair) -> Iterator[Statement]:
    for pair in _inside(source, block):
        if pair.key in _CHAP:
            for item in _items(pair):
                yield Statement((pair.key, *_named(source, item, _CHAP[pair.key])), pair.line)
        elif pair.key == "options":
            for item in _inside(source, pair):
                yield Statement(("option", item.key, _text(source, item)), item.line or pair.line)
        elif kind == "target" and pair.key == "portal-group":
            yield from _portal_groups(source, pair)
        elif kind in ("target", "controller") and pair.key in ("lun", "namespace"):
            yield from _luns(source, pair)
        elif pair.key == "foreign":
            yield Statement(("foreign",), pair.line)
        else:
            yield from _plain(source, pair)


def _items(pair: Pair) -> Iterator[Pair]:
    """Yield a value, or each one of an array, with the line of its key."""
    if pair.is_array and not isinstance(pair.value, str):
        for item in pair.value:
            yield Pair(pair.key, item.value, pair.line, item.is_array)
    else:
        yield pair


def _plain(source: Source, pair: Pair) -> Iterator[Statement]:
    for item in _items(pair):
        text = _text(source, item)
        if pair.key in ("blocksize", "size"):
            text = _number(text)
        yield Statement((pair.key, text), pair.line)


def _text(source: Source, pair: Pair) -> str:
    if not isinstance(pair.value, str):
        raise source.wrong(pair.line, f"expected a text or number at {shown(pair.key)}")
    return pair.value


def _number(text: str) -> str:
    """Return a number of libucl, where k is 1000 and kb is 1024, as digits."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text
    digits, suffix, binary = match.groups()
    base = 1024 if binary else 1000
    return str(int(digits) * base ** _POWERS[suffix.lower()]) if len(digits) < 20 else text


def _named(source: Source, pair: Pair, keys: Sequence[str]) -> list[str]:
    found = {item.key: item for item in _inside(source, pair)}
    missing = [key for key in keys if key not in found]
    if missing:
        raise source.wrong(pair.line, f"expected the key {missing[0]} at {shown(pair.key)}")
    return [_text(source, found[key]) for key in keys]


def _portal_groups(source: Source, pair: Pair) -> Iterator[Statement]:
    for item in _items(pair):
        if isinstance(item.value, str):
            yield Statement((pair.key, item.value), pair.line)
            continue
        (name,) = _named(source, item, ("name",))
        groups = (_text(source, one) for one in item.value if one.key == "auth-group-name")
        yield Statement((pair.key, name, *list(groups)[:1]), pair.line)


def _luns(source: Source, pair: Pair) -> Iterator[Statement]:
    """Yield LUNs: an array of objects with a number, or an object of names or objects by it."""
    for item in _items(pair):
        entries = _inside(source, item)
        if pair.is_array or any(one.key == "number" for one in entries):
            yield _lun(source, pair, entries)
            continue
        for one in entries:
            if isinstance(one.value, str):
                yield Statement((pair.key, one.key, one.value), one.line)
            else:
                numbered = (Pair("number", one.key, one.line), *one.value)
                yield _lun(source, one, numbered, pair.key)


def _lun(source: Source, pair: Pair, entries: Sequence[Pair], key: str = "") -> Statement:
    (number,) = _named(source, Pair(pair.key, tuple(entries), pair.line), ("number",))
    line = next((one.line for one in entries if one.line), pair.line)
    name = next((_text(source, one) for one in entries if one.key == "name"), "")
    if name:
        return Statement((key or pair.key, number, name), line)
    rest = tuple(one for one in entries if one.key not in ("number", "name"))
    body = tuple(_block(source, "lun", Pair(number, rest, line)))
    return Statement((key or pair.key, number), line, body)
