# SPDX-License-Identifier: Apache-2.0
"""The groups ``attribute`` and ``port`` of a TPG, and ``fabric`` of a fabric."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rtslib_ext import naming, schema
from rtslib_ext.config import demo_mode
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.errors import InUse
from rtslib_ext.fabrics import Fabric
from rtslib_ext.host import cpus
from rtslib_ext.kernel import paths, rtpi
from rtslib_ext.kernel.configfs import ConfigfsPath, ReadFS
from rtslib_ext.reading.reader import Reader
from rtslib_ext.steps import Step, settings, targets

from ..views.settings import Row
from .files import Files
from .group import Folder

_HIDDEN = frozenset({"enable", "version"})


class TpgAttributes(Folder):
    """The attributes of a TPG; those of demo mode depend on each other."""

    def __init__(self, fabric: Fabric, path: ShellPath, configfs: ConfigfsPath) -> None:
        self.fabric = fabric
        folders = (paths.attributes(configfs),)
        super().__init__(
            "attribute", path, folders, lambda name: schema.tpg_attribute(name, fabric.name)
        )

    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        """Yield the steps; raises InUse for a value that the kernel does not keep."""
        names = {demo_mode.OPEN, demo_mode.CACHE}
        if names.isdisjoint(wanted):
            yield from super().steps(fs, wanted)
            return
        has = {name: self.before(fs, f"{self.folders[0]}/{name}") for name in names}
        wanted = demo_mode.closing(wanted, has)
        if demo_mode.is_kept(self.fabric.name, wanted, has):
            raise InUse(
                f"Not setting {demo_mode.CACHE}! {demo_mode.KEPT}",
                path=self.path,
                hint=f"set {demo_mode.OPEN}=0, which sets {demo_mode.CACHE}=0 as well",
            )
        # Written in demo mode, it would have no effect.
        last = {name: wanted[name] for name in (demo_mode.CACHE,) if name in wanted}
        first = {name: value for name, value in wanted.items() if name not in last}
        yield from super().steps(fs, {**first, **last})

    def moved(self, wanted: Mapping[str, str]) -> Sequence[str]:
        """Return cache_dynamic_acls if demo mode is opened or closed."""
        return [demo_mode.CACHE] if demo_mode.OPEN in wanted else []


class Port(Files):
    """The settings in the directory of a TPG."""

    def __init__(self, fabric: Fabric, path: ShellPath, configfs: ConfigfsPath) -> None:
        super().__init__(
            "port", path, (configfs,), lambda name: schema.tpg(name, fabric.name), _HIDDEN
        )
        self.fabric = fabric
        self.configfs = configfs

    def check(self, name: str, value: str) -> str:
        """Check a value by the schema; a nexus is a WWN of the fabric."""
        if name == "nexus":
            return naming.normalize(self.fabric.wwn_types, value) if value else ""
        known = self.lookup(name)
        return known.check(value) if known else value

    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        for name, value in wanted.items():
            if name == "nexus":
                yield from self._nexus(fs, value)
                continue
            known = self.lookup(name)
            step = self._rtpi(fs, value) if name == rtpi.NAME else self._write(fs, name, value)
            is_new = bool(settings.differing(fs, [step]))
            if is_new and known and not known.live and Reader(fs).enabled(self.configfs):
                raise InUse(
                    f"{name} cannot be changed while the TPG is enabled",
                    path=self.path,
                    hint="disable it, which ends its sessions, set it, and enable it again",
                )
            yield step

    def _write(self, fs: ReadFS, name: str, value: str) -> Step:
        file = f"{self.configfs}/{name}"
        return settings.write(fs, self.path, file, name, value, self.before(fs, file))

    def notes(self, fs: ReadFS, names: Iterable[str]) -> Iterator[str]:
        """Yield a note about a disabled TPG for which the same port number was set."""
        number = rtpi.of_tpg(fs, self.configfs) if rtpi.NAME in names else None
        if not number:
            return
        # Imported here, as in _rtpi: few groups and changes have a port number.
        from rtslib_ext.usage import port_numbers

        holder = port_numbers.taken(fs, self.configfs).get(number)
        if holder is not None:
            other = port_numbers.shell_path(holder)
            yield f"rtpi {number:#x} is set for {other} too: the one enabled later gets another"

    def _rtpi(self, fs: ReadFS, value: str) -> Step:
        from rtslib_ext.usage import port_numbers

        number = rtpi.parse(value)
        holder = port_numbers.user(fs, number, self.configfs) if number else None
        if holder is not None:
            free = port_numbers.free(port_numbers.taken(fs))
            raise InUse(
                f"{port_numbers.shell_path(holder)} has rtpi {number}",
                path=self.path,
                hint=f"choose another number, such as {free}",
            )
        before, was_set = rtpi.of_tpg(fs, self.configfs) or 0, rtpi.is_set(fs, self.configfs)
        return targets.set_rtpi(self.path, self.configfs, value, before, was_set=was_set)

    def _nexus(self, fs: ReadFS, wwn: str) -> Iterator[Step]:
        before = Reader(fs).nexus(self.fabric, self.configfs) or ""
        if wwn == before:
            return
        if before and Reader(fs).lun_indexes(self.configfs):
            raise InUse(
                f"the nexus {before} cannot be changed while the TPG has LUNs",
                path=self.path,
                hint="delete the LUNs, set it, and create them again",
            )
        yield targets.set_nexus(self.fabric, self.path, self.configfs, wwn, before)


class FabricFiles(Files):
    """The settings in the directory of a fabric, which exists once its module is loaded."""

    def __init__(self, fabric: Fabric, path: ShellPath) -> None:
        super().__init__("fabric", path, (paths.fabric(fabric),), schema.fabric, _HIDDEN)
        self.fabric = fabric

    def names(self, fs: ReadFS) -> Sequence[str]:
        """Return the names of the files, also before they exist."""
        return super().names(fs) or [row.name for row in schema.GROUPS["fabric"]]

    def row(self, fs: ReadFS, name: str) -> Row:
        if fs.exists(f"{paths.fabric(self.fabric)}/{name}"):
            return super().row(fs, name)
        known = self.lookup(name)
        assert known is not None
        return Row(name, "", "string", known.text, known.writable)

    def check(self, name: str, value: str) -> str:
        """Check a value; raises InvalidValue for a CPU that does not exist."""
        return cpus.check_cpus(value) if name == "cpus_allowed_list" else value

    def steps(self, fs: ReadFS, wanted: Mapping[str, str]) -> Iterator[Step]:
        yield targets.load(self.fabric)
        yield from super().steps(fs, wanted)

    def before(self, fs: ReadFS, file: str) -> str:
        """Return the value that undo writes: all CPUs if the module is not loaded yet."""
        return super().before(fs, file) or cpus.possible_cpus()
