# SPDX-License-Identifier: Apache-2.0
"""The host as far as changes of the target touch it: backing files, modules, mounts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import Exists, KernelRefused, LioError, reason
from ..files import trusted
from ..host import system
from . import setup
from .configfs import WriteFS, explain

if TYPE_CHECKING:
    from typing import Protocol
else:
    # Creating a Protocol at run time is slow.
    Protocol = object

# Of a file that is read as text.
_MOST_TEXT = 64 << 20
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class HostFiles(Protocol):
    """Everything that operations change outside the target tree. Methods raise LioError."""

    def prepare(self, fs: WriteFS) -> None:
        """Get the host ready for a target; see ``setup.prepare``."""

    def load_module(self, name: str) -> None:
        """Load a kernel module."""

    def exists(self, path: str) -> bool:
        """Return True if a file exists."""

    def create(self, path: str, size: int, *, sparse: bool) -> None:
        """Create a backing file of ``size`` bytes; raise Exists if the path exists."""

    def remove(self, path: str) -> None:
        """Delete a backing file, if it exists."""

    def grow(self, path: str, size: int) -> None:
        """Make a backing file ``size`` bytes long unless it is longer; its data stays."""

    def text(self, path: str) -> str | None:
        """Return the text of a file of trusted users; None if it does not exist."""

    def put_text(self, path: str, text: str) -> None:
        """Replace a file atomically, readable by its owner only; delete it if the text is empty."""


class RealHostFiles(HostFiles):
    """This host."""

    def prepare(self, fs: WriteFS) -> None:
        setup.prepare(fs)

    def load_module(self, name: str) -> None:
        system.load_module(name)

    def exists(self, path: str) -> bool:
        return os.path.exists(path)

    def create(self, path: str, size: int, *, sparse: bool) -> None:
        try:
            with trusted.directory(path) as (folder, name):
                handle = os.open(name, _NEW, 0o600, dir_fd=folder)
                try:
                    _set_size(handle, path, size, sparse=sparse)
                except LioError:
                    os.unlink(name, dir_fd=folder)
                    raise
                finally:
                    os.close(handle)
        except OSError as err:
            raise not_created(path, err) from err

    def remove(self, path: str) -> None:
        try:
            with trusted.directory(path) as (folder, name):
                os.unlink(name, dir_fd=folder)
        except FileNotFoundError:
            return
        except OSError as err:
            raise LioError(f"cannot remove {path}: {reason(err)}") from err

    def grow(self, path: str, size: int) -> None:
        try:
            if size_of(path, size) < size:
                with trusted.directory(path) as (folder, name):
                    handle = os.open(
                        name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder
                    )
                    with open(handle, "wb") as file:
                        os.ftruncate(file.fileno(), size)
        except OverflowError as err:
            raise _too_large(size) from err
        except OSError as err:
            raise _not_grown("ftruncate", path, size, err) from err

    def text(self, path: str) -> str | None:
        try:
            return trusted.read(path, _MOST_TEXT).decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return None
        except OSError as err:
            raise LioError(f"cannot read {path}: {reason(err)}") from err

    def put_text(self, path: str, text: str) -> None:
        if not text:
            self.remove(path)
            return
        # Imported here: few changes replace a file.
        from ..files import atomic

        data = text.encode("utf-8", "surrogateescape")
        try:
            with trusted.directory(path, create=True) as (folder, name):
                atomic.replace_in(folder, name, data, sync=True)
        except OSError as err:
            raise LioError(f"cannot write {path}: {reason(err)}") from err


def _set_size(handle: int, path: str, size: int, *, sparse: bool) -> None:
    """Give a new file its size; raises LioError."""
    try:
        if sparse:
            os.ftruncate(handle, size)
        else:
            os.posix_fallocate(handle, 0, size)
    except OverflowError as err:
        raise _too_large(size) from err
    except OSError as err:
        raise _not_grown("ftruncate" if sparse else "fallocate", path, size, err) from err


def size_of(path: str, wanted: int) -> int:
    """Return the size of a backing file for ``wanted`` bytes; raise KernelRefused."""
    try:
        return os.path.getsize(path)
    except OSError as err:
        raise _not_grown("ftruncate", path, wanted, err) from err


def not_created(path: str, err: OSError) -> LioError:
    """Return the error for a backing file that cannot be created."""
    if isinstance(err, FileExistsError):
        return Exists(f"{path} already exists")
    if isinstance(err, FileNotFoundError) and os.path.islink(path):
        return Exists(
            f"{path} already exists: a link to {os.readlink(path)}, which does not exist",
            hint="delete the link, or create that directory",
        )
    return _refused("open", path, err, f"Could not open {path}")


def _not_grown(operation: str, path: str, size: int, err: OSError) -> KernelRefused:
    return _refused(operation, path, err, f"Could not expand file to {size} bytes")


def _refused(operation: str, path: str, err: OSError, label: str) -> KernelRefused:
    refused = explain(operation, path, err)
    refused.label = label
    return refused


def _too_large(size: int) -> LioError:
    return LioError(f"The file size is too large ({size} bytes)")
