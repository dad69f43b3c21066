# SPDX-License-Identifier: Apache-2.0
"""ietd.conf of the iSCSI Enterprise Target.

A line is a keyword and a value; what stands before the first ``Target`` is global. Keywords are
known in any case. The files initiators.allow, initiators.deny and targets.allow stand beside it.
"""

from __future__ import annotations

import hashlib
import re

from ..config.backing import RamDisk
from ..config.model import Key
from . import ietd_access
from .builder import Builder
from .identity import Identity
from .imported import ISNS, Imported, Place
from .source import Source
from .target import LOGIN_KEYS, TargetBuilder

_LINE = re.compile(r"[ \t]*(?:(?![#\s])(\S+)(?:[ \t]+(.*?))?)?[ \t]*(?:#.*)?\r?", re.DOTALL)
_LUN = re.compile(r"(\d{1,9})[ \t]+(\S.*)")
_NO_EFFECT = {
    "wthreads": "the kernel has its own threads",
    "type": "LIO has no such types of targets",
    "isnsaccesscontrol": "access is decided by ACLs alone",
}
_OF_ACLS = {"nopinterval": "nopin_timeout", "noptimeout": "nopin_response_timeout"}
_LUN_OPTIONS = frozenset(("path", "type", "scsiid", "scsisn", "iomode", "blocksize", "sectors"))
_SECTOR = 512
# kernel/iscsi.h: SCSI_ID_LEN
_ID_LENGTH = 16
_NO_NAA = (
    "LIO adds an NAA identifier, by which initiators name the disk: IET has none, so that names in "
    "/dev/disk/by-id and WWIDs of multipath change"
)
_PARAMETERS = {"alias": "TargetAlias"} | {name.lower(): name for name in LOGIN_KEYS}


def read(source: Source) -> Imported:
    """Return the configuration in an ietd.conf. Raises ParseError."""
    return _Reader(source).run()


class _Reader:
    """Reads the lines in order; ``target`` is the one that the present line belongs to."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.builder = Builder(source)
        self.target: TargetBuilder | None = None
        self.targets: dict[str, TargetBuilder] = {}
        self.in_target = False

    def run(self) -> Imported:
        for number, text in enumerate(self.source.text.split("\n"), 1):
            found = _LINE.fullmatch(text)
            if found and found[1]:
                self.statement(number, found[1], found[2] or "")
        return self.builder.imported(ietd_access.apply(self.source, self.builder, self.targets))

    def statement(self, number: int, keyword: str, value: str) -> None:
        at, word = Place(self.source.path, number), keyword.lower()
        if word == "target":
            if not value:
                raise self.source.wrong(number, "expected the name of a target after Target")
            self.in_target = True
            self.target = self.builder.target(at, value)
            if self.target:
                self.targets[value] = self.target
        elif word in ("incominguser", "outgoinguser"):
            self.user(at, keyword, value, mutual=word == "outgoinguser")
        elif not self.in_target:
            self.outside(at, keyword)
        elif self.target is not None:
            self.inside(self.target, at, keyword, value)

    def outside(self, at: Place, keyword: str) -> None:
        if keyword.lower() == "isnsserver":
            self.builder.lost(at, "LIO registers with no iSNS server", ISNS)
        else:
            self.builder.unknown(at, keyword)

    def inside(self, target: TargetBuilder, at: Place, keyword: str, value: str) -> None:
        word = keyword.lower()
        if word == "lun":
            self.lun(target, at, value)
        elif word in _PARAMETERS:
            target.parameter(at, _PARAMETERS[word], value)
        elif word == "queuedcommands":
            target.attribute(at, "default_cmdsn_depth", value)
        elif word in _OF_ACLS:
            target.acl_attribute(at, _OF_ACLS[word], value)
        elif word == "maxsessions":
            if value != "0":
                self.builder.lost(at, f"LIO has no limit of sessions, not {value}")
        elif word in _NO_EFFECT:
            self.builder.note(at, f"{keyword} has no effect: {_NO_EFFECT[word]}")
        else:
            self.builder.unknown(at, keyword)

    def user(self, at: Place, keyword: str, value: str, *, mutual: bool) -> None:
        words = value.split()
        if not words:
            self.builder.note(at, f"{keyword} names no user: it has no effect")
            return
        password = words[1] if len(words) > 1 else None
        if self.in_target:
            if self.target is not None:
                self.target.user(at, words[0], password, mutual=mutual)
        elif password is None:
            self.builder.lost(at, f"the password of {words[0]} for discovery is not in the file")
        else:
            self.builder.discovery(at, words[0], password, mutual=mutual)

    def lun(self, target: TargetBuilder, at: Place, value: str) -> None:
        found = _LUN.fullmatch(value)
        if found is None:
            raise self.source.wrong(at.line, "expected a number and Path=… after Lun")
        index, options = int(found[1]), self.options(at, found[2])
        kind, mode = options.get("type", "fileio").lower(), options.get("iomode", "wt").lower()
        if kind == "nullio":
            target.lun(at, index, self.null(at, index, options))
            return
        if not options.get("path"):
            raise self.source.wrong(at.line, f"expected Path= of LUN {index}")
        self.builder.changed(at, _NO_NAA)
        key = self.builder.disk(
            at,
            options["path"],
            _identity(target.wwn, index, options),
            write_back=mode == "wb",
            readonly=mode == "ro",
            block_size=options.get("blocksize"),
        )
        target.lun(at, index, key, readonly=mode == "ro")

    def options(self, at: Place, text: str) -> dict[str, str]:
        """Return the options of a LUN by name in lower case."""
        found = {}
        for part in text.split(","):
            name, _, value = part.partition("=")
            word = name.strip().lower()
            if word in _LUN_OPTIONS:
                found[word] = value.strip()
            elif word:
                self.builder.unknown(at, f"{name.strip()}=")
        return found

    def null(self, at: Place, index: int, options: dict[str, str]) -> Key | None:
        """Add a disk without data, whose size is in sectors of 512 bytes."""
        sectors = options.get("sectors", "")
        if not (sectors.isascii() and sectors.isdecimal() and len(sectors) < 13 and int(sectors)):
            raise self.source.wrong(at.line, f"expected Sectors= of LUN {index} as a number")
        backing = RamDisk(int(sectors) * _SECTOR, nullio=True)
        return self.builder.add(at, "null", backing, Identity())


def _identity(wwn: str, index: int, options: dict[str, str]) -> Identity:
    """Return what IET shows (kernel/volume.c): the serial number is in lower case.

    By default it consists of the bytes of the ScsiId; those are a hash of the target and the LUN.
    """
    serial = options.get("scsisn", "").lower()
    if not serial and options.get("scsiid"):
        scsi_id = options["scsiid"].lower().encode("utf-8", "surrogateescape")
        serial = scsi_id[:_ID_LENGTH].ljust(_ID_LENGTH, b"\0").hex()
    if not serial:
        number = wwn.encode("utf-8", "surrogateescape") + (index & 0xFFFFFFFF).to_bytes(4, "little")
        serial = hashlib.md5(number, usedforsecurity=False).hexdigest()
    return Identity(serial, vendor="IET", product="VIRTUAL-DISK", revision="0")
