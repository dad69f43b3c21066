# SPDX-License-Identifier: Apache-2.0
"""A command as data: its nodes, parameters, help text and function.

``run`` names the function as MODULE:NAME below targetcli.commands; it is imported when called.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

from rtslib_ext.fast_dataclasses import dataclass

EVERYWHERE = ("*",)

# The longest summary: beside the name of its command it fits into a line of 80 columns.
_SUMMARY = 55
_CLAUSE = r"[,:;] "


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; ``kind`` decides how it is checked and completed.

    ``default`` is the value of an omitted parameter, as it would be typed; None leaves the choice
    to the command. ``wrong`` is the message for a value of the wrong kind where scripts match
    one. ``many``: disk[1-9], or disk* for existing names, stands for several calls. ``each``: a
    value that no two of them can share. ``alone`` is the value of the option without one:
    --watch at the end of a line.
    """

    name: str
    kind: str = "text"
    required: bool = False
    default: str | None = None
    text: str = ""
    wrong: str = ""
    many: bool = False
    each: bool = False
    alone: str = ""

    @property
    def is_size(self) -> bool:
        """Return True for an amount of bytes, which may be typed as two words."""
        return self.kind in ("size", "typed_size", "new_size")


@dataclass(frozen=True, slots=True)
class Command:
    """One command; ``more`` and ``keywords`` name open-ended parameters.

    ``run`` is called with a value for each of them. ``switches``: parameters may be written as
    options too, --dry-run or --target WWN. ``failed`` is the exit status of a failure.
    ``verbose``: --verbose makes it show more.
    """

    name: str
    on: tuple[str, ...]
    run: str
    text: str
    parameters: tuple[Parameter, ...] = ()
    changes: bool = False
    more: str = ""
    keywords: str = ""
    switches: bool = False
    failed: int = 1
    verbose: bool = False

    @property
    def about(self) -> str:
        """Return the text without its example, in one line."""
        return " ".join(self.text.partition("\n\nExample: ")[0].split())

    @property
    def example(self) -> str:
        """Return the example, without a path; "" if there is none."""
        return self.text.partition("\n\nExample: ")[2].strip()

    @property
    def summary(self) -> str:
        """Return the first sentence without its full stop, shortened to a clause if it is long."""
        first = self.about.partition(". ")[0].rstrip(".")
        return first if len(first) <= _SUMMARY else re.split(_CLAUSE, first, maxsplit=1)[0]

    def function(self) -> Callable[..., Any]:
        """Import and return the function."""
        module, _, name = self.run.partition(":")
        found: Callable[..., Any] = getattr(import_module(f"targetcli.commands.{module}"), name)
        return found


def option_of(name: str) -> str:
    """Return the option for a parameter: --dry-run for dry_run."""
    return f"--{name.replace('_', '-')}"


def need(
    name: str, kind: str = "text", text: str = "", wrong: str = "", *, many: bool = False
) -> Parameter:
    """Return a required parameter."""
    return Parameter(name, kind, required=True, text=text, wrong=wrong, many=many)


def may(
    name: str,
    kind: str = "text",
    text: str = "",
    default: str | None = None,
    wrong: str = "",
    *,
    many: bool = False,
    each: bool = False,
) -> Parameter:
    """Return an optional parameter."""
    return Parameter(name, kind, default=default, text=text, wrong=wrong, many=many, each=each)


def facts(command: Command, place: str, group: str, *, new: bool) -> dict[str, object]:
    """Return a command as plain values for JSON: $defs/command of docs/json.schema.json."""
    return {
        "name": command.name,
        "place": place,
        "group": group,
        "new": new,
        "description": command.about,
        "example": command.example or None,
        "parameters": [
            {
                "name": item.name,
                "kind": item.kind,
                "required": item.required,
                "default": _typed(item),
                "description": item.text,
            }
            for item in command.parameters
        ],
        "more": command.more or None,
        "keywords": command.keywords or None,
        "changes": command.changes,
    }


def _typed(item: Parameter) -> bool | int | str | None:
    """Return the default of a parameter, as a boolean or number if it is one."""
    from rtslib_ext.config import scalars

    if item.default is None or item.kind == "bool":
        return item.default and scalars.boolean(item.default)
    found = scalars.number(item.default)
    return item.default if found is None else found
