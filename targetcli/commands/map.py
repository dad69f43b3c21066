# SPDX-License-Identifier: Apache-2.0
"""map and what: the path from initiators to disks, and everything that a word is connected with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

from rtslib_ext.config import shell_paths
from rtslib_ext.errors import InvalidValue, NotFound
from rtslib_ext.graph import lookup, model, read, wwid
from rtslib_ext.graph.fold import fold
from rtslib_ext.graph.lookup import Found
from rtslib_ext.graph.model import Graph, Vertex

from ..changes import apply
from ..changes.part import owner
from ..env import Env
from ..result import Result, say, show
from ..sizes import format_size
from ..tree import Node, walk
from ..tree.backstores import Backstore, StorageObjectNode
from ..views import map as view
from ..views.wrap import width_of, wrap

FORMATS = ("text", "dot", "svg")
_BY_ENDING = {".svg": "svg", ".dot": "dot", ".gv": "dot"}
_WIDE = 9


def map_path(env: Env, node: Node, file: str | None, format: str | None) -> Result:
    """Show the path from initiators to disks, or write it to a file."""
    form = _format(file, format)
    walk.require_readable(env)
    graph = below(node)
    if file is None:
        result = show(_drawn(graph, form), lambda: facts(graph))
        result.pages = form == "text"
        return result
    path = os.path.abspath(os.path.expanduser(file))
    return write(env, path, lambda: _drawn(graph, form))


def _format(file: str | None, given: str | None) -> str:
    if file in FORMATS:
        raise InvalidValue(f"{file} is a format, not a file", hint=f"map format={file} prints it")
    if given is None:
        return _BY_ENDING.get(os.path.splitext(file or "")[1].lower(), "text")
    if given not in FORMATS:
        raise InvalidValue(f"format must be one of: {', '.join(FORMATS)}, not {given}")
    return given


def below(node: Node) -> Graph:
    """Return the graph of all that a node is connected with; of everything at / and elsewhere."""
    graph = read.graph(node.reader)
    if node.parent is None:
        return graph
    if isinstance(node, Backstore) and node.handler:
        objects = graph.of_kind(model.STORAGE_OBJECT)
        return graph.through(one.id for one in objects if one.fact("handler") == node.handler)
    return graph.through(lookup.within(graph, _path(node)))


def _path(node: Node) -> str:
    """Return the path in the graph: of a storage object, without a handler of user space."""
    found = owner(node)
    if isinstance(found, StorageObjectNode):
        return shell_paths.storage_object(found.plugin, found.name)
    return node.path


def _drawn(graph: Graph, form: str) -> Iterable[str]:
    if form == "text":
        return view.lines(fold(graph), format_size) if graph.vertices else ["(nothing)"]
    # Imported here: most maps are text.
    from ..views import dot, svg

    lines = dot.lines if form == "dot" else svg.lines
    return lines(fold(graph), format_size)


def write(
    env: Env, path: str, lines: Callable[[], Iterable[str]], mode: int | None = None
) -> Result:
    """Write lines to a file in place of an older one; queue that in a transaction.

    ``mode`` is by default as of the umask. Raises LioError for a file of another user, and where
    others could have placed it.
    """
    from rtslib_ext.files import export

    later = apply.defer(env, f"write {path}", lambda: write(env, path, lines, mode))
    if later is not None:
        return later
    export.write(path, ("\n".join(lines()) + "\n").encode("utf-8", "backslashreplace"), mode)
    result = say(f"Written to {path}")
    result.data = lambda: {"file": path}
    return result


def facts(graph: Graph) -> dict[str, object]:
    """Return a graph as plain values: the vertices in order, and the edges by their ids."""
    return {
        "nodes": [_facts(vertex) for vertex in graph.vertices.values()],
        "edges": [{"from": user, "to": used} for user, used in graph.edges()],
        "tpgs": [
            {
                "path": one.path,
                "enabled": one.enabled,
                "authentication": one.authentication,
                "demo_mode": one.demo_mode,
            }
            for one in graph.tpgs
        ],
        "portals": [
            {"path": one.path, "tpg": one.tpg, "address": one.address, "port": one.port}
            for one in graph.portals
        ],
    }


def _facts(vertex: Vertex) -> dict[str, object]:
    more = dict(vertex.facts)
    if naa := vertex.fact("naa"):
        more.update(wwid.forms(naa))
    return {
        "id": vertex.id,
        "kind": vertex.kind,
        "name": vertex.name,
        "path": vertex.path or None,
        "facts": more,
    }


def what(env: Env, node: Node, word: str) -> Result:
    """Show what a word names, and everything that it is connected with."""
    walk.require_readable(env)
    graph = read.graph(node.reader)
    found = _of_node(graph, node, word) or lookup.find(graph, word)
    if not found:
        raise NotFound(
            f"nothing here is known by {word}",
            hint="give a path, device, file, serial number, WWID, initiator, tag or address",
        )
    part = graph.through(one for each in found for one in each.vertices)
    result = show(
        _shown(part, found, width_of(env.stdout)),
        lambda: {"found": [_known(part, one) for one in found], **facts(part)},
    )
    result.pages = True
    return result


def _of_node(graph: Graph, node: Node, word: str) -> list[Found]:
    """Return what a path relative to the current node names; none unless it is in the graph."""
    there = walk.find(node, word)
    if there is None or there.parent is None or word.strip("./") == "":
        return []
    return lookup.find(graph, _path(there))


def _shown(graph: Graph, found: list[Found], width: int | None) -> Iterator[str]:
    for one in found:
        yield wrap(f"{one.what}." if one.exact else f"{one.what}, of which this is a part.", width)
        yield from _identity(graph, one)
    yield ""
    if graph.vertices:
        yield from view.lines(fold(graph), format_size)
    else:
        yield "No storage object uses it."


def _identity(graph: Graph, found: Found) -> Iterator[str]:
    """Yield what identifies the one object that was found, as initiators write it."""
    if len(found.vertices) != 1:
        return
    vertex = graph.vertices[found.vertices[0]]
    rows = {"serial": vertex.fact("serial"), "wwid": vertex.fact("wwid")}
    rows.update(wwid.forms(vertex.fact("naa")))
    rows.update({name: vertex.fact(name) for name in ("model", "device")})
    for name, value in rows.items():
        if value:
            yield f"  {name.replace('_', '-'):{_WIDE}}  {value}"


def _known(graph: Graph, found: Found) -> dict[str, object]:
    kinds = sorted({graph.vertices[one].kind for one in found.vertices})
    order = [*model.KINDS, *kinds]
    return {
        "what": found.what,
        "exact": found.exact,
        "kinds": sorted(kinds, key=order.index),
        "nodes": list(found.vertices),
    }
