# SPDX-License-Identifier: Apache-2.0
"""The LUNs of ctl.conf as storage objects, with the identity that CTL shows."""

from __future__ import annotations

import re

from ...config.backing import PAGE_SIZE, Block, RamDisk
from ...config.model import Key
from ...errors import InvalidValue
from ...fast_dataclasses import dataclass, replace
from ..builder import Builder
from ..identity import Identity
from ..imported import Place
from ..objects import block_size_of, name_of
from ..statements import Statement
from .access import number

_DISK_TYPES = ("0", "disk", "direct")
# Disks have these names on FreeBSD only.
_FREEBSD = re.compile(r"/dev/(?:a?da|nda|nvd|mfid|multipath/|gpt/|gptid/|label/|diskid/|md|vtbd)")
_ONCE = ("backend", "blocksize", "ctl-lun", "device-id", "device-type", "path", "serial", "size")
_NO_EFFECT = {
    "file": "the statement path counts",
    "formfactor": "LIO does not report one",
    "num_threads": "the kernel has its own threads",
    "pblockoffset": "LIO takes it from the disk below",
    "pblocksize": "LIO takes it from the disk below",
    "provisioning_type": "LIO reports thin provisioning",
    "readcache": "the page cache decides",
    "reftemperature": "LIO does not report one",
    "reordering": "LIO orders commands as SAM-5 asks",
    "serseq": "LIO does not serialize consecutive commands",
    "temperature": "LIO does not report one",
    "ublockoffset": "LIO takes it from the disk below",
    "ublocksize": "LIO takes it from the disk below",
    "unmap_max_descr": "set the attribute max_unmap_block_desc_count instead",
    "unmap_max_lba": "set the attribute max_unmap_lba_count instead",
    "write_same_max_lba": "set the attribute max_write_same_len instead",
}
_LOST = {
    "avail-threshold": "LIO reports no thin provisioning thresholds",
    "eui": "LIO shows no EUI-64 identifier",
    "ha_role": "LIO has no pair of its own",
    "ident_info": "LIO has no identifying information",
    "pool-avail-threshold": "LIO reports no thin provisioning thresholds",
    "pool-used-threshold": "LIO reports no thin provisioning thresholds",
    "removable": "LIO has no removable disks",
    "scsiname": "LIO shows the name of the target there",
    "text_ident_info": "LIO has no identifying information",
    "used-threshold": "LIO reports no thin provisioning thresholds",
    "uuid": "LIO shows no UUID identifier",
}


@dataclass(frozen=True, slots=True)
class Lun:
    """A LUN of ctld: the storage object that it became, None if it was left out."""

    key: Key | None
    readonly: bool = False


def inner_name(target: str, number_text: str) -> str:
    """Return the name of a LUN that is described within a target, as ctld makes it."""
    return f"{target},lun,{number_text}"


class Luns:
    """The LUNs of a file by name."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.found: dict[str, Lun] = {}
        self._serials: dict[str, int] = {}

    def add(self, name: str, block: Statement) -> None:
        """Add a LUN. Raises ParseError."""
        values: dict[str, Statement] = {}
        options: dict[str, Statement] = {}
        for one in block.body or ():
            place = options if one.key == "option" else values
            key = one.name if one.key == "option" else one.key
            if key in place and (one.key != "option" and one.key in _ONCE):
                raise self.builder.source.wrong(one.line, f"expected {one.key} only once")
            place[key] = one
        self.found[name] = _Maker(self, name, block, values, options).made()

    def next_serial(self, backend: str) -> str:
        """Return the serial that CTL gives to the next LUN without one, after a start."""
        count = self._serials[backend]
        return f"MYSERIAL{count:04d}"

    def count(self, backend: str) -> None:
        """Count a LUN that CTL creates."""
        self._serials[backend] = self._serials.get(backend, -1) + 1

    def tell(self, what: str, at: Place, text: str, cure: str = "") -> None:
        """Add a note once in a file."""
        if self.builder.is_first(what):
            self.builder.note(at, text, cure)


class _Maker:
    """Makes one storage object of the statements of a LUN."""

    def __init__(
        self,
        luns: Luns,
        name: str,
        block: Statement,
        values: dict[str, Statement],
        options: dict[str, Statement],
    ) -> None:
        self.luns, self.builder, self.name = luns, luns.builder, name
        self.at = Place(self.builder.source.path, block.line)
        self.values, self.options = values, options
        self.line = block.line

    def made(self) -> Lun:
        backend = self._text("backend") or "block"
        if backend not in ("block", "ramdisk"):
            raise self._wrong("backend", "expected block or ramdisk after backend")
        self.luns.count(backend)
        kind = self._text("device-type")
        if kind is not None and kind.lower() not in _DISK_TYPES:
            what = f"{self.name} is left out: LIO has disks only, not the type {kind}"
            self.builder.lost(self._place("device-type"), what)
            return Lun(None)
        readonly = self._option("readonly") == "on"
        identity = self._identity(backend)
        key = self._ramdisk(identity) if backend == "ramdisk" else self._disk(identity, readonly)
        if key:
            self._attributes(key)
        self._rest()
        return Lun(key, readonly)

    # -- statements and options -------------------------------------------------------------

    def _text(self, key: str) -> str | None:
        return self.values[key].name if key in self.values else None

    def _number(self, key: str) -> int | None:
        return number(self.builder, self.values[key]) if key in self.values else None

    def _place(self, key: str) -> Place:
        return Place(self.at.file, self.values[key].line if key in self.values else self.line)

    def _option(self, name: str) -> str | None:
        """Take the value of an option."""
        found = self.options.pop(name, None)
        return None if found is None else " ".join(found.words[2:])

    def _wrong(self, key: str, expected: str) -> Exception:
        return self.builder.source.wrong(self._place(key).line, expected)

    def _rest(self) -> None:
        for name, one in self.options.items():
            at = Place(self.at.file, one.line)
            value = " ".join(one.words[2:])
            if value in ("off", "0", "") and (name in _LOST or name in _NO_EFFECT):
                continue
            if name in _LOST:
                self.builder.lost(at, f"option {name} is lost: {_LOST[name]}")
            elif name in _NO_EFFECT:
                self.builder.note(at, f"option {name} has no effect: {_NO_EFFECT[name]}")
            else:
                self.builder.unknown(at, name)
        for key, one in self.values.items():
            if key not in _ONCE:
                at = Place(self.at.file, one.line)
                self.builder.unknown(at, key)

    # -- what it is on ----------------------------------------------------------------------

    def _disk(self, identity: Identity, readonly: bool) -> Key | None:
        path = self._text("path")
        if not path:
            raise self._wrong("path", f"expected a path of the LUN {self.name}")
        if _FREEBSD.match(path):
            self.builder.changed(
                self._place("path"),
                f"{path} is a name of FreeBSD",
                "edit the file: name the disk as this host does, below /dev/disk/by-id",
            )
        name = name_of(path) if "," in self.name else self.name
        writecache = self.options["writecache"].words[-1] if "writecache" in self.options else ""
        return self.builder.disk(
            self.at,
            path,
            identity,
            name=name,
            readonly=readonly,
            write_back=writecache != "off",
            size=self._number("size"),
        )

    def _ramdisk(self, identity: Identity) -> Key | None:
        size = self._number("size")
        if not size:
            raise self._wrong("size", f"expected a size of the ramdisk {self.name}")
        if "path" in self.values:
            raise self._wrong("path", "expected no path of a ramdisk")
        if size >= 1 << 63:
            raise self._wrong("size", "expected a size below 8 EiB")
        # Without a capacity CTL drops all data (ctl_backend_ramdisk.c).
        nullio = self._option("capacity") in (None, "0")
        if not nullio and size > 1 << 40:
            nullio = True
            self.builder.lost(self.at, f"{self.name} keeps no data: LIO allocates all of a ramdisk")
        pages = RamDisk(size).pages
        name = "ramdisk" if "," in self.name else self.name
        backing = RamDisk(pages * PAGE_SIZE, nullio=nullio)
        return self.builder.add(self.at, name, backing, identity)

    def _attributes(self, key: Key) -> None:
        so = self.builder.object(key)
        found = dict(so.attributes)
        size = self._number("blocksize")
        if size is not None:
            try:
                found["block_size"] = block_size_of(key[0], str(size))
            except InvalidValue as err:
                text = f"the block size {size} is lost: {err.message}"
                self.builder.lost(self._place("blocksize"), text)
        rpm = self._option("rpm")
        if rpm is not None:
            found["is_nonrot"] = str(int(rpm == "1"))
        unmap = self._option("unmap")
        if unmap == "on":
            found |= {"emulate_tpu": "1", "emulate_tpws": "1"}
        elif unmap is None and isinstance(so.backing, Block) and "/zvol/" in so.backing.dev:
            self.luns.tell(
                "unmap",
                self.at,
                "CTL offers UNMAP on ZFS volumes without being asked; LIO does not",
                f"{so.path} set attribute emulate_tpu=1 emulate_tpws=1",
            )
        if self._option("writecache") == "off" and isinstance(so.backing, Block):
            found["emulate_write_cache"] = "0"
        if self._option("insecure_tpc") == "on":
            # LIO always copies between its disks, unless emulate_3pc is off.
            found["emulate_3pc"] = "1"
        if found != so.attributes:
            self.builder.put(replace(so, attributes=found))

    # -- identity ---------------------------------------------------------------------------

    def _identity(self, backend: str) -> Identity:
        serial = self._text("serial")
        if serial is None:
            serial = self.luns.next_serial(backend)
            self.builder.changed(
                self.at,
                f"{self.name} has no serial number: it gets {serial}, as CTL numbers them after "
                "a start",
                "compare it with ctladm devlist on the old host, and name it in the file",
            )
        naa = self._option("naa")
        digits = (naa or "").lower().removeprefix("0x")
        if naa is None:
            self.builder.changed(
                self._place("device-id"),
                f"initiators know {self.name} by its T10 identifier, which LIO makes differently",
                "multipath gives it another name: check its aliases",
            )
        else:
            self.luns.tell(
                "t10",
                self._place("device-id"),
                "the T10 identifier is made as LIO makes it, not of device-id; NAA is kept",
            )
        return Identity(
            serial,
            digits or None,
            self._option("vendor") or "FREEBSD",
            self._option("product") or "CTLDISK",
            self._option("revision") or "0001",
        )
