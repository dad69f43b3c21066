# SPDX-License-Identifier: Apache-2.0
"""Values that differ -> steps that set them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from ..config.model import AUTH_NAMES, Auth, Values
from ..errors import LioError
from ..kernel.abi import MOVED_BY
from ..steps import Step
from ..steps.operations import Fail
from ..steps.settings import change, ordered
from ..steps.step import set_step
from .builder import PlanBuilder

Known = Callable[[str], bool]
_NOTHING: Mapping[str, str] = {}


def differing(have: Values, want: Values) -> dict[str, str]:
    """What ``want`` has otherwise; a value that it does not mention is left alone."""
    return {name: value for name, value in want.items() if have.get(name) != value}


def set_values(
    builder: PlanBuilder,
    path: str,
    folder: str,
    have: Values,
    want: Values,
    known: Known,
    around: Values = _NOTHING,
    moved_before: Collection[str] = (),
) -> Iterator[Step]:
    """The steps that change the values of a folder that differ.

    ``known`` tells whether any kernel has a name, ``around`` what files of other folders have
    that a value moves, by their relative names; ``moved_before`` are names that a step before
    these has moved, so that they are written whatever they were.
    """
    wanted = differing(have, want)
    wanted |= {name: want[name] for name in moved_before if name in want}
    moved = {other for name in wanted for other in MOVED_BY.get(name, ()) if other in want}
    wanted |= {name: want[name] for name in moved}
    for name in ordered(wanted):
        if name in have:
            had = {**around, **have}
            others = {other: had[other] for other in MOVED_BY.get(name, ()) if other in had}
            yield change(path, f"{folder}/{name}", want[name], have[name], others)
        elif known(name):
            builder.notes.append((path, f"this kernel has no {name}; it was left out"))
        else:
            reason = LioError(
                f"no kernel is known to have {name}",
                path=path,
                hint="mend its name in the file, or take it out",
            )
            yield set_step(path, name, want[name], None, (Fail(reason),))


def complete(auth: Auth) -> Auth:
    """Credentials of which none is left open: what is not mentioned is not set."""
    return Auth(**{name: getattr(auth, name) or "" for name in AUTH_NAMES})
