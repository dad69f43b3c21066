# SPDX-License-Identifier: Apache-2.0
"""The group ``identity`` of a storage object: vendor, product, serial number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rtslib_ext import schema
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.errors import InUse, InvalidValue
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.steps import Step
from rtslib_ext.usage import exports

from ..views.settings import Row
from .files import Files

_SERIAL = "vpd_unit_serial"


class Identity(Files):
    """The settings in the wwn directory of a storage object.

    ``fixed``: the object passes commands through, and its device has its own identity.
    """

    def __init__(self, path: ShellPath, configfs: ConfigfsPath, fixed: bool) -> None:
        super().__init__("identity", path, (paths.identity(configfs),), schema.wwn)
        self.configfs = configfs
        self.fixed = fixed

    def row(self, fs: ReadFS, name: str) -> Row:
        """Return a setting; the kernel prints a label before the serial number."""
        row = super().row(fs, name)
        value = row.value.partition(":")[2].strip() if name == _SERIAL else row.value
        return Row(name, value, row.kind, row.text, row.writable and not self.fixed)

    def default(self, name: str) -> str | None:
        """Return the default; the kernel prints a company id in hexadecimal."""
        value = super().default(name)
        return f"0x{int(value):06x}" if value and name == "company_id" else value

    def check(self, name: str, value: str) -> str:
        """Check a value by the schema; raises InvalidValue for an empty serial number."""
        known = self.lookup(name)
        if name == _SERIAL and not value.strip():
            raise InvalidValue(
                "the unit serial number must not be empty: initiators identify disks by it"
            )
        return known.check(value) if known else value

    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """Yield the steps; raises InUse while initiators identify the disk by the old values."""
        wanted = {name: self._as_shown(fs, name, value) for name, value in wanted.items()}
        for name, value in wanted.items():
            known = self.lookup(name)
            if known and not known.live and value != self.row(fs, name).value:
                self._check_not_exported(fs, name)
        yield from super().steps(fs, wanted)

    def _as_shown(self, fs: ReadFS, name: str, value: str) -> str:
        """Return the text that the kernel shows if it means the value: 0x001405 for 5125."""
        known, shown = self.lookup(name), self.row(fs, name).value
        if known is None or shown == value or not known.is_number:
            return value
        return shown if shown and known.check(shown) == value else value

    def notes(self, fs: ReadFS, names: Iterable[str]) -> Iterator[str]:
        """Yield a note about the objects that initiators take for the same disk."""
        if {_SERIAL, "company_id"}.isdisjoint(names):
            return
        from rtslib_ext.usage import twins

        key = paths.key_of_storage_object(self.configfs)
        if key and (text := twins.running(fs, self.configfs, key[0])):
            yield text

    def before(self, fs: ReadFS, file: str) -> str:
        """Return the value that undo writes to a file."""
        return self.row(fs, paths.name_of(file)).value

    def _check_not_exported(self, fs: ReadFS, name: str) -> None:
        found = exports.of_storage_object(fs, self.configfs)
        if found:
            luns = ", ".join(item.shell for item in found[:3])
            more = " and others" if len(found) > 3 else ""
            raise InUse(
                f"{name} cannot be changed while a LUN exports the object",
                path=self.path,
                hint=f"delete {luns}{more} first, and create them again after",
            )
