# SPDX-License-Identifier: Apache-2.0
"""The graph from initiators to disks as text: each storage object, its users, its layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rtslib_ext.config.printable import printable
from rtslib_ext.graph import model
from rtslib_ext.graph.fold import Folded, Group, between, natural

Size = Callable[[int], str]
"""Formats a number of bytes."""
_GAP = 2
# A longer name is not aligned with the others.
_WIDEST = 56


def lines(folded: Folded, size: Size) -> Iterator[str]:
    """Yield a block for each storage object, then the rest, which is connected with none."""
    objects = _of_kind(folded, model.STORAGE_OBJECT)
    for number, group in enumerate(objects):
        if number:
            yield ""
        yield from _aligned(list(_block(folded, group, size)))
    yield from _unconnected(folded, bool(objects))


def _of_kind(folded: Folded, *kinds: str) -> list[Group]:
    found = [group for group in folded.groups.values() if group.kind in kinds]
    return sorted(found, key=lambda group: natural(group.first.path or group.first.name))


def _block(folded: Folded, group: Group, size: Size) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of a storage object and of all that is connected with it."""
    yield group.path(), about(group, size)
    luns = sorted(folded.above(group.id), key=_order)
    for lun in luns:
        yield f"  seen as  {lun.path()}", _each(folded, lun, group)
        users = sorted(folded.above(lun.id), key=_by_initiator)
        for number, user in enumerate(users, 1):
            yield from _users(folded, user, number == len(users), size)
    if not luns:
        yield "  seen as  nothing: no LUN exports it", ""
    for below in folded.below(group.id):
        yield f"  is on    {below.named()}", about(below, size)
        yield from _stack(folded, below, " " * 11, size)


def _users(folded: Folded, user: Group, last: bool, size: Size) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of a mapped LUN with its initiator, or of all that see all LUNs."""
    mark = "`- " if last else "|- "
    if user.kind == model.ALL_LUNS:
        guests = sorted(folded.above(user.id), key=_order)
        yield f"{' ' * 11}{mark}{user.named()}", about(user, size)
        for guest in guests:
            yield (
                f"{' ' * 11}{' ' if last else '|'}  {guest.first.fact('initiator')}",
                about(guest, size),
            )
        return
    above = folded.above(user.id)
    texts = [about(user, size), *(about(one, size) for one in above[:1])]
    initiators = sorted({one.fact("initiator") for one in user.members}, key=natural)
    tags = sorted({group.tags() for group in _initiators(folded, above)} - {""})
    name = between(initiators) + (f" ({', '.join(tags)})" if tags else "")
    if above and above[0].kind == model.INITIATOR:
        texts[1:] = ["not logged in"]
    numbers = between(sorted({one.name for one in user.members}, key=natural))
    yield f"{' ' * 11}{mark}{name}", ", ".join([numbers, *filter(None, texts)])


def _initiators(folded: Folded, above: Sequence[Group]) -> Iterator[Group]:
    for group in above:
        if group.kind == model.INITIATOR:
            yield group
        else:
            yield from folded.above(group.id)


def _stack(folded: Folded, group: Group, margin: str, size: Size) -> Iterator[tuple[str, str]]:
    below = sorted(folded.below(group.id), key=_order)
    for number, one in enumerate(below, 1):
        last = number == len(below)
        yield f"{margin}{'`- ' if last else '|- '}{one.named()}", about(one, size)
        yield from _stack(folded, one, f"{margin}{' ' if last else '|'}  ", size)


def _each(folded: Folded, user: Group, used: Group) -> str:
    relation = folded.edges.get((user.id, used.id), "")
    return "one each" if relation == "1:1" else ""


def _unconnected(folded: Folded, after: bool) -> Iterator[str]:
    """Yield the LUNs without a storage object, and the initiators without LUNs."""
    for group in _of_kind(folded, model.LUN):
        if not folded.below(group.id):
            yield from [""] * after
            after = False
            yield f"{printable(group.path())} exports nothing: its link is broken"
    idle = []
    for group in _of_kind(folded, model.INITIATOR):
        below = folded.below(group.id)
        if all(one.kind == model.SESSION and not folded.below(one.id) for one in below):
            idle.append(group)
    if idle:
        yield from [""] * after
        yield "initiators without a LUN"
        for group in idle:
            logged_in = "logged in" if folded.below(group.id) else ""
            yield from _aligned([(f"  {group.named()}", logged_in)])


def about(group: Group, size: Size) -> str:
    """Return the text about a group beside its name."""
    vertex = group.first
    match vertex.kind:
        case model.STORAGE_OBJECT:
            words = [_size(group, size)]
            words += [wwid_of(vertex)] if len(group.members) == 1 else []
        case model.SESSION:
            words = [_session(group)]
        case model.MAPPED_LUN:
            words = ["read-only"] if vertex.facts.get("write_protect") else []
        case model.ALL_LUNS:
            words = ["any initiator may log in"] if vertex.facts.get("demo_mode") else []
        case model.LUN | model.INITIATOR:
            words = []
        case "memory":
            words = [vertex.fact("type")]
        case "file system":
            words = [f"file system {vertex.fact('type')}", _free(vertex, size)]
            # The devices are shown below it.
            words += [] if vertex.fact("source").startswith("/dev/") else [vertex.fact("source")]
        case kind:
            words = [kind, vertex.fact("type"), _size(group, size), vertex.fact("model")]
            words += [vertex.fact("source")]
    return ", ".join(filter(None, words))


def _session(group: Group) -> str:
    vertex = group.first
    if vertex.facts.get("state") == "nexus":
        return "I_T nexus"
    if len(group.members) > 1:
        return f"{len(group.members)} logged in"
    where = vertex.fact("address")
    state = vertex.fact("state")
    word = "logged in" if state == "LOGGED_IN" else state
    how = " without an ACL" if vertex.facts.get("dynamic") else ""
    return f"{word}{how}" + (f" from {where}" if where else "")


def wwid_of(vertex: model.Vertex) -> str:
    """Return the identifier of a storage object as multipath writes it; "" without one."""
    naa = vertex.fact("naa")
    return f"3{naa.removeprefix('naa.')}" if naa else ""


def _size(group: Group, size: Size) -> str:
    sizes = {vertex.facts.get("size") for vertex in group.members}
    (one, *more) = sizes
    if more or not isinstance(one, int):
        return ""
    return size(one) + (" each" if len(group.members) > 1 else "")


def _free(vertex: model.Vertex, size: Size) -> str:
    total, available = vertex.facts.get("size"), vertex.facts.get("available")
    if not isinstance(total, int) or not isinstance(available, int):
        return ""
    return f"{size(available)} of {size(total)} free"


def _order(group: Group) -> tuple[tuple[str, int], ...]:
    return natural(group.first.path or group.first.name)


def _by_initiator(group: Group) -> tuple[tuple[str, int], ...]:
    return natural(group.first.fact("initiator"))


def _aligned(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield the rows with their second column aligned."""
    widths = [len(printable(name)) for name, text in rows if text]
    width = max((one for one in widths if one <= _WIDEST), default=0) + _GAP
    for name, text in rows:
        shown = printable(name)
        yield f"{shown:{width}}{'' if len(shown) < width else '  '}{printable(text)}".rstrip()
