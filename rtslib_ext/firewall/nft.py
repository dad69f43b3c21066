# SPDX-License-Identifier: Apache-2.0
"""Load the rules into the kernel and look at them, with the program nft."""

from __future__ import annotations

import re

from ..errors import LioError
from ..host import system
from . import ruleset
from .allowed import Allowed

_SECONDS = 30.0
_INSTALL = "install Debian's package nftables"
_LACKS = "the kernel has no nftables for the family inet: CONFIG_NF_TABLES_INET"
_DROPPED = re.compile(r'counter packets (\d+) bytes \d+ drop comment "([^"]+)"')


def load(allowed: Allowed) -> None:
    """Replace the rules by those for these networks, all at once. Raises LioError."""
    _run(ruleset.text(allowed), "-f", "-")


def listed() -> str:
    """Return the loaded rules, without the elements of sets; "" without any. Raises LioError."""
    try:
        return _run("", "-t", "list", "table", *ruleset.TABLE.split())
    except LioError as err:
        if "No such file or directory" in str(err):
            return ""
        raise


def is_of(rules: str, allowed: Allowed) -> bool:
    """Return True if loaded rules are those for these networks."""
    if not allowed:
        return not rules
    return f'comment "{ruleset.digest(allowed)}"' in rules


def dropped(rules: str) -> dict[str, int]:
    """Return the number of dropped packets by portal."""
    found: dict[str, int] = {}
    for number, name in _DROPPED.findall(rules):
        found[name] = found.get(name, 0) + int(number)
    return found


def _run(script: str, *words: str) -> str:
    try:
        done = system.run("nft", *words, timeout=_SECONDS, text=script, keeps_locks=bool(script))
    except TimeoutError as err:
        raise LioError(str(err)) from err
    except LioError as err:
        err.hint = _INSTALL
        raise
    if done.returncode:
        # The first line has the reason, the next ones the place in the script.
        first = next(iter(done.stderr.strip().splitlines()), f"status {done.returncode}")
        text = first.partition("Error: ")[2] or first
        lacks = "Operation not supported" in text
        raise LioError(f"nft: {text}", hint=_LACKS if lacks else "")
    return done.stdout
