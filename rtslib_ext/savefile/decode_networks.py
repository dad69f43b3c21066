# SPDX-License-Identifier: Apache-2.0
"""Decode the allowed networks of portals; a portal whose networks are unclear is left out.

Without its networks, every network could reach it.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

from ..config.model import Config, Target, Tpg
from ..errors import InvalidValue
from ..fast_dataclasses import replace
from ..firewall import allowed
from .checked_json import Item

_LEFT_OUT = "the portal is left out: without it, every network could reach it"


def networks(
    own: Item, config: Config, *, is_clear: bool = True
) -> tuple[dict[str, tuple[str, ...]], Config]:
    """Return the networks by portal, and the configuration without the portals left out.

    If a name is not understood, or more than that (not ``is_clear``), these are all portals without
    networks, as it may be any of them.
    """
    inside = own.item("allowed_networks")
    whole = is_clear and isinstance(own.raw("allowed_networks"), dict)
    whole = whole and "allowed_networks" not in own.repeated
    found: dict[str, tuple[str, ...]] = {}
    unclear, names = set[str](), Counter[str]()
    for name in inside.unused():
        try:
            portal = allowed.portal(name)
        except InvalidValue as err:
            inside.report(inside.at(name), f"{err.message}: portals without networks are left out")
            inside.ignore(name)
            whole = False
            continue
        names[portal] += 1
        try:
            found[portal] = _networks(inside, name)
        except InvalidValue as err:
            inside.report(inside.at(name), f"{err.message}: {_LEFT_OUT}")
            unclear.add(portal)
    for portal in [portal for portal, number in names.items() if number > 1]:
        inside.report(inside.at(portal), f"is given twice: {_LEFT_OUT}")
        unclear.add(portal)
    unclear |= {portal for name in inside.repeated for portal in _name(name)}
    kept = {portal: words for portal, words in found.items() if portal not in unclear}
    if whole and not unclear:
        return kept, config
    targets = {
        key: _without(target, None if not whole else unclear, kept)
        for key, target in config.targets.items()
    }
    return kept, replace(config, targets=targets)


def _networks(inside: Item, name: str) -> tuple[str, ...]:
    """Return the networks of a portal. Raises InvalidValue."""
    words = inside.raw(name)
    if not isinstance(words, list) or not words:
        raise InvalidValue("must be a list of networks")
    if not all(isinstance(word, str) for word in words):
        raise InvalidValue("must be a list of strings")
    return allowed.networks(words)


def _name(text: str) -> list[str]:
    with suppress(InvalidValue):
        return [allowed.portal(text)]
    return []


def _without(target: Target, unclear: set[str] | None, kept: dict[str, tuple[str, ...]]) -> Target:
    """Return a target without the portals that are unclear; None: that have no networks."""

    def stays(name: str) -> bool:
        portal = _name(name)
        if unclear is None:
            return bool(portal) and portal[0] in kept
        return not portal or portal[0] not in unclear

    def of_tpg(tpg: Tpg) -> Tpg:
        portals = {name: portal for name, portal in tpg.portals.items() if stays(name)}
        return tpg if len(portals) == len(tpg.portals) else replace(tpg, portals=portals)

    return replace(target, tpgs={tag: of_tpg(tpg) for tag, tpg in target.tpgs.items()})
