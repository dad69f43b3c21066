# SPDX-License-Identifier: Apache-2.0
"""A command as data: its nodes, parameters, help text and function.

``run`` names the function as MODULE:NAME below targetcli.commands; it is imported when called.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from rtslib_ext.fast_dataclasses import dataclass

EVERYWHERE = ("*",)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; ``kind`` decides how it is checked and completed.

    ``default`` is the value of an omitted parameter, as it would be typed; None leaves the choice
    to the command. ``wrong`` is the message for a value of the wrong kind where scripts match
    one. ``many``: disk[1-9], or disk* for existing names, stands for several calls. ``each``: a
    value that no two of them can share.
    """

    name: str
    kind: str = "text"
    required: bool = False
    default: str | None = None
    text: str = ""
    wrong: str = ""
    many: bool = False
    each: bool = False

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


def syntax(command: Command) -> tuple[str, str]:
    """Return the syntax line of a command and the line of its defaults, for help."""
    from ..views import settings

    required = [item.name for item in command.parameters if item.required]
    optional = [item.name for item in command.parameters if not item.required]
    line = settings.syntax_line(command.name, required, optional, command.more, command.keywords)
    defaults = {item.name: item.default for item in command.parameters if not item.required}
    return line, settings.defaults_line(defaults)


def facts(command: Command) -> dict[str, object]:
    """Return a command as plain values for JSON: $defs/command of docs/json.schema.json."""
    text, _, example = command.text.partition("\n\nExample: ")
    return {
        "name": command.name,
        "description": " ".join(text.split()),
        "example": example.strip() or None,
        "parameters": [
            {
                "name": item.name,
                "kind": item.kind,
                "required": item.required,
                "default": item.default,
                "description": item.text,
            }
            for item in command.parameters
        ],
        "more": command.more or None,
        "keywords": command.keywords or None,
        "changes": command.changes,
    }


def description(command: Command) -> str:
    """Return the help text of a command and of its parameters."""
    lines = [command.text.strip("\n"), ""]
    described = [item for item in command.parameters if item.text]
    if described:
        lines += ["PARAMETERS", "=========="]
        lines += [f"  {item.name}: {item.text}" for item in described]
    if any(item.many for item in command.parameters):
        lines += [
            "",
            "A range (disk[1-9]) or a pattern of existing names (disk*) stands for several",
            "objects; all of them are changed, or none.",
        ]
    return "\n".join(lines)
