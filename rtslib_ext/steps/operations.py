# SPDX-License-Identifier: Apache-2.0
"""The single system calls that steps are made of, each with the one that takes it back."""

from __future__ import annotations

import errno

from ..errors import InUse, InvalidValue, KernelRefused, LioError, Unsupported
from ..fast_dataclasses import dataclass, field
from ..kernel.abi import DEFAULT_GROUP, MOVED_BY
from .context import Context, Operation


@dataclass(frozen=True, slots=True)
class Mkdir:
    """Make an object."""

    file: str

    def do(self, context: Context) -> None:
        context.fs.mkdir(self.file)

    def inverse(self) -> Operation:
        return Rmdir(self.file)


@dataclass(frozen=True, slots=True)
class Rmdir:
    """Remove an object."""

    file: str

    def do(self, context: Context) -> None:
        context.fs.rmdir(self.file)

    def inverse(self) -> Operation:
        return Mkdir(self.file)


@dataclass(frozen=True, slots=True)
class RmdirOverLuns:
    """Remove an object, with the LUNs in its folder ``below`` to which nothing is connected."""

    file: str
    below: str

    def do(self, context: Context) -> None:
        try:
            context.fs.rmdir(self.file)
        except KernelRefused as err:
            if err.errno != errno.ENOTEMPTY:
                raise
            for name in context.fs.directories(self.below):
                if name.startswith("lun_"):
                    context.fs.rmdir(f"{self.below}/{name}")
            context.fs.rmdir(self.file)

    def inverse(self) -> Operation:
        return Mkdir(self.file)


@dataclass(frozen=True, slots=True)
class MakeShared:
    """Make a folder that several objects share, unless it is there: an HBA, a fabric."""

    file: str
    module: str = ""

    def do(self, context: Context) -> None:
        if self.module:
            if context.fs.is_dir(self.file):
                return
            # The kernel loads the fabrics whose module has the folder's name; others not.
            context.host.load_module(self.module)
        try:
            context.fs.mkdir(self.file)
        except KernelRefused as err:
            if err.errno != errno.EEXIST:
                raise
        else:
            context.made.add(self.file)

    def inverse(self) -> Operation:
        return UnmakeShared(self.file)


@dataclass(frozen=True, slots=True)
class UnmakeShared:
    """Remove a shared folder that this process made, and an HBA whoever did, if nobody needs it."""

    file: str

    def do(self, context: Context) -> None:
        # Another process may have to end what one was killed in.
        if self.file in context.made or self.file.startswith("core/"):
            RemoveShared(self.file).do(context)

    def inverse(self) -> Operation:
        return MakeShared(self.file)


@dataclass(frozen=True, slots=True)
class RemoveShared:
    """Remove a shared folder unless somebody still needs it."""

    file: str

    def do(self, context: Context) -> None:
        try:
            context.fs.rmdir(self.file)
        except KernelRefused as err:
            if err.errno not in (errno.ENOTEMPTY, errno.EBUSY, errno.ENOENT):
                raise

    def inverse(self) -> Operation:
        return MakeShared(self.file)


@dataclass(frozen=True, slots=True)
class Link:
    """Connect a LUN with its storage object, or a mapped LUN with its LUN."""

    target: str
    file: str

    def do(self, context: Context) -> None:
        context.fs.symlink(self.target, self.file)

    def inverse(self) -> Operation:
        return Unlink(self.target, self.file)


@dataclass(frozen=True, slots=True)
class Unlink:
    """Take such a connection away."""

    target: str
    file: str

    def do(self, context: Context) -> None:
        context.fs.unlink(self.file)

    def inverse(self) -> Operation:
        return Link(self.target, self.file)


@dataclass(frozen=True, slots=True)
class Write:
    """Write one file; ``before`` is what it held, None on a new object."""

    file: str
    value: str = field(repr=False)
    before: str | None = field(default=None, repr=False)

    def do(self, context: Context) -> None:
        context.fs.write(self.file, self.value)

    def inverse(self) -> Operation | None:
        return None if self.before is None else Write(self.file, self.before, self.value)


@dataclass(frozen=True, slots=True)
class EnsureValue:
    """Give a new object one value, unless it has it already.

    Objects with the same ``defaults_key`` start with the same values; None: read each time.
    ``known`` tells that some kernel has or had the file, so one without it is worth a note only.
    ``reads_as`` is what the file reads as once it has the value, where that differs.
    """

    folder: str
    name: str
    value: str = field(repr=False)
    defaults_key: str | None
    known: bool
    owner: str
    reads_as: str | None = None

    def do(self, context: Context) -> None:
        if "/" in self.name:
            # Names come from files, and must not lead out of the object.
            raise InvalidValue(f"{self.name!r} cannot be the name of a setting", path=self.owner)
        has = context.default_value(self.folder, self.name, self.defaults_key)
        if has == (self.value if self.reads_as is None else self.reads_as):
            return
        if has is None and not context.fs.exists(f"{self.folder}/{self.name}"):
            self._report_missing(context)
            return
        context.fs.write(f"{self.folder}/{self.name}", self.value)
        context.moved.update(f"{self.folder}/{name}" for name in MOVED_BY.get(self.name, ()))

    def inverse(self) -> Operation | None:
        return None

    def _report_missing(self, context: Context) -> None:
        if not self.known:
            raise LioError(
                f"no kernel is known to have {self.name}",
                path=self.owner,
                hint="mend its name in the file, or take it out",
            )
        context.notes.append((self.owner, f"this kernel has no {self.name}; it was left out"))


@dataclass(frozen=True, slots=True)
class SetEnabled:
    """Switch a TPG on or off; a fabric without the switch is always on.

    ``asked`` is False for what only takes a switching on back, which was none there.
    """

    file: str
    on: bool
    asked: bool = True

    def do(self, context: Context) -> None:
        has = context.fs.read_if_there(self.file)
        if has is None and not self.on and self.asked:
            raise Unsupported("this fabric cannot switch a TPG off", hint="delete it instead")
        if has is not None and has != str(int(self.on)):
            context.fs.write(self.file, str(int(self.on)))

    def inverse(self) -> Operation:
        return SetEnabled(self.file, not self.on, asked=False)


@dataclass(frozen=True, slots=True)
class BestEffort:
    """Do something that may fail; then a note about ``owner`` tells why."""

    operation: Operation
    owner: str

    def do(self, context: Context) -> None:
        try:
            self.operation.do(context)
        except KernelRefused as err:
            context.missed.append((self.owner, err))

    def inverse(self) -> Operation | None:
        return self.operation.inverse()


class StillMapped(InUse):
    """A mapped LUN leads to a LUN that was to be taken away."""


@dataclass(frozen=True, slots=True)
class CheckUnmapped:
    """Refuse to delete a LUN to which mapped LUNs lead: the kernel would cut them off it."""

    file: str

    def do(self, context: Context) -> None:
        if context.fs.is_linked(self.file):
            raise StillMapped("a mapped LUN leads to it", hint="delete that first")

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class Fail:
    """Stands for what cannot be done: the reason is told when its turn comes.

    So one bad value in a file does not keep the other objects from being planned.
    """

    reason: LioError

    def do(self, context: Context) -> None:
        raise self.reason

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class Redacted:
    """Stands for the write of a password that was not kept."""

    file: str

    def do(self, context: Context) -> None:
        raise LioError("the password is not known any more", hint="set it by hand")

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class RemoveTree:
    """Remove a storage object with its target port groups, whatever they are."""

    file: str

    def do(self, context: Context) -> None:
        try:
            context.fs.rmdir(self.file)
        except KernelRefused as err:
            if err.errno != errno.ENOTEMPTY:
                raise
            for group in context.fs.directories(f"{self.file}/alua"):
                if group != DEFAULT_GROUP:
                    context.fs.rmdir(f"{self.file}/alua/{group}")
            context.fs.rmdir(self.file)

    def inverse(self) -> Operation | None:
        return None
