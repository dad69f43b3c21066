# SPDX-License-Identifier: Apache-2.0
"""What ``midclt call iscsi.….query`` of TrueNAS prints -> Config (truenas_lists.py).

A target of TrueNAS has groups of a portal, initiators and users. Each becomes a TPG, so that the
initiators of each address stay the same. From truenas/middleware: etc_files/scst.conf.mako.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from .. import naming
from ..config.model import Key, Target, Tpg
from ..errors import InvalidValue
from ..fast_dataclasses import dataclass, field, replace
from ..savefile.checked_json import Item, Unusable
from .builder import Builder
from .identity import Identity
from .imported import ISNS, Imported, Place
from .json_source import Document, is_masked
from .source import Source
from .target import TargetBuilder
from .truenas_lists import Parts

_BASENAME = "iqn.2005-10.org.freenas.ctl"
_NAMES = ("iqn.", "eui.", "naa.")
_PRODUCT = "iSCSI Disk"
_SIZE = re.compile(r"(\d{1,19})([KMGTP]?)(?:i?B)?")
_UNITS = " KMGTP"
_NO_SECRET = "NONE"


@dataclass(frozen=True, slots=True)
class User:
    """A user of a group, and the one with which the target answers ("": none).

    A password of None is not in the file, as it is masked there.
    """

    at: Place
    name: str
    password: str | None
    peer: str
    peer_password: str | None


@dataclass(slots=True)
class Known:
    """What targets refer to, by its id."""

    extents: dict[int, tuple[Key | None, bool]] = field(default_factory=dict)
    """The storage object (None: left out), and whether it is read-only."""
    luns: dict[int, list[tuple[Place, int | None, int]]] = field(default_factory=dict)
    """(place, LUN, id of the extent) by the id of the target."""
    portals: dict[int, list[tuple[str, int]]] = field(default_factory=dict)
    initiators: dict[int, tuple[list[str], list[str]]] = field(default_factory=dict)
    """Names and addresses of initiators."""
    users: dict[int, list[User]] = field(default_factory=dict)
    """By their tag, which is not their id."""


def read(source: Source) -> Imported:
    """Return the configuration in the answers of TrueNAS. Raises ParseError."""
    return _Reader(source).run()


class _Reader:
    """Makes the objects; those of TrueNAS name each other by their ids."""

    def __init__(self, source: Source) -> None:
        self._parts = Parts(source)
        self._builder = Builder(source)
        self._known = Known()
        self._document, self._global = self._parts.config()
        self._port = naming.ISCSI_PORT
        with suppress(Unusable):
            self._port = self._global.within("listen_port", 1, naming.PORT_MAX) or naming.ISCSI_PORT

    def run(self) -> Imported:
        readers = {
            "extent": self._extent,
            "targetextent": self._association,
            "portal": self._portal,
            "initiator": self._initiator,
            "auth": self._user,
        }
        for name, read_one in readers.items():
            for document, item in self._parts.items(name):
                with suppress(Unusable):
                    read_one(document, item)
        self._services()
        targets = {target.key: target for target in self._targets()}
        for document in self._parts.documents:
            document.remark(self._builder)
        made = self._builder.imported([one.source.path for one in self._parts.documents])
        return replace(made, config=replace(made.config, targets=targets))

    # -- extents ----------------------------------------------------------------------------

    def _extent(self, document: Document, item: Item) -> None:
        at, number = document.at(item.where), item.required("id", item.number)
        name = item.required("name", item.text)
        readonly = bool(item.flag("ro"))
        self._known.extents[number] = (None, readonly)
        if item.flag("enabled") is False:
            self._builder.note(at, f"the extent {name} is disabled, and left out")
            return
        is_file = item.text("type") == "FILE"
        path = (item.text("path") if is_file else item.text("disk") or item.text("path")) or ""
        if not path:
            self._builder.lost(at, f"the extent {name} has neither disk nor path: it is left out")
            return
        block_size = item.text("blocksize")
        naa = (item.text("naa") or "").lower().removeprefix("0x").removeprefix("naa.")
        key = self._builder.disk(
            at,
            path if path.startswith("/") else f"/dev/{path}",
            Identity(
                serial=item.text("serial") or None,
                naa=naa or None,
                vendor=item.text("vendor"),
                product=item.text("product_id") or _PRODUCT,
            ),
            name=name,
            readonly=readonly,
            block_size=None if block_size == "512" else block_size,
            size=self._size(item) if is_file else None,
        )
        if key:
            self._known.extents[number] = (key, readonly)
            self._attributes(key, item)
            self._remark_extent(document, item, name)

    def _size(self, item: Item) -> int | None:
        """Return the size in bytes that is asked for; None for that of the file."""
        found = _SIZE.fullmatch(item.text("filesize") or "0")
        if found is None:
            item.report(item.at("filesize"), "must be a size such as 10GB")
            raise Unusable
        number = int(found[1])
        return number * 1024 ** _UNITS.index(found[2] or " ") if number else None

    def _attributes(self, key: Key, item: Item) -> None:
        so = self._builder.object(key)
        attributes = dict(so.attributes)
        rpm = item.text("rpm")
        if rpm and rpm.upper() != "UNKNOWN":
            attributes["is_nonrot"] = str(int(rpm.upper() == "SSD"))
        if item.flag("insecure_tpc") is False:
            attributes["emulate_3pc"] = "0"
        self._builder.put(replace(so, attributes=attributes))

    def _remark_extent(self, document: Document, item: Item, name: str) -> None:
        if item.flag("locked"):
            self._builder.note(document.at(item.at("locked")), f"the disk of {name} is locked now")
        if item.number("avail_threshold"):
            self._builder.lost(
                document.at(item.at("avail_threshold")),
                f"LIO does not warn the initiators of {name} when the pool is nearly full",
            )
        if item.flag("pblocksize"):
            self._builder.changed(
                document.at(item.at("pblocksize")),
                f"LIO reports the physical block size of {name}, which TrueNAS hid",
            )
        if item.flag("xen"):
            self._builder.note(
                document.at(item.at("xen")), f"{name} has no other name for Xen: xen is left out"
            )

    # -- what targets refer to --------------------------------------------------------------

    def _association(self, document: Document, item: Item) -> None:
        target = item.required("target", item.number)
        extent = item.required("extent", item.number)
        luns = self._known.luns.setdefault(target, [])
        luns.append((document.at(item.where), item.number("lunid"), extent))

    def _portal(self, document: Document, item: Item) -> None:
        number = item.required("id", item.number)
        listen = self._known.portals.setdefault(number, [])
        for entry in item.items("listen"):
            with suppress(Unusable):
                port = entry.within("port", 1, naming.PORT_MAX) or self._port
                listen.append((entry.required("ip", entry.text), port))
        method = item.text("discovery_authmethod")
        if method and method.upper() != _NO_SECRET:
            # Before version 13 discovery was protected by portal.
            tag = item.number("discovery_authgroup")
            self._builder.changed(
                document.at(item.at("discovery_authmethod")),
                "discovery is protected for all portals or none",
                f"/iscsi set discovery_auth enable=1, with the first user of the group {tag}",
            )

    def _initiator(self, document: Document, item: Item) -> None:
        number = item.required("id", item.number)
        self._known.initiators[number] = (
            [name for name in item.texts("initiators") if name.upper() != "ALL"],
            [text for text in item.texts("auth_network") if text.upper() != "ALL"],
        )

    def _user(self, document: Document, item: Item) -> None:
        at, tag = document.at(item.where), item.required("tag", item.number)
        name, peer = item.text("user") or "", item.text("peeruser") or ""
        secret, peer_secret = item.text("secret") or "", item.text("peersecret") or ""
        user = User(
            at,
            name,
            None if not secret or is_masked(secret) else secret,
            peer,
            None if not peer_secret or is_masked(peer_secret) else peer_secret,
        )
        self._known.users.setdefault(tag, []).append(user)
        method = (item.text("discovery_auth") or _NO_SECRET).upper()
        if method != _NO_SECRET:
            self._discovery(user, mutual=method.endswith("MUTUAL"))

    def _discovery(self, user: User, *, mutual: bool) -> None:
        if user.password is None:
            self._builder.lost(
                user.at,
                f"the password of {user.name} for discovery is not in the file: discovery is open",
                f"/iscsi set discovery_auth enable=1 userid={user.name} password=-",
            )
            return
        self._builder.discovery(user.at, user.name, user.password)
        if mutual and user.peer and user.peer_password:
            self._builder.discovery(user.at, user.peer, user.peer_password, mutual=True)

    def _services(self) -> None:
        servers = self._global.texts("isns_servers")
        at = self._document.at(self._global.at("isns_servers"))
        if servers:
            text = f"the targets are not registered with iSNS: {', '.join(servers)}"
            self._builder.lost(at, text, ISNS)
        if self._global.flag("alua"):
            self._builder.changed(
                self._document.at(self._global.at("alua")),
                "ALUA between two controllers is left out: all paths are active/optimized",
            )

    # -- targets ----------------------------------------------------------------------------

    def _targets(self) -> Iterator[Target]:
        base = self._global.text("basename")
        for document, item in self._parts.items("target"):
            with suppress(Unusable):
                name = item.required("name", item.text)
                if not name.startswith(_NAMES):
                    self._remark_base(document, item, base)
                    name = f"{base or _BASENAME}:{name}"
                target = self._target(document, item, name)
                if target:
                    yield target

    def _remark_base(self, document: Document, item: Item, base: str | None) -> None:
        if base is None:
            self._builder.changed(
                document.at(item.at("name")),
                f"iscsi.global.config is missing: the name of the target begins with {_BASENAME}",
                "add its answer under the key global, if another base name is set",
            )

    def _target(self, document: Document, item: Item, name: str) -> Target | None:
        at = document.at(item.where)
        number = item.required("id", item.number)
        try:
            wwn = naming.as_running(("iqn", "eui", "naa"), name)
        except InvalidValue as err:
            self._builder.lost(at, f"the target {name} is left out: {err.hint}")
            return None
        mode = (item.text("mode") or "ISCSI").upper()
        if mode != "ISCSI":
            text = f"the Fibre Channel port of {wwn} is not in these answers: it is left out"
            self._builder.lost(document.at(item.at("mode")), text)
        tpgs: dict[int, Tpg] = {}
        for group in item.items("groups"):
            builder = TargetBuilder(self._builder, document.at(group.where), "iscsi", wwn)
            builder.tag = len(tpgs) + 1
            self._common(document, item, builder, number)
            self._group(document, group, builder)
            tpgs |= builder.built().tpgs
        if not tpgs:
            self._builder.note(at, f"{wwn} has no group, so it is served nowhere: it is left out")
            return None
        return Target("iscsi", wwn, tpgs)

    def _common(self, document: Document, item: Item, builder: TargetBuilder, number: int) -> None:
        """Add what all groups of a target have in common."""
        alias = item.text("alias")
        if alias:
            builder.parameter(document.at(item.at("alias")), "TargetAlias", alias)
        for address in item.texts("auth_networks"):
            builder.admit_address(document.at(item.at("auth_networks")), address)
        for at, lun, extent in self._known.luns.get(number, ()):
            key, readonly = self._known.extents.get(extent, (None, False))
            if extent not in self._known.extents:
                self._builder.lost(at, f"LUN {lun} of {builder.wwn} has no extent: it is left out")
            index = _free(builder.luns) if lun is None else lun
            builder.lun(at, index, key, readonly=readonly)

    def _group(self, document: Document, group: Item, builder: TargetBuilder) -> None:
        portal = group.number("portal")
        if portal in self._known.portals:
            for address, port in self._known.portals[portal]:
                builder.listen(document.at(group.at("portal")), address, port)
        else:
            text = f"the portal {portal} of {builder.wwn} is not in the file: it listens everywhere"
            self._builder.changed(document.at(group.at("portal")), text)
        self._admit(document, group, builder)
        method = (group.text("authmethod") or _NO_SECRET).upper()
        tag = group.number("auth")
        if method == _NO_SECRET or tag is None:
            return
        at = document.at(group.at("auth"))
        users = self._known.users.get(tag, [])
        if not users:
            builder.needs_login = True
            text = f"the users of the group {tag} are not in the file: no initiator can log in"
            self._builder.lost(at, text, "add the answer of iscsi.auth.query under the key auth")
        for user in users:
            builder.user(user.at, user.name, user.password)
        if method == "CHAP_MUTUAL" and users and users[0].peer:
            first = users[0]
            builder.user(first.at, first.peer, first.peer_password, mutual=True)

    def _admit(self, document: Document, group: Item, builder: TargetBuilder) -> None:
        number = group.number("initiator")
        if number is None:
            return
        at = document.at(group.at("initiator"))
        if number not in self._known.initiators:
            builder.closed = True
            text = f"the initiators {number} of {builder.wwn} are not in the file: none can log in"
            cure = "add the answer of iscsi.initiator.query under the key initiator"
            self._builder.lost(at, text, cure)
            return
        names, addresses = self._known.initiators[number]
        for name in names:
            builder.admit(at, name)
        for address in addresses:
            builder.admit_address(at, address)


def _free(taken: Mapping[int, object]) -> int:
    """Return a number that is not taken."""
    number = len(taken)
    while number in taken:
        number += 1
    return number
