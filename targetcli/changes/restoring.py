# SPDX-License-Identifier: Apache-2.0
"""A restore in progress: its journal, and the completion of one that was killed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rtslib_ext.config import shell_paths, without_luns
from rtslib_ext.config.model import Config, Key, Target
from rtslib_ext.errors import InvalidValue, LioError
from rtslib_ext.fast_dataclasses import dataclass, replace
from rtslib_ext.reading.reader import Reader
from rtslib_ext.reading.topology import Topology
from rtslib_ext.savefile import disk
from rtslib_ext.savefile.encode import Identities
from rtslib_ext.savefile.unrestored import Unrestored
from rtslib_ext.steps import Context, Step
from rtslib_ext.transaction import clear, creation, incomplete
from rtslib_ext.transaction.executor import Outcome
from rtslib_ext.transaction.journal import Creation

from ..env import Env
from . import apply, running

_APPLY = "apply changes it"
_REPLACE = "delete it, then restoreconfig keep_existing=true creates it"


@dataclass(frozen=True, slots=True)
class Source:
    """What to restore: ``path`` is the file with all of it, None if it has more.

    ``half`` is an interrupted restore that this one completes.
    """

    want: Config
    identities: Identities
    path: str | None
    half: Creation | None


def others(want: Config, half: Creation) -> Config:
    """Return the storage objects and targets of a configuration that ``half`` did not create."""
    document = creation.loaded(half).config
    objects = {
        key: so for key, so in want.storage_objects.items() if key not in document.storage_objects
    }
    targets = {key: item for key, item in want.targets.items() if key not in document.targets}
    return Config(storage_objects=objects, targets=targets)


@contextmanager
def journal(env: Env, source: Source, there: Topology) -> Iterator[None]:
    """Keep a journal, so that a restore that was killed is known and can be completed."""
    written, path = apply.journal(env), source.path
    text = (lambda: disk.read(path)) if path else None
    want = Unrestored(source.want, identities=source.identities)
    creation.record_restore(written, want, there, text, source.half)
    written.open(())
    try:
        yield
    except BaseException:
        written.close()
        raise
    written.close(done=True)


def completing(env: Env, source: Source) -> Sequence[Step]:
    """Return the steps that set what an interrupted restore did not set in its objects.

    Objects that it left incomplete are deleted, to be created again.
    """
    if source.half is None:
        return ()
    document = creation.loaded(source.half)
    if source.half.clears_first:
        clear.everything(env.fs, host=env.host)
    incomplete.remove(Context(env.fs, host=env.host), document.config)
    running.record_missing(env, document.config, document.identities, None, keep=True)
    return creation.completing(env.fs, document.config)


def same_disks(
    env: Env, want: Config, half: Creation | None, there: Topology
) -> tuple[Config, list[LioError]]:
    """Return what to restore without new LUNs and mapped LUNs that lead to another disk.

    Also an error for each object in the way: a storage object with another serial number, of which
    only the name is that of the file, and a LUN of another storage object. What an interrupted
    restore created is of the file.
    """
    running = there.config.targets
    if half is not None:
        return want, []
    others = _other_disks(env, want, there)
    targets = {
        key: without_luns.target(item, others.keys(), running.get(key))
        for key, item in want.targets.items()
    }
    lost = {
        so
        for key, item in want.targets.items()
        for so in {*item.exported()} - {*targets[key].exported()}
    }
    luns = (
        error
        for key, item in want.targets.items()
        if key in running
        for error in _other_luns(item, running[key])
    )
    return replace(want, targets=targets), [*(others[key] for key in sorted(lost)), *luns]


def _other_disks(env: Env, want: Config, there: Topology) -> dict[Key, LioError]:
    reader, found = Reader(env.fs), dict[Key, LioError]()
    for key in want.storage_objects.keys() & there.locations.keys():
        so = want.storage_objects[key]
        serial = reader.unit_serial(there.locations[key]) if so.wwn else ""
        if serial and serial != so.wwn:
            found[key] = InvalidValue(
                f"its serial number is {serial}, not {so.wwn}: no LUN of it was created",
                path=so.path,
                hint="apply creates the one of the file; luns create exports this one",
            )
    return found


def _other_luns(want: Target, running: Target) -> Iterator[LioError]:
    for tag in sorted(want.tpgs.keys() & running.tpgs.keys()):
        there = running.tpgs[tag].luns
        for index, lun in want.tpgs[tag].luns.items():
            if index in there and there[index].storage_object != lun.storage_object:
                path = shell_paths.tpg(shell_paths.target(*want.key), tag)
                own, other = map("/".join, (lun.storage_object, there[index].storage_object))
                yield InvalidValue(
                    f"it exports {other}, not {own}: it was left unchanged, and not mapped",
                    path=shell_paths.lun(path, index),
                    hint=_APPLY,
                )


def differing(env: Env, want: Config, there: Topology, outcome: Outcome) -> list[LioError]:
    """Return an error for each object that existed and differs from the file."""
    existed = want.storage_objects.keys() & there.locations.keys()
    if not existed and not want.targets.keys() & there.config.targets.keys():
        return []
    have = running.read(env)
    failed = {(failure.step.path, failure.step.text) for failure in outcome.failures}
    texts: dict[str, list[str]] = {}
    for step in creation.completing(env.fs, want, have):
        if (step.path, step.text) not in failed:
            texts.setdefault(step.path, []).append(step.text)
    off = sorted(existed - have.storage_objects.keys())
    return [
        *(_error(want.storage_objects[key].path, "it was never enabled", _REPLACE) for key in off),
        *(_error(path, f"it differs: {', '.join(said)}", _APPLY) for path, said in texts.items()),
    ]


def _error(path: str, text: str, hint: str) -> LioError:
    return InvalidValue(f"it exists and was left unchanged, but {text}", path=path, hint=hint)
