# SPDX-License-Identifier: Apache-2.0
"""Storage objects that initiators take for one disk: their identifiers are the same.

Initiators compare the NAA identifier (SPC-4 section 7.8.6.6) that the kernel derives from the unit
serial number, not the number itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from ..config import inquiry, shell_paths, shown_inquiry
from ..config.backing import KINDS
from ..config.model import Config
from ..config.shell_paths import ShellPath
from ..config.wording import shortened
from ..kernel import paths
from ..kernel.configfs import ConfigfsPath, ReadFS
from ..reading.reader import Reader

_COMPANY = "company_id"
# The number of other objects that a message names.


def running(fs: ReadFS, path: ConfigfsPath, plugin: str) -> str:
    """Return a text about the running objects with the identifier of the one at ``path``, or ""."""
    reader = Reader(fs)
    own = running_naa(reader, path) if KINDS[plugin].has_wwn else ""
    others = []
    for other in reader.storage_object_paths() if own else ():
        key = paths.key_of_storage_object(other)
        if key and other != path and KINDS[key[0]].has_wwn and running_naa(reader, other) == own:
            others.append(shell_paths.storage_object(*key))
    return describe(own, sorted(others)) if others else ""


def holders(fs: ReadFS, naa: str) -> list[ShellPath]:
    """Return the running objects with an identifier."""
    reader = Reader(fs)
    return [
        shell_paths.storage_object(*key)
        for path in reader.storage_object_paths()
        if (key := paths.key_of_storage_object(path)) and KINDS[key[0]].has_wwn
        if running_naa(reader, path) == naa
    ]


def of_changed(fs: ReadFS, changed: Collection[ConfigfsPath]) -> Iterator[tuple[ShellPath, str]]:
    """Yield (path, text) for each of some running objects that has another's identifier."""
    reader = Reader(fs)
    same: dict[str, list[ShellPath]] = {}
    naas: dict[ConfigfsPath, tuple[str, ShellPath]] = {}
    for path in reader.storage_object_paths() if changed else ():
        key = paths.key_of_storage_object(path)
        if key and KINDS[key[0]].has_wwn and (naa := running_naa(reader, path)):
            naas[path] = naa, shell_paths.storage_object(*key)
            same.setdefault(naa, []).append(naas[path][1])
    for path, (naa, own) in naas.items():
        others = [other for other in same[naa] if other != own]
        if path in changed and others:
            yield own, describe(naa, sorted(others))


def running_naa(reader: Reader, path: ConfigfsPath) -> str:
    """Return the NAA identifier of a running storage object; "" without a serial."""
    company = reader.fs.read_if_there(f"{paths.identity(path)}/{_COMPANY}") or ""
    return inquiry.naa(reader.unit_serial(path), company)


def of_config(config: Config) -> Iterator[tuple[ShellPath, str]]:
    """Yield (path, text) for each object of a configuration that has another's identifier."""
    known: dict[str, list[ShellPath]] = {}
    for so in config.storage_objects.values():
        own = shown_inquiry.naa(so)
        if not own:
            continue
        if own in known:
            yield so.path, describe(own, known[own])
        known.setdefault(own, []).append(so.path)


def describe(naa: str, others: Sequence[ShellPath]) -> str:
    """Return the text about an object with the same identifier as others."""
    word = "both" if len(others) == 1 else "all"
    return (
        f"initiators take it and {shortened(others)} for one disk: {word} have the identifier "
        f"{naa}, which is derived from the hexadecimal digits of the unit serial number"
    )
