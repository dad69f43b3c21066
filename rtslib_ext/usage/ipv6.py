# SPDX-License-Identifier: Apache-2.0
"""Portals on a host without IPv6: 0.0.0.0 stands in for all addresses."""

from __future__ import annotations

from ..config import shell_paths
from ..config.model import Config, Portal, Target, Tpg
from ..config.shell_paths import ShellPath
from ..fast_dataclasses import replace
from ..host import network

IPV4_WILDCARD = "0.0.0.0"


def fitting(portal: Portal) -> Portal:
    """Return a portal that this host can have: on 0.0.0.0 for ::0 if it has no IPv6."""
    if not portal.is_wildcard or portal.address == IPV4_WILDCARD or network.has_ipv6():
        return portal
    return replace(portal, address=IPV4_WILDCARD)


def note(wanted: Portal, portal: Portal) -> str:
    """Return the text about a portal that replaces another one; "" if it does not."""
    if wanted == portal:
        return ""
    return f"{network.NO_IPV6}, so {portal.name} is used instead of {wanted.name}"


def fit(config: Config) -> tuple[Config, list[tuple[ShellPath, str]]]:
    """Return a configuration with the portals that this host can have, and (path, note)."""
    notes: list[tuple[ShellPath, str]] = []
    targets = {key: _fit_target(target, notes) for key, target in config.targets.items()}
    return (replace(config, targets=targets) if notes else config), notes


def _fit_target(target: Target, notes: list[tuple[ShellPath, str]]) -> Target:
    before = len(notes)
    tpgs = {tag: _fit_tpg(target, tpg, notes) for tag, tpg in target.tpgs.items()}
    return replace(target, tpgs=tpgs) if len(notes) > before else target


def _fit_tpg(target: Target, tpg: Tpg, notes: list[tuple[ShellPath, str]]) -> Tpg:
    found = {portal.name: fitting(portal) for portal in tpg.portals.values()}
    path = shell_paths.tpg(shell_paths.target(*target.key), tpg.tag)
    changed = [
        (shell_paths.portal(path, name), text)
        for name, portal in found.items()
        if (text := note(tpg.portals[name], portal))
    ]
    if not changed:
        return tpg
    notes += changed
    return replace(tpg, portals={portal.name: portal for portal in found.values()})
