# SPDX-License-Identifier: Apache-2.0
"""recipe: how a host with some operating system connects to a target."""

from __future__ import annotations

from rtslib_ext.config import shell_paths
from rtslib_ext.errors import InvalidValue
from rtslib_ext.host import network
from rtslib_ext.recipes import systems, write

from ..changes import apply
from ..env import Env
from ..result import Result, show
from ..tree import Node
from ..views import recipe as view
from . import target_of


def recipe(env: Env, node: Node, system: str, initiator: str | None) -> Result:
    """Show the steps of one system for the target of a node."""
    known = systems.find(system)
    # The rules are about secrets, too.
    apply.require_root(env)
    found = target_of.place(node)
    name = _one(found, initiator)
    config = target_of.config_of(node.reader, found.target)
    written = write.recipe(known, target_of.met_by(config, found, name, network.addresses()))
    in_shell = env.session.several
    return show(view.lines(written, in_shell=in_shell), lambda: view.data(written))


def _one(found: target_of.Place, wanted: str | None) -> str | None:
    """Return the initiator for which the recipe is; None for any, in demo mode.

    Of several with one tag it is the first: the others differ in their names only.
    """
    names = target_of.initiators(found, wanted)
    if len(names) > 1 and wanted is None and not found.names:
        listed = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        path = shell_paths.target(found.target.fabric, found.target.wwn)
        raise InvalidValue(
            f"there are {len(names)} initiators", path=path, hint=f"name one: {listed}"
        )
    return names[0] if names else None
