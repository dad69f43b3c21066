# SPDX-License-Identifier: Apache-2.0
"""Config -> targets.conf of tgt.

tgt knows names of initiators for a whole target only: a LUN is written if all ACLs map it, under
the number that they have in common.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .. import naming, schema
from ..config import shown_inquiry
from ..config.backing import Block, FileIO, Pscsi
from ..config.model import WILDCARDS, Config, Key, StorageObject, Target, Tpg
from ..kernel.abi import DEFAULT_GROUP
from .imported import Exported
from .losses import (
    Losses,
    is_plain,
    mutual_users,
    naa_digits,
    requires_login,
    users,
)
from .objects import name_of

# scsi_id and scsi_sn (usr/tgtd.h).
_LONGEST = 36
_ANY = tuple(f"{address}:{naming.ISCSI_PORT}" for address in WILDCARDS)
_VALUE = re.compile(r"[^\s\"'\\#<>$=`](?:[^\r\n\"'\\#<>$`]*[^\s\"'\\#<>$`])?")
_WORD = re.compile(r"[^\s\"'\\#<>$=`]+")
_PARAMETERS = (
    "DataDigest",
    "DataPDUInOrder",
    "DataSequenceInOrder",
    "DefaultTime2Retain",
    "DefaultTime2Wait",
    "ErrorRecoveryLevel",
    "FirstBurstLength",
    "HeaderDigest",
    "ImmediateData",
    "InitialR2T",
    "MaxBurstLength",
    "MaxConnections",
    "MaxOutstandingR2T",
    "MaxRecvDataSegmentLength",
    "MaxXmitDataSegmentLength",
)
_TPG_ATTRIBUTES = (
    "authentication",
    "cache_dynamic_acls",
    "demo_mode_write_protect",
    "generate_node_acls",
)
# The name of the disk is in the product, with emulate_model_alias.
_ATTRIBUTES = ("block_size", "emulate_model_alias", "emulate_write_cache")


def export(config: Config) -> Exported:
    """Return a configuration as targets.conf, with remarks about what tgt cannot express."""
    return _Writer(config).run()


class _Writer:
    """Writes one file; ``written`` are the storage objects in it or in a remark of its LUN."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.losses = Losses()
        self.written: set[Key] = set()

    def run(self) -> Exported:
        lines = ["# Configuration of tgt, to be applied with: tgt-admin --execute --conf FILE"]
        lines += self._discovery()
        for key in sorted(self.config.targets):
            target = self.config.targets[key]
            path = f"/{target.fabric}/{target.wwn}"
            if target.fabric != "iscsi" or not target.tpgs or not is_plain(target.wwn):
                self.losses.lost(path, f"tgt has no target like {path}: it is left out")
                continue
            lines += self._target(path, target)
        for key in sorted(set(self.config.storage_objects) - self.written):
            so = self.config.storage_objects[key]
            self.losses.note(so.path, "it is left out: no target that is written exports it")
        self.losses.rest(self.config, "tgt")
        return Exported("\n".join(lines) + "\n", tuple(self.losses.remarks))

    def _discovery(self) -> Iterator[str]:
        settings = self.config.fabrics.get("iscsi")
        if settings is None or not settings.discovery_enable:
            return
        auths = [settings.discovery_auth]
        words = ("incomingdiscoveryuser", "outgoingdiscoveryuser")
        yield from self._users("/iscsi", words, users(auths), mutual_users(auths))

    def _users(
        self,
        path: str,
        words: tuple[str, str],
        pairs: list[tuple[str, str]],
        mutual: list[tuple[str, str]],
    ) -> Iterator[str]:
        for word, found in zip(words, (pairs, mutual[:1]), strict=True):
            for user, password in found:
                if _WORD.fullmatch(user) and _WORD.fullmatch(password):
                    yield f"{word} {user} {password}"
                else:
                    self.losses.lost(path, f"targets.conf cannot hold the user {user!r}")
        self.losses.users(path, "tgt", len(pairs), len(mutual))

    # -- a target ---------------------------------------------------------------------------

    def _target(self, path: str, target: Target) -> list[str]:
        tag = min(target.tpgs)
        for other in sorted(set(target.tpgs) - {tag}):
            text = "tgt has one target portal group: this one is left out"
            self.losses.lost(f"{path}/tpg{other}", text)
        tpg = target.tpgs[tag]
        where = f"{path}/tpg{tag}"
        is_open = tpg.attributes.get("generate_node_acls") == "1"
        refusal = self._refusal(tpg, is_open=is_open)
        if refusal:
            self.losses.lost(where, f"the target is left out: {refusal}")
            return []
        lines = [*self._settings(where, tpg), *self._access(where, tpg, is_open=is_open)]
        for number, key, readonly in self._luns(where, tpg, is_open=is_open):
            lines += self._store(self.config.storage_objects[key], number, readonly=readonly)
        return ["", f"<target {target.wwn}>", *(f"    {line}" for line in lines), "</target>"]

    def _refusal(self, tpg: Tpg, *, is_open: bool) -> str:
        """Return why tgt would admit more initiators than LIO does; "" if it would not."""
        if tpg.enable is False:
            return "it is not enabled, and tgt has no such state"
        if not tpg.portals:
            return "it has no portal, and tgt would listen on all addresses"
        if not is_open and not any(map(is_plain, tpg.acls)):
            return "no initiator may log in, and tgt would admit all"
        if requires_login(tpg) and not self._pairs(tpg, is_open=is_open):
            return "authentication=1 without a user, and tgt would admit all"
        return ""

    def _pairs(self, tpg: Tpg, *, is_open: bool) -> list[tuple[str, str]]:
        auths = [tpg.auth] if is_open else []
        pairs = users([*auths, *(acl.auth for acl in tpg.acls.values())])
        return [pair for pair in pairs if all(map(_WORD.fullmatch, pair))]

    def _settings(self, path: str, tpg: Tpg) -> Iterator[str]:
        for name in _PARAMETERS:
            if name in tpg.parameters and (text := self._value(path, tpg.parameters[name])):
                yield f"{name} {text}"
        find, known = schema.tpg_parameter, (*_PARAMETERS, "AuthMethod")
        self.losses.settings(path, tpg.parameters, lambda name: find(name, "iscsi"), known)
        attribute = schema.tpg_attribute
        names = _TPG_ATTRIBUTES
        self.losses.settings(path, tpg.attributes, lambda name: attribute(name, "iscsi"), names)
        for acl in tpg.acls.values():
            where = f"{path}/acls/{acl.wwn}"
            self.losses.settings(where, acl.attributes, schema.acl_attribute, ())
        if "rtpi" in tpg.files:
            self.losses.lost(path, "tgt has no relative target port identifiers")
        if any(portal.iser for portal in tpg.portals.values()):
            yield "driver iser"
        names_of = [name for name, portal in tpg.portals.items() if not portal.iser]
        if names_of and not any(name in _ANY for name in names_of):
            self.losses.changed(
                path,
                f"tgt listens on all addresses, not on {', '.join(names_of)} alone",
                "start tgtd with --iscsi portal=ADDRESS:PORT",
            )

    def _access(self, path: str, tpg: Tpg, *, is_open: bool) -> Iterator[str]:
        if requires_login(tpg):
            auths = [tpg.auth] if is_open else []
            auths += [acl.auth for acl in tpg.acls.values()]
            words = ("incominguser", "outgoinguser")
            yield from self._users(path, words, users(auths), mutual_users(auths))
        if not is_open:
            for wwn in sorted(tpg.acls):
                if is_plain(wwn):
                    yield f"initiator-name {wwn}"
                else:
                    self.losses.lost(f"{path}/acls/{wwn}", "targets.conf cannot hold this name")
        elif tpg.acls:
            text = "initiators with an ACL see the same LUNs as all others"
            self.losses.lost(f"{path}/acls", text)

    # -- LUNs -------------------------------------------------------------------------------

    def _luns(self, path: str, tpg: Tpg, *, is_open: bool) -> Iterator[tuple[int, Key, bool]]:
        """Yield the number, the storage object and the write protection of each LUN."""
        found = dict(self._of_all(tpg) if is_open else self._common(path, tpg))
        for number in sorted(found):
            key, readonly = found[number]
            if number == 0:
                number = next(other for other in range(1, 1 << 16) if other not in found)
                self.losses.changed(
                    f"{path}/luns/lun0",
                    f"LUN 0 becomes LUN {number}: tgt has its controller there",
                )
            yield number, key, readonly

    def _of_all(self, tpg: Tpg) -> Iterator[tuple[int, tuple[Key, bool]]]:
        readonly = tpg.attributes.get("demo_mode_write_protect") == "1"
        for index, lun in tpg.luns.items():
            yield index, (lun.storage_object, readonly)

    def _common(self, path: str, tpg: Tpg) -> Iterator[tuple[int, tuple[Key, bool]]]:
        views = [
            {
                mapped.index: (tpg.luns[mapped.tpg_lun].storage_object, mapped.write_protect)
                for mapped in acl.mapped_luns.values()
                if mapped.tpg_lun in tpg.luns
            }
            for acl in tpg.acls.values()
        ]
        for index in sorted({index for view in views for index in view}):
            seen = [view.get(index) for view in views]
            keys = {one[0] for one in seen if one is not None}
            if None in seen or len(keys) > 1:
                text = f"LUN {index} is left out: not all ACLs map the same disk there"
                self.losses.lost(f"{path}/acls", text)
                continue
            protected = {one[1] for one in seen if one is not None}
            if len(protected) > 1:
                text = f"LUN {index} is write-protected for all: tgt cannot do it for some"
                self.losses.changed(f"{path}/acls", text)
            yield index, (keys.pop(), True in protected)

    def _store(self, so: StorageObject, number: int, *, readonly: bool) -> list[str]:
        dev = so.backing.udev_path
        self.written.add(so.key)
        if not isinstance(so.backing, FileIO | Block | Pscsi) or not _VALUE.fullmatch(dev):
            self.losses.lost(so.path, "tgt has no disk like it: it is left out")
            return []
        if isinstance(so.backing, Pscsi) and not dev.startswith("/"):
            self.losses.lost(
                so.path, f"tgt needs the path of the device, not {dev}: it is left out"
            )
            return []
        if so.name != name_of(dev):
            self.losses.note(so.path, "tgt has no names of disks")
        groups = sorted(set(so.alua_groups) - {DEFAULT_GROUP})
        if groups:
            self.losses.lost(so.path, f"tgt has no target port groups: {', '.join(groups)}")
        lines = [f"lun {number}", *self._of_store(so, readonly=readonly)]
        return [f"<backing-store {dev}>", *(f"    {line}" for line in lines), "</backing-store>"]

    def _of_store(self, so: StorageObject, *, readonly: bool) -> Iterator[str]:
        match so.backing:
            case Pscsi():
                yield from ("bs-type sg", "device-type pt")
                return
            case FileIO() as file:
                if file.aio:
                    yield "bs-type aio"
                yield f"write-cache {'on' if file.write_back else 'off'}"
        if readonly or (isinstance(so.backing, Block) and so.backing.readonly):
            yield "readonly 1"
        if "block_size" in so.attributes:
            yield f"block-size {so.attributes['block_size']}"
        find = schema.storage_object
        plugin = so.backing.plugin
        self.losses.settings(so.path, so.attributes, lambda name: find(name, plugin), _ATTRIBUTES)
        for name, value in self._identity(so):
            text = self._value(so.path, value)
            if text:
                yield f"{name} {text}"

    def _identity(self, so: StorageObject) -> Iterator[tuple[str, str]]:
        fields = shown_inquiry.fields(so)
        if so.wwn:
            yield "scsi_id", naa_digits(so)
            yield "scsi_sn", so.wwn[:_LONGEST]
            if len(so.wwn) > _LONGEST:
                text = f"tgt has the first {_LONGEST} characters of the serial number"
                self.losses.changed(so.path, text)
        else:
            self.losses.note(so.path, "without a serial number, tgt makes one")
        yield "vendor_id", fields["vendor_id"]
        yield "product_id", fields["product_id"]
        yield "product_rev", fields["revision"]

    def _value(self, path: str, text: str) -> str:
        if _VALUE.fullmatch(text):
            return text
        self.losses.lost(path, f"targets.conf cannot hold {text!r}")
        return ""
