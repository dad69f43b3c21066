# SPDX-License-Identifier: Apache-2.0
"""Convert steps to JSON values and back, for journals and the history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import LioError
from ..fast_dataclasses import replace
from ..kernel import paths
from ..kernel.abi import NO_CREDENTIAL, SECRET_FILES
from . import demo_luns, host_files, operations, quiesce, rtpi
from .context import Operation
from .field_types import check_fields
from .operations import BestEffort, Fail, Redacted, Write
from .step import SET, Action, Step

# The names in journals and in the history: a renamed class keeps its first one.
_TYPES: dict[str, type[Any]] = {
    "Mkdir": operations.Mkdir,
    "Rmdir": operations.Rmdir,
    "RmdirOverLuns": operations.RmdirOverLuns,
    "Share": operations.MakeShared,
    "Unmake": operations.UnmakeShared,
    "Unshare": operations.RemoveShared,
    "Link": operations.Link,
    "Unlink": operations.Unlink,
    "Write": operations.Write,
    "Settle": operations.EnsureValue,
    "Switch": operations.SetEnabled,
    "Discard": operations.RemoveTree,
    "RemoveLinked": operations.RemoveLinked,
    "Attempt": operations.BestEffort,
    "CheckUnmapped": operations.CheckUnmapped,
    "Refuse": operations.Fail,
    "Quiet": quiesce.WaitIdle,
    "Forgotten": operations.Redacted,
    "DropDemoLuns": demo_luns.DropDemoLuns,
    "MakeFile": host_files.MakeFile,
    "RemoveFile": host_files.RemoveFile,
    "GrowFile": host_files.GrowFile,
    "CheckFree": host_files.CheckFree,
    "CheckThere": host_files.CheckThere,
    "CheckLinks": host_files.CheckLinks,
    "CheckMemory": host_files.CheckMemory,
    "SetEntry": host_files.SetEntry,
    "ClaimPort": rtpi.ClaimRtpi,
    "SetRtpi": rtpi.SetRtpi,
    "AssignRtpi": rtpi.AssignRtpi,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}

# Renamed fields, likewise, by class.
_FIELDS: dict[type[Any], dict[str, str]] = {
    operations.EnsureValue: {"defaults_key": "fresh", "reads_as": "shown"},
    operations.Mkdir: {"directory": "file"},
    operations.Rmdir: {"directory": "file"},
    operations.RmdirOverLuns: {"directory": "file"},
    operations.MakeShared: {"directory": "file"},
    operations.UnmakeShared: {"directory": "file"},
    operations.RemoveShared: {"directory": "file"},
    operations.RemoveLinked: {"directory": "file"},
    operations.RemoveTree: {"directory": "file"},
    operations.CheckUnmapped: {"directory": "file"},
    operations.Link: {"link": "file"},
    operations.Unlink: {"link": "file"},
}
_OLD_FIELDS = {kind: {old: new for new, old in names.items()} for kind, names in _FIELDS.items()}


def encode(step: Step, *, secrets: bool = True) -> dict[str, Any]:
    """Return a step as JSON values, without its passwords unless ``secrets``."""
    if not secrets:
        step = _without_secrets(step)
    undo = None if step.undo is None else [_encode(item) for item in step.undo]
    return {
        "action": step.action.value,
        "path": step.path,
        "text": step.text,
        **named(step),
        "needs": list(step.needs),
        "operations": [_encode(item) for item in step.operations],
        "undo": undo,
    }


def _without_secrets(step: Step) -> Step:
    undo = None if step.undo is None else tuple(map(_redacted, step.undo))
    return replace(step, operations=tuple(map(_redacted, step.operations)), undo=undo)


def _redacted(operation: Operation) -> Operation:
    """Return the operation without its password; that none is set is no secret."""
    if not isinstance(operation, Write) or paths.name_of(operation.file) not in SECRET_FILES:
        return operation
    if operation.value not in ("", NO_CREDENTIAL):
        return Redacted(operation.file)
    return replace(operation, before=None)


def decode(value: dict[str, Any]) -> Step:
    """Return an encoded step; raises one of field_types.MALFORMED for any other value."""
    undo, (verb, subject, new, before) = value["undo"], parts(value)
    step = Step(
        Action(value["action"]),
        value["path"],
        verb,
        subject,
        tuple(_decode(item) for item in value["operations"]),
        undo=None if undo is None else tuple(_decode(item) for item in undo),
        needs=tuple(value["needs"]),
        value=new,
        before=before,
    )
    check_fields(step)
    return step


def named(step: Step) -> dict[str, str]:
    """Return the parts of a step's text as JSON values, those that it has."""
    names = ("verb", "subject", "value", "before")
    found = ((name, getattr(step, name)) for name in names)
    return {name: text for name, text in found if text is not None}


def parts(value: Mapping[str, str | None]) -> tuple[str, str, str | None, str | None]:
    """Return verb, subject, value and value before of what ``named`` gave.

    Records of older versions have the text only, in which a setting is ``set NAME=VALUE``.
    """
    verb = value.get("verb")
    if verb is not None:
        return verb, value.get("subject") or "", value.get("value"), value.get("before")
    verb, _, rest = (value["text"] or "").partition(" ")
    name, equals, new = rest.partition("=")
    if verb == SET and equals:
        return verb, name, new, None
    return verb, rest, None, None


def _encode(operation: Operation) -> dict[str, Any]:
    values: dict[str, Any] = {"do": _NAMES[type(operation)]}
    if isinstance(operation, Fail):
        return {**values, "reason": str(operation.reason)}
    names = _FIELDS.get(type(operation), {})
    for name in type(operation).__slots__:  # type: ignore[attr-defined]
        values[names.get(name, name)] = getattr(operation, name)
    if isinstance(operation, BestEffort):
        values["operation"] = _encode(operation.operation)
    if isinstance(operation, quiesce.WaitIdle):
        # Older versions do not have these.
        for name, usual in (("alone", []), ("required", True)):
            if values[name] == usual:
                del values[name]
    if isinstance(operation, rtpi.ClaimRtpi) and not operation.kept:
        del values["kept"]
    return values


def _decode(value: dict[str, Any]) -> Operation:
    kind = _TYPES[value["do"]]
    names = _OLD_FIELDS.get(kind, {})
    rest = {names.get(name, name): item for name, item in value.items() if name != "do"}
    if kind is Fail:
        return Fail(LioError(str(rest["reason"])))
    if kind is BestEffort:
        rest["operation"] = _decode(rest["operation"])
    found: Operation = kind(**rest)
    check_fields(found)
    return found
