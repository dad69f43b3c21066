# SPDX-License-Identifier: Apache-2.0
"""Completers for save files and their contents."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rtslib_ext.config.model import Config
from rtslib_ext.savefile import disk

from .candidates import Ask, Candidate
from .paths import regular_files


def save_files(ask: Ask) -> Iterator[str | Candidate]:
    """Return the default save file, then other files."""
    yield ask.env.save_file
    if ask.partial:
        yield from regular_files(ask.partial)


def saved_files(ask: Ask) -> Iterator[str | Candidate]:
    """Return the default save file, its backups by name or path, then other files."""
    if os.path.exists(ask.env.save_file):
        yield ask.env.save_file
    paths = disk.backups(disk.backup_folder(ask.env.save_file))
    yield from paths if ask.partial.startswith("/") or not ask.partial else map(_name, paths)
    if ask.partial:
        yield from regular_files(ask.partial)


def backups(ask: Ask) -> Iterator[str]:
    """Return the names of the backups, and that of the save file."""
    yield from map(_name, disk.backups(disk.backup_folder(ask.env.save_file)))
    yield _name(ask.env.save_file)


def peers(ask: Ask) -> Iterator[str | Candidate]:
    """Return the start of the name of a host, then files."""
    yield "ssh:"
    if ask.partial:
        yield from regular_files(ask.partial)


def owners(ask: Ask) -> Iterator[str]:
    """Return the owners that have objects."""
    from rtslib_ext.owners import record

    yield from sorted(set(record.load(ask.env.owners).values()))


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def saved_targets(ask: Ask) -> Iterator[str]:
    """Return the WWNs of the targets in the file."""
    return (wwn for _, wwn in _config(ask).targets)


def saved_storage_objects(ask: Ask) -> Iterator[str]:
    """Return the names of the storage objects in the file."""
    return (name for _, name in _config(ask).storage_objects)


def _config(ask: Ask) -> Config:
    # Imported here: no other completion needs to read save files.
    from ..commands.save_files import load, readable

    given = ask.given.get("savefile") or ask.given.get("file")
    return load(readable(ask.env, given)).config
