# SPDX-License-Identifier: Apache-2.0
"""Steps that undo steps later, when a user asks for it; not the rollback after a failure.

By then another process runs, and others may have changed the same objects.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from ..errors import InUse
from ..fast_dataclasses import replace
from ..kernel import links, paths
from ..kernel.abi import NO_CREDENTIAL, SECRET_FILES
from ..kernel.configfs import ConfigfsPath, ReadFS
from .context import Operation
from .host_files import NEW_FILE, CheckThere, MakeFile, RemoveFile
from .lu_groups import TEMPORARY_GROUP
from .operations import (
    EnsureValue,
    Fail,
    Link,
    Mkdir,
    Redacted,
    RemoveLinked,
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
from .rtpi import AssignRtpi, ClaimRtpi, SetRtpi
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
# Directories whose attributes read back as they were written.
_PLAIN = ("attrib", "param", "auth", "discovery_auth")
_CREATING = Mkdir | Link
_SETTING = EnsureValue | Write | AssignRtpi | ClaimRtpi | SetRtpi
_REMOVING = Rmdir | RmdirOverLuns | RemoveLinked | RemoveTree | Unlink


def why_irreversible(steps: Iterable[Step]) -> str:
    """Return why completed steps cannot be undone later; "" if they can."""
    for step in steps:
        if not step.operations:
            return f"{step.path}: {step.text}: this was not a change of the kernel's configuration"
        if step.undo == ():
            return f"{step.path}: {step.text}: it was removed without being read first"
        for item in step.undo or ():
            if isinstance(item, Fail):
                return f"{step.path}: {step.text}: {item.reason}"
    return ""


def invert(steps: Sequence[Step], made: Container[str] = ()) -> list[Step]:
    """Return the steps that undo completed ``steps``, in the order to perform them.

    ``made`` are the shared directories that the steps created: only these are removed. A step
    that is undone by deleting its object has no inverse: what it set is set again when that
    object is created again. A new backing file is kept: it may have data by now.
    """
    settings = _settings_of_created(steps, made)
    numbered = reversed([*enumerate(steps)])
    return [
        found for number, step in numbered if (found := _invert(step, made, settings.get(number)))
    ]


def _settings_of_created(steps: Sequence[Step], made: Container[str]) -> dict[int, list[Operation]]:
    """Return the operations of steps without an inverse, by the number of the creating step."""
    created: dict[str, int] = {}
    settings: dict[int, list[Operation]] = {}
    for number, step in enumerate(steps):
        if step.action is Action.CREATE:
            created[step.path] = number
        elif step.action is Action.UPDATE and not any(_later(step.inverse(), made)):
            path: str = step.path
            while path and path not in created:
                path = path.rpartition("/")[0]
            if path:
                values = (item for item in step.operations if isinstance(item, _SETTING))
                settings.setdefault(created[path], []).extend(values)
    return settings


def _invert(step: Step, made: Container[str], settings: Sequence[Operation] | None) -> Step | None:
    operations = tuple(_later(step.inverse(), made))
    if not operations:
        return None
    redo = (
        *(
            CheckThere(item.file) if isinstance(item, MakeFile) else item
            for item in step.operations
        ),
        *(settings or ()),
    )
    action = _OPPOSITE[step.action]
    if step.value is not None and step.before is not None:
        return set_step(step.path, step.subject, step.before, step.value, operations, undo=redo)
    verb, subject = _OPPOSITE_VERBS.get(step.verb, ""), step.subject.removesuffix(NEW_FILE)
    if not verb:
        verb, subject = "undo", step.text
    return Step(action, step.path, verb, subject, operations, undo=redo)


def _later(operations: Sequence[Operation], made: Container[str]) -> Iterator[Operation]:
    for item in operations:
        if isinstance(item, UnmakeShared):
            # Context.made is empty in the process that performs the inverse.
            if item.directory in made:
                yield RemoveShared(item.directory)
        elif item == Rmdir(TEMPORARY_GROUP) and Mkdir(TEMPORARY_GROUP) not in operations:
            # The temporary group is left over only if the step was interrupted.
            continue
        elif not isinstance(item, RemoveFile):
            yield item


def is_secret(file: str) -> bool:
    """Return True if a configfs path is that of a password."""
    return paths.name_of(file) in SECRET_FILES


def kept_files(back: Iterable[Step]) -> Iterator[str]:
    """Yield the backing files, which are kept, of objects that inverted steps delete."""
    for step in back:
        if step.action is Action.DELETE:
            yield from (item.file for item in step.undo or () if isinstance(item, CheckThere))


def revalidate(fs: ReadFS, steps: Sequence[Step]) -> list[Step]:
    """Return inverted steps as they can be performed now; raises InUse if others are in the way.

    Their own rollback restores the current state, which others may have changed in part, not the
    one that the original steps left.
    """
    _check(fs, steps)
    return [
        replace(step, undo=tuple(_as_found(fs, item) for item in step.undo or ())) for step in steps
    ]


def _as_found(fs: ReadFS, item: Operation) -> Operation:
    """Return an operation of a rollback with the current value of its file, if it is readable."""
    if isinstance(item, Redacted):
        return Write(item.file, fs.read_if_there(item.file) or NO_CREDENTIAL)
    if isinstance(item, SetEnabled):
        has = fs.read_if_there(item.file)
        return item if has is None else SetEnabled(item.file, has == "1", asked=False)
    if isinstance(item, EnsureValue):
        has = fs.read_if_there(f"{item.folder}/{item.name}")
        if has is not None and paths.name_of(item.folder) in _PLAIN:
            return replace(item, value=has, reads_as=None)
        return item
    if isinstance(item, Write):
        has = fs.read_if_there(item.file)
        if has is not None and (_is_plain(item.file) or has == item.before):
            return replace(item, value=has or (NO_CREDENTIAL if is_secret(item.file) else has))
    return item


def _check(fs: ReadFS, steps: Sequence[Step]) -> None:
    """Refuse inverted steps that would overwrite later changes of others.

    The kernel refuses some of them, but only half way through; it accepts any value, and the
    removal of a LUN that is mapped.
    """
    _check_exists(fs, steps)
    seen: set[str] = set()
    going = {item.link for step in steps for item in step.operations if isinstance(item, Unlink)}
    for step in steps:
        for item in step.operations:
            if isinstance(item, Write) and item.file not in seen:
                seen.add(item.file)
                _check_value(fs, step, item)
            elif isinstance(item, Unlink) and (lun := paths.parse_lun(paths.parent(item.link))):
                _check_mapped(fs, step, *lun, going)


def _check_exists(fs: ReadFS, steps: Sequence[Step]) -> None:
    known: dict[str, bool] = {}
    for step in steps:
        for item in step.operations:
            if not isinstance(item, _CREATING | _REMOVING):
                continue
            goes = isinstance(item, _REMOVING)
            path = item.link if isinstance(item, Link | Unlink) else item.directory
            if _exists(fs, known, path) is not goes:
                raise InUse(
                    f"it {'no longer' if goes else 'already'} exists: nothing was undone",
                    path=step.path,
                    hint="history shows the later changes",
                )
            known[path] = not goes


def _exists(fs: ReadFS, known: Mapping[str, bool], path: str) -> bool:
    """Return whether a path exists after the steps so far; also by its directory."""
    above = path
    while above:
        if above in known:
            return known[above] and above == path
        above = paths.parent(above)
    return fs.exists(path)


def _check_value(fs: ReadFS, step: Step, write: Write) -> None:
    name = paths.name_of(write.file)
    if write.before is None or not _is_plain(write.file):
        return
    has = fs.read_if_there(write.file)
    if has is None or any(_same(has, text) for text in (write.before, write.value)):
        return
    changed = "" if is_secret(write.file) else f" to {has}"
    raise InUse(
        f"{name} was changed{changed} later: nothing was undone",
        path=step.path,
        hint=f"set {name} by hand, or revert the later change first: history lists it",
    )


def _is_plain(file: str) -> bool:
    return paths.name_of(paths.parent(file)) in _PLAIN


def _same(one: str, other: str) -> bool:
    try:
        return int(one, 0) == int(other, 0)
    except ValueError:
        return one == other


def _check_mapped(
    fs: ReadFS, step: Step, tpg: ConfigfsPath, index: int, going: Container[str]
) -> None:
    lun, acls = paths.lun(tpg, index), paths.acls(tpg)
    for acl in fs.directories(acls) if fs.is_dir(acls) else ():
        owner = paths.acl(tpg, acl)
        for name in fs.directories(owner):
            mapped = paths.child(owner, name)
            link = links.link_in(fs, mapped) if name.startswith("lun_") else None
            if link and f"{mapped}/{link[0]}" not in going and link[1].endswith(lun):
                raise InUse(
                    f"it was mapped to {acl} later: nothing was undone",
                    path=step.path,
                    hint="delete the mapped LUN, or revert the change that created it (history)",
                )


def of_passwords(back: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps that set or remove a password of an object that stays."""
    for step in back:
        writes = (item for item in step.operations if isinstance(item, Write))
        if step.action is Action.UPDATE and any(is_secret(item.file) for item in writes):
            yield step


def missing_password(steps: Iterable[Step]) -> str:
    """Return the shell path of an object that needs a password that was not stored; or ""."""
    for step in steps:
        if any(isinstance(item, Redacted) for item in step.operations):
            return step.path
    return ""
