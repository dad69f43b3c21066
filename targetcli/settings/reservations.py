# SPDX-License-Identifier: Apache-2.0
"""The group ``reservations`` of a storage object, read-only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rtslib_ext import schema
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.kernel import setup
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.schema import Attribute
from rtslib_ext.steps import Step
from rtslib_ext.usage import reservations
from rtslib_ext.usage.reservations import MODES, TYPES, Registrant

from ..views.settings import Row
from .group import Group


class Reservations(Group):
    """The reservations of one storage object, in the terms of SPC-4."""

    name = "reservations"

    def __init__(self, path: ShellPath, configfs: ConfigfsPath) -> None:
        self.path = path
        self.configfs = configfs

    def names(self, fs: ReadFS) -> Sequence[str]:
        return [row.name for row in schema.GROUPS["reservations"]]

    def rows(self, fs: ReadFS) -> Iterator[Row]:
        """Yield all of them, from one read."""
        values = self._values(fs)
        return (self._row(name, values) for name in self.names(fs))

    def row(self, fs: ReadFS, name: str) -> Row:
        return self._row(name, self._values(fs))

    def known(self, name: str) -> Attribute | None:
        return schema.reservation(name)

    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """Yield nothing: only initiators can change reservations."""
        yield from ()

    def _row(self, name: str, values: Mapping[str, str]) -> Row:
        known = schema.reservation(name)
        return Row(name, values[name], "string", known.text if known else "", writable=False)

    def _values(self, fs: ReadFS) -> dict[str, str]:
        found = reservations.read(fs, self.configfs)
        port = found.holder_port
        code, words, meaning = TYPES.get(found.type, (0, found.type, ""))
        return {
            "all_tgt_pts": _flag(found.all_target_ports),
            "aptpl": _flag(found.aptpl),
            "aptpl_metadata": self._kept(fs),
            "generation": str(found.generation),
            "holder": found.holder,
            "holder_tg_port": ""
            if port is None
            else f"{port.target} tpg{port.tpg} lun{port.lun} rtpi {port.rtpi}",
            "mode": MODES.get(found.mode, found.mode),
            "registrants": ", ".join(map(_registrant, found.registrants)),
            "type": f"{code} ({words}: {meaning})" if code else words,
        }

    def _kept(self, fs: ReadFS) -> str:
        serial = Reader(fs).unit_serial(self.configfs)
        dbroot = setup.dbroot(fs)
        count = len(reservations.kept(dbroot, serial))
        return f"{count} in {reservations.kept_in(dbroot, serial)}" if count else ""


def _flag(value: bool | None) -> str:
    return "" if value is None else str(int(value))


def _registrant(item: Registrant) -> str:
    isid = f",i,0x{item.isid}" if item.isid else ""
    return f"{item.initiator}{isid} key 0x{item.key:x}"
