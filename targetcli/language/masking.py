# SPDX-License-Identifier: Apache-2.0
"""Secrets in command lines and messages, replaced by stars.

A line need not parse: the words of a misspelled or badly quoted one are masked as well. When in
doubt, a word is masked. Masked texts keep their length, so that a caret below one stays under its
column. The time is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..secret_words import GROUP, OTHER_COMMANDS, PARTS, PLAIN_GROUPS, SET

# A word as the grammar reads it; a quote may be left open, and an odd run of backslashes makes a
# quote literal.
_WORD = re.compile(
    r"""(?: (?:\\\\)*\\["'] | (?:\\\\)+(?=["']) | \\+
          | "(?:[^"\\]|\\.)*(?:"|\Z|\\\Z) | '[^']*(?:'|\Z) | [^\s"'\\] )+""",
    re.VERBOSE | re.DOTALL,
)
_QUOTING = re.compile(r"[\"'\\]")
# Not inside of a word: searching from each of its letters would take quadratic time.
_ASSIGNMENT = re.compile(r"(?<![\w-])([\w-]+)[\"']?\s*=\s*")
_NAME = re.compile(r"""["']?[\w-]+=""")
# A parameter of credentials that is no secret, and words of set that are none.
_PLAIN = re.compile(
    r"(?:group=)?(?:discovery_)?auth|--[\w-]+|=|enable=\w*|(?:mutual_)?userid(?:_mutual)?=.*|\w+=",
    re.DOTALL,
)
_CREDENTIALS = ("auth", "discovery_auth")
# Options before the command.
_MOST_OPTIONS = 20


def has_secret(line: str) -> bool:
    """Return True if a line may contain a secret."""
    words = _words(line)
    return _from(words) is not None or bool(_assigned(line, words)) or "password" in line.lower()


def mask(text: str) -> str:
    """Replace the value of every ``password=VALUE`` in a message."""
    return _starred(text, _assigned(text, _words(text)))


def mask_line(line: str) -> str:
    """Replace the values in a line that are secrets, or may be."""
    words = _words(line)
    values = list(_assigned(line, words))
    first = _from(words)
    if values:
        # The value of a one-shot command may have blanks and quotes, and so be several words.
        following = next((i for i, word in enumerate(words) if word.end() > values[0][0]), 0) + 1
        first = following if first is None else min(first, following)
    if first is not None:
        values += (span for word in words[first:] if (span := _masked(word)))
    return _starred(line, values)


def _words(text: str) -> list[re.Match[str]]:
    return list(_WORD.finditer(text))


def _bare(word: re.Match[str]) -> str:
    """Return a word in lower case without its quotes."""
    return _QUOTING.sub("", word[0]).lower()


def names_secret(name: str) -> bool:
    """Return True for the name of a secret, also a misspelled one."""
    name = name.lower()
    return any(part in name for part in PARTS)


def _assigned(text: str, words: Sequence[re.Match[str]]) -> list[tuple[int, int]]:
    """Return the spans of the values of all assignments to a name of a secret.

    A value in quotes together with its name extends to the end of that word.
    """
    spans = []
    rest = iter(words)
    word = next(rest, None)
    for found in _ASSIGNMENT.finditer(text):
        if not names_secret(found[1]):
            continue
        start = found.end()
        while word is not None and word.end() <= start - 1:
            word = next(rest, None)
        if word is None:
            break
        if word.end() == start:
            # The value may be the next word: password = VALUE.
            word = next(rest, None)
        if word is not None and word.start() <= start:
            spans.append((start, word.end()))
    return spans


def _from(words: Sequence[re.Match[str]]) -> int | None:
    """Return the number of the first word that may be a secret of ``set auth``, or None."""
    commands = [i for i, word in enumerate(words[:_MOST_OPTIONS]) if word[0][:2] != "--"][:2]
    for number in commands:
        name = _bare(words[number]).rpartition("/")[2]
        # Without set, or written as one word with it.
        first = number == commands[0] or "/" in words[commands[0]][0]
        if first and (name in _CREDENTIALS or (name.startswith(SET) and "auth" in name)):
            return number + 1
        if _is_set(name) and _sets_credentials(words[number + 1 :]):
            return number + 1
    return None


def _is_set(name: str) -> bool:
    """Return True for set, and where one letter of it is wrong, missing, doubled or swapped."""
    if name in OTHER_COMMANDS or not 2 <= len(name) <= 4:
        return False
    if sorted(name) == sorted(SET) or name == SET:
        return True
    wrong = len(name) == 3 and sum(one != other for one, other in zip(name, SET, strict=True)) == 1
    return wrong or _is_shorter_by_one(name, SET) or _is_shorter_by_one(SET, name)


def _is_shorter_by_one(short: str, long: str) -> bool:
    if len(short) != len(long) - 1:
        return False
    return any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


def _sets_credentials(words: Sequence[re.Match[str]]) -> bool:
    """Return True unless the parameters of set name another group than one of credentials."""
    names = [_bare(word) for word in words]
    group = next((name for name in names if name.startswith(GROUP)), None)
    if group is None:
        group = next((name for name in names if "=" not in name and name[:2] != "--"), "")
    return bool(names) and group.removeprefix(GROUP) not in PLAIN_GROUPS


def _masked(word: re.Match[str]) -> tuple[int, int] | None:
    """Return the part of a word to mask; None if it is known to be no secret."""
    if _PLAIN.fullmatch(_bare(word)) and not names_secret(word[0]):
        return None
    name = _NAME.match(word[0])
    return (word.start() + name.end() if name else word.start()), word.end()


def _starred(text: str, spans: Iterator[tuple[int, int]] | Sequence[tuple[int, int]]) -> str:
    parts: list[str] = []
    here = 0
    for start, end in sorted(spans):
        start = max(start, here)
        if start < end:
            parts += text[here:start], "*" * (end - start)
            here = end
    return "".join((*parts, text[here:]))
