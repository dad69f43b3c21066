# SPDX-License-Identifier: Apache-2.0
"""What a transaction changes beside the kernel: the owners, and the allowed networks of portals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from rtslib_ext.errors import InUse
from rtslib_ext.steps import Step
from rtslib_ext.steps.step import deleted

from ..env import Env
from ..result import Aside

if TYPE_CHECKING:
    from rtslib_ext.firewall.allowed import Allowed


class Saved(NamedTuple):
    """The queued records at a savepoint."""

    owners: Mapping[str, str] | None
    dropped: Mapping[str, str]
    networks: Allowed | None


class QueuedRecords:
    """The records after the transaction; None: it does not change them."""

    def __init__(self, env: Env) -> None:
        self._env = env
        self.networks: Allowed | None = None
        self._owners: Mapping[str, str] | None = None
        self._dropped: Mapping[str, str] = {}
        # The records on which the transaction is based; None until it has looked.
        self._owners_before: Mapping[str, str] | None = None
        self._networks_before: Allowed | None = None

    @property
    def has_owners(self) -> bool:
        """Return True if it changes the record of the owners."""
        return self._owners is not None

    def owners(self, steps: Iterable[Step]) -> dict[str, str]:
        """Return the owners after these queued steps; they drop those of deleted objects."""
        from rtslib_ext.owners import record

        found = record.load(self._env.owners)
        if self._owners_before is None:
            self._owners_before = found
        found = dict(found if self._owners is None else self._owners)
        return record.without_deleted(found, deleted(steps)) if found else found

    def queue_owners(self, after: Mapping[str, str]) -> None:
        """Queue a change of the record of the owners."""
        from rtslib_ext.owners import record

        if self._owners is None:
            self._owners_before = record.load(self._env.owners)
        self._owners = dict(after)

    def drop(self, steps: Iterable[Step]) -> None:
        """Note whose objects were deleted by hand by these steps, before a fragment follows."""
        from rtslib_ext.owners import record

        known = record.load(self._env.owners) if self._owners is None else self._owners
        left = record.without_deleted(known, deleted(steps)) if known else {}
        self._dropped = {
            **self._dropped,
            **{path: owner for path, owner in known.items() if path not in left},
        }

    def queue_networks(self, after: Allowed) -> None:
        """Queue a change of the allowed networks."""
        if self.networks is None:
            self._networks_before = self._recorded()
        self.networks = after

    def _recorded(self) -> Allowed:
        from rtslib_ext.firewall import record

        return record.load(self._env.allowed_networks).allowed

    def savepoint(self) -> Saved:
        """Return a mark for ``rollback_to``."""
        return Saved(self._owners, self._dropped, self.networks)

    def rollback_to(self, saved: Saved) -> None:
        """Drop the changes queued since a savepoint."""
        self._owners, self._dropped, self.networks = saved

    @contextmanager
    def changing(self, steps: Iterable[Step]) -> Iterator[list[str]]:
        """Change the records with a block that performs the steps, all or none; yields notes.

        The transaction has been closed. Raises InUse if another process changed the records.
        """
        notes: list[str] = []
        with ExitStack() as stack:
            if self._owners is not None:
                from . import owners

                if owners.load(self._env) != self._owners_before:
                    raise _changed("the owners of objects")
                after = self.owners(steps)
                stack.enter_context(owners.claiming(self._env, after))
                gone = {path: name for path, name in self._dropped.items() if path not in after}
                owners.say_dropped(self._env, gone)
            if self.networks is not None:
                from . import allowed

                if self._recorded() != self._networks_before:
                    raise _changed("the allowed networks of portals")
                lines = stack.enter_context(allowed.changing(self._env, self.networks))
                notes += (line for line in lines if isinstance(line, Aside))
            yield notes


def _changed(what: str) -> InUse:
    return InUse(
        f"another process changed {what} after this was queued",
        hint="run rollback and start again",
    )
