# SPDX-License-Identifier: Apache-2.0
"""The words by which lines with secrets are known; imports nothing, as each command needs them."""

from __future__ import annotations

PARTS = ("pass", "pasw", "psw", "pwd", "pword", "swor", "secr", "secert", "sercet")
"""Parts of password, secret and their misspellings, such as pasword, passwrod and sercet."""
PLAIN_GROUPS = frozenset(
    ("alua", "attribute", "device", "fabric", "global", "identity", "initiator", "parameter")
)
"""All groups of settings but those of credentials."""
GROUP = "group="
SET = "set"
OTHER_COMMANDS = frozenset(("get", "ls", "cd", "pwd"))
"""A misspelled set is not one of these."""
_LETTERS = frozenset(SET)
_NO_QUOTES = {ord(mark): None for mark in "\"'\\"}


def may_be_in(line: str) -> bool:
    """Return False if language.masking, which takes longer to import, would mask nothing."""
    line = line.lower()
    if "auth" in line or any(part in line for part in PARTS):
        return True
    names = [word.rpartition("/")[2] for word in line.translate(_NO_QUOTES).split()]
    # Without a word, as for the shell, there is no pair.
    pairs = zip(names, [*names[1:], ""], strict=False)
    named = GROUP in line
    return any(
        2 <= len(name) <= len(SET) + 1
        # A misspelled set has two of its letters.
        and len(_LETTERS.intersection(name)) >= len(_LETTERS) - 1
        and name not in OTHER_COMMANDS
        and (named or name != SET or group not in PLAIN_GROUPS)
        for name, group in pairs
    )
