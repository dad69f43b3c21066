# SPDX-License-Identifier: Apache-2.0
"""Write the recipe of a system for one initiator at one target."""

from __future__ import annotations

from . import rules, systems
from .access import Access
from .recipe import Recipe
from .systems import System


def recipe(system: System, access: Access) -> Recipe:
    """Return the remarks of the system's rules, and its steps."""
    return Recipe(
        system.name,
        system.title,
        access.target,
        access.initiator,
        rules.check(system, access),
        systems.steps(system, access),
        system.sources,
    )
