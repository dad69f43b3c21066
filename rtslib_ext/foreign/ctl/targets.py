# SPDX-License-Identifier: Apache-2.0
"""The targets of ctl.conf: one TPG for each portal-group, with its own rules for logins."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ... import naming
from ...config.model import Target
from ...errors import InvalidValue
from ...fast_dataclasses import dataclass, field, replace
from ..builder import Builder
from ..imported import Place
from ..statements import Statement
from ..target import TargetBuilder
from .access import AUTH_KEYS, AuthGroup, PortalGroup, User, add_auth
from .luns import Luns, inner_name

_LUN_MAX = 1023


class _Target(TargetBuilder):
    """A target with a TPG for each portal-group: each TPG is built by a builder of its own."""

    def __init__(self, builder: Builder, at: Place, wwn: str) -> None:
        super().__init__(builder, at, "iscsi", wwn)
        self.groups: dict[int, TargetBuilder] = {}

    def built(self) -> Target:
        """Return the target with all of its TPGs."""
        tpgs = {tag: group.built().tpgs[tag] for tag, group in self.groups.items()}
        return Target(self.fabric, self.wwn, tpgs)


@dataclass(slots=True)
class _Parts:
    """The statements of a target by what they are about."""

    auth: AuthGroup | None = None
    auth_group: tuple[Statement, str] | None = None
    portal_groups: list[Statement] = field(default_factory=list)
    luns: list[Statement] = field(default_factory=list)
    alias: Statement | None = None
    ports: list[Statement] = field(default_factory=list)


class Targets:
    """Adds targets; afterwards, the rules for discovery."""

    def __init__(
        self,
        builder: Builder,
        auth_groups: Mapping[str, AuthGroup],
        portal_groups: Mapping[str, PortalGroup],
        luns: Luns,
    ) -> None:
        self.builder = builder
        self.auth_groups, self.portal_groups, self.luns = auth_groups, portal_groups, luns
        self.used: dict[str, Place] = {}
        self._discovered: set[tuple[str | None, ...]] = set()

    def add(self, block: Statement) -> None:
        """Add a target. Raises ParseError."""
        at = Place(self.builder.source.path, block.line)
        parts = self._parts(block)
        if parts.ports:
            self.builder.lost(
                Place(at.file, parts.ports[0].line),
                f"port {parts.ports[0].name} is an adapter of the old host",
                "create the target on an adapter of this one, below /qla2xxx",
            )
            if not parts.portal_groups:
                return
        wwn = self._wwn(at, block.name)
        if wwn is None:
            return
        target = _Target(self.builder, at, wwn)
        self.builder.adopt(target)
        for tag, (group, auth) in self._tpgs(block, parts).items():
            tpg = TargetBuilder(self.builder, at, "iscsi", wwn)
            self._fill(tpg, block, parts, group, auth)
            tpg.tag, target.groups[tag] = tag, tpg
            if group.at and not tpg.portals:
                tpg.silent = True
                self.builder.note(group.at, f"{group.name} listens on no address: TPG {tag}")

    def _parts(self, block: Statement) -> _Parts:
        parts = _Parts()
        for one in block.body or ():
            at = Place(self.builder.source.path, one.line)
            if one.key in AUTH_KEYS:
                parts.auth = parts.auth or AuthGroup("")
                add_auth(self.builder, parts.auth, one)
            elif one.key == "auth-group":
                parts.auth_group = (one, one.name)
            elif one.key == "portal-group":
                parts.portal_groups.append(one)
            elif one.key == "lun":
                parts.luns.append(one)
            elif one.key == "alias":
                parts.alias = one
            elif one.key == "port":
                parts.ports.append(one)
            elif one.key == "redirect":
                self.builder.lost(at, "redirect is lost: LIO does not redirect logins")
            else:
                self.builder.unknown(at, one.key)
        if parts.auth and parts.auth_group:
            text = "expected an auth-group or rules of the target itself, not both"
            raise self.builder.source.wrong(parts.auth_group[0].line, text)
        return parts

    def _wwn(self, at: Place, name: str) -> str | None:
        try:
            wwn = naming.as_running(("iqn", "eui", "naa"), name)
        except InvalidValue as err:
            text = f"{name!r} cannot be the name of a target: {err.hint}"
            self.builder.lost(at, text, "rename it")
            return None
        if wwn != name:
            self.builder.changed(at, f"the target {name} is named {wwn}")
        return wwn

    def _tpgs(self, block: Statement, parts: _Parts) -> dict[int, tuple[PortalGroup, AuthGroup]]:
        """Return the portal-groups with their auth-groups, by the tags of their TPGs."""
        own = parts.auth
        if own is None and parts.auth_group:
            own = self._auth_group(*parts.auth_group)
        own = own or self.auth_groups["default"]
        found: list[tuple[PortalGroup, AuthGroup]] = []
        for one in parts.portal_groups or [Statement(("portal-group", "default"), block.line)]:
            group = self.portal_groups.get(one.name)
            if group is None:
                text = f"expected a portal-group, {one.name} is none"
                raise self.builder.source.wrong(one.line, text)
            auth = self._auth_group(one, one.words[2]) if len(one.words) > 2 else own
            if group.is_foreign:
                text = f"portal-group {group.name} is left out: it is of the other node of a pair"
                self.builder.note(Place(self.builder.source.path, one.line), text)
                continue
            self.used.setdefault(group.name, Place(self.builder.source.path, one.line))
            found.append((group, auth))
        return _tagged(found)

    def _auth_group(self, one: Statement, name: str) -> AuthGroup:
        group = self.auth_groups.get(name)
        if group is None:
            raise self.builder.source.wrong(one.line, f"expected an auth-group, {name} is none")
        return group

    # -- one TPG ----------------------------------------------------------------------------

    def _fill(
        self,
        tpg: TargetBuilder,
        block: Statement,
        parts: _Parts,
        group: PortalGroup,
        auth: AuthGroup,
    ) -> None:
        if parts.alias and parts.alias.name:
            at = Place(self.builder.source.path, parts.alias.line)
            tpg.parameter(at, "TargetAlias", parts.alias.name)
        for at, address, port, iser in group.portals:
            tpg.listen(at, address, port, iser=iser)
        if group.offload:
            tpg.portals = {
                name: replace(portal, offload=True) for name, portal in tpg.portals.items()
            }
        if group.filter not in ("none", "portal"):
            tpg.attributes["demo_mode_discovery"] = "0"
        for one in parts.luns:
            self._export(tpg, block.name, one)
        self._authenticate(tpg, auth)

    def _export(self, tpg: TargetBuilder, target: str, one: Statement) -> None:
        if not re.fullmatch(r"[0-9]{1,5}", one.name, re.ASCII) or int(one.name) > _LUN_MAX:
            text = f"expected a number from 0 to {_LUN_MAX} after lun"
            raise self.builder.source.wrong(one.line, text)
        name = inner_name(target, one.name) if one.body is not None else one.words[2]
        lun = self.luns.found.get(name)
        if lun is None:
            raise self.builder.source.wrong(one.line, f"expected a LUN, {name} is none")
        at = Place(self.builder.source.path, one.line)
        tpg.lun(at, int(one.name), lun.key, readonly=lun.readonly)

    def _authenticate(self, tpg: TargetBuilder, auth: AuthGroup) -> None:
        if auth.denies:
            tpg.closed = True
            self.builder.note(tpg.at, f"no initiator may log in to {tpg.wwn}, as in ctl.conf")
            return
        for at, wwn in auth.initiators:
            tpg.admit(at, wwn)
        for at, address in auth.addresses:
            tpg.admit_address(at, address)
        for at, user, secret, back, back_secret in auth.users:
            had = tpg.auth.userid is not None
            tpg.user(at, user, secret)
            if back is not None and not had:
                tpg.user(at, back, back_secret, mutual=True)

    # -- discovery --------------------------------------------------------------------------

    def discovery(self) -> None:
        """Require for discovery what the portal-groups in use do, if they all do the same."""
        groups = {name: self.portal_groups[name] for name in self.used}
        named = {group.auth_group for group in groups.values()}
        for name, group in groups.items():
            at = group.at or self.used[name]
            auth = self._discovery_group(group, at)
            if auth.denies and name != "default":
                self.builder.changed(at, f"LIO cannot deny discovery, as {name} does")
            elif auth.addresses:
                text = "LIO does not look at addresses at discovery"
                self.builder.lost(at, text)
            if auth.users and len(named) > 1:
                user = auth.users[0][1]
                text = f"discovery needs the user {user} on all portals, not on {name} only"
                self.builder.changed(at, text)
            for known in auth.users:
                self._discovery_user(known)

    def _discovery_group(self, group: PortalGroup, at: Place) -> AuthGroup:
        auth = self.auth_groups.get(group.auth_group)
        if auth is None:
            text = f"expected an auth-group for discovery, {group.auth_group} is none"
            raise self.builder.source.wrong(at.line, text)
        return auth

    def _discovery_user(self, known: User) -> None:
        at, user, secret, back, back_secret = known
        if known[1:] in self._discovered:
            return
        first = not self._discovered
        self._discovered.add(known[1:])
        if secret is None or (back is not None and back_secret is None):
            self.builder.lost(
                at,
                f"the password of {user} for discovery is not in the file",
                "/iscsi set discovery_auth sets it",
            )
            return
        self.builder.discovery(at, user, secret)
        if first and back is not None and back_secret is not None:
            self.builder.discovery(at, back, back_secret, mutual=True)


def _tagged(
    found: list[tuple[PortalGroup, AuthGroup]],
) -> dict[int, tuple[PortalGroup, AuthGroup]]:
    """Return the groups by tag: their own where they have different ones, else from 1."""
    own = [group.tag for group, _ in found]
    good = [tag for tag in own if tag is not None and 0 < tag <= naming.TAG_MAX]
    tags = good if len(set(good)) == len(own) else range(1, len(own) + 1)
    return dict(zip(tags, found, strict=True))
