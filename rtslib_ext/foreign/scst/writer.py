# SPDX-License-Identifier: Apache-2.0
"""Config -> scst.conf: the devices, and the frame of the file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ... import schema
from ...config import shown_inquiry
from ...config.backing import Block, FileIO, Pscsi, RamDisk
from ...config.model import AluaGroup, Config, Key, StorageObject
from ...kernel.abi import DEFAULT_GROUP
from ..imported import Exported
from ..losses import Losses, naa_digits
from .target_writer import TargetWriter, quoted

_STATES = {
    "0": "active",
    "1": "nonoptimized",
    "2": "standby",
    "3": "unavailable",
    "14": "offline",
    "15": "transitioning",
}
_HCTL = re.compile(r"\d+:\d+:\d+:\d+", re.ASCII)
# The name of the disk is in the product, with emulate_model_alias.
_ATTRIBUTES = (
    "block_size",
    "emulate_model_alias",
    "emulate_tpu",
    "emulate_tpws",
    "emulate_write_cache",
    "is_nonrot",
)
_EXPLICIT = ("2", "3")


def export(config: Config) -> Exported:
    """Return a configuration as scst.conf, with remarks about what SCST cannot express."""
    return _Writer(config).run()


class _Writer:
    """Writes one file; ``names`` are the devices of the storage objects that are exported."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.losses = Losses()
        self.names: dict[Key, str] = {}
        self.lines = ["# SCST configuration, to be applied with: scstadmin -config FILE"]

    def run(self) -> Exported:
        by_handler: dict[str, list[str]] = {}
        for key in sorted(self.config.storage_objects):
            so = self.config.storage_objects[key]
            handler = _handler(so)
            if handler is None:
                self.losses.lost(so.path, f"SCST has nothing like {_what(so)}: it is left out")
                continue
            self.names[key] = self._name(so)
            by_handler.setdefault(handler, []).extend(self._device(so))
        for handler, lines in by_handler.items():
            self.lines += ["", f"HANDLER {handler} {{", *_indented(lines), "}"]
        targets = TargetWriter(self.config, self.names, self.losses)
        self.lines += targets.run()
        self.lines += self._device_groups(targets.written)
        self.losses.rest(self.config, "SCST")
        return Exported("\n".join(self.lines) + "\n", tuple(self.losses.remarks))

    # -- devices ----------------------------------------------------------------------------

    def _name(self, so: StorageObject) -> str:
        if isinstance(so.backing, Pscsi):
            return so.backing.dev
        name, number = re.sub(r"[\s{}#\"\\]", "_", so.name), 1
        used = set(self.names.values())
        found = name
        while found in used:
            number += 1
            found = f"{name}_{number}"
        if found != so.name:
            self.losses.changed(so.path, f"the device is named {found}")
        return found

    def _device(self, so: StorageObject) -> list[str]:
        name = self.names[so.key]
        values = list(self._values(so))
        if not values:
            return [f"DEVICE {name}"]
        return [f"DEVICE {name} {{", *_indented(values), "}"]

    def _values(self, so: StorageObject) -> Iterator[str]:
        self.losses.settings(
            so.path,
            so.attributes,
            lambda name: schema.storage_object(name, so.backing.plugin),
            _ATTRIBUTES,
        )
        if isinstance(so.backing, Pscsi):
            return
        for name, value in self._settings(so):
            text = quoted(value)
            if text is None:
                self.losses.lost(so.path, f"scst.conf cannot hold the {name} {value!r}")
            else:
                yield f"{name} {text}"

    def _settings(self, so: StorageObject) -> Iterator[tuple[str, str]]:
        match so.backing:
            case FileIO() as file:
                yield "filename", file.dev
                if not file.write_back:
                    yield "write_through", "1"
            case Block() as block:
                yield "filename", block.dev
                if block.readonly:
                    yield "read_only", "1"
                if so.attributes.get("emulate_write_cache") == "0":
                    yield "write_through", "1"
            case RamDisk() as ramdisk:
                yield "size", str(ramdisk.size)
        if "block_size" in so.attributes:
            yield "blocksize", so.attributes["block_size"]
        if "is_nonrot" in so.attributes:
            yield "rotational", str(int(so.attributes["is_nonrot"] != "1"))
        if so.attributes.get("emulate_tpu") == "1":
            yield "thin_provisioned", "1"
        if _is_explicit(so):
            yield "expl_alua", "1"
        yield from self._identity(so)

    def _identity(self, so: StorageObject) -> Iterator[tuple[str, str]]:
        fields = shown_inquiry.fields(so)
        if so.wwn:
            yield "usn", so.wwn
            yield "t10_dev_id", so.wwn
            yield "naa_id", f"0x{naa_digits(so)}"
        yield "t10_vend_id", fields["vendor_id"]
        yield "prod_id", fields["product_id"]
        yield "prod_rev_lvl", fields["revision"]

    # -- ALUA -------------------------------------------------------------------------------

    def _device_groups(self, written: dict[Key, str]) -> Iterator[str]:
        for key, name in self.names.items():
            so = self.config.storage_objects[key]
            groups = [group for group in so.alua_groups.values() if group.name != DEFAULT_GROUP]
            if not groups or isinstance(so.backing, Pscsi):
                continue
            lines = [f"DEVICE {name}"]
            for group in groups:
                lines += self._target_group(so, group, written)
            yield from ("", f"DEVICE_GROUP {name} {{", *_indented(lines), "}")

    def _target_group(
        self, so: StorageObject, group: AluaGroup, written: dict[Key, str]
    ) -> list[str]:
        state = group.settings.get("alua_access_state", "0")
        if state not in _STATES:
            self.losses.lost(so.path, f"SCST has no state like {state} of the group {group.name}")
            state = "0"
        lines = [] if group.tag is None else [f"group_id {group.tag}"]
        if "alua_access_state" in group.settings:
            lines.append(f"state {_STATES[state]}")
        if group.settings.get("preferred") == "1":
            lines.append("preferred 1")
        known = ("alua_access_state", "alua_access_status", "alua_access_type", "preferred")
        self.losses.settings(f"{so.path}/alua/{group.name}", group.settings, schema.alua, known)
        lines += [
            f"TARGET {name}"
            for target_key, name in written.items()
            if _is_member(self.config, target_key, so.key, group.name)
        ]
        return [f"TARGET_GROUP {group.name} {{", *_indented(lines), "}"]


def _is_member(config: Config, target_key: Key, key: Key, group: str) -> bool:
    tpgs = config.targets[target_key].tpgs
    luns = tpgs[min(tpgs)].luns.values()
    return any(lun.storage_object == key and lun.alua_group == group for lun in luns)


def _is_explicit(so: StorageObject) -> bool:
    groups = so.alua_groups.values()
    return any(
        group.settings.get("alua_access_type") in _EXPLICIT
        for group in groups
        if group.name != DEFAULT_GROUP
    )


def _handler(so: StorageObject) -> str | None:
    match so.backing:
        case FileIO():
            return "vdisk_fileio"
        case Block():
            return "vdisk_blockio"
        case RamDisk(nullio=True):
            return "vdisk_nullio"
        case Pscsi(dev=dev) if _HCTL.fullmatch(dev):
            return "dev_disk"
    return None


def _what(so: StorageObject) -> str:
    match so.backing:
        case RamDisk():
            return "a ramdisk"
        case Pscsi():
            return "a SCSI device without its address"
    return "a handler of tcmu-runner"


def _indented(lines: list[str]) -> list[str]:
    return [f"\t{line}" if line else line for line in lines]
