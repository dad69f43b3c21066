# SPDX-License-Identifier: Apache-2.0
"""status at /: whether the whole configuration is healthy, saved and complete."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rtslib_ext.config.model import Config
from rtslib_ext.errors import LioError
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.host import network
from rtslib_ext.kernel import setup
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.transaction import confirmed_commit
from rtslib_ext.transaction import journal as journals
from rtslib_ext.transaction.lock import holder
from rtslib_ext.usage import no_portals, restorable, twins

from ..changes import running
from ..env import Env
from ..result import Result, show
from ..tree import Node
from ..tree.portals import NO_ADDRESS
from ..views import changes
from . import navigation, plan

if TYPE_CHECKING:
    from rtslib_ext.savefile.unrestored import Unrestored

HEALTHY, UNHEALTHY = 0, 1


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the object ``path``; ``help`` names the next command."""

    path: str
    text: str
    help: str

    def line(self, *, cure: bool) -> str:
        return f"{self.path}: {self.text}" + (f" ({self.help})" if cure else "")


def root(env: Env, node: Node) -> Result:
    """Show whether the configuration is healthy and saved, and each problem with its cure."""
    if not env.is_root:
        return navigation.status(env, node)
    have = running.read(env)
    missing, damaged = _unrestored(env, have)
    problems = [*_interrupted(env), *_of_host(env, have), *damaged, *_missing(missing)]
    problems += [*_of_objects(have), *_of_targets(have)]
    unsaved, note = _unsaved(env, node, have, missing)
    notes = [*([note] if note else []), *_pending(env)]
    words = [f"NOT HEALTHY: {_counted(len(problems), 'problem')}" if problems else "healthy"]
    words += [f"{_counted(unsaved, 'change')} not saved"] if unsaved else []
    summary = ", ".join(words)
    result = show(
        [f"Status for /: {summary}", *_lines(problems), *(f"Note: {text}" for text in notes)],
        lambda: {
            "summary": summary,
            "healthy": not problems,
            "notes": notes,
            "problems": [
                {"path": one.path, "text": one.text, "help": one.help} for one in problems
            ],
            "unsaved": unsaved,
        },
    )
    result.status = UNHEALTHY if problems else HEALTHY
    return result


def _lines(problems: Sequence[Problem]) -> Iterator[str]:
    """Yield a line for each problem; the last of several with the same cure names it."""
    for number, one in enumerate(problems, 1):
        following = problems[number : number + 1]
        yield one.line(cure=not following or following[0].help != one.help)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _interrupted(env: Env) -> Iterator[Problem]:
    unfinished = journals.find(env.journal)
    # A change in progress has a journal, too.
    if unfinished is not None and holder(env.lock_file) is None:
        yield Problem("/", f"{unfinished} was interrupted", "recover undoes it")


def _of_host(env: Env, have: Config) -> Iterator[Problem]:
    """Yield the directories that the kernel needs and that are missing."""
    for folder in setup.missing_folders(env.fs) if have.storage_objects else ():
        text = f"{folder} is missing: persistent reservations and ALUA states cannot be kept"
        yield Problem("/", text, f"mkdir -p -m 700 {folder}, as does the next change")


def _unrestored(env: Env, have: Config) -> tuple[Unrestored, list[Problem]]:
    """Return the objects that could not be restored, and the problem that this is unknown."""
    from rtslib_ext.savefile import unrestored as records

    try:
        return running.unrestored(env, have), []
    except records.DamagedRecord as err:
        return records.Unrestored(), [Problem("/", str(err), err.hint)]


def _missing(missing: Unrestored) -> Iterator[Problem]:
    for path in missing.paths:
        yield Problem(path, "it could not be restored", running.CURE)


def _of_objects(have: Config) -> Iterator[Problem]:
    """Yield the storage objects that the next restore could not create, and twins."""
    for so in have.storage_objects.values():
        text = restorable.problem(so.backing)
        if text:
            cure = f"make it available, or {so.path} replace DEVICE"
            yield Problem(so.path, f"it cannot be restored: {text}", cure)
    for path, text in twins.of_config(have):
        yield Problem(path, text, f"give one of them another serial: {path} set identity wwn=…")


def _of_targets(have: Config) -> Iterator[Problem]:
    """Yield enabled TPGs without a portal, and portals whose address this host lacks."""
    for target in have.targets.values():
        fabric = FABRICS[target.fabric]
        for tpg in target.tpgs.values():
            path = TpgPath.of(fabric, target.wwn, tpg.tag).shell
            if fabric.has("nps") and tpg.enable and not tpg.portals:
                yield Problem(path, f"it {no_portals.TEXT}", f"{path}/portals create")
            for name, portal in tpg.portals.items():
                address = portal.address.strip("[]")
                if not network.has_address(address):
                    cure = f"add the address, or {path}/portals delete {address} {portal.port}"
                    yield Problem(f"{path}/portals/{name}", NO_ADDRESS, cure)


def _unsaved(env: Env, node: Node, have: Config, missing: Unrestored) -> tuple[int | None, str]:
    """Return the number of changes since the save file, None if unknown, and a note, or ""."""
    if not os.path.exists(env.save_file):
        if have.is_empty:
            return 0, ""
        return None, f"{env.save_file} does not exist: nothing is restored at boot (saveconfig)"
    try:
        # What a save would write: it keeps what could not be restored.
        found = plan.to_file(env, node, None, running.with_unrestored(have, missing)).plan
    except LioError as err:
        return None, f"{err} (saveconfig replaces the file)"
    number = len(changes.of_plan(found))
    text = "diff shows the unsaved changes, saveconfig keeps them, apply returns to the file"
    return number, text if number else ""


def _pending(env: Env) -> Iterator[str]:
    """Yield what waits for the user: changes to confirm, and a transaction."""
    waiting = confirmed_commit.find(confirmed_commit.beside(env.journal))
    if waiting is not None:
        cure = "confirm back does it now" if waiting.is_overdue else "confirm keeps it"
        yield f"{waiting} {waiting.prospect} ({cure})"
    transaction = env.session.transaction
    if transaction is not None and not transaction.is_dry_run:
        yield "a transaction is in progress (commit applies it, rollback discards it)"
