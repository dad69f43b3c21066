# SPDX-License-Identifier: Apache-2.0
"""Find what a word names: a path, device, file, serial number, identifier, initiator, address."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress

from .. import naming
from ..config.shell_paths import is_within
from ..errors import InvalidValue
from ..fabrics import FABRICS
from ..fast_dataclasses import dataclass
from ..host.device_stack import Stack
from ..host.devices import is_block_device
from . import model, wwid
from .model import Graph, Vertex

# An address and a port.
_PORT = re.compile(r"(.+):(\d{1,5})")
_ABOVE = (model.INITIATOR, model.SESSION, model.MAPPED_LUN, model.ALL_LUNS)


@dataclass(frozen=True, slots=True)
class Found:
    """What a word names: a text about it, and the ids of the vertices.

    ``exact`` is False if the word is only a part of an identifier.
    """

    what: str
    vertices: tuple[str, ...]
    exact: bool = True


def find(graph: Graph, word: str) -> list[Found]:
    """Return everything that a word names; none if nothing is known by it.

    Something of this host that no storage object uses is found without vertices.
    """
    word, unused = word.strip(), list[Found]()
    for search in (_shell_path, _host_path, _address, _initiator, _name, _identifier, _part):
        found = list(search(graph, word))
        if any(one.vertices for one in found):
            return [one for one in found if one.vertices]
        unused += found
    return unused[:1]


def within(graph: Graph, path: str) -> tuple[str, ...]:
    """Return the ids of the vertices at and below a shell path.

    For the path of a TPG's portal, or of all of them: those of its TPG.
    """
    found = [one.id for one in graph.vertices.values() if _is_within(one, path)]
    if not found:
        tpgs = {portal.tpg for portal in graph.portals if is_within(portal.path, path)}
        found = [one for tpg in tpgs for one in within(graph, tpg)]
    return tuple(found)


def _is_within(vertex: Vertex, path: str) -> bool:
    if vertex.path and is_within(vertex.path, path):
        return True
    place = vertex.fact("acl") or vertex.fact("tpg")
    return bool(place) and is_within(place, path)


# -- one kind of word each ----------------------------------------------------------------------


def _shell_path(graph: Graph, word: str) -> Iterator[Found]:
    path = word.rstrip("/")
    if not path.startswith("/"):
        return
    exact = [vertex for vertex in graph.vertices.values() if vertex.path == path]
    portals = [portal for portal in graph.portals if portal.path == path]
    for vertex in exact[:1]:
        yield Found(f"{path} is {_a(vertex.kind)}", tuple(one.id for one in exact))
    for portal in portals:
        yield Found(f"{path} is a portal of {portal.tpg}", within(graph, portal.tpg))
    if not exact and not portals and (inside := within(graph, path)):
        yield Found(f"{path} is connected with these", inside)


def _host_path(graph: Graph, word: str) -> Iterator[Found]:
    """Find a file, directory or device, also one that is only below or above an exported one."""
    path = word if "/" in word else f"/dev/{word}"
    if path == word or is_block_device(path):
        stack = Stack()
        if top := _in_stack(stack, path):
            yield _on_host(graph, stack, top, path)
            return
    named = [one.id for one in graph.vertices.values() if word in (one.name, one.fact("device"))]
    if word.startswith("/") and named:
        yield Found(f"{word} is missing", tuple(named))


def _on_host(graph: Graph, stack: Stack, top: str, path: str) -> Found:
    layer = stack.layers[top]
    what = f"{path} is {_a(layer.kind)}" + ("" if path == layer.name else f", {layer.name}")
    number = str(layer.facts.get("wwid", ""))
    own = [] if top in graph.vertices or not number else list(_identifier(graph, number))
    if own:
        # This host is its own initiator.
        return Found(f"{what}; {own[0].what}", own[0].vertices)
    known = [one for one in stack.layers if one in graph.vertices][:1]
    if known and known[0] != top:
        what += f"; no storage object uses it, but {graph.vertices[known[0]].name} below it"
    return Found(what, tuple(known))


def _in_stack(stack: Stack, path: str) -> str:
    """Add the file, directory or device at a path to a stack; return its id, or ""."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ""
    if stat.S_ISDIR(status.st_mode):
        return stack.file_system(os.path.realpath(path))
    is_data = stat.S_ISBLK(status.st_mode) or stat.S_ISREG(status.st_mode)
    return stack.path(path) if is_data or stat.S_ISCHR(status.st_mode) else ""


def _address(graph: Graph, word: str) -> Iterator[Found]:
    """Find an address of a portal or an initiator, perhaps with a port."""
    match = _PORT.fullmatch(word)
    for text, port in ((word, None), (match[1], int(match[2])) if match else ("", None)):
        wanted = _plain(text)
        if not wanted:
            continue
        for portal in graph.portals:
            if port in (None, portal.port) and naming.listens_on(portal.address) in (wanted, "*"):
                what = f"{portal.path} is a portal of {portal.tpg}"
                if naming.listens_on(portal.address) == "*":
                    what = f"{portal.path} listens on all addresses"
                    if not is_own(wanted):
                        continue
                yield Found(what, within(graph, portal.tpg))
        for session in graph.of_kind(model.SESSION):
            if wanted in map(_plain, session.fact("address").split(", ")):
                initiator = session.fact("initiator")
                yield Found(f"{initiator} is logged in from {wanted}", (session.id,))


def _plain(text: str) -> str:
    return naming.listens_on(text) or "" if text else ""


def is_own(address: str) -> bool:
    """Return True if this host has an address."""
    from ..host import network

    return network.has_address(address)


def _initiator(graph: Graph, word: str) -> Iterator[Found]:
    """Find the name of an initiator, or the part of it after the colon."""
    names = _wwns(word)
    for vertex in graph.of_kind(model.INITIATOR):
        if vertex.name.lower() in names or vertex.name.partition(":")[2] == word.lower():
            yield Found(f"{vertex.name} is an initiator", (vertex.id,))


def _wwns(word: str) -> set[str]:
    """Return the forms of a word as a WWN: 21:00:… is naa.2100…."""
    names = {word.lower()}
    for fabric in FABRICS.values():
        with suppress(InvalidValue):
            names.add(naming.as_running(fabric.wwn_types, word))
    return names


def _name(graph: Graph, word: str) -> Iterator[Found]:
    """Find the name of a storage object, the tag of ACLs, an alias, or the name of a target."""
    for vertex in graph.of_kind(model.STORAGE_OBJECT):
        if word in (vertex.name, vertex.name.partition("/")[2]):
            yield Found(f"{vertex.path} is a storage object", (vertex.id,))
    tagged = [one for one in graph.of_kind(model.INITIATOR) if word in _list(one, "tags")]
    if tagged:
        yield Found(f"{word} is a tag of initiators", tuple(one.id for one in tagged))
    for session in graph.of_kind(model.SESSION):
        if session.fact("alias") == word:
            initiator = session.fact("initiator")
            yield Found(f"{word} is the alias of {initiator}", (session.id,))
    tpgs = {one.fact("tpg") for one in graph.vertices.values()} | {one.tpg for one in graph.portals}
    names = _wwns(word)
    for target in sorted({tpg.split("/")[2] for tpg in tpgs if tpg}):
        if target in names or target.partition(":")[2] == word.lower():
            paths = {tpg for tpg in tpgs if f"/{target}/" in f"{tpg}/"}
            found = [one for path in sorted(paths) for one in within(graph, path)]
            yield Found(f"{target} is a target", tuple(found))


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _list(vertex: Vertex, name: str) -> list[str]:
    value = vertex.facts.get(name, [])
    return value if isinstance(value, list) else [str(value)]


def _identifier(graph: Graph, word: str) -> Iterator[Found]:
    yield from _identified(graph, word, wwid.is_in, exact=True)


def _part(graph: Graph, word: str) -> Iterator[Found]:
    yield from _identified(graph, word, wwid.is_part, exact=False)


# The facts that identify a disk, and the words for them.
_IDENTIFIERS = {"naa": "identifier", "wwid": "WWID", "serial": "serial number"}


def _identified(
    graph: Graph, word: str, matches: Callable[[str, str], bool], *, exact: bool
) -> Iterator[Found]:
    for vertex in graph.vertices.values():
        if vertex.kind in _ABOVE:
            continue
        for name, label in _IDENTIFIERS.items():
            identifier = vertex.fact(name)
            if identifier and matches(identifier, word):
                known = vertex.path or vertex.name
                what = f"{known} is {_a(vertex.kind)} with the {label} {identifier}"
                yield Found(what, (vertex.id,), exact)
                break
