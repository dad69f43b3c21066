# SPDX-License-Identifier: Apache-2.0
"""The system calls that steps consist of, each with its inverse."""

from __future__ import annotations

import errno

from ..config.backing import PREFIXES
from ..errors import InUse, InvalidValue, KernelRefused, LioError, Unsupported
from ..fast_dataclasses import dataclass, field
from ..host import system
from ..kernel import links, paths
from ..kernel.abi import CHANGED_WITH, DEFAULT_GROUP, LIMITED_BY
from ..kernel.configfs import ConfigfsPath
from . import rtpi
from .context import Context, Operation


@dataclass(frozen=True, slots=True)
class Mkdir:
    """Create an object."""

    directory: ConfigfsPath

    def do(self, context: Context) -> None:
        context.fs.mkdir(self.directory)

    def inverse(self) -> Operation:
        if paths.is_acl(self.directory):
            # A killed DropDemoLuns leaves a mapped LUN without a link.
            return RmdirOverLuns(self.directory, self.directory)
        return Rmdir(self.directory)


@dataclass(frozen=True, slots=True)
class Rmdir:
    """Delete an object."""

    directory: ConfigfsPath

    def do(self, context: Context) -> None:
        context.fs.rmdir(self.directory)

    def inverse(self) -> Operation:
        return Mkdir(self.directory)


@dataclass(frozen=True, slots=True)
class RmdirOverLuns:
    """Delete an object, and the LUNs without a storage object in its directory ``below``."""

    directory: ConfigfsPath
    below: ConfigfsPath

    def do(self, context: Context) -> None:
        try:
            context.fs.rmdir(self.directory)
        except KernelRefused as err:
            if err.errno != errno.ENOTEMPTY:
                raise
            for name in context.fs.directories(self.below):
                if name.startswith("lun_"):
                    context.fs.rmdir(paths.child(self.below, name))
            context.fs.rmdir(self.directory)

    def inverse(self) -> Operation:
        return Mkdir(self.directory)


@dataclass(frozen=True, slots=True)
class MakeShared:
    """Create a directory that several objects share, unless it exists: an HBA, a fabric."""

    directory: ConfigfsPath
    module: str = ""

    def do(self, context: Context) -> None:
        if self.module:
            if context.fs.is_dir(self.directory):
                return
            # The kernel loads a module itself only if it has the name of the directory.
            context.host.load_module(self.module)
        try:
            context.fs.mkdir(self.directory)
        except KernelRefused as err:
            if err.errno == errno.EEXIST:
                return
            if err.errno != errno.EINVAL or not _load_backstore(context, self.directory):
                raise
            context.fs.mkdir(self.directory)
        context.made.add(self.directory)

    def inverse(self) -> Operation:
        return UnmakeShared(self.directory)


def _load_backstore(context: Context, directory: ConfigfsPath) -> bool:
    """Load the module of an HBA; return False if it is loaded, or there is none.

    The kernel loads these modules once, when the first HBA is made
    (target_core_transport.c, transport_subsystem_check_init).
    """
    hba = paths.split_hba(paths.name_of(directory))
    module = PREFIXES[hba[0]].module if hba and hba[0] in PREFIXES else ""
    if not module or system.is_loaded(module):
        return False
    context.host.load_module(module)
    return True


@dataclass(frozen=True, slots=True)
class UnmakeShared:
    """Remove a shared directory that this process made, or any HBA, if it is empty."""

    directory: ConfigfsPath

    def do(self, context: Context) -> None:
        # An HBA in any case: another process may recover the change of one that was killed.
        if self.directory in context.made or paths.parent(self.directory) == paths.CORE:
            RemoveShared(self.directory).do(context)

    def inverse(self) -> Operation:
        return MakeShared(self.directory)


@dataclass(frozen=True, slots=True)
class RemoveShared:
    """Remove a shared directory unless it is in use."""

    directory: ConfigfsPath

    def do(self, context: Context) -> None:
        try:
            context.fs.rmdir(self.directory)
        except KernelRefused as err:
            if err.errno not in (errno.ENOTEMPTY, errno.EBUSY, errno.ENOENT):
                raise

    def inverse(self) -> Operation:
        return MakeShared(self.directory)


@dataclass(frozen=True, slots=True)
class Link:
    """Link a LUN to its storage object, or a mapped LUN to its LUN."""

    target: ConfigfsPath
    link: str

    def do(self, context: Context) -> None:
        try:
            context.fs.symlink(self.target, self.link)
        except KernelRefused as err:
            from .demo_luns import link_instead

            link_instead(context.fs, self.target, self.link, err)

    def inverse(self) -> Operation:
        return Unlink(self.target, self.link)


@dataclass(frozen=True, slots=True)
class Unlink:
    """Remove such a link."""

    target: ConfigfsPath
    link: str

    def do(self, context: Context) -> None:
        context.fs.unlink(self.link)

    def inverse(self) -> Operation:
        return Link(self.target, self.link)


@dataclass(frozen=True, slots=True)
class Write:
    """Write one file; ``before`` is its previous value, None on a new object."""

    file: str
    value: str = field(repr=False)
    before: str | None = field(default=None, repr=False)

    def do(self, context: Context) -> None:
        context.fs.write(self.file, self.value)

    def inverse(self) -> Operation | None:
        return None if self.before is None else Write(self.file, self.before, self.value)


@dataclass(frozen=True, slots=True)
class EnsureValue:
    """Write an attribute of a new object unless it has the value already.

    Objects with the same ``defaults_key`` start with the same values; None: read each time.
    ``known``: some kernel has the attribute, so its absence is a note and no error. ``reads_as``
    is the text that the attribute reads as, where that differs from the value.
    """

    folder: ConfigfsPath
    name: str
    value: str = field(repr=False)
    defaults_key: str | None
    known: bool
    owner: str
    reads_as: str | None = None

    @property
    def file(self) -> str:
        return f"{self.folder}/{self.name}"

    def do(self, context: Context) -> None:
        if "/" in self.name:
            # Names come from save files and must not lead outside the object.
            raise InvalidValue(f"{self.name!r} cannot be the name of a setting", path=self.owner)
        has = context.default_value(self.folder, self.name, self.defaults_key)
        if has == (self.value if self.reads_as is None else self.reads_as):
            return
        if has is None and not context.fs.exists(self.file):
            self._report_missing(context)
            return
        try:
            context.fs.write(self.file, self.value)
        except KernelRefused:
            if not self._lowered(context):
                raise
        others = CHANGED_WITH.get(self.name, ())
        context.changed_with.update(f"{self.folder}/{name}" for name in others)

    def inverse(self) -> Operation | None:
        return None

    def _lowered(self, context: Context) -> bool:
        """Set a value above the limit of this device to the limit; return False for others.

        The value may be only the default of another device, for which it was saved.
        """
        limit = LIMITED_BY.get(self.name)
        most = (context.fs.read_if_there(f"{self.folder}/{limit}") or "") if limit else ""
        if not (most.isdecimal() and self.value.isdecimal() and int(self.value) > int(most)):
            return False
        context.fs.write(self.file, most)
        text = f"{self.name}={self.value} is more than this device supports; it is {most} now"
        context.notes.append((self.owner, text))
        return True

    def _report_missing(self, context: Context) -> None:
        if not self.known:
            hint = "correct its name in the file, or remove it"
            raise LioError(f"no known kernel has {self.name}", path=self.owner, hint=hint)
        context.note_missing(self.owner, self.name)


@dataclass(frozen=True, slots=True)
class SetEnabled:
    """Enable or disable a TPG; a fabric without ``enable`` is always enabled.

    ``asked`` is False for the inverse of an operation, which has no effect on such a fabric.
    """

    file: str
    on: bool
    asked: bool = True

    def do(self, context: Context) -> None:
        has = context.fs.read_if_there(self.file)
        if has is None and not self.on and self.asked:
            raise Unsupported("this fabric cannot disable a TPG", hint="delete it instead")
        if has is None or has == str(int(self.on)):
            return
        if self.on:
            self._enable(context)
        else:
            context.fs.write(self.file, "0")

    def _enable(self, context: Context) -> None:
        """Enable the TPG, with another port number if its own is in use by now."""
        tpg = paths.parent(self.file)
        has_number = rtpi.keep(context, tpg)
        try:
            context.fs.write(self.file, "1")
        except KernelRefused as err:
            if err.errno != errno.EINVAL or not rtpi.give_free(context, tpg):
                raise
            context.fs.write(self.file, "1")
        if has_number and (rtpi.meets_another(context, tpg) or rtpi.has_reserved(context, tpg)):
            # No initiator was able to log in yet.
            context.fs.write(self.file, "0")
            rtpi.give_another(context, tpg)
            context.fs.write(self.file, "1")

    def inverse(self) -> Operation:
        return SetEnabled(self.file, not self.on, asked=False)


@dataclass(frozen=True, slots=True)
class BestEffort:
    """Perform an operation that may fail; a failure becomes a note about ``owner``."""

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
    """A LUN to be deleted is still mapped."""


@dataclass(frozen=True, slots=True)
class CheckUnmapped:
    """Refuse to delete a LUN that is still mapped: its mapped LUNs would lose it."""

    directory: ConfigfsPath

    def do(self, context: Context) -> None:
        if context.fs.is_linked(self.directory):
            raise StillMapped("it is still mapped", hint="delete its mapped LUNs first")

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class Fail:
    """Raise an error that was found while planning.

    So one bad value in a save file does not prevent the other objects from being planned.
    """

    reason: LioError

    def do(self, context: Context) -> None:
        raise self.reason

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class Redacted:
    """Stands for the write of a password that was not stored."""

    file: str

    def do(self, context: Context) -> None:
        raise LioError("the password was not stored", hint="set it by hand")

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class RemoveLinked:
    """Delete a LUN or mapped LUN and its link, which other programs name differently."""

    directory: ConfigfsPath

    def do(self, context: Context) -> None:
        try:
            context.fs.unlink(f"{self.directory}/{links.default_name(self.directory)}")
        except KernelRefused as err:
            if err.errno != errno.ENOENT:
                raise
            if alias := links.name_in(context.fs, self.directory):
                context.fs.unlink(f"{self.directory}/{alias}")
        context.fs.rmdir(self.directory)

    def inverse(self) -> Operation | None:
        return None


@dataclass(frozen=True, slots=True)
class RemoveTree:
    """Delete a storage object with all its target port groups."""

    directory: ConfigfsPath

    def do(self, context: Context) -> None:
        try:
            context.fs.rmdir(self.directory)
        except KernelRefused as err:
            if err.errno != errno.ENOTEMPTY:
                raise
            for group in context.fs.directories(paths.tg_pt_gps(self.directory)):
                if group != DEFAULT_GROUP:
                    context.fs.rmdir(paths.tg_pt_gp(self.directory, group))
            context.fs.rmdir(self.directory)

    def inverse(self) -> Operation | None:
        return None
