# SPDX-License-Identifier: Apache-2.0
"""One call of the command group: its words, the state that it finds, and what it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rtslib_ext.config import initiator_groups as groups
from rtslib_ext.config.initiator_groups import Group, Place
from rtslib_ext.config.model import Config
from rtslib_ext.errors import InvalidValue, NotFound
from rtslib_ext.fabrics import FABRICS, Fabric
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.kernel.paths import TpgPath

from .. import closest
from ..env import Env
from ..result import Aside
from ..tree import Node


@dataclass(frozen=True, slots=True)
class Call:
    """The words of one call, and the state that it finds."""

    env: Env
    node: Node
    have: Config
    groups: Mapping[str, Group]
    name: str
    item: str | None
    lun: int | None
    write_protect: bool | None
    target: str | None
    replaces: bool
    keeps: bool

    @property
    def group(self) -> Group:
        """Return the group; raises NotFound."""
        found = self.groups.get(self.name)
        if found is None:
            near = closest.find(self.name, self.groups)
            raise NotFound(
                f"there is no group {self.name}",
                hint=f"did you mean {near}?" if near else f"group create {self.name}",
            )
        return found

    def required(self, what: str) -> str:
        """Return the third word; raises InvalidValue without one."""
        if self.item is None:
            raise InvalidValue(f"{what} is missing")
        return self.item


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an action leaves: the configuration, and the group if it has no members then."""

    config: Config
    kept: Group | None = None
    notes: tuple[str, ...] = ()


def fabric_of(place: Place) -> Fabric:
    return FABRICS[place[0][0]]


def tpg_path(place: Place) -> TpgPath:
    (_, wwn), tag = place
    return TpgPath.of(fabric_of(place), wwn, tag)


def open_notes(have: Config, want: Config) -> Iterator[str]:
    """Yield a note for each new LUN that initiators without an ACL see as well."""
    before = dict(groups.tpgs(have))
    for place, tpg in groups.tpgs(want):
        new = tpg.luns.keys() - before[place].luns.keys()
        if new and groups.admits_all(tpg):
            path = tpg_path(place).shell
            yield Aside(
                f"Note: {path} lets initiators without an ACL in, which see its new LUN, too: "
                f"{path} set attribute generate_node_acls=0"
            )
