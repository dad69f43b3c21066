# SPDX-License-Identifier: Apache-2.0
"""get and set: the groups of settings of a node."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rtslib_ext.errors import InvalidValue, KernelRefused, NotFound

from .. import prefs
from ..env import Env
from ..groups import Credentials, Group, Preferences, is_secret
from ..nodes import Node
from ..result import Result
from ..views import groups as view
from ..views.groups import Row
from . import change

HIDDEN = "(hidden)"


def get(
    env: Env, node: Node, group: str | None = None, parameter: list[str] | None = None
) -> Result:
    """Show settings."""
    known = groups_of(env, node)
    if group is None:
        return Result(view.group_list(known))
    found = _group(known, group, node)
    fs = node.tree.fs
    if not parameter:
        rows = (_masked(env, found, row) for row in found.rows(fs))
        return Result(view.group_values(group, rows))
    names = [_name(found, name) for name in parameter]
    for name in names:
        if name not in found.names(fs):
            text = f"No parameter '{name}' in group '{group}'."
            raise NotFound(text, path=node.path, hint=_names(found, node))
    return Result(view.values(_masked(env, found, found.row(fs, name)) for name in names))


def set_values(
    env: Env, node: Node, group: str | None = None, parameter: dict[str, str] | None = None
) -> Result:
    """Change settings: all that are given, or none."""
    known = groups_of(env, node)
    if group is None:
        return Result(view.group_list(known))
    found = _group(known, group, node)
    if not parameter:
        return Result(view.group_types(group, found.rows(node.tree.fs)))
    wanted = {_name(found, name): value for name, value in parameter.items()}
    checked = {name: _checked(found, node, name, value) for name, value in wanted.items()}
    if isinstance(found, Preferences):
        return Result(list(_set_preferences(env, checked)))
    change.require_root(env)
    with change.locked(env, node, "set"):
        _apply(env, found, checked)
    return Result(list(_told(env, found, checked)))


def _apply(env: Env, group: Group, wanted: dict[str, str]) -> None:
    try:
        change.apply(env, group.steps(env.fs, wanted))
    except KernelRefused as err:
        if err.operation == "write":
            name, reason = err.file.rpartition("/")[2], os.strerror(err.errno)
            err.args = (f"Cannot set {group.name} {name}: [Errno {err.errno}] {reason}",)
        raise


def groups_of(env: Env, node: Node) -> dict[str, Group]:
    """The groups of a node by name."""
    return {group.name: group for group in (Preferences(env, node.path), *node.groups())}


def _group(known: dict[str, Group], name: str, node: Node) -> Group:
    if name not in known:
        raise NotFound(
            f"Unknown configuration group: {name}",
            path=node.path,
            hint=f"the groups here are: {' '.join(known)}",
        )
    return known[name]


def _name(group: Group, name: str) -> str:
    return Credentials.ALIASES.get(name, name) if isinstance(group, Credentials) else name


def _names(group: Group, node: Node) -> str:
    return f"there are: {' '.join(group.names(node.tree.fs))}"


def _checked(group: Group, node: Node, name: str, value: str) -> str:
    fs = node.tree.fs
    if name not in group.names(fs):
        raise NotFound(
            f"Unknown parameter {name} in group '{group.name}'.",
            path=node.path,
            hint=_names(group, node),
        )
    if not group.row(fs, name).writable:
        raise InvalidValue(f"Parameter {name} is read-only.", path=node.path)
    try:
        return group.check(name, value)
    except InvalidValue as err:
        message = str(err).removeprefix(f"Not setting {name}! ")
        raise InvalidValue(f"Not setting {name}! {message}", path=node.path, hint=err.hint) from err


def _set_preferences(env: Env, wanted: dict[str, str]) -> Iterator[str]:
    for name, value in wanted.items():
        kept = env.prefs.set(name, prefs.parse_value(prefs.PREFERENCES[name].kind, value))
        yield view.now(name, env.prefs.text(name))
        if not kept and env.prefs.problem:
            yield f"Only for now: {env.prefs.problem}"


def _told(env: Env, group: Group, wanted: dict[str, str]) -> Iterator[str]:
    """What the kernel made of it."""
    for name in wanted:
        yield view.now(name, _masked(env, group, group.row(env.fs, name)).value)


def _masked(env: Env, group: Group, row: Row) -> Row:
    """Secrets are shown to scripts, which compare them, and to people who ask for them."""
    hide = is_secret(group, row.name) and row.value and env.on_terminal
    if not hide or env.options.show_secrets:
        return row
    return Row(row.name, HIDDEN, row.kind, row.text, row.writable)
