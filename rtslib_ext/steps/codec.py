# SPDX-License-Identifier: Apache-2.0
"""Steps -> JSON values and back: for the journal of a change, and for what can be reverted."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from ..errors import LioError
from . import drains, host_files, operations
from .operations import Attempt, Operation, Refuse
from .step import Action, Step

_TYPES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        operations.Mkdir,
        operations.Rmdir,
        operations.RmdirOverLuns,
        operations.Share,
        operations.Unmake,
        operations.Unshare,
        operations.Link,
        operations.Unlink,
        operations.Write,
        operations.Settle,
        operations.Switch,
        operations.Discard,
        operations.Attempt,
        operations.Refuse,
        drains.Quiet,
        host_files.MakeFile,
        host_files.RemoveFile,
        host_files.GrowFile,
        host_files.CheckFree,
        host_files.CheckThere,
    )
}


def encode(step: Step) -> dict[str, Any]:
    """A step as JSON values."""
    undo = None if step.undo is None else [_encode(item) for item in step.undo]
    return {
        "action": step.action.value,
        "path": step.path,
        "text": step.text,
        "needs": list(step.needs),
        "operations": [_encode(item) for item in step.operations],
        "undo": undo,
    }


def decode(value: dict[str, Any]) -> Step:
    """The step that was encoded; raises KeyError, TypeError, ValueError for anything else."""
    undo = value["undo"]
    return Step(
        Action(value["action"]),
        value["path"],
        value["text"],
        tuple(_decode(item) for item in value["operations"]),
        undo=None if undo is None else tuple(_decode(item) for item in undo),
        needs=tuple(value["needs"]),
    )


def _encode(operation: Operation) -> dict[str, Any]:
    values: dict[str, Any] = {"do": type(operation).__name__}
    if isinstance(operation, Refuse):
        return {**values, "reason": str(operation.reason)}
    for item in fields(operation):  # type: ignore[arg-type]
        value = getattr(operation, item.name)
        values[item.name] = (
            _encode(value)
            if isinstance(operation, Attempt) and (item.name == "operation")
            else value
        )
    return values


def _decode(value: dict[str, Any]) -> Operation:
    rest = {name: item for name, item in value.items() if name != "do"}
    kind = _TYPES[value["do"]]
    if kind is Refuse:
        return Refuse(LioError(rest["reason"]))
    if kind is Attempt:
        rest["operation"] = _decode(rest["operation"])
    found: Operation = kind(**rest)
    return found
