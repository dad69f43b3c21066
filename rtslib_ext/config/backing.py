# SPDX-License-Identifier: Apache-2.0
"""The backing of a storage object: one class for each kind of backstore.

A new kind needs a class here and a row in ``KINDS``; the reader, the save file, the steps and the
shell take the rest from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import InvalidValue
from ..fast_dataclasses import dataclass

# drivers/target/target_core_file.h: FD_MAX_DEV_NAME, including the final NUL. The kernel truncates
# a longer name silently.
_FILE_NAME_MAX = 255
# drivers/target/target_core_user.h: TCMU_CONFIG_LEN
_USER_CONFIG_MAX = 255
# The kernel reads it as an int (target_core_user.c).
_DATA_PAGES_MAX = 0x7FFFFFFF
PAGE_SIZE = 4096


@dataclass(frozen=True, slots=True)
class Info:
    """The ``info`` file of a storage object, and its attributes named in ``Kind.hardware``."""

    text: str
    udev_path: str
    attributes: Mapping[str, str]

    def field(self, pattern: str) -> str | None:
        """Return the first group of ``pattern`` in the text, stripped; None without a match."""
        match = re.search(pattern, self.text)
        return match.group(1).strip() if match else None

    def fields(self, pattern: str) -> tuple[str, ...]:
        """Return all groups of ``pattern`` in the text, "" for groups without a match."""
        match = re.search(pattern, self.text, re.DOTALL)
        count = re.compile(pattern).groups
        return tuple(text or "" for text in match.groups()) if match else ("",) * count

    def number(self, pattern: str) -> int:
        """Return the first group of ``pattern`` as a number, 0 without a match."""
        return int(self.field(pattern) or 0)


class Kind:
    """The properties of a kind of backstore, with the default of most kinds."""

    __slots__ = ()

    plugin: ClassVar[str]
    prefix: ClassVar[str]
    # The kernel module; "" if it is a part of target_core_mod.
    module: ClassVar[str] = ""
    product: ClassVar[str] = ""
    revision: ClassVar[str] = "4.0"
    has_wwn: ClassVar[bool] = True
    # Read-only attributes that show how the object was created.
    hardware: ClassVar[tuple[str, ...]] = ()
    # Attributes that the kernel accepts only before the object is enabled.
    before_enable: ClassVar[tuple[str, ...]] = ()

    @property
    def udev_path(self) -> str:
        """The text of the object's ``udev_path`` file."""
        return ""

    def early_attributes(self) -> dict[str, str]:
        """Return the attributes to set before the object is enabled, by name."""
        return {}

    def defaults_key(self, *, on_device: bool) -> str | None:
        """Return a key; new objects with the same key have the same attributes.

        None: the attributes of a new object depend on its device or handler. ``on_device``: the
        backing is a block device, possibly through a symbolic link.
        """
        return None


@dataclass(frozen=True, slots=True)
class FileIO(Kind):
    """A file, or a block device accessed through the page cache; ``size`` in bytes."""

    dev: str
    size: int | None = None
    write_back: bool = False
    aio: bool = False

    plugin: ClassVar[str] = "fileio"
    prefix: ClassVar[str] = "fileio"
    module: ClassVar[str] = "target_core_file"
    product: ClassVar[str] = "FILEIO"

    @property
    def udev_path(self) -> str:
        return self.dev

    def controls(self) -> tuple[str, ...]:
        """Return the lines for the object's ``control`` file, in order.

        Raises InvalidValue if the path cannot be passed to the kernel (control_value).
        """
        where = control_value("fd_dev_name", self.dev, _FILE_NAME_MAX)
        lines = [where if self.size is None else f"{where},fd_dev_size={self.size}"]
        if self.write_back:
            lines.append("fd_buffered_io=1")
        if self.aio:
            lines.append("fd_async_io=1")
        return tuple(lines)

    def early_attributes(self) -> dict[str, str]:
        return {"emulate_write_cache": "1"} if self.write_back else {}

    def defaults_key(self, *, on_device: bool) -> str | None:
        return None if on_device else f"fileio {self.write_back} {self.aio}"

    @classmethod
    def from_info(cls, info: Info) -> FileIO:
        """Parse the info file (target_core_file.c, fd_show_configfs_dev_params)."""
        # Match from the end: the path may contain the same words.
        path, size, mode, aio = info.fields(
            r"File: (.*)  Size: (\d+)  Mode: (\S+)(?: Async: (\d+))?\s*\Z"
        )
        return cls(
            dev=info.udev_path or path,
            size=int(size or 0),
            write_back=mode.startswith("Buffered"),
            aio=aio == "1",
        )


@dataclass(frozen=True, slots=True)
class Block(Kind):
    """A block device, accessed directly."""

    dev: str
    readonly: bool = False
    exclusive: bool = True

    plugin: ClassVar[str] = "block"
    prefix: ClassVar[str] = "iblock"
    module: ClassVar[str] = "target_core_iblock"
    product: ClassVar[str] = "IBLOCK"

    @property
    def udev_path(self) -> str:
        return self.dev

    def controls(self) -> tuple[str, ...]:
        """Return the lines for the object's ``control`` file, in order.

        Raises InvalidValue if the path cannot be passed to the kernel (control_value).
        """
        device = control_value("udev_path", self.dev, 511)
        shared = () if self.exclusive else ("exclusive=0",)
        return (device, f"readonly={int(self.readonly)}", *shared)

    @classmethod
    def from_info(cls, info: Info) -> Block:
        """Parse the info file (target_core_iblock.c, iblock_show_configfs_dev_params)."""
        # Search from the end: the path may contain these words.
        text = info.text.rpartition("readonly: ")[2]
        name, path = info.fields(r"iBlock device: (\S+)(?:  UDEV PATH: (.*))?  readonly: ")
        # The kernel has ! for / in names of devices such as cciss/c0d0.
        return cls(
            dev=info.udev_path or path or (name and f"/dev/{name.replace('!', '/')}"),
            readonly=text.startswith("1"),
            # Shown since 6.17; before that, a device always belonged to one backstore only.
            exclusive="exclusive: 0" not in text,
        )


@dataclass(frozen=True, slots=True)
class Pscsi(Kind):
    """A SCSI device, passed through; ``hctl`` is filled in when the object is created."""

    dev: str
    hctl: tuple[int, int, int, int] | None = None

    plugin: ClassVar[str] = "pscsi"
    prefix: ClassVar[str] = "pscsi"
    module: ClassVar[str] = "target_core_pscsi"
    has_wwn: ClassVar[bool] = False

    @property
    def udev_path(self) -> str:
        return self.dev

    def controls(self) -> tuple[str, ...]:
        """Return the line for the object's ``control`` file.

        Raises InvalidValue if ``hctl`` is None.
        """
        if self.hctl is None:
            raise InvalidValue(f"the SCSI address of {self.dev} is unknown")
        names = ("scsi_host_id", "scsi_channel_id", "scsi_target_id", "scsi_lun_id")
        pairs = zip(names, self.hctl, strict=True)
        return (",".join(f"{name}={number}" for name, number in pairs),)

    @classmethod
    def from_info(cls, info: Info) -> Pscsi:
        """Read the path of the device, or its SCSI address.

        target_core_pscsi.c, pscsi_show_configfs_dev_params, has no number of the host in the mode
        that passes a whole adapter through.
        """
        channel, target, lun, host = info.fields(
            r"Channel ID: (\d+) Target ID: (\d+) LUN: (\d+) Host ID: (\d+)"
        )
        return cls(dev=info.udev_path or (host and f"{host}:{channel}:{target}:{lun}"))


@dataclass(frozen=True, slots=True)
class RamDisk(Kind):
    """Memory, lost when the object is deleted; ``size`` in bytes."""

    size: int
    nullio: bool = False

    plugin: ClassVar[str] = "ramdisk"
    prefix: ClassVar[str] = "rd_mcp"
    product: ClassVar[str] = "RAMDISK-MCP"

    @property
    def pages(self) -> int:
        """The size in pages, the kernel's unit; at least 1."""
        return max(1, round(self.size / PAGE_SIZE))

    def controls(self) -> tuple[str, ...]:
        """Return the line for the object's ``control`` file."""
        return (f"rd_pages={self.pages}{',rd_nullio=1' if self.nullio else ''}",)

    def defaults_key(self, *, on_device: bool) -> str | None:
        return "ramdisk"

    @classmethod
    def from_info(cls, info: Info) -> RamDisk:
        """Parse the info file."""
        return cls(
            size=info.number(r"PAGES/PAGE_SIZE: (\d+)") * info.number(r"/PAGE_SIZE: \d+\*(\d+)"),
            nullio=info.number(r"nullio: (\d+)") == 1,
        )


@dataclass(frozen=True, slots=True)
class User(Kind):
    """A handler in user space (TCMU); ``config`` is HANDLER/TEXT, ``size`` in bytes."""

    config: str
    size: int
    hw_max_sectors: int | None = None
    control: str | None = None

    plugin: ClassVar[str] = "user"
    prefix: ClassVar[str] = "user"
    module: ClassVar[str] = "target_core_user"
    hardware: ClassVar[tuple[str, ...]] = ("hw_block_size",)
    # Once enabled, ESRCH without a handler (target_core_user.c, tcmu_emulate_write_cache_store).
    before_enable: ClassVar[tuple[str, ...]] = ("emulate_write_cache",)

    @property
    def handler(self) -> str:
        """The part of ``config`` before the slash."""
        return self.config.partition("/")[0]

    def controls(self) -> tuple[str, ...]:
        """Return the lines for the object's ``control`` file, in order.

        Raises InvalidValue if ``config`` or ``control`` cannot be passed to the kernel.
        """
        if "/" not in self.config or ":" in self.config:
            raise InvalidValue(
                f"config {self.config} is not HANDLER/TEXT without a colon",
                hint="name a handler, a slash, and the text for the handler",
            )
        lines = [control_value("dev_config", self.config, _USER_CONFIG_MAX)]
        lines.append(f"dev_size={self.size}")
        if self.hw_max_sectors is not None:
            lines.append(f"hw_max_sectors={self.hw_max_sectors}")
        if self.control:
            _check_control(self.control)
            lines.append(self.control)
        return tuple(lines)

    @classmethod
    def from_info(cls, info: Info) -> User:
        """Parse the info file, and the block size from the attributes."""
        tuples = {
            "max_data_area_mb": info.field(r"MaxDataAreaMB: (\S+)"),
            "hw_block_size": info.attributes.get("hw_block_size"),
            "data_pages_per_blk": info.field(r"DataPagesPerBlk: (\S+)"),
        }
        config, size = info.fields(r"Config: (.*) Size: (\d+) MaxDataAreaMB")
        return cls(
            config="" if config == "NULL" else config,
            size=int(size or 0),
            hw_max_sectors=info.number(r"HwMaxSectors: (\d+)"),
            control=",".join(f"{name}={value}" for name, value in tuples.items() if value),
        )


Backing = FileIO | Block | Pscsi | RamDisk | User
KINDS: dict[str, type[Any]] = {kind.plugin: kind for kind in (FileIO, Block, Pscsi, RamDisk, User)}
PREFIXES: dict[str, type[Any]] = {kind.prefix: kind for kind in KINDS.values()}
# Names of the kinds in older tools.
ALIASES = {"iblock": "block", "rd_mcp": "ramdisk", "rd_dr": "ramdisk"}


def _check_control(control: str) -> None:
    """Refuse a data_pages_per_blk with which the kernel is not safe. Raises InvalidValue."""
    for value in re.findall(r"\bdata_pages_per_blk\s*=\s*([^,\n]*)", control):
        text = value.strip().lower()
        number = int(text, 0) if re.fullmatch(r"[1-9][0-9]{0,9}|0x[0-9a-f]{1,8}", text) else 0
        if not 1 <= number <= _DATA_PAGES_MAX:
            raise InvalidValue(
                f"data_pages_per_blk takes a number from 1 to {_DATA_PAGES_MAX}, not {value!r}",
                hint="omit it for 1",
            )


def control_value(name: str, value: str, longest: int) -> str:
    """Return ``name=value`` for a control file.

    Raises InvalidValue if the kernel would cut the value: it splits the text at commas and line
    ends (drivers/target/target_core_file.c, fd_set_configfs_dev_params), and keeps at most
    ``longest`` bytes of the value.
    """
    if "," in value or "\n" in value:
        raise InvalidValue(
            f"{value!r} has a comma or a line end, at which the kernel would cut it",
            hint="rename it, or use a symbolic link with a path without them",
        )
    if len(value.encode("utf-8", "surrogateescape")) > longest:
        raise InvalidValue(
            f"{value} is longer than the {longest} bytes that the kernel keeps",
            hint="use a symbolic link with a shorter path",
        )
    return f"{name}={value}"
