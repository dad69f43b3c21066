# SPDX-License-Identifier: Apache-2.0
"""A backing or direct store of tgt becomes a storage object that initiators see as the same disk.

tgt's defaults are in its usr/spc.c (spc_lu_init, update_vpd_83).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..config.backing import FileIO, Pscsi
from ..config.model import Key
from ..fast_dataclasses import dataclass, field, replace
from .builder import Builder
from .config_general import Option
from .identity import Identity
from .imported import Place
from .objects import name_of
from .source import Source

# The length of scsi_id and scsi_sn (usr/tgtd.h).
_LONGEST = 36
_HEX = frozenset("0123456789abcdefABCDEF")
_IDENTITY = ("scsi_id", "scsi_sn", "vendor_id", "product_id", "product_rev")
_FROM_DEVICE = ("lbppbe", "la_lba", "optimal_xfer_gran", "optimal_xfer_len")
_UNSEEN = ("bsopts", "sense_format", "swp", *_FROM_DEVICE)
_LISTS = ("mode_page", "params")
OPTIONS = frozenset(
    (
        *_IDENTITY,
        *_FROM_DEVICE,
        *_LISTS,
        "allow-in-use",
        "block-size",
        "bs-type",
        "bsoflags",
        "bsopts",
        "device-type",
        "lun",
        "online",
        "path",
        "readonly",
        "removable",
        "sense_format",
        "swp",
        "write-cache",
    )
)
_OFF_TARGET = frozenset(("block-size", "lun", "allow-in-use"))
_DEFAULT = Identity(vendor="IET", product="VIRTUAL-DISK", revision="0001")
_NO_SUCH = {
    "rbd": "map the image with rbd, and create a block storage object on it",
    "glfs": "create a user:glfs storage object",
    "sheepdog": "attach it as a block device, and export that",
    "null": "create a ramdisk with nullio=true",
}


# scripts/tgt-admin, add_backing_direct: these are no paths.
_NO_FILE = ("rbd", "glfs")


@dataclass(slots=True)
class Store:
    """A store: its kind, path, place and own options; ``number`` is (target, LUN)."""

    kind: str
    path: str
    at: Place
    options: dict[str, list[Option]] = field(default_factory=dict)
    number: tuple[int, int] = (0, 0)

    def add(self, options: Sequence[Option]) -> None:
        """Add the options of a block of the same path."""
        for option in options:
            self.options.setdefault(option.name, []).append(option)


@dataclass(frozen=True, slots=True)
class Made:
    """The storage object of a store (None: none), and how its LUN is to be."""

    key: Key | None
    readonly: bool = False
    has_default_id: bool = False


def is_missing(source: Source, store: Store, target: Mapping[str, list[Option]]) -> bool:
    """Return True if tgt-admin passes over a store, as its file does not exist."""
    kinds = store.options.get("bs-type") or target.get("bs-type") or ()
    if any(option.value in _NO_FILE for option in kinds):
        return False
    return not source.files.is_device(store.path) and source.files.size(store.path) is None


def made(
    source: Source, builder: Builder, store: Store, target: Mapping[str, list[Option]]
) -> Made:
    """Add the storage object of a store; ``target`` are the options of its target.

    Raises ParseError for an option that tgt-admin takes once.
    """
    return _Store(source, builder, store, target).made()


class _Store:
    def __init__(
        self, source: Source, builder: Builder, store: Store, target: Mapping[str, list[Option]]
    ) -> None:
        self.source, self.builder, self.store = source, builder, store
        self.own, self.target, self.at = store.options, target, store.at
        of_target = {name: each for name, each in target.items() if name not in _OFF_TARGET}
        self.options = {**of_target, **self.own}

    def value(self, name: str) -> str | None:
        """Return the value of an option of the store, or else of its target.

        Raises ParseError if it is repeated.
        """
        found = self.options.get(name)
        if found is None:
            return None
        if len(found) > 1:
            at = found[1].at
            raise replace(self.source, path=at.file).wrong(at.line, f"expected {name} once")
        return found[0].value

    def made(self) -> Made:
        if not self.is_disk():
            return Made(None)
        self.remark_others()
        readonly = _number(self.value("readonly")) != 0
        kind = self.value("bs-type") or "rdwr"
        if kind in _NO_SUCH:
            self.lost(f"the backing store type {kind} of {self.store.path} is left out", kind)
            return Made(None)
        if kind == "sg":
            backing = Pscsi(self.store.path)
            passed = self.builder.add(self.at, name_of(self.store.path), backing, Identity())
            return Made(passed, readonly)
        return Made(self.disk(readonly, kind), readonly, self.value("scsi_id") is None)

    def is_disk(self) -> bool:
        kind = self.value("device-type")
        passes = kind in ("pt", "passthrough") and self.value("bs-type") == "sg"
        if kind in (None, "", "disk") or passes:
            return True
        self.lost(f"LIO has disks only: the {kind} {self.store.path} is left out")
        return False

    def disk(self, readonly: bool, kind: str) -> Key | None:
        cached = self.value("write-cache") != "off"
        sync = "sync" in (self.value("bsoflags") or "")
        key = self.builder.disk(
            self.at,
            self.store.path,
            self.identity(),
            write_back=cached and not sync,
            readonly=readonly,
            block_size=self.value("block-size"),
        )
        so = self.builder.object(key) if key else None
        if so and kind == "aio" and isinstance(so.backing, FileIO):
            self.builder.put(replace(so, backing=replace(so.backing, write_back=False, aio=True)))
        return key

    def identity(self) -> Identity:
        """Return what tgt shows: the given values, or its defaults, which number the disks."""
        tid, lun = self.store.number
        scsi_id, serial = self.value("scsi_id"), self.value("scsi_sn")
        device = self.of_device() if self.store.kind == "direct-store" else _DEFAULT
        return Identity(
            serial[:_LONGEST] if serial is not None else device.serial or f"beaf{tid}{lun}",
            naa(f"IET     {tid:04x}{lun:04x}" if scsi_id is None else scsi_id),
            self.value("vendor_id") or device.vendor,
            self.value("product_id") or device.product,
            self.value("product_rev") or device.revision,
            made_up=serial is None and not device.serial,
        )

    def of_device(self) -> Identity:
        """Return the identity of the device, which tgt-admin asks for it."""
        found = self.source.files.inquiry(self.store.path)
        if found is None:
            self.builder.changed(
                self.at,
                "the vendor, product and serial number of the device cannot be read here: LIO "
                "shows the defaults of tgt",
            )
        return found or _DEFAULT

    def remark_others(self) -> None:
        """Remark the options without an equivalent, those of the store at their own lines."""
        for name, options in self.own.items():
            if name not in OPTIONS:
                self.builder.unknown(options[0].at, name)
        for name in _LISTS:
            for option in self.options.get(name, ()):
                self.builder.changed(option.at, f"{name} is not imported: LIO has its own pages")
        for name in _UNSEEN:
            for option in self.own.get(name, ()):
                self.builder.note(option.at, f"{name} is not imported: LIO decides it itself")
        if _number(self.value("removable")):
            self.builder.changed(self.at, "LIO shows no disk as removable")
        online = self.value("online")
        if online is not None and _number(online) == 0:
            self.builder.changed(self.at, "tgt has this disk offline, LIO has it online")
        if self.value("path") is not None:
            self.builder.changed(self.at, "the option path is not imported: it names another file")

    def lost(self, text: str, kind: str = "") -> None:
        self.builder.lost(self.at, text, _NO_SUCH.get(kind, ""))


def naa(scsi_id: str) -> str:
    """Return the NAA 6 identifier that tgt makes of a scsi_id: its characters as digits.

    Those that are no hexadecimal digits count as 0.
    """
    digits = "".join(char if char in _HEX else "0" for char in scsi_id[:_LONGEST])
    whole = int(digits.lower() or "0", 16) & (1 << 128) - 1 | 6 << 124
    return f"{whole:032x}"


def _number(text: str | None) -> int:
    """Return a number as C's atoi does: that at the start of a text, or 0."""
    digits = ""
    for char in (text or "").strip():
        if not (char.isascii() and char.isdecimal()):
            break
        digits += char
    return int(digits[:18] or "0")
