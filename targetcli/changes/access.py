# SPDX-License-Identifier: Apache-2.0
"""Initiators that changed access control does not stop: those that came in before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rtslib_ext.config import demo_mode
from rtslib_ext.fabrics import Fabric, of_folder
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.abi import AUTH_FILES
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Action, Step
from rtslib_ext.steps.operations import Write
from rtslib_ext.usage import sessions

_Note = tuple[str, str]
_OPEN, _CACHE = f"attrib/{demo_mode.OPEN}", f"attrib/{demo_mode.CACHE}"
_DEMAND = "attrib/authentication"
_SECRETS = frozenset(f"auth/{file}" for file in AUTH_FILES.values())


def notes(fs: ReadFS, steps: Iterable[Step]) -> list[_Note]:
    """Return (shell path, text) for performed steps that leave such initiators."""
    closed: dict[ConfigfsPath, str] = {}
    # By TPG or ACL: its shell path, and whether all below it have to authenticate now.
    renewed: dict[ConfigfsPath, tuple[str, bool]] = {}
    for step, write in _writes(steps):
        folder, name = paths.parent(paths.parent(write.file)), _setting(write)
        if name in (_OPEN, _CACHE) and write.value == "0":
            closed[folder] = step.path
        if name in _SECRETS or (name == _DEMAND and write.value != "0"):
            before = renewed.get(folder, ("", False))[1]
            renewed[folder] = step.path, before or name == _DEMAND
    found = [*_closed(fs, closed)]
    for folder, (path, all_of_it) in renewed.items():
        found += _renewed(fs, folder, path, all_of_it)
    return found


def _writes(steps: Iterable[Step]) -> Iterator[tuple[Step, Write]]:
    """Yield the writes that change the value of an object that existed before."""
    steps = list(steps)
    new = {step.path for step in steps if step.action is Action.CREATE}
    for step in steps:
        for item in step.operations if step.path not in new else ():
            if isinstance(item, Write) and item.before not in (None, item.value):
                yield step, item


def _setting(write: Write) -> str:
    """Return the directory and the name of a file, such as auth/userid."""
    return "/".join(write.file.rsplit("/", 2)[1:])


# -- demo mode --------------------------------------------------------------------------------


def _closed(fs: ReadFS, closed: dict[ConfigfsPath, str]) -> Iterator[_Note]:
    for tpg, path in closed.items():
        if fs.read_if_there(f"{tpg}/{_OPEN}") != "0":
            continue
        if fs.read_if_there(f"{tpg}/{_CACHE}") == "1":
            yield (
                path,
                "it stays open to initiators that were logged in without an ACL, for which the "
                f"kernel keeps one; set {demo_mode.CACHE}=0",
            )
            continue
        # target_core_tpg.c, core_tpg_check_initiator_node_acl: it looks for a kept ACL first, which
        # goes only with the next session (target_core_transport.c, target_complete_nacl).
        yield (
            path,
            "each initiator that was logged in without an ACL before can log in once more, because "
            "the kernel still keeps its ACL; create and delete an ACL for it to keep it out",
        )
        names = list(dict.fromkeys(sessions.dynamic_initiators(Reader(fs), tpg)))
        if names:
            yield path, f"{_stay(names)} logged in; disable and enable the TPG to end that"


# -- authentication ---------------------------------------------------------------------------


def _renewed(fs: ReadFS, folder: ConfigfsPath, path: str, all_of_it: bool) -> Iterator[_Note]:
    fabric = of_folder(folder.partition("/")[0])
    if fabric is None or not fabric.has("acls"):
        return
    names = list(dict.fromkeys(_with_old_ones(Reader(fs), fabric, folder, all_of_it)))
    if names:
        yield (
            path,
            f"{_stay(names)} logged in, and can log in again after the next interruption only with "
            "the new credentials; set them there as well",
        )


def _with_old_ones(
    reader: Reader, fabric: Fabric, folder: ConfigfsPath, all_of_it: bool
) -> Iterator[str]:
    """Yield the initiators of an ACL or TPG that have to authenticate at their next login."""
    acl = paths.parse_acl(folder)
    tpg = paths.tpg_of(folder)
    # The credentials of a TPG are those of initiators without an ACL.
    names = [acl[1]] if acl else reader.acl_names(tpg) if all_of_it else []
    for name in names:
        session = sessions.of_acl(reader, fabric, tpg, name)
        own = reader.fs.read_if_there(f"{paths.acl(tpg, name)}/{_DEMAND}")
        if session and session.authenticated and (acl or own not in ("0", "1")):
            yield session.initiator
    if not acl and reader.fs.read_if_there(f"{tpg}/{_DEMAND}") == "1":
        yield from sessions.dynamic_initiators(reader, tpg)


def _stay(names: list[str]) -> str:
    return f"{', '.join(names)} {'stay' if len(names) > 1 else 'stays'}"
