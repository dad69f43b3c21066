# SPDX-License-Identifier: Apache-2.0
"""Plain English: words that make texts hard to read are kept out of code, help and manuals.

Checked are the string literals, docstrings and comments of Python files, and the whole text of
other files. ROOMS lists the parts that are checked.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Files, and directories with all files below them.
ROOMS = (
    ".ci",
    ".pre-commit-config.yaml",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "COMPATIBILITY.md",
    "CONTRIBUTING.md",
    "Makefile",
    "README.md",
    "completions",
    "docs",
    "examples",
    "findings",
    "man",
    "packaging",
    "rtslib_ext",
    "systemd",
    "targetcli",
)
# Patterns of words to avoid, in any case, and what to write instead.
PATTERNS = {
    r"(some|no|any)body|who(m|ever)?": "the user, the initiator, the process",
    r"tells?|telling|told": "show, report, state, return",
    r"wants?": "need, expect, require",
    r"insist(s|ed)?": "require --yes, confirm",
    r"disturb(s|ed|ing)?": "interrupt, affect",
    r"(tak(e|es|en|ing)|took)( \w+){0,6} (back|away)": "undo, roll back; delete, remove",
    r"(puts?|gives?|given|gets?|got|brings?|brought)( \w+){0,3} back": "restore, release, return",
    r"(go|goes|going|went|gone) back": "roll back, return",
    r"(go|goes|going|went) on(?! (and|or) off)": "continue, proceed",
    r"(brings?|brought|comes?|came) (it |them )?up": "restore, start",
    r"all the same": "anyway, nevertheless",
    r"what (there )?(is|are|was|were)": "a noun: the contents, the value, the cause",
    r"(is|are|was|were|be) (not |already |still )?there": "exist, be present, be missing",
    r"as (it|they) (is|are|was|were|stands?)(?! \w+(ed|en))": "unchanged",
    r"how to call (it|them)": "the name of",
    r"anew": "again; recreate",
    r"(makes?|made|making) (\w+ )?up": "generate",
    r"becom(e|es) of": "the result, the outcome",
    r"whatever": "any, regardless of",
    r"besides": "also, in addition to",
}
CODE = re.compile(r"``[^`]*``|`[^`]*`")
ANY = re.compile(rf"\b({'|'.join(PATTERNS)})\b", re.IGNORECASE)
AVOIDED = {re.compile(rf"\b({words})\b", re.IGNORECASE): hint for words, hint in PATTERNS.items()}
# A docstring that only repeats the name.
EMPTY = re.compile(r"(One|All) (each|of (it|them|these)|there (is|are))\.|As [\w. ]+\.|None\.")
# Texts that keep such words, by file: scripts match them, or the word means something else.
EXCEPTIONS: dict[str, tuple[str, ...]] = {
    # The example of the style before.
    "CONTRIBUTING.md": (
        "Who holds the lock, which somebody does,",
        "this would disturb somebody:",
        "goes on all the same",
    ),
    # The heading of a column.
    "README.md": (" WHO ",),
    "docs/JSON.md": ('"disturbs":',),
    "docs/json.schema.json": ('"disturbs"', "/disturbs"),
    "systemd/target.service": ("Wants=",),
    "systemd/targetcli-isns.service": ("Wants=",),
    "systemd/target-generator": ("Wants=",),
    "targetcli/commands/navigation.py": ("Taking you back to",),
}

# The words of a text, each with the number of its line.
Words = list[tuple[str, int]]


def files() -> Iterator[Path]:
    for room in ROOMS:
        path = ROOT / room
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        yield from (
            file for file in found if file.is_file() and file.suffix not in (".png", ".pyc", ".svg")
        )


def texts(path: Path) -> Iterator[Words]:
    """Yield the texts of a file: literals and blocks of comments, or paragraphs."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield from literals(text)
        yield from comments(text)
    else:
        yield from paragraphs(text)


def literals(source: str) -> Iterator[Words]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            # A text without a blank is a name, such as a key of JSON.
            if len(words := node.value.split()) > 1:
                yield [(word, node.lineno) for word in words]


def comments(source: str) -> Iterator[Words]:
    block: Words = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if block and line > block[-1][1] + 1:
            yield block
            block = []
        block += [(word, line) for word in token.string.lstrip("#").split()]
    yield block


def paragraphs(text: str) -> Iterator[Words]:
    block: Words = []
    for number, line in enumerate(text.splitlines(), 1):
        plain = re.sub(r"^\.(B|I|BI|BR|IB|IR|RB|RI) |^\s*# ?|\\f[BIRP]|\\[&%]", "", line)
        if not plain.strip() or plain.startswith(("|", "- ", ".")):
            yield block
            block = []
        block += [(word, number) for word in plain.split()]
    yield block


def findings(words: Words, kept: Iterable[str] = ()) -> Iterator[str]:
    """Yield the words of a text to avoid, except in the texts ``kept``."""
    text = " ".join(word for word, _ in words)
    for part in kept:
        text = text.replace(part, re.sub(r"\S", "=", part))
    text = CODE.sub(lambda found: re.sub(r"\S", "=", found[0]), text)
    if EMPTY.fullmatch(text):
        yield f"{words[0][1]}: {text!r} repeats the name: delete it"
    for avoided, hint in AVOIDED.items() if ANY.search(text) else ():
        for found in avoided.finditer(text):
            line = words[text.count(" ", 0, found.start())][1]
            around = text[max(found.start() - 40, 0) : found.end() + 40]
            yield f"{line}: {found[0]!r} in {around!r}; write: {hint}"


@pytest.mark.parametrize("path", [*files()], ids=lambda path: str(path.relative_to(ROOT)))
def test_texts_are_plain(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    found = [
        f"{name}:{text}"
        for words in texts(path)
        for text in findings(words, EXCEPTIONS.get(name, ()))
    ]
    assert not found, "\n" + "\n".join(found)


def test_every_exception_is_needed() -> None:
    for name, kept in EXCEPTIONS.items():
        words = [" ".join(word for word, _ in text) for text in texts(ROOT / name)]
        for part in kept:
            avoided = list(findings([(word, 1) for word in part.split()]))
            assert avoided and any(part in text for text in words), (name, part)


@pytest.mark.parametrize(
    "text",
    [
        "What is on it already is told, at a terminal asked.",
        "a device that somebody holds is refused",
        "it goes back at 17:37:40",
        "--yes before the command goes on all the same",
        "Takes the last change of this session back, all of it or nothing.",
        "Takes a storage object\naway, with its LUNs.",
        "keep it, tell its status, or take it back now",
        "unless it is there: then it stays as it is",
        "Who is disturbed is shown, and wants --yes.",
        "how to call it",
        "Without a WWN one is made up.",
        "One each.",
        "As the schema says.",
    ],
)
def test_avoided_words_are_found(text: str) -> None:
    assert list(findings([(word, 1) for word in text.split()]))


@pytest.mark.parametrize(
    "text",
    [
        "Succeeds without a change if an identical object exists.",
        "Applied. It is rolled back automatically at 17:37:40 unless you run `targetcli confirm`.",
        "Transaction started: changes are queued until commit; rollback discards them.",
        "lun must be between 0 and 65535, not 99999",
        "Takes a number from 0 to 255 seconds.",
        "Turns the cache on and off.",
        "The holder of the lock, whose process may have ended.",
    ],
)
def test_plain_texts_pass(text: str) -> None:
    assert list(findings([(word, 1) for word in text.split()])) == []


def test_texts_of_a_python_file() -> None:
    source = '"""One\ntext."""\nx = f"a {1} b c"  # A comment\n# of two lines.\n\n# Another.\n'
    found = [
        " ".join(word for word, _ in words) for words in (*literals(source), *comments(source))
    ]
    assert found == ["One text.", "b c", "A comment of two lines.", "Another."]


def test_texts_of_a_page() -> None:
    source = (
        ".TP\n.B name\nA \\fBbold\\fR word\nand more.\n\n# A comment\n# of two lines.\n| a | b |\n"
    )
    found = [" ".join(word for word, _ in words) for words in paragraphs(source) if words]
    assert found == [".TP name A bold word and more.", "A comment of two lines.", "| a | b |"]
