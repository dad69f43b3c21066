# SPDX-License-Identifier: Apache-2.0
r"""The grammar of the command line: parses text or argv words, and finds the word at the cursor.

    [--option ...] [PATH|@bookmark|*] [COMMAND] [value | key=value ...]

Lines that configshell's grammar reads to their end have the same meaning here; any other line
raises ParseError. Extensions:

* '...' quotes literally; "..." too, except \" and \\.  Quotes may start anywhere in a word;
  a quoted key or = is not a keyword.
* A backslash is an ordinary character, as in configshell: C:\x and a\\b are as typed, and a blank
  after one ends the word (write blanks inside quotes).  Only before a quote, where configshell
  stopped reading, two backslashes are one, and an odd one makes the quote literal.
* Any other character is allowed in a word.
* A path extends to the next blank (/a/*, @mark/x, '/a/my disk'), and a line that starts with #
  is empty. configshell silently dropped the rest of such lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from itertools import accumulate

from rtslib_ext.errors import ParseError
from rtslib_ext.fast_dataclasses import dataclass, field, replace

from .. import secret_words

BLANKS = " \t\r\n"
# The characters of configshell's values; a word of only these is parsed by its rules.
_PLAIN = re.compile(r"[A-Za-z0-9?;&*$!#,=_\\+/.<>()~@:\-%\[\]]*")
_PATH = re.compile(r"@[A-Za-z0-9:_.-]+|[A-Za-z0-9:_.\[\]-]*/[A-Za-z0-9:_.\[\]/-]*|\.\.|\.|\*")
_COMMAND = re.compile(r"[A-Za-z0-9_]+")
# The command help, as the first word of a line.
_QUESTION = "?"
_KEY = re.compile(r"[A-Za-z0-9_\\-]+")
_BACKSLASHES = re.compile(r"\\+")
_IN_DOUBLE = r'\\(["\\])'
_CLOSING = {"'": "([^']*)'", '"': r'(?s:((?:[^"\\]|\\.)*)")'}
_MARK_HINT = "write a literal quote with a backslash: \\' or \\\""
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter, in the order typed; ``key`` is None for a positional one.

    ``apart`` marks a value separated by a blank from its "key=" (a= b means a=b).
    """

    value: str
    key: str | None
    span: Span
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A command line; spans are offsets in ``text``, ``ends`` the end of each argv word.

    ``options`` are the words of the program's options before the path.
    """

    path: str = ""
    command: str = ""
    positional: tuple[str, ...] = ()
    keywords: dict[str, str] = field(default_factory=dict)
    arguments: tuple[Argument, ...] = ()
    text: str = ""
    path_span: Span = (0, 0)
    command_span: Span = (0, 0)
    ends: tuple[int, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def is_blank(self) -> bool:
        """Return True for an empty line or a comment."""
        return not (self.path or self.command or self.arguments or self.options)


class Place(Enum):
    """The kind of word at the cursor."""

    FIRST = "first"  # the first word, which may become a path or a command
    PATH = "path"
    COMMAND = "command"
    POSITIONAL = "positional"  # or the name of a keyword that has no = yet
    KEYWORD = "keyword"  # the value of a keyword
    NONE = "none"  # a comment


@dataclass(frozen=True, slots=True)
class Context:
    """The word being typed, which ends at the cursor, and the line before it.

    ``partial`` is its value so far, ``start`` the offset of that value (after "key="), ``quote``
    the quote that is still open.
    """

    place: Place
    partial: str = ""
    start: int = 0
    quote: str = ""
    keyword: str = ""
    path: str = ""
    command: str = ""
    positional: tuple[str, ...] = ()
    keywords: dict[str, str] = field(default_factory=dict)

    @property
    def index(self) -> int:
        """Return the index of the positional parameter being typed."""
        return len(self.positional)


def parse(text: str) -> Line:
    """Parse a line of the shell or of standard input; raises ParseError."""
    words, start = _options(text) if text.lstrip(BLANKS)[:1] == "-" else ((), 0)
    # Blanks keep the offsets of the rest.
    line = _read_line(" " * start + text[start:], (len(text),))
    if words and line.is_blank and "--batch" not in str(words):
        raise refusal(text, start, "a path or a command is expected here")
    return replace(line, options=words) if words else line


def _options(text: str) -> tuple[tuple[str, ...], int]:
    """Parse the options before the path: (their words, the offset behind them)."""
    # Imported here: most lines have no options.
    from . import leading

    return leading.options_of(text, lambda at: _word(text, at, len(text), tolerant=True)[:2])


def parse_words(words: Sequence[str]) -> Line:
    """Parse the words of a one-shot command; raises ParseError.

    The words up to the command are split like a line; each later word is one value (or key=value),
    with any content.
    """
    return _read_line(" ".join(words), _ends(words))


def _ends(words: Sequence[str]) -> tuple[int, ...]:
    return tuple(end - 1 for end in accumulate(len(word) + 1 for word in words))


def settle(
    line: Line, is_node: Callable[[str], bool], has_command: Callable[[str, str], bool]
) -> Line:
    """Split a command from the end of the path, with the help of the tree.

    If only the path without its last element is a node, which has that element as a command
    (/backstores/fileio/create x), the apparent command is its first parameter. ``has_command(path,
    name)`` is False for a path that is not a node. Raises ParseError for parameters alone.
    """
    if "/" in line.path and not is_node(line.path):
        owner, _, name = line.path.rpartition("/")
        owner += "/"
        if _COMMAND.fullmatch(name) and has_command(owner, name):
            start, end = line.path_span
            arguments = tuple(_arguments(line.text, end, line.ends))
            cut = max(start, end - len(name))
            head = replace(line, path=owner, command=name, path_span=(start, cut))
            return with_arguments(replace(head, command_span=(cut, end)), arguments)
    if line.arguments and not line.command:
        raise refusal(line.text, line.arguments[0].span[0], "a command is expected here")
    return line


def quote(value: str) -> str:
    """Quote a value, if needed, so that it is parsed as one word."""
    # A word with = may be a keyword, a word that starts with # a comment.
    if value and _PLAIN.fullmatch(value) and "=" not in value and value[0] != "#":
        return value
    if "'" not in value:
        return f"'{value}'"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(line: Line) -> str:
    """Return the command of a line with its parameters, quoted; passwords are masked."""
    words = [line.command]
    for argument in line.arguments:
        secret = argument.key and "password" in argument.key.lower()
        value = "***" if secret else quote(argument.value)
        words.append(f"{argument.key}={value}" if argument.key else value)
    if not secret_words.may_be_in(text := " ".join(words)):
        return text
    # Imported here: most lines have no secret.
    from . import masking

    return masking.mask_line(text)


def complete_context(text: str, cursor: int) -> Context:
    """Return the context of the word at the cursor; the text after it is ignored."""
    text = text[:cursor]
    if text.lstrip(BLANKS)[:1] == "-" and (start := _options(text)[1]) < cursor:
        text = " " * start + text[start:]
    first = _skip(text, 0, len(text))
    if text[first : first + 1] == "#":
        return Context(Place.NONE, start=first)
    value, end, mark = _word(text, first, len(text), tolerant=True)
    if end == len(text):
        place = Place.PATH if "/" in value or value[:1] == "@" else Place.FIRST
        return Context(place, value, first, mark)
    head = _read_head(text, (len(text),), tolerant=True)
    if head.path:
        second = _skip(text, head.path_span[1], len(text))
        value, end, mark = _word(text, second, len(text), tolerant=True)
        if end == len(text):
            return Context(Place.COMMAND, value, second, mark, path=head.path)
    return _typed_argument(text, head)


def context_of_words(words: Sequence[str], current: str) -> tuple[Context, bool]:
    """Return the context of the word being typed after the ``words`` of a one-shot command.

    The second value is True if the word is a value of its own, which needs no quotes.
    """
    ends, text = _ends(words), " ".join(words)
    head = _read_head(text, ends or (0,), tolerant=True)
    if not head.command:
        text = " ".join([*words, current])
        return complete_context(text, len(text)), False
    start = max(head.path_span[1], head.command_span[1])
    line = with_arguments(head, tuple(_arguments(text, start, ends)))
    key = _KEY.match(current)
    keyword = key[0] if key and current[key.end() : key.end() + 1] == "=" else ""
    context = Context(
        Place.KEYWORD if keyword else Place.POSITIONAL,
        current[len(keyword) + 1 :] if keyword else current,
        keyword=keyword,
        path=line.path,
        command=line.command,
        positional=line.positional,
        keywords=line.keywords,
    )
    return context, True


def refusal(text: str, column: int, message: str, hint: str = "") -> ParseError:
    """Return an error that shows the line, passwords masked, and a caret under the column."""
    # Imported here: only an error needs them.
    from . import masking
    from .columns import width

    shown = masking.mask_line(text)
    shown = "".join(char if char.isprintable() else " " for char in shown)
    return ParseError(f"{message}\n  {shown}\n  {' ' * width(shown[:column])}^", hint=hint)


def _skip(text: str, start: int, limit: int) -> int:
    while start < limit and text[start] in BLANKS:
        start += 1
    return start


def _limit(ends: tuple[int, ...], start: int) -> int:
    """Return the end of the argv word that contains an offset."""
    return next((end for end in ends if end >= start), start)


def _word(text: str, start: int, limit: int, *, tolerant: bool = False) -> tuple[str, int, str]:
    """Parse the word at an offset: (value, end, open quote)."""
    parts: list[str] = []
    here = start
    while here < limit and (char := text[here]) not in BLANKS:
        if char in _CLOSING:
            closed = re.compile(_CLOSING[char]).match(text, here + 1, limit)
            if not closed and not tolerant:
                raise refusal(text, here, "this quote is not closed", _MARK_HINT)
            inner = closed[1] if closed else text[here + 1 : limit]
            parts.append(re.sub(_IN_DOUBLE, r"\1", inner) if char == '"' else inner)
            if not closed:
                return "".join(parts), limit, char
            here = closed.end()
        elif run := _BACKSLASHES.match(text, here, limit):
            here = run.end()
            count = here - run.start()
            before_quote = here < limit and text[here] in _CLOSING
            parts.append("\\" * (count // 2 if before_quote else count))
            if before_quote and count % 2:
                parts.append(text[here])
                here += 1
        else:
            if not tolerant and (char.isspace() or char < " " or char == "\x7f"):
                raise refusal(text, here, f"unexpected character U+{ord(char):04X}")
            parts.append(char)
            here += 1
    return "".join(parts), here, ""


def _read_line(text: str, ends: tuple[int, ...]) -> Line:
    if text.lstrip(BLANKS)[:1] == "#":
        return Line(text=text, ends=ends)
    head = _read_head(text, ends)
    arguments = tuple(_arguments(text, max(head.path_span[1], head.command_span[1]), ends))
    first = arguments[0] if arguments and not (head.path or head.command) else None
    if first and first.key is None and first.value == _QUESTION:
        head, arguments = replace(head, command=first.value, command_span=first.span), arguments[1:]
    if arguments and not (head.path or head.command):
        raise refusal(text, arguments[0].span[0], "a path or a command is expected here")
    return with_arguments(head, arguments)


def _read_head(text: str, ends: tuple[int, ...], *, tolerant: bool = False) -> Line:
    """Parse the path and the command."""
    start = _skip(text, 0, len(text))
    path, end = _path(text, start, _limit(ends, start), tolerant)
    path_span = (start, end)
    start = _skip(text, end, len(text))
    command, end = _command(text, start, _limit(ends, start), tolerant)
    command_span = (start, end) if command else (path_span[1], path_span[1])
    return Line(path, command, (), {}, (), text, path_span, command_span, ends)


def _path(text: str, start: int, limit: int, tolerant: bool) -> tuple[str, int]:
    value, end, _ = _word(text, start, limit, tolerant=tolerant)
    raw = text[start:end]
    if not _PLAIN.fullmatch(raw):
        known = "/" in value or value in (".", "..", "*") or value[:1] == "@"
        return (value, end) if known else ("", start)
    found = _PATH.match(raw)
    if not found:
        return "", start
    # No command can follow such a path without a blank: the rest belongs to the path.
    if "/" in found[0] or (raw[found.end() :][:1] == "/" and found[0][0] in "@*"):
        return raw, end
    return found[0], start + found.end()


def _command(text: str, start: int, limit: int, tolerant: bool) -> tuple[str, int]:
    value, end, _ = _word(text, start, limit, tolerant=tolerant)
    raw = text[start:end]
    if not _PLAIN.fullmatch(raw):
        return (value, end) if _COMMAND.fullmatch(value) else ("", start)
    found = _COMMAND.match(raw)
    return (found[0], start + found.end()) if found else ("", start)


def _arguments(text: str, start: int, ends: tuple[int, ...]) -> Iterator[Argument]:
    """Yield the parameters: the rest of the argv word like a line, then one value per word."""
    limit = _limit(ends, start)
    while (start := _skip(text, start, limit)) < limit:
        argument, _ = _argument(text, start, limit)
        start = argument.span[1]
        yield argument
    later = [end for end in ends if end > limit]
    for begin, end in zip([limit, *later], later, strict=False):
        key = _KEY.match(text, begin + 1, end)
        if key and text[key.end() : key.end() + 1] == "=":
            yield Argument(text[key.end() + 1 : end], key[0], (begin + 1, end))
        else:
            yield Argument(text[begin + 1 : end], None, (begin + 1, end))


def _argument(text: str, start: int, limit: int, *, tolerant: bool = False) -> tuple[Argument, str]:
    """Parse one parameter of a line: (argument, open quote)."""
    key = _KEY.match(text, start, limit)
    sign = _skip(text, key.end(), limit) if key else limit
    if not key or sign == limit or text[sign] != "=":
        value, end, mark = _word(text, start, limit, tolerant=tolerant)
        return Argument(value, None, (start, end)), mark
    begin = _skip(text, sign + 1, limit)
    value, end, mark = _word(text, begin, limit, tolerant=tolerant)
    return Argument(value, key[0], (start, end), apart=begin > sign + 1), mark


def with_arguments(head: Line, arguments: tuple[Argument, ...]) -> Line:
    """Return a line with other parameters."""
    return replace(
        head,
        arguments=arguments,
        positional=tuple(arg.value for arg in arguments if arg.key is None),
        keywords={arg.key: arg.value for arg in arguments if arg.key is not None},
    )


def _typed_argument(text: str, head: Line) -> Context:
    """Return the context of a cursor after the command."""
    limit, here, done = len(text), max(head.path_span[1], head.command_span[1]), []
    while True:
        here = _skip(text, here, limit)
        current, mark = _argument(text, here, limit, tolerant=True)
        if current.span[1] == limit:
            break
        done.append(current)
        here = current.span[1]
    line = with_arguments(head, tuple(done))
    before = Context(
        Place.POSITIONAL, current.value, here, mark, "", head.path, head.command,
        line.positional, line.keywords,
    )  # fmt: skip
    if current.key is None:
        return before
    begin = _skip(text, text.index("=", here + len(current.key)) + 1, limit)
    return replace(before, place=Place.KEYWORD, keyword=current.key, start=begin)
