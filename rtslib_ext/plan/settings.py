# SPDX-License-Identifier: Apache-2.0
"""Steps that set the values that differ."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from ..config.model import AUTH_NAMES, Auth, Values
from ..config.shell_paths import ShellPath
from ..errors import LioError
from ..kernel.abi import CHANGED_WITH
from ..kernel.configfs import ConfigfsPath
from ..schema import why_missing
from ..steps import Step
from ..steps.operations import Fail
from ..steps.settings import change, ordered
from ..steps.step import set_step
from .builder import PlanBuilder

Known = Callable[[str], bool]
_NOTHING: Mapping[str, str] = {}


def differing(have: Values, want: Values) -> dict[str, str]:
    """Return the values in ``want`` that differ from ``have``."""
    return {name: value for name, value in want.items() if have.get(name) != value}


def set_values(
    builder: PlanBuilder,
    path: ShellPath,
    folder: ConfigfsPath,
    have: Values,
    want: Values,
    known: Known,
    around: Values = _NOTHING,
    written_before: Collection[str] = (),
) -> Iterator[Step]:
    """Yield the steps that set the differing attributes of a configfs directory.

    ``known`` returns whether any kernel has an attribute of a name. ``around`` has the values of
    attributes in other directories that may change with these (kernel.abi.CHANGED_WITH), by
    relative path; ``written_before`` are names that an earlier step changed, so they are always
    written.
    """
    wanted = differing(have, want)
    wanted |= {name: want[name] for name in written_before if name in want}
    dependent = {other for name in wanted for other in CHANGED_WITH.get(name, ()) if other in want}
    wanted |= {name: want[name] for name in dependent}
    for name in ordered(wanted):
        if name in have:
            had = {**around, **have}
            others = {other: had[other] for other in CHANGED_WITH.get(name, ()) if other in had}
            yield change(path, f"{folder}/{name}", want[name], have[name], others)
        elif known(name):
            builder.notes.append((path, f"{why_missing(name)}; it was skipped"))
        else:
            reason = LioError(
                f"no known kernel has {name}",
                path=path,
                hint="correct its name in the file, or remove it",
            )
            yield set_step(path, name, want[name], None, (Fail(reason),))


def complete(auth: Auth) -> Auth:
    """Return the credentials with "" (not set) in place of None."""
    return Auth(**{name: getattr(auth, name) or "" for name in AUTH_NAMES})
