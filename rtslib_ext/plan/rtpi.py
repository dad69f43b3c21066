# SPDX-License-Identifier: Apache-2.0
"""Plan which TPGs get which relative target port identifier (kernel.rtpi)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..config.model import Config, StorageObject, Target, Tpg
from ..fabrics import FABRICS
from ..fast_dataclasses import dataclass, field, replace
from ..kernel import paths, rtpi
from ..kernel.configfs import ConfigfsPath
from ..kernel.paths import Reservations, TpgPath
from ..schema import why_missing
from ..usage import port_numbers
from ..usage.reservations import kept_port

_NumberOf = Callable[[ConfigfsPath], int | None]


@dataclass(frozen=True, slots=True)
class PortChange:
    """The new number of a running TPG; 0: it only gives its number away.

    ``before`` is the number that it shows, ``was_set`` whether that was set on purpose. ``parked``
    is the number of a TPG without ``enable`` once it gave its own away. ``cuts``: the number can
    only change while the TPG is disabled.
    """

    number: int
    before: int
    was_set: bool
    cuts: bool
    parked: int = 0

    @property
    def releases(self) -> bool:
        """Whether it has to give its number away before others can get it."""
        return bool(self.parked) or (self.was_set and self.number != self.before)


@dataclass(slots=True)
class Ports:
    """The changes by the configfs path of the TPG, and (shell path, note)."""

    changes: dict[ConfigfsPath, PortChange] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _TpgPair:
    """A TPG of the running configuration, of the wanted one, or of both."""

    path: TpgPath
    have: Tpg | None
    want: Tpg | None

    @property
    def wanted(self) -> int:
        return rtpi.parse(self.want.files.get(rtpi.NAME)) if self.want else 0

    @property
    def was_set(self) -> bool:
        return self.have is not None and rtpi.NAME in self.have.files

    @property
    def stays_on(self) -> bool:
        """Whether it has no ``enable``, or is enabled and stays so."""
        if self.have is None or self.want is None or self.have.enable is False:
            return False
        return self.have.enable is None or self.want.enable is not False


def without_duplicates(want: Config) -> tuple[Config, list[tuple[str, str]]]:
    """Return a configuration without duplicate numbers, and (shell path, note)."""
    owners: dict[int, TpgPath] = {}
    notes: list[tuple[str, str]] = []
    targets = {
        key: _without(target, owners, notes) if _sets_numbers(target) else target
        for key, target in want.targets.items()
    }
    return (replace(want, targets=targets) if notes else want), notes


def _without(target: Target, owners: dict[int, TpgPath], notes: list[tuple[str, str]]) -> Target:
    tpgs, before = dict(target.tpgs), len(notes)
    for tag, tpg in target.tpgs.items():
        number = rtpi.parse(tpg.files.get(rtpi.NAME))
        path = TpgPath.of(FABRICS[target.fabric], target.wwn, tag)
        if not number or owners.setdefault(number, path) is path:
            continue
        text = f"{owners[number].shell} has rtpi {number:#x}; this TPG gets another one"
        notes.append((path.shell, text))
        files = {name: value for name, value in tpg.files.items() if name != rtpi.NAME}
        tpgs[tag] = replace(tpg, files=files)
    return replace(target, tpgs=tpgs) if len(notes) > before else target


def plan_ports(have: Config, want: Config, look: Callable[[str], str | None] | None) -> Ports:
    """Plan the numbers of running TPGs.

    A TPG whose number another one is to get gives it away, unless it was set in ``want``. ``look``
    reads a file of a running TPG; without it, the numbers in ``have`` are those of the TPGs.
    """
    result = Ports()
    if not any(map(_sets_numbers, want.targets.values())):
        return result
    pairs = list(_pairs(have, want))
    running = {pair.path.configfs: pair for pair in pairs if pair.have is not None}

    def get(tpg: ConfigfsPath) -> int | None:
        """Return the number that a TPG shows, 0 for none; None if the kernel has no numbers."""
        if look is None:
            return _shown(running[tpg].have)
        text = look(f"{tpg}/{rtpi.NAME}")
        return None if text is None else rtpi.parse(text)

    claimed: dict[int, _TpgPair] = {}
    for pair in pairs:
        if not pair.wanted or (pair.have and _is_same(pair.have, pair.wanted)):
            continue
        if pair.have is not None:
            before = get(pair.path.configfs)
            if before is None:
                result.notes.append((pair.path.shell, f"{why_missing(rtpi.NAME)}; it was skipped"))
                continue
            result.changes[pair.path.configfs] = _to_wanted(pair, before)
            if before == pair.wanted:
                continue
        claimed[pair.wanted] = pair
    if claimed:
        _move_others(result, running, claimed, get)
    return result


def _sets_numbers(target: Target) -> bool:
    return any(rtpi.NAME in tpg.files for tpg in target.tpgs.values())


def _pairs(have: Config, want: Config) -> Iterator[_TpgPair]:
    for key in have.targets.keys() | want.targets.keys():
        running, wanted = have.targets.get(key), want.targets.get(key)
        fabric, wwn = FABRICS[key[0]], key[1]
        before, after = running.tpgs if running else {}, wanted.tpgs if wanted else {}
        for tag in before.keys() | after.keys():
            yield _TpgPair(TpgPath.of(fabric, wwn, tag), before.get(tag), after.get(tag))


def _shown(tpg: Tpg | None) -> int:
    return rtpi.parse(tpg.files.get(rtpi.NAME)) if tpg else 0


def _is_same(have: Tpg, number: int) -> bool:
    return rtpi.parse(have.files.get(rtpi.NAME)) == number


def _to_wanted(pair: _TpgPair, before: int) -> PortChange:
    cuts = before != pair.wanted and pair.have is not None and pair.have.enable is True
    return PortChange(pair.wanted, before, pair.was_set, cuts)


def _move_others(
    result: Ports,
    running: Mapping[ConfigfsPath, _TpgPair],
    claimed: Mapping[int, _TpgPair],
    get: _NumberOf,
) -> None:
    """Let the running TPGs give away the numbers that others are to get."""
    shown = {path: get(path) or 0 for path in running}
    used = {*shown.values(), *claimed}
    for path, number in shown.items():
        pair, other = running[path], claimed.get(number)
        if other is None or other is pair or pair.want is None:
            continue
        change = result.changes.get(path)
        if change is None and not (pair.stays_on or pair.was_set):
            continue
        parked = 0
        if pair.have is not None and pair.have.enable is None:
            parked = port_numbers.free(used)
            used.add(parked)
        if change is None:
            cuts = pair.stays_on and not parked
            change = PortChange(0, number, pair.was_set, cuts)
            text = f"its rtpi {number:#x} goes to {other.path.shell}; this TPG gets another one"
            result.notes.append((pair.path.shell, text))
        result.changes[path] = replace(change, parked=parked)


def kept_number(
    target: Target,
    tpg: Tpg,
    objects: Mapping[tuple[str, str], StorageObject],
    reservations: Reservations,
) -> int:
    """Return the number of a TPG in the registrations kept on disk for its LUNs; 0 if none."""
    fabric = FABRICS[target.fabric]
    folder = paths.name_of(paths.target(fabric, target.wwn))
    for lun in tpg.luns.values():
        so = objects.get(lun.storage_object)
        for line in reservations(so.wwn or "") if so else ():
            port = kept_port(line)
            if port and (port.target, port.tpg) == (folder, tpg.tag) and port.rtpi:
                return port.rtpi
    return 0
