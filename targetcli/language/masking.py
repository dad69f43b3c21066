# SPDX-License-Identifier: Apache-2.0
"""Secrets in command lines and messages, replaced by stars.

Masked texts keep their length, so that a caret below one stays under its column.
"""

from __future__ import annotations

import re

# A word as the grammar reads it; a quote may be left open, and an odd run of backslashes makes a
# quote literal.
_WORD = re.compile(
    r"""(?: (?:\\\\)*\\["'] | (?:\\\\)+(?=["']) | \\+
          | "(?:[^"\\]|\\.)*(?:"|\Z|\\\Z) | '[^']*(?:'|\Z) | [^\s"'\\] )+""",
    re.VERBOSE | re.DOTALL,
)
_KEY = re.compile(r"\w*(?:pass|secret)\w*\s*=\s*", re.IGNORECASE)
# A line that sets credentials: any value that is not known to be none may be a secret, such as
# that of a misspelled password.
_SET = re.compile(r"(?:^|[\s\"'/])set[\"']?\s(?=.*auth\b)", re.IGNORECASE | re.DOTALL)
_PLAIN = re.compile(
    r"""["']?(?:(?:group\s*=\s*)?(?:discovery_)?auth|--[\w-]+|=|enable=.*
        |(?:mutual_)?userid(?:_mutual)?=.*|\w+=)["']?\Z""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_NAME = re.compile(r"""["']?[\w-]+=""")


def has_secret(line: str) -> bool:
    """Return True if a line may contain a secret."""
    return bool(_KEY.search(line) or _SET.search(line)) or "password" in line.lower()


def mask(text: str) -> str:
    """Replace the value of every ``password=VALUE``."""
    place = 0
    while found := _KEY.search(text, place):
        place = _end(text, found)
        text = f"{text[: found.end()]}{'*' * (place - found.end())}{text[place:]}"
    return text


def mask_line(line: str) -> str:
    """Replace the values in a line that are secrets, or may be."""
    found = _SET.search(line)
    if not found:
        return mask(line)
    return mask(line[: found.end()]) + _WORD.sub(_masked, line[found.end() :])


def _masked(word: re.Match[str]) -> str:
    text = word[0]
    if _PLAIN.match(text) and not _KEY.search(text):
        return text
    name = _NAME.match(text)
    kept = name.end() if name else 0
    return text[:kept] + "*" * (len(text) - kept)


def _end(text: str, key: re.Match[str]) -> int:
    """Return the end of the value of a key, which may be in quotes together with it."""
    word = next(found for found in _WORD.finditer(text) if found.end() > key.start())
    if key.end() < word.end():
        return word.end()
    value = _WORD.match(text, key.end())
    return value.end() if value else key.end()
