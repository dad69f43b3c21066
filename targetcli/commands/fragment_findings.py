# SPDX-License-Identifier: Apache-2.0
"""What check knows of the fragments in conf.d and of their owners."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from rtslib_ext.checks.facts import DifferingFragment
from rtslib_ext.config.wording import counted
from rtslib_ext.errors import LioError
from rtslib_ext.owners import record

from ..changes import applied_fragments
from ..changes import owners as records
from ..env import Env
from ..views import changes
from . import fragment_files, owned


def differing(env: Env) -> list[DifferingFragment]:
    """Return the fragments that differ from the running objects."""
    if not os.path.isdir(env.fragments):
        return []
    found: list[DifferingFragment] = []
    with suppress(LioError):
        known = records.load(env)
        for given in fragment_files.read(env, env.fragments, []):
            text, is_refused = _difference(env, given, known)
            if text:
                has_objects = given.owner in known.values()
                one = DifferingFragment(given.owner, given.path, text, is_refused, has_objects)
                found.append(one)
    return found


def _difference(
    env: Env, given: fragment_files.Fragment, known: Mapping[str, str]
) -> tuple[str, bool]:
    """Return what differs, "" for nothing, and whether an apply would be refused."""
    how = owned.How(given.owner, False, False, True, None, looks=False)
    try:
        prepared = owned.prepare(env, given, known, how)
    except LioError as err:
        where = f"{err.path}: " if err.path else ""
        return f"it cannot be applied: {where}{err}", True
    if not owned.differs(env, prepared):
        return "", False
    number = len(changes.of_plan(prepared.change.plan))
    if not number:
        return "its owner or its allowed networks differ", False
    return f"{counted(number, 'change')} would be made", False


def gone(env: Env) -> list[tuple[str, str, int]]:
    """Return the owners that have objects, and whose file in conf.d was deleted.

    Each with the file, and the number of its objects.
    """
    known = applied_fragments.load(env)
    if not known or not os.path.exists(env.owners):
        return []
    with suppress(LioError):
        numbers = Counter(records.load(env).values())
        moving = record.moving(env.owners)
        files = {name: f"{env.fragments}/{name}{fragment_files.SUFFIX}" for name in sorted(known)}
        return [
            (name, file, numbers[name])
            for name, file in files.items()
            if numbers[name] and name not in moving and not os.path.lexists(file)
        ]
    return []
