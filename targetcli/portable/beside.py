# SPDX-License-Identifier: Apache-2.0
"""What stands beside a configuration: owners, allowed networks, groups without members."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rtslib_ext.config import shell_paths
from rtslib_ext.config.initiator_groups import Group, tpgs
from rtslib_ext.config.model import Config, Key
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.fast_dataclasses import dataclass, field
from rtslib_ext.firewall import allowed
from rtslib_ext.firewall.allowed import Allowed
from rtslib_ext.foreign.imported import CHANGED, LOST, NOTE, Remark, of_object
from rtslib_ext.reading.tpg_keys import tpgs_of_config

from .call import Call, Value

_ROOT = ShellPath("/")


@dataclass(frozen=True, slots=True)
class Beside:
    """Owners by shell path, networks by portal, and groups without members by name."""

    owners: Mapping[str, str] = field(default_factory=dict)
    networks: Allowed = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)


def commands(config: Config, found: Beside) -> Iterator[Call]:
    """Yield the commands for the networks and the groups."""
    for path, networks in portals(config, found.networks):
        # The command takes several words; one is enough.
        yield Call(path, "allow", {"networks": ",".join(networks)}, 1, about=path)
    for group in found.groups.values():
        yield _group(config, group)


def _group(config: Config, group: Group) -> Call:
    wwns = _targets(config, group)
    values: dict[str, Value] = {"action": "create", "name": group.name}
    if wwns and len(wwns) == 1:
        values["target"] = wwns[0]
    known = Call(_ROOT, "groups", {"name": group.name}, 1, about=_ROOT)
    maps = tuple(_maps(config, group))
    return Call(_ROOT, "group", values, 2, about=_ROOT, unless=known, then=maps)


def _maps(config: Config, group: Group) -> Iterator[Call]:
    for lun in group.luns.values():
        if lun.storage_object in config.storage_objects:
            mapped: dict[str, Value] = {
                "action": "map",
                "name": group.name,
                "item": shell_paths.storage_object(*lun.storage_object),
                "lun": lun.index,
                "write_protect": lun.write_protect,
            }
            yield Call(_ROOT, "group", mapped, 4, about=_ROOT)


def _targets(config: Config, group: Group) -> list[str] | None:
    """Return the targets of a group by WWN; None if it has not all of their TPGs."""
    keys = {key for key, _ in group.places}
    every = {place for place, _ in tpgs(config) if place[0] in keys}
    return sorted({wwn for _, wwn in keys}) if every == {*group.places} else None


# -- remarks --------------------------------------------------------------------------------


def remarks(config: Config, found: Beside, *, commands: bool) -> Iterator[Remark]:
    """Yield remarks about all that is left out; ``commands``: there are some for the rest."""
    for path, owner in sorted(found.owners.items()):
        text = f"that it belongs to the owner {owner} is not written"
        yield of_object(NOTE, path, text, f"apply FILE --owner {owner}")
    if commands:
        for group in found.groups.values():
            yield from _of_group(config, group)
        return
    for path, networks in portals(config, found.networks):
        text = f"that only {', '.join(networks)} may reach it is not written"
        yield of_object(LOST, path, text, f"{path} allow {' '.join(networks)}")
    for name in found.groups:
        text = f"the group {name}, without members, is not written"
        yield of_object(NOTE, "/", text, f"group create {name}")


def _of_group(config: Config, group: Group) -> Iterator[Remark]:
    wwns = _targets(config, group)
    if wwns is None or len(wwns) > 1:
        listed = ", ".join(sorted({wwn for (_, wwn), _ in group.places}))
        text = f"the group {group.name}, without members, is created without its targets: {listed}"
        yield of_object(CHANGED, "/", text, "give target= when an initiator joins it")
    missing = [lun.storage_object for lun in group.luns.values()]
    for key in missing:
        if key not in config.storage_objects:
            text = f"the group {group.name} is written without {_name(key)}, which does not exist"
            yield of_object(NOTE, "/", text)


def _name(key: Key) -> str:
    return "/".join(key)


def portals(config: Config, networks: Allowed) -> Iterator[tuple[ShellPath, Iterable[str]]]:
    """Yield the shell path of each portal with allowed networks, and these."""
    seen = set()
    for path, _, tpg in tpgs_of_config(config):
        for name in tpg.portals:
            key = "" if "%" in name else allowed.portal(name)
            if key in networks and key not in seen:
                seen.add(key)
                yield shell_paths.portal(path.shell, name), networks[key]
