# SPDX-License-Identifier: Apache-2.0
"""paths: the LUNs that lead to each storage object, with their ALUA states in words."""

from __future__ import annotations

from rtslib_ext.usage.path_states import PathStates

from ..env import Env
from ..result import Result, show
from ..tree import Node, walk
from ..views import paths as view
from ..views.wrap import width_of
from .exported_scope import luns


def paths(env: Env, node: Node) -> Result:
    """Show the paths at and below a node, those of one storage object together."""
    walk.require_readable(env)
    states = PathStates(node.reader)
    found = [state for tpg, index in luns(node) if (state := states.of(tpg, index))]
    found.sort(key=lambda state: state.storage_object)
    return show(
        view.lines(found, width_of(env.stdout)),
        lambda: {"paths": [view.facts(item) for item in found]},
    )
