# SPDX-License-Identifier: Apache-2.0
"""Rules about storage objects as such: identifiers, shared backing, caches, hazards."""

from __future__ import annotations

from collections.abc import Iterator

from ..config.backing import Block, FileIO, Pscsi
from ..config.model import StorageObject
from ..config.shell_paths import ShellPath
from ..usage import hazards, no_effect, sharing, twins
from . import exported_again
from .access import set_attribute
from .facts import Facts
from .rule import Finding, Needs, Rule, Severity, Words

_CACHE = "emulate_write_cache"


def same_identifier(facts: Facts) -> Iterator[Finding]:
    """Yield the objects that initiators take for another one."""
    objects = _by_path(facts)
    for path, text in twins.of_config(facts.config):
        so = objects[path]
        between: list[Words] = [(path, "set", "identity", f"vpd_unit_serial={_new_serial(so)}")]
        yield Finding(
            path,
            text,
            f"give one of them another serial: {path} set identity vpd_unit_serial=…",
            exported_again.around(facts, so, between),
        )


def _new_serial(so: StorageObject) -> str:
    """Return another serial, the same each time: checks are compared with each other."""
    # Imported here: few configurations need it.
    from uuid import NAMESPACE_URL, uuid5

    return str(uuid5(NAMESPACE_URL, f"{so.path} instead of {so.wwn}"))


def _by_path(facts: Facts) -> dict[ShellPath, StorageObject]:
    return {so.path: so for so in facts.config.storage_objects.values()}


def shared_backing(facts: Facts) -> Iterator[Finding]:
    """Yield the objects on a file or device of another one, or on a part of it."""
    known: dict[str, list[tuple[sharing.Extent, StorageObject]]] = {}
    for so in facts.config.storage_objects.values():
        if not isinstance(so.backing, FileIO | Block | Pscsi) or not so.backing.dev:
            continue
        extents = list(sharing.extents(so.backing.dev))
        others = [
            other for one in extents for two, other in known.get(one.base, []) if one.touches(two)
        ]
        if others:
            yield Finding(
                so.path,
                f"it uses the same file or device as {others[0].path}: {so.backing.dev}; "
                "initiators of one do not see what those of the other write",
                f"export {others[0].path} instead: it can have any number of LUNs",
            )
        for one in extents:
            known.setdefault(one.base, []).append((one, so))


def _cached(facts: Facts, reported: str) -> Iterator[StorageObject]:
    """Yield the objects that cache writes in memory, and report that, or not."""
    for so in facts.config.storage_objects.values():
        if isinstance(so.backing, FileIO) and so.backing.write_back:
            if so.attributes.get(_CACHE, "1") == reported:
                yield so


def hidden_cache(facts: Facts) -> Iterator[Finding]:
    """Yield the objects that cache writes and hide that from initiators."""
    for so in _cached(facts, "0"):
        yield Finding(
            so.path,
            f"it caches writes in the memory of this host, and {_CACHE}=0 hides that "
            "from initiators: they do not flush, and a crash loses data that they take for written",
            commands=(set_attribute(so.path, _CACHE, "1"),),
        )


def volatile_cache(facts: Facts) -> Iterator[Finding]:
    """Yield the objects that cache writes in memory, as initiators know."""
    for so in _cached(facts, "1"):
        assert isinstance(so.backing, FileIO)
        interrupts = "its initiators are interrupted, and " if facts.exports.get(so.key) else ""
        yield Finding(
            so.path,
            "it caches writes in the memory of this host: a power failure loses those that "
            "initiators did not flush",
            interrupts + "each write then waits for the disk",
            exported_again.recreated(facts, so, _uncached(so.backing)),
        )


def _uncached(backing: FileIO) -> tuple[str, ...]:
    size = () if backing.size is None else (str(backing.size),)
    return (backing.dev, *size, "write_back=false")


def discloses(facts: Facts) -> Iterator[Finding]:
    """Yield the objects that store nothing and return memory of this host."""
    for path, text in hazards.of_config(facts.config):
        if text == hazards.NULLIO:
            yield Finding(path, text, "export a ramdisk with nullio=false or a file instead")


def no_holes(facts: Facts) -> Iterator[Finding]:
    """Yield the objects whose file system cannot do what UNMAP asks for."""
    for path, text in hazards.of_config(facts.config):
        if text != hazards.NULLIO and not hazards.is_tail(text):
            yield Finding(path, text, commands=(set_attribute(path, hazards.UNMAP, "0"),))


def without_effect(facts: Facts) -> Iterator[Finding]:
    """Yield the settings that have no effect on the fabric that exports the object."""
    for path, text in no_effect.of_config(facts.config):
        name = text.partition("=")[0]
        yield Finding(path, text, commands=((path, "set", "attribute", f"{name}=default"),))


RULES = (
    Rule(
        "same-identifier",
        Severity.ERROR,
        Needs.CONFIG,
        same_identifier,
        "Two storage objects have the same NAA identifier. Multipath on the initiators joins them "
        "to one disk, and writes of one go to the other.",
        "Give one of them another serial number, while no LUN exports it.",
        breaks=True,
    ),
    Rule(
        "shared-backing",
        Severity.ERROR,
        Needs.HOST,
        shared_backing,
        "Two storage objects are on the same file, device or partition. Neither knows the "
        "reservations of the other, so two hosts can write to it at once.",
        "Delete one, and export the other as often as needed.",
    ),
    Rule(
        "hidden-cache",
        Severity.ERROR,
        Needs.CONFIG,
        hidden_cache,
        "A fileio object with write_back caches writes, and emulate_write_cache=0 hides that from "
        "initiators, so they never flush.",
        "Set emulate_write_cache=1.",
    ),
    Rule(
        "volatile-cache",
        Severity.NOTE,
        Needs.CONFIG,
        volatile_cache,
        "A fileio object caches writes in memory without protection. Initiators know it and flush "
        "it, as that of a disk; programs that do not wait for the disk lose more, and another node "
        "of a cluster does not have the cache.",
        "Create it again with write_back=false if that is not meant; the file keeps its contents.",
    ),
    Rule(
        "nullio",
        Severity.WARNING,
        Needs.CONFIG,
        discloses,
        "A ramdisk with nullio stores nothing, and reads return memory that was not cleared.",
        "Use it for tests only.",
    ),
    Rule(
        "unmap-fails",
        Severity.WARNING,
        Needs.HOST,
        no_holes,
        "A fileio object offers UNMAP (emulate_tpu=1), and its file system cannot punch holes, so "
        "each such command fails.",
        "Set emulate_tpu=0, or move the file.",
    ),
    Rule(
        "no-effect",
        Severity.NOTE,
        Needs.CONFIG,
        without_effect,
        "A setting asks for direct completion or submission, which the exporting fabric does not "
        "support.",
        "Set the default again.",
    ),
)
