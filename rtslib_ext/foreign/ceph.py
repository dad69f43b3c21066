# SPDX-License-Identifier: Apache-2.0
"""The configuration of ceph-iscsi, gateway.conf -> Config.

It is one JSON object in the RADOS object ``gateway.conf``; ``gwcli export`` prints it. All gateways
share it, and each has a TPG for its own addresses in every target. From ceph/ceph-iscsi:
ceph_iscsi_config/{common,target,client,lun,gateway_setting}.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import naming, schema
from ..config.backing import Block
from ..config.model import Auth, FabricSettings, Key, Lun, MappedLun, NodeAcl, Portal, Target, Tpg
from ..errors import InvalidValue
from ..fast_dataclasses import replace
from ..savefile.checked_json import Item, Unusable
from .builder import Builder
from .identity import Identity
from .imported import Imported, Place
from .initiators import one_name
from .json_source import Document, is_masked
from .source import Source

_ISCSI = "iscsi"
# What initiators saw of tcmu-runner: scsi.c, tcmu_emulate_std_inquiry.
_PRODUCT, _REVISION = "TCMU device", "0002"

# The settings of targets: the kernel's name, and the value without one (gateway_setting.py).
_PARAMETERS = {
    "immediate_data": ("ImmediateData", "Yes"),
    "initial_r2t": ("InitialR2T", "Yes"),
    "max_outstanding_r2t": ("MaxOutstandingR2T", "1"),
    "first_burst_length": ("FirstBurstLength", "262144"),
    "max_burst_length": ("MaxBurstLength", "524288"),
    "max_recv_data_segment_length": ("MaxRecvDataSegmentLength", "262144"),
    "max_xmit_data_segment_length": ("MaxXmitDataSegmentLength", "262144"),
}
# Those of initiators, which a target may have for all of them.
_ACL_ATTRIBUTES = {"dataout_timeout": "20", "nopin_response_timeout": "5", "nopin_timeout": "5"}
_DEPTH = ("cmdsn_depth", "128")
_OF_TCMU = ("max_data_area_mb", "qfull_timeout", "osd_op_timeout", "hw_max_sectors")


def read(source: Source) -> Imported:
    """Return the configuration of a gateway.conf. Raises ParseError."""
    return _Reader(Document(source)).run()


class _Reader:
    """Reads the object of the gateways; those of versions up to 3 have only one target."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._builder = Builder(document.source)
        self._disks: dict[str, Key] = {}

    def run(self) -> Imported:
        root = self._document.root()
        for name, disk in root.named_items("disks").items():
            self._disk(name, disk)
        if self._disks:
            self._builder.changed(
                self._document.at("disks"),
                "RBD images become block devices of the kernel's RBD driver, without tcmu-runner",
                "map them at boot by /etc/ceph/rbdmap: /dev/rbd/POOL/IMAGE",
            )
        targets = {}
        for target in self._targets(root):
            targets[target.key] = target
        discovery = self._discovery(root.item("discovery_auth"))
        self._document.remark(self._builder)
        made = self._builder.imported()
        fabrics = {_ISCSI: discovery} if discovery else {}
        return replace(made, config=replace(made.config, targets=targets, fabrics=fabrics))

    # -- disks ------------------------------------------------------------------------------

    def _disk(self, name: str, item: Item) -> None:
        at = self._document.at(item.where)
        try:
            pool = item.required("pool", item.text)
            image = item.required("image", item.text)
        except Unusable:
            return
        path = f"/dev/rbd/{pool}/{image}"
        serial = item.text("wwn") or None
        if serial is None:
            self._builder.changed(at, f"{name} has no wwn: initiators will see a new disk")
        try:
            Block(path).controls()
        except InvalidValue as err:
            self._builder.lost(at, f"{err.message}: it is left out")
            return
        identity = Identity(serial=serial, product=_PRODUCT, revision=_REVISION)
        own = item.text("backstore_object_name") or name.replace("/", ".")
        self._disks[name] = self._builder.add(at, own, Block(path), identity)
        controls = item.item("controls")
        for control in controls.unused():
            if control in _OF_TCMU:
                place = self._document.at(controls.at(control))
                self._builder.note(place, f"{control} is of tcmu-runner, and left out")
            else:
                self._document.unknown(controls, control)

    # -- targets ----------------------------------------------------------------------------

    def _targets(self, root: Item) -> Iterator[Target]:
        gateways = root.item("gateways")
        iqn = gateways.text("iqn") if isinstance(gateways.raw("iqn"), str) else None
        if iqn and root.raw("targets") is None:
            # Version 3 and older.
            made = self._target(iqn, root, _texts(gateways.raw("ip_list")))
            if made:
                yield made
        for name, item in root.named_items("targets").items():
            made = self._target(name, item, _texts(item.raw("ip_list")))
            if made:
                yield made

    def _target(self, name: str, item: Item, addresses: list[str]) -> Target | None:
        at = self._document.at(item.where or "gateways.iqn")
        try:
            wwn = naming.as_running(("iqn", "eui", "naa"), name)
        except InvalidValue as err:
            self._builder.lost(at, f"the target {name} is left out: {err.hint}")
            return None
        luns = self._luns(wwn, item)
        tpg = self._tpg(wwn, item, luns)
        tpgs = {}
        for tag, address in enumerate(addresses, 1):
            try:
                portal = Portal(naming.portal_address(address), naming.ISCSI_PORT)
            except InvalidValue as err:
                self._builder.lost(at, f"a gateway of {wwn} is left out: {err.message}")
                continue
            tpgs[tag] = replace(tpg, tag=tag, portals={portal.name: portal})
        if not tpgs:
            self._builder.lost(
                at, f"{wwn} has no gateway: no initiator can log in", "create a portal"
            )
            tpgs[1] = tpg
        self._remark_gateways(wwn, item, len(tpgs))
        return Target(_ISCSI, wwn, tpgs)

    def _remark_gateways(self, wwn: str, item: Item, count: int) -> None:
        if count < 2:
            return
        at = self._document.at(item.at("portals"))
        self._builder.changed(
            at,
            f"the {count} gateways of {wwn} become {count} TPGs of this host, and all paths are "
            "equal: ceph-iscsi preferred that of the gateway that owns a disk",
            "give this host the addresses, or delete the TPGs of those that stay elsewhere",
        )

    def _luns(self, wwn: str, item: Item) -> dict[str, Lun]:
        """Return the LUNs of the TPGs by disk; old versions do not store their numbers."""
        listed = item.raw("disks")
        names = list(listed) if isinstance(listed, (list, dict)) else []
        luns: dict[str, Lun] = {}
        taken: set[int] = set()
        for place, name in enumerate(names):
            key = self._disks.get(name) if isinstance(name, str) else None
            if key is None:
                self._builder.lost(
                    self._document.at(item.at("disks")),
                    f"{wwn} exports {_shown(name)}, which is not a disk of the file",
                )
                continue
            index = _lun_id(listed[name]) if isinstance(listed, dict) else place
            index = place if index is None or item.where == "" else index
            while index in taken:
                index += 1
            taken.add(index)
            luns[name] = Lun(index, key)
        return luns

    def _tpg(self, wwn: str, item: Item, luns: Mapping[str, Lun]) -> Tpg:
        controls = item.item("controls")
        auth = self._auth(item.item("auth"), f"/iscsi/{wwn}/tpg1", "any initiator")
        acls = dict(self._acls(wwn, item, luns, controls))
        closed = item.flag("acl_enabled") is not False
        chap = auth.userid if not closed else any(acl.auth.userid for acl in acls.values())
        return Tpg(
            1,
            enable=True,
            attributes={
                "authentication": str(int(bool(chap))),
                "generate_node_acls": str(int(not closed)),
                "demo_mode_write_protect": str(int(closed)),
            },
            parameters=self._parameters(controls),
            auth=Auth() if closed else auth,
            luns={lun.index: lun for lun in luns.values()},
            acls=acls if closed else {},
        )

    def _parameters(self, controls: Item) -> dict[str, str]:
        found = {}
        for control, (name, default) in _PARAMETERS.items():
            row = schema.tpg_parameter(name)
            found[name] = self._setting(controls, control, row, default)
        return found

    def _setting(
        self, controls: Item, name: str, row: schema.Attribute | None, default: str
    ) -> str:
        value = controls.raw(name)
        if value is None or row is None:
            return default
        try:
            return row.check(str(value))
        except InvalidValue as err:
            at = self._document.at(controls.at(name))
            self._builder.changed(at, f"{err.message}: it is {default}, as without it")
            return default

    # -- initiators -------------------------------------------------------------------------

    def _acls(
        self, wwn: str, item: Item, luns: Mapping[str, Lun], controls: Item
    ) -> Iterator[tuple[str, NodeAcl]]:
        for name, client in item.named_items("clients").items():
            at = self._document.at(client.where)
            try:
                initiator = one_name(("iqn", "eui", "naa"), name)
            except InvalidValue as err:
                self._builder.lost(at, f"the ACL of {name} is left out: {err.hint}")
                continue
            mapped = {}
            for disk, entry in client.named_items("luns").items():
                index = entry.number("lun_id")
                if disk not in luns or index is None or not 0 <= index <= naming.LUN_MAX:
                    self._builder.lost(
                        self._document.at(entry.where), f"{disk} is no LUN of {wwn}: not mapped"
                    )
                    continue
                mapped[index] = MappedLun(index, luns[disk].index)
            path = f"/iscsi/{wwn}/tpg1/acls/{initiator}"
            own = client.item("controls")
            yield (
                initiator,
                NodeAcl(
                    initiator,
                    mapped,
                    attributes=self._acl_attributes(own, controls),
                    auth=self._auth(client.item("auth"), path, initiator),
                    tag=self._tag(client, at),
                    cmdsn_depth=self._of_client(own, controls, schema.acl(_DEPTH[0]), *_DEPTH),
                ),
            )

    def _tag(self, client: Item, at: Place) -> str | None:
        """Return the group of a client as a tag; None without one that a shell path can have."""
        name = client.text("group_name")
        if not name:
            return None
        try:
            naming.check_tag(name)
        except InvalidValue as err:
            self._builder.lost(at, f"the group of the client is left out: {err.message}")
            return None
        return name

    def _acl_attributes(self, own: Item, controls: Item) -> dict[str, str]:
        return {
            name: self._of_client(own, controls, schema.acl_attribute(name), name, default)
            for name, default in _ACL_ATTRIBUTES.items()
        }

    def _of_client(
        self, own: Item, controls: Item, row: schema.Attribute | None, name: str, default: str
    ) -> str:
        return self._setting(own if own.raw(name) is not None else controls, name, row, default)

    # -- credentials ------------------------------------------------------------------------

    def _auth(self, item: Item, path: str, who: str) -> Auth:
        """Return credentials; encrypted passwords become a remark with the command for ``path``."""
        pairs: dict[str, str] = {}
        for mutual in ("", "mutual_"):
            user, password = _pair(item, mutual)
            if not user:
                continue
            pairs[f"{mutual}userid"] = user
            at = self._document.at(item.at(f"{mutual}password"))
            sealed = item.flag(f"{mutual}password_encryption_enabled") and password
            if sealed or not password or is_masked(password):
                why = (
                    "is encrypted with the key of the gateways" if sealed else "is not in the file"
                )
                self._builder.lost(
                    at,
                    f"the {'mutual ' if mutual else ''}password of {who} {why}: it cannot log in "
                    "before it is set",
                    f"{path} set auth {mutual}password=-",
                )
            elif self._builder.accepts(at, {f"{mutual}password": password}, f"of {who}"):
                pairs[f"{mutual}password"] = password
        return Auth(**pairs)

    def _discovery(self, item: Item) -> FabricSettings | None:
        auth = self._auth(item, "/iscsi", "any initiator, for discovery,")
        if auth.userid is None:
            return None
        return FabricSettings(_ISCSI, auth, discovery_enable=True)


def _pair(item: Item, mutual: str) -> tuple[str, str]:
    """Return a user and a password; old versions have both in one text, with a slash."""
    old = item.text("chap_mutual" if mutual else "chap")
    if old:
        user, _, password = old.partition("/")
        return user, password
    return item.text(f"{mutual}username") or "", item.text(f"{mutual}password") or ""


def _shown(name: Any) -> str:
    """Return a name; of another value only that it is none, as it may contain a secret."""
    return repr(name) if isinstance(name, str) else "a value"


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _lun_id(value: Any) -> int | None:
    number = value.get("lun_id") if isinstance(value, dict) else None
    is_lun = type(number) is int and 0 <= number <= naming.LUN_MAX
    return number if is_lun else None
