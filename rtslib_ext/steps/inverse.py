# SPDX-License-Identifier: Apache-2.0
"""Steps that take steps back later: not at once after a failure, but when somebody asks for it.

By then another process may be at work, and others may have changed the same objects.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from ..errors import InUse
from ..fast_dataclasses import replace
from ..kernel import paths
from ..kernel.abi import NO_CREDENTIAL, SECRET_FILES
from ..kernel.configfs import ReadFS
from .context import Operation
from .host_files import CheckThere, MakeFile, RemoveFile
from .lu_groups import ON_THE_WAY
from .operations import (
    Fail,
    Link,
    Mkdir,
    Redacted,
    RemoveShared,
    RemoveTree,
    Rmdir,
    RmdirOverLuns,
    SetEnabled,
    Unlink,
    UnmakeShared,
    Write,
)
from .portals import LISTEN, STOP_LISTENING
from .step import Action, Step, set_step

_OPPOSITE = {
    Action.CREATE: Action.DELETE,
    Action.DELETE: Action.CREATE,
    Action.UPDATE: Action.UPDATE,
}
_OPPOSITE_VERBS = {
    "create": "delete",
    "delete": "recreate",
    "recreate": "delete",
    "map": "unmap",
    "unmap": "map",
    "enable": "disable",
    "disable": "enable",
    LISTEN: STOP_LISTENING,
    STOP_LISTENING: LISTEN,
    "load": "release",
    "release": "load",
    "undo": "redo",
    "redo": "undo",
}
# Folders whose files show what was written to them, as it was written.
_PLAIN = ("attrib", "param", "auth", "discovery_auth")
_LUN = "/lun/lun_"
_MAKING = Mkdir | Link
_REMOVING = Rmdir | RmdirOverLuns | RemoveTree | Unlink


def why_irreversible(steps: Iterable[Step]) -> str:
    """Why steps that were done cannot be taken back later; "" when they can."""
    for step in steps:
        if not step.operations:
            return f"{step.path}: {step.text}: this was not done in the kernel's configuration"
        if step.undo == ():
            return f"{step.path}: {step.text}: it went without being read before"
        for item in step.undo or ():
            if isinstance(item, Fail):
                return f"{step.path}: {step.text}: {item.reason}"
    return ""


def invert(steps: Sequence[Step], made: Container[str] = ()) -> list[Step]:
    """The steps that take ``steps`` back, all of which were done, in the order to do them.

    ``made`` are the shared folders that were made on the way: others stay. What nobody needs to
    take back, as its object goes, has no step. A backing file that was made stays: there may be
    data in it by now.
    """
    return [found for step in reversed(steps) if (found := _invert(step, made))]


def _invert(step: Step, made: Container[str]) -> Step | None:
    operations = tuple(_later(step.inverse(), made))
    if not operations:
        return None
    again = tuple(
        CheckThere(item.file) if isinstance(item, MakeFile) else item for item in step.operations
    )
    action = _OPPOSITE[step.action]
    if step.value is not None and step.before is not None:
        return set_step(step.path, step.subject, step.before, step.value, operations, undo=again)
    verb, subject = _OPPOSITE_VERBS.get(step.verb, ""), step.subject
    if not verb:
        verb, subject = "undo", step.text
    return Step(action, step.path, verb, subject, operations, undo=again)


def _later(operations: Sequence[Operation], made: Container[str]) -> Iterator[Operation]:
    for item in operations:
        if isinstance(item, UnmakeShared):
            # What this process made is nothing that another one knows.
            if item.file in made:
                yield RemoveShared(item.file)
        elif item == Rmdir(ON_THE_WAY) and Mkdir(ON_THE_WAY) not in operations:
            # It would be left only where the step was done in part.
            continue
        elif not isinstance(item, RemoveFile):
            yield item


def is_secret(file: str) -> bool:
    """Whether a file of configfs holds a password."""
    return file.rpartition("/")[2] in SECRET_FILES


def kept_files(back: Iterable[Step]) -> Iterator[str]:
    """The backing files of objects that inverted steps take away; the files stay."""
    for step in back:
        if step.action is Action.DELETE:
            yield from (item.file for item in step.undo or () if isinstance(item, CheckThere))


def revalidate(fs: ReadFS, steps: Sequence[Step]) -> list[Step]:
    """Inverted steps as they can be done now, all or none; raises InUse.

    A roll-back of theirs has to find again what is there now, which may be taken back in part by
    others already, and not what the steps once made.
    """
    _check(fs, steps)
    return [
        replace(step, undo=tuple(_as_found(fs, item) for item in step.undo or ())) for step in steps
    ]


def _as_found(fs: ReadFS, item: Operation) -> Operation:
    """An operation of a roll-back with the value that its file has now, where that can be told."""
    if isinstance(item, Redacted):
        return Write(item.file, fs.read_if_there(item.file) or NO_CREDENTIAL)
    if isinstance(item, SetEnabled):
        has = fs.read_if_there(item.file)
        return item if has is None else SetEnabled(item.file, has == "1", asked=False)
    if isinstance(item, Write):
        has = fs.read_if_there(item.file)
        if has is not None and (_is_plain(item.file) or has == item.before):
            return replace(item, value=has or (NO_CREDENTIAL if is_secret(item.file) else has))
    return item


def _check(fs: ReadFS, steps: Sequence[Step]) -> None:
    """Refuse inverted steps that would overrun what others changed since.

    The kernel itself refuses what is in its way, but only when its turn comes; it would write any
    value, and cut the mapped LUNs off a LUN that goes.
    """
    _check_there(fs, steps)
    seen: set[str] = set()
    links = {item.file for step in steps for item in step.operations if isinstance(item, Unlink)}
    for step in steps:
        for item in step.operations:
            if isinstance(item, Write) and item.file not in seen:
                seen.add(item.file)
                _check_value(fs, step, item)
            elif isinstance(item, Unlink) and _LUN in item.file and "/acls/" not in item.file:
                _check_mapped(fs, step, item.file.rpartition("/")[0], links)


def _check_there(fs: ReadFS, steps: Sequence[Step]) -> None:
    there: dict[str, bool] = {}
    for step in steps:
        for item in step.operations:
            if not isinstance(item, _MAKING | _REMOVING):
                continue
            goes = isinstance(item, _REMOVING)
            if _is_there(fs, there, item.file) is not goes:
                raise InUse(
                    f"it is {'gone' if goes else 'there'} already: nothing was taken back",
                    path=step.path,
                    hint="history shows who changed it since",
                )
            there[item.file] = not goes


def _is_there(fs: ReadFS, there: Mapping[str, bool], file: str) -> bool:
    """Whether a file is there after the steps so far; with a folder goes all that is in it."""
    above = file
    while above:
        if above in there:
            return there[above] and above == file
        above = above.rpartition("/")[0]
    return fs.exists(file)


def _check_value(fs: ReadFS, step: Step, write: Write) -> None:
    name = write.file.rpartition("/")[2]
    if write.before is None or not _is_plain(write.file):
        return
    has = fs.read_if_there(write.file)
    if has is None or any(_same(has, text) for text in (write.before, write.value)):
        return
    changed = "" if is_secret(write.file) else f" to {has}"
    raise InUse(
        f"{name} was changed{changed} since: nothing was taken back",
        path=step.path,
        hint=f"set {name} by hand, or take the later change back first: history shows it",
    )


def _is_plain(file: str) -> bool:
    return file.rpartition("/")[0].rpartition("/")[2] in _PLAIN


def _same(one: str, other: str) -> bool:
    try:
        return int(one, 0) == int(other, 0)
    except ValueError:
        return one == other


def _check_mapped(fs: ReadFS, step: Step, lun: str, going: Container[str]) -> None:
    tpg = lun.partition(_LUN)[0]
    for acl in fs.directories(f"{tpg}/acls") if fs.is_dir(f"{tpg}/acls") else ():
        for name in fs.directories(f"{tpg}/acls/{acl}"):
            folder = f"{tpg}/acls/{acl}/{name}"
            link = paths.link_in(fs, folder) if name.startswith("lun_") else None
            if link and f"{folder}/{link[0]}" not in going and link[1].endswith(lun):
                raise InUse(
                    f"it is mapped for {acl} by now: nothing was taken back",
                    path=step.path,
                    hint="delete the mapped LUN, or take back what made it: history shows it",
                )


def of_passwords(back: Iterable[Step]) -> Iterator[Step]:
    """The steps that set a password of an object that stays, or take it away."""
    for step in back:
        writes = (item for item in step.operations if isinstance(item, Write))
        if step.action is Action.UPDATE and any(is_secret(item.file) for item in writes):
            yield step


def forgotten(steps: Iterable[Step]) -> str:
    """The shell path of an object that would need a password that was not kept; or ""."""
    for step in steps:
        if any(isinstance(item, Redacted) for item in step.operations):
            return step.path
    return ""
