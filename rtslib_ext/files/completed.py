# SPDX-License-Identifier: Apache-2.0
"""The mark that all steps of a change were done, for the records beside the kernel.

A journal that ends so is renamed to it, in place of being removed: at every moment there is a
journal, or the mark, or no step was done. An empty file beside the records, in ``/run``.
"""

from __future__ import annotations

import os
from contextlib import suppress

_NAME = "completed"


def path(record: str) -> str:
    """Return the path of the mark beside a record or a journal."""
    return f"{os.path.dirname(record)}/{_NAME}"


def is_there(record: str) -> bool:
    """Return True if the steps of the change that ``record`` is about were done."""
    return os.path.exists(path(record))


def forget(record: str) -> None:
    """Remove the mark, before another change begins or after its records ended."""
    with suppress(FileNotFoundError):
        os.unlink(path(record))


def leave(journal: str, handle: int) -> None:
    """Turn a journal, open as ``handle``, into the mark; raises OSError."""
    os.replace(journal, path(journal))
    # The steps contain passwords.
    with suppress(OSError):
        os.ftruncate(handle, 0)
