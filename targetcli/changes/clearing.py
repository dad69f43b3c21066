# SPDX-License-Identifier: Apache-2.0
"""A clearing in progress: its journal, by which a kill is known and can be completed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from rtslib_ext.errors import LioError
from rtslib_ext.transaction import clearing
from rtslib_ext.transaction.journal import CLEARS_FIRST, Journal

from ..env import Env
from . import apply

if TYPE_CHECKING:
    from rtslib_ext.config.model import Config

# The text of a save file without objects.
NOTHING = '{"storage_objects": [], "targets": []}'


@contextmanager
def stopping(env: Env, text: Callable[[], str]) -> Iterator[None]:
    """Keep a journal while everything is deleted: a restore after a kill completes it.

    ``text`` returns that of the save file that is restored next. Without a usable one there is no
    journal.
    """
    written = apply.journal(env)
    clearing.record(written, text)
    with _open(written):
        yield


@contextmanager
def replacing(env: Env, want: Config | None, text: Callable[[], str]) -> Iterator[None]:
    """Keep a journal while everything, or only ``want``, is deleted and restored from ``text``.

    The restore replaces it by its own, so that there is one all the time.
    """
    written = apply.journal(env)
    if want is None:
        clearing.record(written, text, CLEARS_FIRST)
    else:
        clearing.record(written, lambda: _saved(want))
    with _open(written):
        yield


def _saved(want: Config) -> str:
    # Imported here: clearconfig needs no save file.
    from rtslib_ext import savefile

    return savefile.dumps(want)


@contextmanager
def _open(written: Journal) -> Iterator[None]:
    # A full /run does not prevent it.
    with suppress(LioError):
        written.open(())
    try:
        yield
    finally:
        # The journal of the restore was removed under the same name.
        with suppress(FileNotFoundError):
            written.close()
