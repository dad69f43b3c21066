# SPDX-License-Identifier: Apache-2.0
"""What could come next on a line that is being typed."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator

from rtslib_ext import host
from rtslib_ext.errors import LioError
from rtslib_ext.reader import Reader

from . import tree
from .commands.command import Command, Parameter
from .commands.settings import groups_of
from .commands.table import commands_of
from .env import Env
from .grammar import Context, Place, complete_context
from .groups import Preferences
from .nodes import Node
from .nodes.backstores import StorageObjectNode
from .nodes.fabrics import FabricNode, TpgNode
from .prefs import CHOICES, PREFERENCES

Completer = Callable[[Env, Node, str], Iterable[str]]


def complete(env: Env, line: str, cursor: int) -> list[str]:
    """The words that the one at the cursor could become, sorted.

    A word that is complete ends in a blank, one that goes on in "/" or "=".
    """
    context = complete_context(line, cursor)
    try:
        found = list(_complete(env, context))
    except (LioError, OSError):
        return []
    return sorted(dict.fromkeys(found))


def _complete(env: Env, context: Context) -> Iterator[str]:
    here = tree.resolve(tree.root(env), env.cwd)
    if context.place is Place.FIRST:
        yield from _paths(env, here, context.partial)
        if "/" not in context.partial:
            yield from _starting(context.partial, commands_of(here.kind), " ")
        return
    if context.place is Place.PATH:
        yield from _paths(env, here, context.partial)
        return
    node = tree.resolve(here, context.path or ".")
    if context.place is Place.COMMAND:
        yield from _starting(context.partial, commands_of(node.kind), " ")
        return
    command = commands_of(node.kind).get(context.command)
    if command and context.place is Place.POSITIONAL:
        yield from _positional(env, node, command, context)
    elif command and context.place is Place.KEYWORD:
        prefix = f"{context.keyword}="
        values = _keyword_values(env, node, command, context)
        yield from (f"{prefix}{value}" for value in values)


def _starting(partial: str, words: Iterable[str], end: str = "") -> Iterator[str]:
    return (word + end for word in words if word.startswith(partial))


def _paths(env: Env, here: Node, partial: str) -> Iterator[str]:
    """Paths below what is typed already, and bookmarks."""
    if partial.startswith("@") and "/" not in partial:
        yield from (f"@{name}" for name in env.prefs.bookmarks if name.startswith(partial[1:]))
        return
    folder, slash, name = partial.rpartition("/")
    node = tree.resolve(here, folder + slash or ".")
    for child in node.children():
        if child.name.startswith(name):
            inner = next(iter(child.children()), None)
            yield f"{folder}{slash}{child.name}{'/' if inner else ' '}"


def _positional(env: Env, node: Node, command: Command, context: Context) -> Iterator[str]:
    if command.name in ("get", "set") and context.positional:
        end = "=" if command.name == "set" else " "
        yield from _starting(context.partial, _settings(env, node, context), end)
        return
    values: list[str] = []
    if context.index < len(command.parameters):
        item = command.parameters[context.index]
        values = list(_values(env, node, item, context.partial))
        yield from values
    taken = {item.name for item in command.parameters[: context.index]} | set(context.keywords)
    names = (item.name for item in command.parameters if item.name not in taken)
    if context.partial or not values:
        yield from _starting(context.partial, names, "=")


def _settings(env: Env, node: Node, context: Context) -> list[str]:
    group = groups_of(env, node).get(context.positional[0])
    if group is None:
        return []
    given = {*context.positional[1:], *context.keywords}
    return [name for name in group.names(node.tree.fs) if name not in given]


def _keyword_values(env: Env, node: Node, command: Command, context: Context) -> Iterator[str]:
    if command.name == "set" and context.positional:
        group = groups_of(env, node).get(context.positional[0])
        if isinstance(group, Preferences) and context.keyword in PREFERENCES:
            kind = PREFERENCES[context.keyword].kind
            yield from _starting(context.partial, CHOICES.get(kind, ()), " ")
        elif group is not None and context.keyword in group.names(node.tree.fs):
            yield from _starting(context.partial, group.choices(context.keyword), " ")
        return
    for item in command.parameters:
        if item.name == context.keyword:
            yield from _values(env, node, item, context.partial)


def _values(env: Env, node: Node, item: Parameter, partial: str) -> Iterator[str]:
    completer = COMPLETERS.get(item.kind)
    if completer:
        yield from (word for word in completer(env, node, partial) if word.startswith(partial))


# -- a completer for each kind of parameter -------------------------------------------------


def _bool(env: Env, node: Node, partial: str) -> Iterable[str]:
    return ("true ", "false ")


def _path(env: Env, node: Node, partial: str) -> Iterable[str]:
    return _paths(env, node, partial)


def _path_or_history(env: Env, node: Node, partial: str) -> Iterable[str]:
    return (*_paths(env, node, partial), "< ", "> ")


def _child_names(env: Env, node: Node, partial: str) -> Iterable[str]:
    return (f"{child.name} " for child in node.children())


def _numbers(prefix: str) -> Completer:
    def complete_numbers(env: Env, node: Node, partial: str) -> Iterable[str]:
        return (f"{child.name.removeprefix(prefix)} " for child in node.children())

    return complete_numbers


def _storage_objects(env: Env, node: Node, partial: str) -> Iterable[str]:
    """Storage objects that this TPG does not export yet, then devices and files."""
    top = tree.resolve(node, "/backstores")
    exported = set(_exported(node))
    for kind in top.children():
        for found in kind.children():
            if isinstance(found, StorageObjectNode) and (found.plugin, found.name) not in exported:
                yield f"{found.path} "
    if partial:
        yield from _files(env, node, partial)


def _exported(node: Node) -> Iterator[tuple[str, str]]:
    above: Node | None = node
    while above is not None and not isinstance(above, TpgNode):
        above = above.parent
    if above is not None:
        for lun in Reader(node.tree.fs).luns(above.file):
            yield lun.storage_object


def _luns_and_objects(env: Env, node: Node, partial: str) -> Iterable[str]:
    above = node.above(2)
    luns = (f"{lun.name} " for lun in tree.resolve(above, "luns").children())
    return (*luns, *_storage_objects(env, node, partial))


def _files(env: Env, node: Node, partial: str) -> Iterable[str]:
    return _on_disk(partial, lambda mode: stat.S_ISREG(mode) or stat.S_ISBLK(mode))


def _devices(env: Env, node: Node, partial: str) -> Iterable[str]:
    """Block devices that nobody holds."""
    for found in _on_disk(partial or "/dev/", stat.S_ISBLK):
        if found.endswith("/") or not host.is_held(found.strip()):
            yield found


def _on_disk(partial: str, wanted: Callable[[int], bool]) -> Iterator[str]:
    folder, slash, name = partial.rpartition("/")
    try:
        entries = sorted(os.listdir(folder + slash or "."))
    except OSError:
        return
    for entry in entries:
        if not entry.startswith(name):
            continue
        path = f"{folder}{slash}{entry}"
        try:
            mode = os.stat(path).st_mode
        except OSError:
            continue
        if stat.S_ISDIR(mode):
            yield f"{path}/"
        elif wanted(mode):
            yield f"{path} "


def _free_wwns(env: Env, node: Node, partial: str) -> Iterable[str]:
    if not isinstance(node, FabricNode) or not node.fabric.hardware:
        return ()
    used = set(node.reader.target_wwns(node.fabric))
    return (f"{wwn} " for wwn in host.hardware_wwns(node.name) if wwn not in used)


def _addresses(env: Env, node: Node, partial: str) -> Iterable[str]:
    return (f"{address} " for address in ("0.0.0.0", "::0", *host.addresses()))


def _portal_addresses(env: Env, node: Node, partial: str) -> Iterable[str]:
    names = (child.name.rpartition(":")[0] for child in node.children())
    return (f"{name.strip('[]')} " for name in names)


def _portal_ports(env: Env, node: Node, partial: str) -> Iterable[str]:
    return (f"{child.name.rpartition(':')[2]} " for child in node.children())


def _groups(env: Env, node: Node, partial: str) -> Iterable[str]:
    return (f"{name} " for name in groups_of(env, node))


def _topics(env: Env, node: Node, partial: str) -> Iterable[str]:
    return (f"{name} " for name in commands_of(node.kind))


def _bookmarks(env: Env, node: Node, partial: str) -> Iterable[str]:
    return (f"{name} " for name in env.prefs.bookmarks)


def _one_of(*words: str) -> Completer:
    return lambda env, node, partial: tuple(f"{word} " for word in words)


COMPLETERS: dict[str, Completer] = {
    "acl": _child_names,
    "address": _addresses,
    "alua_group_name": _child_names,
    "bookmark": _bookmarks,
    "bookmark_action": _one_of("add", "del", "go", "show"),
    "bool": _bool,
    "depth": _one_of(*"0123456789"),
    "device": _devices,
    "file": _files,
    "free_wwn": _free_wwns,
    "group": _groups,
    "lun": _numbers("lun"),
    "lun_or_storage_object": _luns_and_objects,
    "mapped_lun": _numbers("mapped_lun"),
    "path": _path,
    "path_or_history": _path_or_history,
    "portal_address": _portal_addresses,
    "portal_port": _portal_ports,
    "recover_action": _one_of("undo", "finish"),
    "session_action": _one_of("list", "detail"),
    "storage_object": _storage_objects,
    "storage_object_name": _child_names,
    "target": _child_names,
    "topic": _topics,
    "tpg_tag": _numbers("tpg"),
}
