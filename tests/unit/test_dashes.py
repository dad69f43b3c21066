# SPDX-License-Identifier: Apache-2.0
"""Commands typed with dashes: restore-pending is restore_pending."""

from __future__ import annotations

import pytest

from targetcli.language import dashes, grammar
from targetcli.language.grammar import Line

COMMANDS = ("restore_pending", "enable_iser", "ls", "set")


def read(line: Line) -> tuple[str, str, tuple[str, ...], dict[str, str]]:
    found = dashes.joined(line, COMMANDS.__contains__)
    assert found.text[slice(*found.command_span)].replace("-", "_") == found.command
    return found.path, found.command, found.positional, found.keywords


@pytest.mark.parametrize(
    ("text", "path", "command", "positional", "keywords"),
    [
        ("restore-pending", "", "restore_pending", (), {}),
        ("/ restore-pending x partial=true", "/", "restore_pending", ("x",), {"partial": "true"}),
        ("restore_pending -x", "", "restore_pending", ("-x",), {}),
        # The second word is a parameter of another command.
        ("restore -pending", "", "restore", ("-pending",), {}),
        ("ls -x", "", "ls", ("-x",), {}),
        ("ls-x", "", "ls", ("-x",), {}),
        ("set-x=1", "", "set", (), {"-x": "1"}),
        ("a/p enable-iser true", "a/p", "enable_iser", ("true",), {}),
    ],
)
def test_word(
    text: str, path: str, command: str, positional: tuple[str, ...], keywords: dict[str, str]
) -> None:
    expected = path, command, positional, keywords
    assert read(grammar.parse(text)) == expected
    assert read(grammar.parse_words(text.split())) == expected
