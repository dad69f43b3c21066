# SPDX-License-Identifier: Apache-2.0
"""Commands typed with dashes in place of underscores: restore-pending."""

from __future__ import annotations

from collections.abc import Callable

from rtslib_ext.fast_dataclasses import replace

from .grammar import Line, with_arguments


def joined(line: Line, has_command: Callable[[str], bool]) -> Line:
    """Return a line with the command that was typed, and read as one with a parameter.

    The grammar ends a command at a dash, as configshell's does, so the rest of the word is its
    first parameter. ``has_command`` is False for a name that is no command of the node.
    """
    start, end = line.command_span
    if not (line.command and line.arguments and line.arguments[0].span[0] == end):
        return line
    first, *rest = line.arguments
    name = f"{line.command}{first.value}".replace("-", "_")
    if first.key is not None or not has_command(name):
        return line
    head = replace(line, command=name, command_span=(start, first.span[1]))
    return with_arguments(head, tuple(rest))
