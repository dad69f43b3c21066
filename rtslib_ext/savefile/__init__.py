# SPDX-License-Identifier: Apache-2.0
"""saveconfig.json -> Config and back.

The format is rtslib-fb's. Values that it does not have are in keys that rtslib-fb ignores, or,
where it would fail on them, under ``rtslib_ext`` at the top.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ..config.model import Config
from ..errors import ParseError
from ..fast_dataclasses import dataclass, field

# The modules of this room are imported by the functions that need them: the history of every
# change uses json_stream alone.
if TYPE_CHECKING:
    from ..firewall.allowed import Allowed
    from .checked_json import Item, Problem
    from .encode import Identities

OWN_KEY = "rtslib_ext"
_SECTIONS = frozenset({"storage_objects", "targets", "fabric_modules"})


@dataclass(frozen=True, slots=True)
class Loaded:
    """The configuration of a file, the problems in the file, and its unrestored objects.

    ``unrestored`` are the shell paths of objects that did not exist when the file was saved,
    because a restore could not create them.
    """

    config: Config
    problems: tuple[Problem, ...]
    unrestored: tuple[str, ...] = ()
    identities: Identities = field(default_factory=dict)
    """The identities of the devices of storage objects, by shell path."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """The running values of unrestored settings (refused.py); only in the record of a restore."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """The owners of objects, by shell path (owners.units)."""
    allowed: Allowed = field(default_factory=dict)
    """The networks that may reach each portal (firewall.allowed)."""
    sets_allowed: bool = False
    """Whether the file has the key of these networks, with none in it, too."""


def dumps(config: Config) -> str:
    """Return the text of a save file: sorted keys, indented by two blanks, a newline at the end."""
    return "".join(pieces(config))


def pieces(
    config: Config,
    unrestored: Sequence[str] = (),
    *,
    identities: Identities | None = None,
    instead: Mapping[str, str] | None = None,
    owners: Mapping[str, str] | None = None,
    allowed: Allowed | None = None,
) -> Iterator[str]:
    """Yield the same text in pieces, so that a large file is never in memory as a whole.

    ``unrestored`` are the shell paths of objects to mark as such, ``identities`` those of devices,
    ``instead`` the running values of unrestored settings, ``owners`` the owners of objects,
    ``allowed`` the networks of portals.
    """
    from . import encode, json_stream

    document = encode.config(
        config,
        unrestored,
        identities=identities,
        instead=instead,
        owners=owners,
        allowed=allowed,
    )
    yield from json_stream.pieces(document)
    yield "\n"


def loads(text: str, source: str = "the file") -> Loaded:
    """Parse the text of a save file.

    Objects and values that cannot be used are reported in ``problems`` and omitted. Raises
    ParseError if the text is not a JSON object with one of the sections of a save file, which that
    of an empty configuration has as well; ``source`` names it in the message.
    """
    from .checked_json import Item, Problems, Unusable, parse
    from .decode_backstores import lu_groups, storage_objects
    from .decode_targets import fabrics, targets

    problems = Problems(source)
    try:
        parsed = parse(text, source)
        # Free the text: both would be most of the memory that a large file takes.
        del text
        root = Item(parsed, "", problems)
    except Unusable:
        raise _not_a_configuration(source) from None
    if all(parsed.get(name) is None for name in _SECTIONS):
        raise _not_a_configuration(source)
    own = root.item(OWN_KEY)
    of_objects, of_tpgs = own.named_items("storage_objects"), own.named_items("tpgs")
    identities = _identities(of_objects)
    objects, found = storage_objects(root, of_objects), targets(root, of_tpgs)
    config = Config(objects, found, fabrics(root), lu_groups(own))
    _report_unused((*of_objects.values(), *of_tpgs.values()))
    unrestored = own.texts("unrestored")
    instead, owners = (own.values(key, _any_name) for key in ("instead", "owners"))
    is_clear = OWN_KEY not in root.repeated and isinstance(root.raw(OWN_KEY) or {}, dict)
    allowed, config = _allowed(own, config, is_clear=is_clear)
    own.finish()
    root.finish()
    return Loaded(
        config,
        tuple(problems.reported),
        unrestored,
        identities,
        instead=instead,
        owners=owners,
        allowed=allowed,
        sets_allowed=own.raw("allowed_networks") is not None,
    )


def _report_unused(entries: Iterable[Item]) -> None:
    """Report the values of objects that the file does not have."""
    for entry in entries:
        # The identity of a device may stay when an object is deleted from the file by hand.
        if entry.unused():
            entry.report(entry.where, "the file has no such object")


def _identities(of_objects: Mapping[str, Item]) -> Identities:
    """Return the identities of devices, by the shell path of their storage object."""
    found = ((path, item.values("device")) for path, item in of_objects.items())
    return {path: values for path, values in found if values}


def _allowed(own: Item, config: Config, *, is_clear: bool) -> tuple[Allowed, Config]:
    """Return the networks of portals, and the configuration without those that are unclear.

    ``is_clear``: what holds them is an object that is given once.
    """
    if own.raw("allowed_networks") is None and is_clear:
        return {}, config
    # Imported here: most files have none.
    from . import decode_networks

    return decode_networks.networks(own, config, is_clear=is_clear)


def _any_name(name: str, path: str) -> None:
    """Accept a shell path as a name: it does not become a file."""


def _not_a_configuration(source: str) -> Exception:
    return ParseError(
        f"{source} contains no configuration", hint="use a file written by saveconfig"
    )
