# SPDX-License-Identifier: Apache-2.0
"""Build a Config from the statements of another target's file, and collect the remarks.

All importers share it: names of storage objects, identities, access and credentials become LIO's
in one way.
"""

from __future__ import annotations

from collections.abc import Iterable

from .. import naming
from ..config.model import Auth, Config, FabricSettings, Key, Target
from ..errors import InvalidValue
from ..fast_dataclasses import replace
from . import addresses
from .imported import Imported, Place
from .objects import Objects
from .source import Source
from .target import TargetBuilder

_ISCSI = "iscsi"


class Builder(Objects):
    """The configuration that an import makes, and its remarks."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._targets: dict[Key, TargetBuilder] = {}
        self._discovery = Auth()

    # -- targets ----------------------------------------------------------------------------

    def target(self, at: Place, wwn: str, fabric: str = _ISCSI) -> TargetBuilder | None:
        """Return the target of a name; None, with a remark, if LIO cannot have that name.

        A target that exists already is returned again.
        """
        try:
            name = naming.as_running(("iqn", "eui", "naa"), wwn) if fabric == _ISCSI else wwn
        except InvalidValue as err:
            self.lost(at, f"{wwn!r} cannot be the name of a target: {err.hint}", "rename it")
            return None
        if name != wwn:
            self.changed(at, f"the target {wwn} is named {name}")
        found = self._targets.get((fabric, name))
        if found is None:
            found = self._targets[fabric, name] = TargetBuilder(self, at, fabric, name)
        return found

    def adopt(self, target: TargetBuilder) -> None:
        """Add a target with a builder of its own. Raises ParseError if it exists."""
        if (target.fabric, target.wwn) in self._targets:
            expected = f"expected another name: the target {target.wwn} exists already"
            raise self.source.wrong(target.at.line, expected)
        self._targets[target.fabric, target.wwn] = target

    def discovery(self, at: Place, userid: str, password: str, *, mutual: bool = False) -> None:
        """Require CHAP for discovery; a second user is lost, as the kernel has one."""
        names = ("mutual_userid", "mutual_password") if mutual else ("userid", "password")
        if getattr(self._discovery, names[0]) is not None:
            self.lost(at, f"LIO has one user for discovery: {userid} is left out")
            return
        pair = dict(zip(names, (userid, password), strict=True))
        if self.accepts(at, pair, "for discovery"):
            self._discovery = replace(self._discovery, **pair)

    # -- result -----------------------------------------------------------------------------

    def imported(self, files: Iterable[str] = ()) -> Imported:
        """Return the configuration and the remarks, in the order of ``files`` and their lines."""
        targets = [target.built() for target in self._targets.values()]
        networks, remarks = addresses.settle(self.accesses)
        self.remarks += remarks
        fabrics = {}
        if any(value is not None for _, value in self._discovery.items()):
            fabrics[_ISCSI] = FabricSettings(_ISCSI, self._discovery, discovery_enable=True)
        config = Config(self.objects, _by_key(targets), fabrics)
        order = {name: number for number, name in enumerate((self.source.path, *files))}
        self.remarks.sort(key=lambda one: (order.get(one.file, len(order)), one.file, one.line))
        return Imported(config, tuple(self.remarks), networks)


def _by_key(targets: Iterable[Target]) -> dict[Key, Target]:
    return {target.key: target for target in targets}
