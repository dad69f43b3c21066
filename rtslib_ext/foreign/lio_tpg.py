# SPDX-License-Identifier: Apache-2.0
"""Build a TPG from a file of an older tool of LIO, which has the same objects."""

from __future__ import annotations

import re

from .. import naming, schema
from ..config.model import Auth, Key, Lun, MappedLun, NodeAcl, Portal, Tpg
from ..errors import InvalidValue
from ..fabrics import WITHOUT_ENABLE, Fabric
from ..fast_dataclasses import replace
from .builder import Builder
from .imported import Place
from .initiators import one_name
from .lio_settings import Given, Settings

# iscsi_target_tpg.c, iscsit_ta_authentication: the kernel derives it from authentication.
_DERIVED = "AuthMethod"
_PORTAL = re.compile(r"(\[[^\]]*\]|[^:\[\]]*):(\d{1,5})")


class TpgBuilder:
    """A TPG that is being built; each method adds what the file says of one object in it."""

    def __init__(
        self, builder: Builder, settings: Settings, fabric: Fabric, wwn: str, tag: int
    ) -> None:
        self._builder, self._settings = builder, settings
        self._fabric, self._wwn, self._tag = fabric, wwn, tag
        self._luns: dict[int, Lun] = {}
        self._lost: set[int] = set()
        self._portals: dict[str, Portal] = {}
        self._acls: dict[str, NodeAcl] = {}
        self._mapped: dict[str, dict[int, MappedLun]] = {}

    def lun(
        self,
        at: Place,
        index: int,
        key: Key | None,
        *,
        alias: str | None = None,
        alua_group: str | None = None,
        alua: Given | None = None,
    ) -> None:
        """Export a storage object; None: it was left out, so the LUN is as well."""
        if key is None:
            self._lost.add(index)
            return
        settings = self._settings.of(schema.lun_alua, "lun_alua", alua) if alua else {}
        self._luns[index] = Lun(index, key, alias, alua_group, settings)

    def portal(self, at: Place, name: str, *, iser: bool = False) -> None:
        """Listen on ADDRESS:PORT."""
        found = _PORTAL.fullmatch(name)
        try:
            if found is None or not 0 < int(found[2]) <= naming.PORT_MAX:
                raise InvalidValue(f"{name!r} is not ADDRESS:PORT")
            portal = Portal(naming.portal_address(found[1]), int(found[2]), iser)
        except InvalidValue as err:
            self._builder.lost(at, f"a portal of {self._wwn} is left out: {err.message}", err.hint)
            return
        self._portals[portal.name] = portal

    def acl(
        self,
        at: Place,
        name: str,
        *,
        attributes: Given,
        auth: Given,
        depth: str = "",
    ) -> str:
        """Let an initiator log in; return its name for ``mapped``, "" if it cannot have an ACL."""
        try:
            wwn = one_name(self._fabric.wwn_types, name)
        except InvalidValue as err:
            self._builder.lost(at, f"the ACL of {name} is left out: {err.hint}")
            return ""
        self._mapped[wwn] = {}
        self._acls[wwn] = NodeAcl(
            wwn,
            attributes=self._settings.of(schema.acl_attribute, "acl_attribute", attributes),
            auth=self._settings.auth(auth, f"of the initiator {wwn}"),
            cmdsn_depth=self._depth(at, depth) if depth else None,
        )
        return wwn

    def _depth(self, at: Place, text: str) -> str | None:
        name = "cmdsn_depth"
        given = Given({name: (text, at)}, lambda place: place)
        return self._settings.of(schema.acl, "acl", given).get(name)

    def mapped(
        self, acl: str, at: Place, index: int, lun: int, *, write_protect: bool = False
    ) -> None:
        """Map a LUN of the TPG to the initiator of an ACL."""
        if not acl:
            return
        if lun in self._luns:
            self._mapped[acl][index] = MappedLun(index, lun, write_protect)
        elif lun not in self._lost:
            self._builder.lost(at, f"{acl} has LUN {index} for LUN {lun}, which does not exist")

    def _auth(self, given: Given) -> Auth:
        if not self._fabric.has("auth"):
            return Auth()
        return self._settings.auth(given, f"of {self._wwn}")

    def _made_acls(self) -> dict[str, NodeAcl]:
        return {wwn: replace(acl, mapped_luns=self._mapped[wwn]) for wwn, acl in self._acls.items()}

    def built(
        self,
        *,
        enable: bool,
        attributes: Given,
        parameters: Given,
        auth: Given,
        nexus: str = "",
    ) -> Tpg:
        """Return the TPG."""
        fabric = self._fabric.name
        return Tpg(
            self._tag,
            enable=None if fabric in WITHOUT_ENABLE else enable,
            attributes=self._settings.of(
                lambda name: schema.tpg_attribute(name, fabric), "tpg_attribute", attributes, fabric
            ),
            parameters=self._settings.of(
                lambda name: schema.tpg_parameter(name, fabric),
                "tpg_parameter",
                parameters.without(_DERIVED),
                fabric,
            ),
            auth=self._auth(auth),
            luns=self._luns,
            portals=self._portals if self._fabric.has("nps") else {},
            acls=self._made_acls() if self._fabric.has("acls") else {},
            nexus=(nexus or None) if self._fabric.has("nexus") else None,
        )
