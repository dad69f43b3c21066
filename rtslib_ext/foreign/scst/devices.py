# SPDX-License-Identifier: Apache-2.0
"""The devices of SCST as storage objects (scst/src/dev_handlers/scst_vdisk.c)."""

from __future__ import annotations

import re
from functools import cache

from ...config import inquiry
from ...config.backing import PAGE_SIZE, Backing, FileIO, Pscsi, RamDisk
from ...config.model import Key
from ...errors import InvalidValue
from ...fast_dataclasses import dataclass, replace
from ..builder import Builder
from ..identity import Identity
from ..imported import Place
from ..objects import block_size_of
from ..statements import Statement
from .settings import Settings, place

# VDISK_NULLIO_SIZE since SCST 3.0.
_NULLIO_SIZE = 5 << 39
_VENDORS = {"vdisk_blockio": "SCST_BIO"}
_FILE, _BLOCK, _NULL = "vdisk_fileio", "vdisk_blockio", "vdisk_nullio"
_HCTL = re.compile(r"\d{1,9}:\d{1,9}:\d{1,9}:\d{1,9}")
_NO_EFFECT = {
    "active": "the device is used as soon as it is exported",
    "async": "LIO decides how it reads and writes",
    "bind_alua_state": "the state of a group does not open or close the device",
    "block": "it belongs to the running system",
    "lb_per_pb_exp": "LIO shows the physical blocks of the disk below",
    "numa_node_id": "LIO's threads run on any node",
    "o_direct": "LIO decides how it reads and writes",
    "opt_trans_len": "LIO takes it from the disk below",
    "read_zero": "LIO decides what its nullio disks read",
    "threads_num": "the kernel has its own threads",
    "threads_pool_type": "the kernel has its own threads",
    "tst": "LIO has one task set for each initiator",
    "zero_copy": "LIO decides how it reads and writes",
}
_LOST = {
    "cluster_mode": "LIO does not share persistent reservations between nodes",
    "dif_filename": "LIO keeps protection data in a file that it names itself",
    "dif_mode": "turn protection on with the attribute pi_prot_type",
    "dif_static_app_tag": "LIO does not check application tags",
    "dif_type": "turn protection on with the attribute pi_prot_type",
    "inq_vend_specific": "LIO has no vendor-specific INQUIRY data",
    "removable": "LIO has no removable disks",
    "scsi_device_name": "LIO shows the name of the target there",
}


@dataclass(frozen=True, slots=True)
class Device:
    """A device of SCST: the storage object that it became, None if it was left out.

    ``explicit``: initiators may change the state of its ALUA groups.
    """

    key: Key | None
    readonly: bool = False
    explicit: bool = False


class Devices:
    """The devices of a file by name."""

    def __init__(self, builder: Builder, setup_id: int) -> None:
        self.builder, self.setup_id = builder, setup_id
        self.found: dict[str, Device] = {}

    def handler(self, statement: Statement) -> None:
        """Add the devices of a handler. Raises ParseError."""
        for device in statement.blocks("DEVICE"):
            if not device.name:
                raise self.builder.source.wrong(device.line, "expected a name after DEVICE")
            if device.name in self.found:
                text = f"expected another name: the device {device.name} exists already"
                raise self.builder.source.wrong(device.line, text)
            self.found[device.name] = self._device(statement.name, device)
        Settings(self.builder, statement, ("DEVICE",)).rest(_NO_EFFECT, _LOST)

    def _device(self, handler: str, device: Statement) -> Device:
        at = place(self.builder, device)
        if handler in (_FILE, _BLOCK, _NULL):
            return self._disk(handler, device, at)
        if handler.startswith("dev_") and _HCTL.fullmatch(device.name):
            return self._passed_through(device, at)
        self.builder.lost(at, f"{device.name} is left out: LIO has nothing like {handler}")
        return Device(None)

    def _passed_through(self, device: Statement, at: Place) -> Device:
        settings = Settings(self.builder, device)
        readonly = bool(settings.flag("read_only"))
        settings.rest(_NO_EFFECT, _LOST)
        self.builder.note(
            at,
            f"the SCSI address {device.name} may be another disk after the next start",
            "create it with dev=/dev/disk/by-id/NAME instead",
        )
        return Device(self.builder.add(at, device.name, Pscsi(device.name), Identity()), readonly)

    def _disk(self, handler: str, device: Statement, at: Place) -> Device:
        settings = Settings(self.builder, device)
        if settings.flag("dummy"):
            text = f"{device.name} is left out: LIO answers for a missing LUN 0 by itself"
            self.builder.note(at, text)
            return Device(None)
        readonly = bool(settings.flag("read_only"))
        identity = self._identity(handler, device.name, settings, at)
        attributes = self._attributes(settings, handler)
        if handler == _BLOCK:
            key = self._block(at, device, settings, identity, readonly=readonly)
        else:
            backing = self._backing(handler, device, settings, at)
            key = self.builder.add(at, device.name, backing, identity) if backing else None
        if key and attributes:
            so = self.builder.object(key)
            self.builder.put(replace(so, attributes={**attributes, **so.attributes}))
        explicit = bool(settings.flag("expl_alua"))
        settings.rest(_NO_EFFECT, _LOST)
        return Device(key, readonly, explicit)

    # -- what they are on -------------------------------------------------------------------

    def _block(
        self,
        at: Place,
        device: Statement,
        settings: Settings,
        identity: Identity,
        *,
        readonly: bool,
    ) -> Key | None:
        path = self._path(device, settings)
        key = self.builder.disk(at, path, identity, name=device.name, readonly=readonly)
        through, nv_cache = settings.flag("write_through"), settings.flag("nv_cache")
        if key and (through or nv_cache):
            so = self.builder.object(key)
            self.builder.put(replace(so, attributes={**so.attributes, "emulate_write_cache": "0"}))
        return key

    def _backing(
        self, handler: str, device: Statement, settings: Settings, at: Place
    ) -> Backing | None:
        if handler == _NULL:
            return self._nullio(settings, at)
        path = self._path(device, settings)
        through, nv_cache = settings.flag("write_through"), settings.take("nv_cache")
        if nv_cache and nv_cache.text.strip() != "0":
            self.builder.changed(
                place(self.builder, nv_cache),
                "LIO has no nv_cache: it writes at once, which is slower and as safe as the disk",
            )
            through = True
        size = self.builder.files.size(path)
        if size is None and not self.builder.files.is_device(path):
            self.builder.lost(
                at,
                f"{path} does not exist here, so its size is not known: it is left out",
                "copy or create it, and import again",
            )
            return None
        backing = FileIO(path, size=size, write_back=not through)
        try:
            backing.controls()
        except InvalidValue as err:
            self.builder.lost(at, f"{err.message}: it is left out", err.hint)
            return None
        return backing

    def _path(self, device: Statement, settings: Settings) -> str:
        path = settings.text("filename")
        if not path:
            text = f"expected the attribute filename of the device {device.name}"
            raise self.builder.source.wrong(device.line, text)
        return path

    def _nullio(self, settings: Settings, at: Place) -> Backing:
        size, megabytes = settings.number("size"), settings.number("size_mb")
        if size is None and megabytes is not None:
            size = megabytes << 20
        if not size or not 0 < size < 1 << 63:
            size = _NULLIO_SIZE
            self.builder.note(at, f"the size is that of SCST 3, {size >> 30} GiB")
        pages = RamDisk(size).pages
        return RamDisk(pages * PAGE_SIZE, nullio=True)

    def _attributes(self, settings: Settings, handler: str) -> dict[str, str]:
        found = {}
        plugin = {_BLOCK: "block", _NULL: "ramdisk"}.get(handler, "fileio")
        size = settings.take("blocksize")
        if size:
            try:
                found["block_size"] = block_size_of(plugin, size.text)
            except InvalidValue as err:
                at = place(self.builder, size)
                self.builder.lost(at, f"the block size {size.text} is lost: {err.message}")
        rotational = settings.flag("rotational")
        if rotational is not None:
            found["is_nonrot"] = str(int(not rotational))
        if settings.flag("thin_provisioned"):
            found |= {"emulate_tpu": "1", "emulate_tpws": "1"}
        return found

    # -- identity ---------------------------------------------------------------------------

    def _identity(self, handler: str, name: str, settings: Settings, at: Place) -> Identity:
        """Return what SCST shows, its defaults included."""
        serial = settings.text("usn") or self._number(name)
        t10 = settings.text("t10_dev_id")
        naa = (settings.text("naa_id") or "").lower().removeprefix("0x")
        eui = (settings.text("eui64_id") or "").lower().removeprefix("0x")
        settings.take("vend_specific_id")
        revision = settings.text("prod_rev_lvl")
        self._tell("revision", at, revision is None, "the revision is LIO's own, not that of SCST")
        self._tell("t10", at, True, "the T10 identifier is made as LIO makes it, not as SCST did")
        if eui or not naa:
            t10 = t10 or f"{self._number(name)}-{name}"
            known = eui or t10.encode("utf-8", "surrogateescape")[:8].ljust(8, b"\0").hex()
            shown = naa or inquiry.naa(serial).removeprefix("naa.")
            text = f"LIO shows no EUI-64 identifier: {name} was {known}, and is NAA {shown}"
            self.builder.changed(at, text, f"multipath names it 3{shown} instead of 2{known}")
        vendor = settings.text("t10_vend_id") or _VENDORS.get(handler, "SCST_FIO")
        product = settings.text("prod_id") or name
        return Identity(serial, naa or None, vendor, product, revision)

    def _number(self, name: str) -> str:
        """Return the number that SCST makes of the name of a device (vdisk_gen_dev_id_num)."""
        digest = crc32c(name.encode("utf-8", "surrogateescape") + b"\0")
        return f"{self.setup_id << 32 | digest:x}"

    def _tell(self, what: str, at: Place, applies: bool, text: str) -> None:
        """Add a note once in a file."""
        if applies and self.builder.is_first(what):
            self.builder.note(at, text)


@cache
def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


def crc32c(data: bytes) -> int:
    """Return the kernel's crc32c with seed 0, of which SCST makes serial numbers (Castagnoli)."""
    table, value = _table(), 0
    for octet in data:
        value = table[(value ^ octet) & 0xFF] ^ value >> 8
    return value
