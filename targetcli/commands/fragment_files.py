# SPDX-License-Identifier: Apache-2.0
"""The fragments that the service applies at boot: the files of a directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rtslib_ext.errors import InvalidValue, LioError, reason
from rtslib_ext.fast_dataclasses import dataclass, replace
from rtslib_ext.owners import ports, units
from rtslib_ext.savefile import Loaded

from ..env import Env
from .save_files import load_given, load_understood

if TYPE_CHECKING:
    from rtslib_ext.config.model import Config
    from rtslib_ext.usage.readiness import Wait

SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Fragment:
    """A fragment with its owner; ``path`` is its file, "" for one that was removed."""

    owner: str
    path: str
    loaded: Loaded


def is_inside(env: Env, path: str) -> bool:
    """Return True for a file in the directory of fragments that the service applies."""
    return os.path.dirname(path) == os.path.abspath(env.fragments)


def read(env: Env, folder: str, failures: list[LioError]) -> Iterator[Fragment]:
    """Yield the fragments that can be read, by name; the others become failures."""
    for path, owner in _files(folder):
        try:
            units.check_name(owner, path)
            yield Fragment(owner, path, load_understood(env, path))
        except LioError as err:
            failures.append(err)


def _files(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the files of a directory with their owners. Raises LioError."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(SUFFIX))
    except OSError as err:
        raise LioError(f"{folder} cannot be read: {reason(err)}") from err
    for name in names:
        yield f"{folder}/{name}", name.removesuffix(SUFFIX)


def without_pairs(env: Env, config: Config, have: Config) -> tuple[Config, list[str]]:
    """Return a save file without the objects that move between hosts and do not exist, and notes.

    A file that was saved before an owner got a fragment in ``pairs`` may have its objects: another
    host may serve them.
    """
    notes = []
    for given in read(env, env.pairs, []) if os.path.isdir(env.pairs) else ():
        mine = units.of_config(given.loaded.config)
        gone = replace(
            mine,
            objects=mine.objects & config.storage_objects.keys() - have.storage_objects.keys(),
            targets=mine.targets & config.targets.keys() - have.targets.keys(),
        )
        if gone.objects or gone.targets:
            config = units.without(config, gone)
            notes.append(
                f"the objects of {given.owner} in the file are left out: they move between hosts "
                f"(takeover {given.owner} serves them here, saveconfig removes them from the file)"
            )
    return config, notes


def waiting(env: Env) -> list[tuple[str, list[Wait]]]:
    """Return what the fragments that the service applies wait for, by owner."""
    # Imported here: only the service needs it.
    from rtslib_ext.usage import readiness

    return [
        (given.owner, readiness.split(env.fs, given.loaded.config, given.loaded.identities)[1])
        for given in read(env, env.fragments, [])
    ]


def reserved(env: Env) -> frozenset[int]:
    """Return the port numbers that fragments name: no TPG may get one of them by itself."""
    if not os.path.isdir(env.fragments):
        return frozenset()
    try:
        return ports.named(one.config for one in loaded(env))
    except LioError:
        return frozenset()


def loaded(env: Env) -> list[Loaded]:
    """Return the contents of the fragments that the service applies, where they can be read."""
    return [given.loaded for given in read(env, env.fragments, [])]


def problems(env: Env) -> list[tuple[str, str]]:
    """Return the problems of all fragments that the service applies: (file, text).

    That of an entry begins with its JSON path.
    """
    texts: list[tuple[str, str]] = []
    for path, owner in _files(env.fragments):
        try:
            units.check_name(owner)
            texts += ((path, text) for text in _entries(env, path))
        except LioError as err:
            texts.append((path, str(err)))
    try:
        refuse_shared(list(read(env, env.fragments, [])))
    except LioError as err:
        texts.append((env.fragments, f"{err.path}: {err}"))
    return texts


def _entries(env: Env, path: str) -> Iterator[str]:
    """Yield the wrong entries of a file, with their JSON paths. Raises LioError."""
    # Imported here, like the next: only check looks at values.
    from rtslib_ext.owners import values
    from rtslib_ext.savefile import disk
    from rtslib_ext.savefile.checked_json import parse

    wrong = load_given(env, path).problems
    yield from map(str, wrong)
    if not wrong:
        yield from values.problems(parse(disk.read(path), path))


def refuse_shared(found: list[Fragment]) -> None:
    """Raise InvalidValue for an object that is in two fragments."""
    seen: dict[str, str] = {}
    for given in found:
        for path in units.of_config(given.loaded.config).paths():
            other = seen.setdefault(path, given.path)
            if other != given.path:
                raise InvalidValue(
                    f"it is in {other} and in {given.path}; nothing was changed",
                    path=path,
                    hint="delete it from one of them",
                )
