# SPDX-License-Identifier: Apache-2.0
"""The allowed networks of the portals of an owner's targets.

They belong to an address and a port (firewall.allowed), so to every target that listens there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from ..config import shell_paths
from ..config.model import Config, Key, Target
from ..errors import InUse, InvalidValue
from ..firewall import allowed
from ..firewall.allowed import Allowed
from ..kernel.configfs import ReadFS
from ..reading import portals as reading
from .record import Owners
from .units import Units


def portals(targets: Iterable[Target]) -> dict[str, str]:
    """Return the portals of targets, in the spelling of allowed networks, with a shell path."""
    return {
        allowed.portal(name): shell_paths.target(*target.key)
        for target in targets
        for tpg in target.tpgs.values()
        for name in tpg.portals
        if target.fabric == "iscsi" and "%" not in name
    }


def kept(now: Allowed, wanted: Allowed, owned: Iterable[str]) -> Allowed:
    """Return wanted networks, but the present ones of some portals."""
    after = {name: found for name, found in wanted.items() if name not in {*owned}}
    return {**after, **{name: now[name] for name in owned if name in now}}


def after(
    fs: ReadFS,
    now: Allowed,
    given: Allowed | None,
    had: Config,
    want: Config,
    mine: Units,
    before: Units,
    owners: Owners,
) -> Allowed:
    """Return the allowed networks of all portals after the apply of a fragment.

    ``given`` are those of the fragment; None leaves the networks of its portals. Those of portals
    that no target has any more are dropped. ``had`` and ``want`` are the owner's part before and
    afterwards, ``mine`` and ``before`` what it has of them. Raises InvalidValue for a portal that
    the fragment does not have, InUse for one at which another's target listens.
    """
    listens = portals(want.targets[key] for key in sorted(mine.targets))
    listened = portals(had.targets[key] for key in before.targets & had.targets.keys())
    wanted = {name: now[name] for name in listens if name in now}
    if given is not None:
        _refuse_foreign(given, listens)
        wanted = {name: tuple(networks) for name, networks in given.items() if networks}
    changes = {name for name in listens if wanted.get(name) != now.get(name)}
    gone = {name for name in listened.keys() - listens.keys() if name in now}
    if not changes and not gone:
        return now
    others = _others(fs, mine.targets | before.targets)
    for name in sorted(changes & others.keys()):
        raise _refusal(name, listens[name], others[name], owners)
    rest = {
        name: found
        for name, found in now.items()
        if name not in listens and (name not in gone or name in others)
    }
    return {**rest, **wanted}


def _others(fs: ReadFS, own: Set[Key]) -> dict[str, str]:
    """Return the portals of other running targets, with a shell path."""
    found = reading.targets(fs).targets
    return portals(target for key, target in found.items() if key not in own)


def _refuse_foreign(given: Allowed, listens: Mapping[str, str]) -> None:
    for name in given:
        if name not in listens:
            raise InvalidValue(
                f"the fragment has allowed networks for {name}, where none of its targets listens",
                hint="add this portal to its target, or delete the entry",
            )


def _refusal(name: str, path: str, other: str, owners: Owners) -> InUse:
    whose = f"belongs to {owners[other]}" if other in owners else "has no owner"
    return InUse(
        f"the fragment changes the allowed networks of {name}, where {other} listens, too, which "
        f"{whose}; nothing was changed",
        path=path,
        hint="use another address or port in the fragment, or the networks that this portal has",
    )
