# SPDX-License-Identifier: Apache-2.0
"""ietd.conf of the iSCSI Enterprise Target.

A line is a keyword and a value; what stands before the first ``Target`` is global. Keywords are
known in any case. The files initiators.allow, initiators.deny and targets.allow stand beside it.
"""

from __future__ import annotations

import hashlib
import re

from .builder import Builder
from .identity import Identity
from .imported import Imported, Place
from .source import Source
from .target import TargetBuilder

_LINE = re.compile(r"[ \t]*(?:(?![#\s])(\S+)(?:[ \t]+(.*?))?)?[ \t]*(?:#.*)?\r?", re.DOTALL)
_LUN = re.compile(r"(\d{1,9})[ \t]+(\S.*)")
_NO_EFFECT = {
    "wthreads": "the kernel has its own threads",
    "type": "LIO has no such types of targets",
    "isnsaccesscontrol": "access is decided by ACLs alone",
}
_PARAMETERS = {
    name.lower(): name
    for name in (
        "MaxConnections",
        "InitialR2T",
        "ImmediateData",
        "MaxRecvDataSegmentLength",
        "MaxXmitDataSegmentLength",
        "MaxBurstLength",
        "FirstBurstLength",
        "DefaultTime2Wait",
        "DefaultTime2Retain",
        "MaxOutstandingR2T",
        "DataPDUInOrder",
        "DataSequenceInOrder",
        "ErrorRecoveryLevel",
        "HeaderDigest",
        "DataDigest",
        "OFMarker",
        "IFMarker",
        "OFMarkInt",
        "IFMarkInt",
    )
}


def read(source: Source) -> Imported:
    """Return the configuration in an ietd.conf. Raises ParseError."""
    return _Reader(source).run()


class _Reader:
    """Reads the lines in order; ``target`` is the one that the present line belongs to."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.builder = Builder(source)
        self.target: TargetBuilder | None = None
        self.in_target = False

    def run(self) -> Imported:
        for number, text in enumerate(self.source.text.split("\n"), 1):
            found = _LINE.fullmatch(text)
            if found and found[1]:
                self.statement(number, found[1], found[2] or "")
        return self.builder.imported()

    def statement(self, number: int, keyword: str, value: str) -> None:
        at, word = Place(self.source.path, number), keyword.lower()
        if word == "target":
            if not value:
                raise self.source.wrong(number, "expected the name of a target after Target")
            self.in_target = True
            self.target = self.builder.target(at, value)
        elif word in ("incominguser", "outgoinguser"):
            self.user(at, keyword, value, mutual=word == "outgoinguser")
        elif not self.in_target:
            self.outside(at, keyword)
        elif self.target is not None:
            self.inside(self.target, at, keyword, value)

    def outside(self, at: Place, keyword: str) -> None:
        self.builder.note(at, f"{keyword} is not imported")

    def inside(self, target: TargetBuilder, at: Place, keyword: str, value: str) -> None:
        word = keyword.lower()
        if word == "lun":
            self.lun(target, at, value)
        elif word == "alias":
            target.parameter(at, "TargetAlias", value)
        elif word in _PARAMETERS:
            target.parameter(at, _PARAMETERS[word], value)
        elif word in _NO_EFFECT:
            self.builder.note(at, f"{keyword} has no effect: {_NO_EFFECT[word]}")
        else:
            self.builder.note(at, f"{keyword} is not known, and not imported")

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
        index = int(found[1])
        options = dict(
            (name.strip().lower(), text.strip())
            for name, _, text in (part.partition("=") for part in found[2].split(","))
        )
        if "path" not in options:
            raise self.source.wrong(at.line, f"expected Path= of LUN {index}")
        readonly = options.get("iomode", "").lower() == "ro"
        self.builder.changed(
            at,
            "LIO adds an NAA identifier, by which initiators name the disk: IET has none, so that "
            "names in /dev/disk/by-id and WWIDs of multipath change",
        )
        key = self.builder.disk(
            at,
            options["path"],
            _identity(target.wwn, index, options),
            write_back=options.get("iomode", "").lower() == "wb",
            readonly=readonly,
            block_size=options.get("blocksize"),
        )
        target.lun(at, index, key, readonly=readonly)


def _identity(wwn: str, index: int, options: dict[str, str]) -> Identity:
    """Return what IET shows: by default a hash of the target's name and the LUN as serial."""
    digest = hashlib.md5(wwn.encode() + index.to_bytes(4, "little"), usedforsecurity=False)
    serial = options.get("scsisn", digest.hexdigest())
    return Identity(serial, vendor="IET", product="VIRTUAL-DISK", revision="0")
