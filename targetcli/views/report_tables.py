# SPDX-License-Identifier: Apache-2.0
"""The tables of the report: targets, LUNs, initiators, sessions, storage objects, capacity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from rtslib_ext.checks.rule import Finding, Rule
from rtslib_ext.graph import model
from rtslib_ext.graph.fold import natural
from rtslib_ext.graph.model import Graph, Tpg, Vertex

from . import checks
from .checks import Found
from .map import Size, wwid_of
from .page import BYTES, NUMBER, PROSE, Column, Section

_MARKED = ("error", "warning")
_STATES = {True: "enabled", False: "disabled", None: "always on"}


def sections(graph: Graph, size: Size) -> tuple[Section, ...]:
    """Return the tables of everything in a graph; ``size`` formats bytes."""
    return (
        _targets(graph),
        _luns(graph),
        _initiators(graph),
        _sessions(graph),
        _storage(graph, size),
        _below(graph),
    )


def findings(found: Found | None) -> Section:
    """Return the findings of check, the most severe first; None: it was not run."""
    rows = [_finding(rule, one) for rule, one in checks.first(found or ())]
    return Section(
        "findings",
        "Findings",
        "Findings of check, the most severe first",
        (Column("Severity"), Column("Object"), Column("Finding", PROSE), Column("Cure", PROSE)),
        rows,
        text=f"Together {checks.counted(found)}." if found else "",
        empty="Nothing found." if found is not None else "Not checked: that needs root.",
        levels=[str(row[0]) if row[0] in _MARKED else "" for row in rows],
    )


def _finding(rule: Rule, one: Finding | int) -> tuple[str, str, str, str]:
    if isinstance(one, int):
        return rule.severity.value, "", f"{one} more of {rule.name}", "targetcli / check -v"
    cures = [*map(checks.command, one.commands), *([one.help] if one.help else [])]
    return rule.severity.value, one.path, one.text, "; ".join(cures)


def _targets(graph: Graph) -> Section:
    luns = Counter(vertex.fact("tpg") for vertex in graph.of_kind(model.LUN))
    seen = {(one.fact("tpg"), one.fact("initiator")) for one in graph.of_kind(model.MAPPED_LUN)}
    initiators = Counter(tpg for tpg, _ in seen)
    portals: dict[str, list[str]] = {}
    for portal in graph.portals:
        portals.setdefault(portal.tpg, []).append(portal.path.rpartition("/")[2])
    rows = [
        (
            tpg.path,
            _STATES[tpg.enabled],
            ", ".join(portals.get(tpg.path, ())),
            _access(tpg),
            luns[tpg.path],
            initiators[tpg.path],
        )
        for tpg in graph.tpgs
    ]
    return Section(
        "targets",
        "Targets",
        "Target portal groups",
        (
            Column("Target portal group"),
            Column("State"),
            Column("Portals"),
            Column("Access"),
            Column("LUNs", NUMBER),
            Column("Initiators", NUMBER),
        ),
        rows,
    )


def _access(tpg: Tpg) -> str:
    """Return the initiators that may log in, and whether with a password."""
    if tpg.demo_mode is None:
        return ""
    initiators = "any initiator" if tpg.demo_mode else "initiators with an ACL"
    return f"{initiators}, {'with' if tpg.authentication else 'without'} CHAP"


def _luns(graph: Graph) -> Section:
    rows = []
    for lun in _sorted(graph.of_kind(model.LUN)):
        objects = [graph.vertices[one] for one in graph.below(lun.id)]
        so = objects[0] if objects else lun
        rows.append(
            (
                lun.path,
                so.path if objects else "broken link",
                _bytes(so) if objects else None,
                wwid_of(so),
                ", ".join(_seen_by(graph, lun)),
            )
        )
    return Section(
        "luns",
        "LUNs",
        "LUNs, and the initiators that see them",
        (
            Column("LUN"),
            Column("Storage object"),
            Column("Size", BYTES),
            Column("WWID"),
            Column("Initiators"),
        ),
        rows,
    )


_MOST_NAMES = 8


def _seen_by(graph: Graph, lun: Vertex) -> Iterator[str]:
    """Yield the names of the initiators that see a LUN, and the number of those beyond a few."""
    above = [graph.vertices[one] for one in graph.above(lun.id)]
    names = sorted({one.fact("initiator") for one in above} - {""}, key=natural)
    yield from names[:_MOST_NAMES]
    if len(names) > _MOST_NAMES:
        yield f"{len(names) - _MOST_NAMES} more"
    if any(one.kind == model.ALL_LUNS and one.facts.get("demo_mode") for one in above):
        yield "any initiator"


def _initiators(graph: Graph) -> Section:
    rows = []
    for initiator in _sorted(graph.of_kind(model.INITIATOR)):
        below = [graph.vertices[one] for one in graph.reached([initiator.id], up=False)]
        targets = {one.fact("tpg") for one in below} - {""}
        logged_in = {one.fact("tpg") for one in below if one.kind == model.SESSION}
        rows.append(
            (
                initiator.name,
                initiator.fact("tags"),
                _paths(len(logged_in), len(targets)),
                sum(one.kind == model.LUN for one in below),
                sum(one.kind == model.STORAGE_OBJECT for one in below),
            )
        )
    return Section(
        "initiators",
        "Initiators",
        "Initiators, and how many of their target portal groups they are logged in to",
        (
            Column("Initiator"),
            Column("Tags"),
            Column("Logged in"),
            Column("LUNs", NUMBER),
            Column("Storage objects", NUMBER),
        ),
        rows,
    )


def _paths(now: int, most: int) -> str:
    word = "none" if not now else "full" if now >= most else "partial"
    return f"{word}: {now} of {most}"


def _sessions(graph: Graph) -> Section:
    rows = [
        (
            one.fact("initiator"),
            one.fact("tpg"),
            one.fact("address"),
            "logged in" if one.fact("state") == "LOGGED_IN" else one.fact("state"),
            "without an ACL" if one.facts.get("dynamic") else one.fact("acl"),
            one.fact("alias"),
        )
        for one in _sorted(graph.of_kind(model.SESSION))
    ]
    return Section(
        "sessions",
        "Sessions",
        "Sessions that the kernel lists",
        tuple(
            map(Column, ("Initiator", "Target portal group", "Address", "State", "ACL", "Alias"))
        ),
        rows,
        empty="No initiator is logged in.",
    )


def _storage(graph: Graph, size: Size) -> Section:
    rows = []
    for so in _sorted(graph.of_kind(model.STORAGE_OBJECT)):
        below = graph.reached([so.id], up=False) - {so.id}
        last = [graph.vertices[one].name for one in below if not graph.below(one)]
        users = sum(graph.vertices[one].kind == model.LUN for one in graph.above(so.id))
        where = so.fact("device") or ""
        rows.append((so.path, _bytes(so), where, ", ".join(sorted(last, key=natural)), users))
    total = sum(_bytes(so) or 0 for so in graph.of_kind(model.STORAGE_OBJECT))
    return Section(
        "storage",
        "Storage objects",
        "Storage objects, and the disks that they are on",
        (
            Column("Storage object"),
            Column("Size", BYTES),
            Column("Device or file"),
            Column("On"),
            Column("LUNs", NUMBER),
        ),
        rows,
        text=f"Together {size(total)}." if rows else "",
    )


def _below(graph: Graph) -> Section:
    """Return the capacity of disks and file systems, and all that breaks with each."""
    rows = []
    for one in _sorted(graph.vertices.values()):
        if one.kind in (*model.KINDS, "missing", "file", "memory"):
            continue
        above = [graph.vertices[name] for name in graph.reached([one.id], up=True)]
        objects = [vertex for vertex in above if vertex.kind == model.STORAGE_OBJECT]
        hosts = sum(vertex.kind == model.INITIATOR for vertex in above)
        rows.append(
            (
                one.name,
                one.kind + (f" ({one.fact('type')})" if one.fact("type") else ""),
                _bytes(one),
                _bytes(one, "available"),
                sum(_bytes(vertex) or 0 for vertex in objects),
                len(objects),
                hosts,
            )
        )
    return Section(
        "capacity",
        "Capacity",
        "Disks, volumes and file systems; the storage objects and initiators that need each",
        (
            Column("Name"),
            Column("Kind"),
            Column("Size", BYTES),
            Column("Free", BYTES),
            Column("Exported", BYTES),
            Column("Storage objects", NUMBER),
            Column("Initiators", NUMBER),
        ),
        rows,
        text="If one of these fails, so many storage objects and initiators are concerned.",
    )


def _sorted(vertices: Iterable[Vertex]) -> list[Vertex]:
    return sorted(vertices, key=lambda one: natural(one.path or one.name))


def _bytes(vertex: Vertex, name: str = "size") -> int | None:
    value = vertex.facts.get(name)
    return value if isinstance(value, int) else None
