# SPDX-License-Identifier: Apache-2.0
"""The JSON document of a command for --json; docs/json.schema.json describes it."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rtslib_ext.errors import LioError, ParseError
from rtslib_ext.steps import Step

from .settings import Row

if TYPE_CHECKING:
    from ..report import Report

_SECRET = re.compile("password", re.IGNORECASE)


def line(report: Report, *, secrets: bool = False) -> str:
    """Return a report as one line of JSON, in ASCII for any stream."""
    return json.dumps(_document(report, secrets))


def _document(report: Report, secrets: bool) -> dict[str, Any]:
    parts = report.parts or []
    changes = [*report.changes, *(step for part in parts for step in part.changes)]
    return {
        "command": report.command,
        "path": report.path,
        "ok": not report.failures,
        "messages": report.messages,
        "data": report.data,
        **({"dry_run": True} if report.dry_run else {}),
        "changes": [_change(step) for step in changes],
        "created": report.created,
        "errors": [found for err in report.failures for found in _errors(err, secrets)],
        "results": None if report.parts is None else [_document(part, secrets) for part in parts],
    }


def _change(step: Step) -> dict[str, Any]:
    # Imported here, as in _typed: commands without --json need neither.
    from . import plan

    action = step.action.name.lower()
    return {"action": action, "path": step.path, "text": step.text, **plan.setting(step)}


def _errors(err: Exception, secrets: bool) -> Iterator[dict[str, Any]]:
    """Yield an error, or the errors that it combines."""
    causes = err.causes if isinstance(err, LioError) else ()
    for cause in causes or (err,):
        number = getattr(cause, "errno", None)
        yield {
            "kind": _kind(cause),
            "message": _message(cause, secrets),
            "path": getattr(cause, "path", "") or None,
            "hint": getattr(cause, "hint", "") or None,
            "errno": errno.errorcode.get(number) if number else None,
        }


def _kind(err: Exception) -> str:
    if isinstance(err, LioError):
        return type(err).__name__
    return "OSError" if isinstance(err, OSError) else "Bug"


def _message(err: Exception, secrets: bool) -> str:
    text = str(err)
    if isinstance(err, ParseError) and not secrets and _SECRET.search(text):
        # The lines after the reason repeat the typed command.
        return text.partition("\n")[0]
    return text


def setting(row: Row, *, hidden: bool, number: bool = False) -> dict[str, Any]:
    """Return a setting of a group; the value of a hidden one is null."""
    kind, value = _typed(row, number)
    return {
        "name": row.name,
        "value": None if hidden else value,
        "hidden": hidden,
        "type": kind,
        "writable": row.writable,
        "description": row.text,
    }


def _typed(row: Row, number: bool) -> tuple[str, object]:
    """Return the type and the value, as a number or boolean if the type is one."""
    if row.kind == "number" and row.value in ("True", "False"):
        # A switch that targetcli-fb calls a number.
        return "bool", row.value == "True"
    if row.kind == "bool":
        return "bool", row.value == "true"
    if not (number or row.kind == "number"):
        return row.kind, row.value
    from . import typed

    found = typed.integer(row.value)
    if found is None and row.value:
        return "string", row.value
    return "number", found


def group(name: str, settings: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Return a group of settings; None if they were not requested."""
    return {"name": name, "settings": settings}
