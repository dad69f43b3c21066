# SPDX-License-Identifier: Apache-2.0
"""Set the relative target port identifiers of TPGs (kernel.rtpi).

A number is only written where a user set it, a persistent registration names it, or the kernel
gives none. The kernel accepts a number that another TPG has, and then refuses to enable the second
TPG (target_core_tpg.c, target_tpg_register_rtpi).
"""

from __future__ import annotations

from ..errors import InvalidValue
from ..fast_dataclasses import dataclass
from ..kernel import rtpi
from ..kernel.configfs import ConfigfsPath
from ..usage import port_numbers
from .context import Context, Operation


@dataclass(frozen=True, slots=True)
class ClaimRtpi:
    """Set the number of a new TPG, unless another TPG has it; then the kernel chooses.

    ``kept``: it is that of a persistent registration, not one that a user set.
    """

    tpg: ConfigfsPath
    value: str
    owner: str
    kept: bool = False

    def do(self, context: Context) -> None:
        has = rtpi.of_tpg(context.fs, self.tpg)
        if has is None:
            if not self.kept:
                context.note_missing(self.owner, rtpi.NAME)
            return
        number = _checked(self.value, self.owner)
        if not number:
            return
        if _is_taken(context, self.tpg, number, self.owner):
            return
        if has != number:
            context.fs.write(f"{self.tpg}/{rtpi.NAME}", str(number))
        if not self.kept:
            rtpi.mark(context.fs, self.tpg, is_set=True)
        _use(context, number, self.tpg)

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class SetRtpi:
    """Set the number of an existing TPG, and whether it counts as set on purpose.

    ``before`` is the number that it shows, ``was_set`` whether that was set on purpose. A number
    that another TPG has is left out, with a note about ``owner``.
    """

    tpg: ConfigfsPath
    value: str
    before: str
    owner: str
    is_set: bool = True
    was_set: bool = False

    @property
    def changes_nothing(self) -> bool:
        """Whether the TPG has the number already, as one that was set."""
        same = rtpi.parse(self.value) in (0, rtpi.parse(self.before))
        return same and self.is_set == self.was_set

    def do(self, context: Context) -> None:
        has = rtpi.of_tpg(context.fs, self.tpg)
        number = _checked(self.value, self.owner) if self.is_set else rtpi.parse(self.value)
        if has is None:
            context.note_missing(self.owner, rtpi.NAME)
            return
        if number and number != has:
            if _is_taken(context, self.tpg, number, self.owner, used_only=True):
                return
            context.fs.write(f"{self.tpg}/{rtpi.NAME}", str(number))
        if rtpi.is_set(context.fs, self.tpg) != self.is_set:
            rtpi.mark(context.fs, self.tpg, is_set=self.is_set)
        _use(context, number, self.tpg)

    def inverse(self) -> Operation:
        return SetRtpi(self.tpg, self.before, self.value, self.owner, self.was_set, self.is_set)


@dataclass(frozen=True, slots=True)
class AssignRtpi:
    """Give a free number to a new TPG that cannot be enabled: the kernel gives it none."""

    tpg: ConfigfsPath

    def do(self, context: Context) -> None:
        has = rtpi.of_tpg(context.fs, self.tpg)
        if has == 0 and not context.fs.exists(f"{self.tpg}/enable"):
            _assign(context, self.tpg)

    def inverse(self) -> Operation | None:
        return None


def keep(context: Context, tpg: ConfigfsPath) -> bool:
    """Write the number that was set for a disabled TPG, so that the kernel keeps it.

    Return False if this kernel has no numbers.
    """
    number = rtpi.of_tpg(context.fs, tpg)
    if number and rtpi.is_set(context.fs, tpg):
        context.fs.write(f"{tpg}/{rtpi.NAME}", str(number))
    return number is not None


def meets_another(context: Context, tpg: ConfigfsPath) -> bool:
    """Return True if a TPG was enabled with a number that was set for a TPG without ``enable``.

    One of those that only has a free number gets another one. The kernel compares only the
    numbers of enabled TPGs.
    """
    number = rtpi.of_tpg(context.fs, tpg)
    if not number:
        return False
    if context.unregistered is None:
        context.unregistered = dict(port_numbers.unregistered(context.fs))
    holder = context.unregistered.get(number)
    if holder is None:
        return False
    if rtpi.is_set(context.fs, holder):
        return True
    _assign(context, holder)
    return False


def has_reserved(context: Context, tpg: ConfigfsPath) -> bool:
    """Return True if the kernel gave a number to a TPG that a later change is to set."""
    if not context.reserved or rtpi.is_set(context.fs, tpg):
        return False
    return rtpi.of_tpg(context.fs, tpg) in context.reserved


def give_another(context: Context, tpg: ConfigfsPath) -> None:
    """Give a disabled TPG another number, with a note if that is in use."""
    if give_free(context, tpg):
        return
    number = port_numbers.free({*port_numbers.taken(context.fs), *context.reserved})
    context.fs.write(f"{tpg}/{rtpi.NAME}", str(number))


def give_free(context: Context, tpg: ConfigfsPath) -> bool:
    """Give another number to a disabled TPG whose number is in use; return False if it is not."""
    number = rtpi.of_tpg(context.fs, tpg)
    if not number:
        return False
    holder = port_numbers.user(context.fs, number, tpg)
    if holder is None:
        return False
    free = port_numbers.free({*port_numbers.taken(context.fs), *context.reserved})
    context.fs.write(f"{tpg}/{rtpi.NAME}", str(free))
    text = f"{port_numbers.shell_path(holder)} has rtpi {number:#x}; this TPG gets {free:#x}"
    context.notes.append((port_numbers.shell_path(tpg), text))
    return True


def _checked(value: str, owner: str) -> int:
    """Return a number from a file; raises InvalidValue for one that the kernel refuses."""
    # Imported here: few changes need the schema.
    from ..schema import tpg

    row = tpg(rtpi.NAME)
    assert row is not None
    try:
        return rtpi.parse(row.check(value))
    except InvalidValue as err:
        err.path = err.path or owner
        raise


def _is_taken(
    context: Context, tpg: ConfigfsPath, number: int, owner: str, *, used_only: bool = False
) -> bool:
    """Return True, after a note, if another TPG has a number; ``used_only``: if it uses it now."""
    holder = _used(context).get(number)
    if holder in (None, tpg) or not _has(context, holder, number, used_only=used_only):
        return False
    if not rtpi.is_set(context.fs, holder) and not context.fs.exists(f"{holder}/enable"):
        # Its number was only a free one.
        _assign(context, holder)
        return False
    text = f"{port_numbers.shell_path(holder)} has rtpi {number:#x}; this TPG gets another one"
    context.notes.append((owner, text))
    return True


def _assign(context: Context, tpg: ConfigfsPath) -> None:
    number = port_numbers.free({*_used(context), *context.reserved})
    context.fs.write(f"{tpg}/{rtpi.NAME}", str(number))
    _use(context, number, tpg)


def _use(context: Context, number: int, tpg: ConfigfsPath) -> None:
    _used(context)[number] = tpg
    context.unregistered = None


def _has(context: Context, tpg: ConfigfsPath, number: int, *, used_only: bool) -> bool:
    """Return whether a TPG still has a number: this change may have disabled or deleted it."""
    if rtpi.of_tpg(context.fs, tpg) != number:
        return False
    is_set = not used_only and rtpi.is_set(context.fs, tpg)
    return is_set or rtpi.is_in_use(context.fs, tpg, number)


def _used(context: Context) -> dict[int, ConfigfsPath]:
    if context.ports is None:
        context.ports = port_numbers.taken(context.fs)
    return context.ports
