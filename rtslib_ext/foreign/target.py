# SPDX-License-Identifier: Apache-2.0
"""Build a target: its LUNs, admitted initiators, credentials and parameters, as LIO has them.

Other targets admit initiators for the whole target: by names, addresses, and several users. LIO has
an ACL with one user for each initiator, or demo mode with one user for all.
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import naming, schema
from ..config.backing import Block
from ..config.model import Auth, Key, Lun, MappedLun, NodeAcl, Portal, Target, Tpg, Values
from ..errors import InvalidValue
from ..naming import ISCSI_PORT
from .addresses import Access
from .imported import Place
from .initiators import one_name
from .objects import Objects

_ANY = "[::0]"
_NAMES = ("iqn", "eui", "naa")
_ALL = "the initiators of this target"
LOGIN_KEYS = frozenset(
    (
        "DataDigest",
        "DataPDUInOrder",
        "DataSequenceInOrder",
        "DefaultTime2Retain",
        "DefaultTime2Wait",
        "ErrorRecoveryLevel",
        "FirstBurstLength",
        "HeaderDigest",
        "IFMarkInt",
        "IFMarker",
        "ImmediateData",
        "InitialR2T",
        "MaxBurstLength",
        "MaxConnections",
        "MaxOutstandingR2T",
        "MaxRecvDataSegmentLength",
        "MaxXmitDataSegmentLength",
        "OFMarkInt",
        "OFMarker",
    )
)
"""The keys of a login that IET and tgt set, by their names in RFC 7143 and RFC 3720."""


class TargetBuilder:
    """A target that is being built. Without ``admit`` any initiator may log in."""

    def __init__(self, objects: Objects, at: Place, fabric: str, wwn: str) -> None:
        self.objects, self.at, self.fabric, self.wwn = objects, at, fabric, wwn
        self.luns: dict[int, Lun] = {}
        self.readonly: dict[int, Place] = {}
        self.initiators: dict[str, Place] = {}
        self.addresses: list[tuple[Place, str]] = []
        self.parameters: dict[str, str] = {}
        self.attributes: dict[str, str] = {}
        self.acl_attributes: dict[str, str] = {}
        self.acl_places: list[Place] = []
        self.portals: dict[str, Portal] = {}
        self.silent = False
        """Whether it listens nowhere, rather than everywhere, without portals."""
        self.tag = 1
        """The tag of its TPG."""
        self.auth = Auth()
        self.needs_login = False
        self.closed = False
        """Whether only the admitted initiators may log in, even if there are none."""
        self.addresses_suffice = False
        """Whether an initiator at an admitted address needs no admitted name."""
        self.any_address = False
        """Whether the admitted addresses include all."""

    def lun(self, at: Place, index: int, key: Key | None, *, readonly: bool = False) -> None:
        """Export a storage object under a LUN; None leaves the number free."""
        if key is None:
            return
        if not 0 <= index <= naming.LUN_MAX:
            self.objects.lost(at, f"LUN {index} is left out: LIO has LUNs up to {naming.LUN_MAX}")
            return
        if index in self.luns:
            self.objects.lost(at, f"LUN {index} exists already: this one is left out")
            return
        self.luns[index] = Lun(index, key)
        if readonly:
            self.readonly[index] = at

    def admit(self, at: Place, wwn: str) -> None:
        """Let an initiator log in; all others may no longer."""
        self.closed = True
        try:
            name = one_name(_NAMES, wwn)
        except InvalidValue:
            self.objects.lost(
                at,
                f"{wwn!r} is not the name of one initiator: those that it matches cannot log in",
                f"create an ACL for each: /{self.fabric}/{self.wwn}/tpg{self.tag}/acls create NAME",
            )
            return
        self.initiators.setdefault(name, at)

    def admit_address(self, at: Place, text: str) -> None:
        """Let only initiators at this address or network, and other such ones, log in."""
        self.addresses.append((at, text))

    def user(self, at: Place, userid: str, password: str | None, *, mutual: bool = False) -> None:
        """Require CHAP; LIO has one user, so others are lost. A password of None is not known."""
        self.needs_login = self.needs_login or not mutual
        if password is None:
            word = "mutual_userid" if mutual else "userid"
            self.objects.lost(
                at,
                f"the password of {userid} is not in the file"
                + ("" if mutual else f": {_ALL} cannot log in before it is set"),
                f"/{self.fabric}/{self.wwn}/tpg{self.tag} set auth {word}={userid} "
                f"{'mutual_' if mutual else ''}password=-",
            )
            return
        names = ("mutual_userid", "mutual_password") if mutual else ("userid", "password")
        if getattr(self.auth, names[0]) is not None:
            self.objects.lost(at, f"LIO has one user for each initiator: {userid} is left out")
            return
        pair = dict(zip(names, (userid, password), strict=True))
        if self.objects.accepts(at, pair, f"of {self.wwn}"):
            self.auth = Auth(**{**dict(self.auth.items()), **pair})

    def parameter(self, at: Place, name: str, value: str) -> None:
        """Set an iSCSI parameter (a key of RFC 7143) of the TPG."""
        row = schema.tpg_parameter(name, self.fabric)
        if row is None:
            self.objects.note(at, f"LIO has no {name}")
            return
        try:
            if not value.isprintable():
                raise InvalidValue(f"{name} takes printable text, not {value!r}")
            self.parameters[row.name] = row.check(value)
        except InvalidValue as err:
            self.objects.changed(at, f"{err.message}: the kernel's own value is used")

    def attribute(self, at: Place, name: str, value: str) -> None:
        """Set an attribute of the TPG."""
        checked = self.objects.checked(at, schema.tpg_attribute(name, self.fabric), value)
        if checked is not None:
            self.attributes[name] = checked

    def acl_attribute(self, at: Place, name: str, value: str) -> None:
        """Set an attribute of each ACL."""
        checked = self.objects.checked(at, schema.acl_attribute(name), value)
        if checked is not None:
            self.acl_attributes[name] = checked
            self.acl_places.append(at)

    def listen(
        self, at: Place, address: str, port: int = ISCSI_PORT, *, iser: bool = False
    ) -> None:
        """Listen on an address; without a call the target listens on all."""
        try:
            portal = Portal(naming.portal_address(address), port, iser=iser)
        except InvalidValue as err:
            self.objects.lost(at, f"no portal on {address}: {err.message}", err.hint)
            return
        self.portals[portal.name] = portal

    # -- result -----------------------------------------------------------------------------

    def built(self) -> Target:
        """Return the target, with remarks about the access to it."""
        if not self.closed:
            self._drop_readonly()
            for at in self.acl_places:
                self.objects.changed(at, "LIO has this value for initiators with an ACL only")
        default = Portal(_ANY, ISCSI_PORT)
        everywhere = {} if self.silent else {default.name: default}
        portals = self.portals or everywhere
        self._limit(portals)
        tpg = Tpg(
            self.tag,
            enable=True,
            attributes=self._attributes(),
            parameters=self.parameters,
            auth=Auth() if self.closed else self.auth,
            luns=self.luns,
            portals=portals if self.fabric == "iscsi" else {},
            acls=self._acls() if self.closed else {},
        )
        return Target(self.fabric, self.wwn, {self.tag: tpg})

    def _attributes(self) -> Values:
        found = {**self.attributes, "authentication": str(int(self.needs_login))}
        if self.closed:
            return {"generate_node_acls": "0", "cache_dynamic_acls": "0", **found}
        all_readonly = bool(self.luns) and self.luns.keys() <= self.readonly.keys()
        return {
            "generate_node_acls": "1",
            "cache_dynamic_acls": "1",
            "demo_mode_write_protect": str(int(all_readonly)),
            **found,
        }

    def _acls(self) -> dict[str, NodeAcl]:
        mapped = {
            index: MappedLun(index, index, write_protect=index in self.readonly)
            for index in self.luns
        }
        return {
            wwn: NodeAcl(wwn, mapped, attributes=self.acl_attributes, auth=self.auth)
            for wwn in self.initiators
        }

    def _drop_readonly(self) -> None:
        """Leave out LUNs that demo mode would make writable."""
        if len(self.readonly) == len(self.luns):
            return
        for index, at in self.readonly.items():
            if self._is_open_read_only(index):
                continue
            del self.luns[index]
            self._cannot_protect(at, f"LUN {index} is left out")

    def _is_open_read_only(self, index: int) -> bool:
        backing = self.objects.object(self.luns[index].storage_object).backing
        return isinstance(backing, Block) and bool(backing.readonly)

    def _cannot_protect(self, at: Place, what: str) -> None:
        self.objects.lost(
            at,
            f"{what}: LIO cannot write-protect one disk of several where any initiator may log in",
            "name the initiators, or export it by another target",
        )

    def _limit(self, portals: Mapping[str, Portal]) -> None:
        """Note which addresses may reach the portals: all networks, unless some are admitted."""
        listed = [] if self.any_address else [text for _, text in self.addresses]
        tpg = f"/{self.fabric}/{self.wwn}/tpg{self.tag}"
        if self.closed and self.addresses_suffice and listed:
            self.objects.lost(
                self.addresses[0][0],
                "LIO does not look at the address of an initiator, so those at these cannot log "
                f"in: {', '.join(listed)}",
                f"create an ACL for each: {tpg}/acls create NAME",
            )
            listed = []
        at = self.addresses[0][0] if listed else self.at
        if self.fabric == "iscsi":
            self.objects.accesses.append(Access(at, tpg, tuple(portals.values()), listed))
