# SPDX-License-Identifier: Apache-2.0
"""scst.conf -> Config: the sections of a file, and the target drivers of SCST as fabrics."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from ... import naming, schema
from ...errors import InvalidValue
from ...fabrics import FABRICS, WITH_ENABLE
from ...schema.attribute import Attribute
from ..builder import Builder
from ..imported import ISNS, Imported, Place
from ..source import Source
from ..statements import Statement
from . import alua, grammar
from .access import Export, Group, GroupedTarget
from .devices import Device, Devices
from .settings import ACL_ATTRIBUTES, FABRIC_OF, PARAMETERS, Settings, place

_USERS = re.compile(r"(Incoming|Outgoing)User\d*")
_NO_EFFECT = {
    "HW_TARGET": "it says that the target is an adapter of this host",
    "RspTimeout": "LIO has no such limit",
    "addr_method": "LIO writes LUNs as initiators expect them",
    "aen_disabled": "LIO sends no asynchronous events",
    "cluster_name": "it is of SCST's cluster mode",
    "comment": "LIO has no comments",
    "cpu_mask": "set cpus_allowed_list of the fabric instead",
    "default_cpu_mask": "set cpus_allowed_list of the fabric instead",
    "forward_dst": "LIO does not forward commands between nodes",
    "forward_src": "LIO does not forward commands between nodes",
    "forwarding": "LIO does not forward commands between nodes",
    "io_grouping_type": "the kernel has its own threads",
    "max_tasklet_cmd": "the kernel has its own threads",
    "poll_us": "the kernel has its own threads",
    "session_name": "LIO has a nexus of its own",
    "setup_id": "it is in the serial numbers",
    "threads": "the kernel has its own threads",
    "trace_level": "it is of SCST's own log",
}
_LOST = {
    "MaxSessions": "LIO does not limit the sessions of a target",
    "black_hole": "LIO answers every command",
    "redirect": "LIO does not redirect logins",
}
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_GROUP_WORDS = ("LUN", "INITIATOR")
_TARGET_WORDS = ("LUN", "GROUP")


def read(source: Source) -> Imported:
    """Return the configuration in an scst.conf. Raises ParseError."""
    return _Reader(source).run()


class _Reader:
    """Reads the sections: devices first, then targets, then their ALUA groups."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.builder = Builder(source)
        top = Statement(("scst.conf",), 0, grammar.parse(source))
        self.top = top
        words = ("HANDLER", "TARGET_DRIVER", "DEVICE_GROUP")
        settings = Settings(self.builder, top, words)
        self.devices = Devices(self.builder, settings.number("setup_id") or 0)
        self.targets: dict[str, GroupedTarget] = {}
        settings.rest(_NO_EFFECT, _LOST)

    def run(self) -> Imported:
        for handler in self.top.blocks("HANDLER"):
            self.devices.handler(handler)
        for driver in self.top.blocks("TARGET_DRIVER"):
            self.driver(driver)
        for group in self.top.blocks("DEVICE_GROUP"):
            alua.add(self.builder, group, self.devices, self.targets)
        return self.builder.imported()

    # -- drivers and targets ----------------------------------------------------------------

    def driver(self, driver: Statement) -> None:
        at = place(self.builder, driver)
        if driver.name == "copy_manager":
            self.builder.note(at, "LIO copies between its disks without a target for that")
            return
        fabric = FABRIC_OF.get(driver.name)
        if fabric is None:
            self.builder.lost(at, f"LIO has no fabric like {driver.name}: its targets are left out")
            return
        settings = Settings(self.builder, driver, ("TARGET",))
        enabled = settings.flag("enabled")
        if enabled is None:
            enabled = fabric != "iscsi"
        if not enabled and driver.body:
            self.builder.note(at, f"{driver.name} is not enabled, so its targets are not either")
        if fabric == "iscsi":
            self._discovery(settings)
        settings.rest(_NO_EFFECT, _LOST)
        for target in driver.blocks("TARGET"):
            self.target(fabric, target, driver_enabled=enabled)

    def _discovery(self, settings: Settings) -> None:
        for at, words, mutual in self._users(settings):
            if len(words) > 1:
                self.builder.discovery(at, words[0], words[1], mutual=mutual)
        self._isns(settings)

    def _isns(self, settings: Settings) -> None:
        for server in settings.all("iSNSServer"):
            address = server.name
            if address:
                self.builder.changed(
                    place(self.builder, server),
                    f"the iSNS server {address} is not a setting of the kernel",
                    ISNS,
                )

    def _users(self, settings: Settings) -> list[tuple[Place, list[str], bool]]:
        found = []
        for name in settings.names(_USERS):
            for statement in settings.all(name):
                words = statement.text.split()
                if not words:
                    continue
                at = place(self.builder, statement)
                if len(words) < 2:
                    text = f"expected a user name and a password after {name}"
                    raise self.source.wrong(statement.line, text)
                found.append((at, words, name.startswith("Outgoing")))
        return found

    def target(self, fabric: str, statement: Statement, *, driver_enabled: bool) -> None:
        at = place(self.builder, statement)
        if not statement.name:
            raise self.source.wrong(statement.line, "expected a name after TARGET")
        wwn = self._wwn(fabric, statement.name, at)
        if wwn is None:
            return
        target = GroupedTarget(self.builder, at, fabric, wwn)
        self.builder.adopt(target)
        self.targets[statement.name] = target
        settings = Settings(self.builder, statement, _TARGET_WORDS)
        enabled = settings.flag("enabled")
        switched = fabric in WITH_ENABLE
        target.enabled = (bool(enabled) and driver_enabled) if switched else True
        target.per_portal = bool(settings.flag("per_portal_acl"))
        number = settings.number("rel_tgt_id")
        if number is not None and 0 < number <= 0xFFFF:
            target.files["rtpi"] = str(number)
        if fabric == "iscsi":
            self._iscsi(target, settings)
        settings.rest(_NO_EFFECT, _LOST)
        target.give(
            self._exports(statement), [self._group(one) for one in statement.blocks("GROUP")]
        )

    def _wwn(self, fabric: str, name: str, at: Place) -> str | None:
        """Return the name of a target in LIO; None, with a remark, if it cannot have one."""
        if fabric == "loopback":
            if re.fullmatch(r"naa\.[0-9a-f]{16}", name):
                return name
            wwn = f"naa.5001405{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:9]}"
            self.builder.changed(at, f"the local target {name} is named {wwn}")
            return wwn
        text = name
        if fabric == "srpt":
            text = f"ib.{name.replace(':', '').lower()}"
        try:
            wwn = naming.as_running(FABRICS[fabric].wwn_types, text)
        except InvalidValue as err:
            self.builder.lost(
                at, f"{name!r} cannot be the name of a target: {err.hint}", "rename it"
            )
            return None
        if fabric == "iscsi" and wwn != name:
            self.builder.changed(at, f"the target {name} is named {wwn}")
        return wwn

    def _iscsi(self, target: GroupedTarget, settings: Settings) -> None:
        alias = settings.take("alias")
        if alias and alias.text:
            target.parameter(place(self.builder, alias), "TargetAlias", alias.text)
        for name in PARAMETERS:
            found = settings.take(name)
            if found:
                target.parameter(place(self.builder, found), name, found.text)
        for at, words, mutual in self._users(settings):
            target.user(at, words[0], words[1], mutual=mutual)
        for portal in settings.all("allowed_portal"):
            target.portal(place(self.builder, portal), portal.text)
        depth = settings.take("QueuedCommands")
        if depth:
            self._attribute(depth, "default_cmdsn_depth", schema.tpg_attribute, target.attributes)
        for name, ours in ACL_ATTRIBUTES.items():
            found = settings.take(name)
            if found and found.text.strip() != "0":
                self._attribute(found, ours, schema.acl_attribute, target.acl_attributes)
        self._isns(settings)

    def _attribute(
        self,
        statement: Statement,
        name: str,
        find: Callable[[str], Attribute | None],
        into: dict[str, str],
    ) -> None:
        at = place(self.builder, statement)
        checked = self.builder.checked(at, find(name), statement.text)
        if checked is not None:
            into[name] = checked

    # -- LUNs and groups --------------------------------------------------------------------

    def _group(self, statement: Statement) -> Group:
        patterns = [
            (place(self.builder, one), one.text)
            for one in statement.blocks("INITIATOR")
            if one.text
        ]
        Settings(self.builder, statement, _GROUP_WORDS).rest(_NO_EFFECT, _LOST)
        return Group(statement.name, self._exports(statement), patterns)

    def _exports(self, statement: Statement) -> list[Export]:
        return [self._export(lun) for lun in statement.blocks("LUN")]

    def _export(self, lun: Statement) -> Export:
        if len(lun.words) < 3 or not _NUMBER.fullmatch(lun.words[1]):
            raise self.source.wrong(lun.line, "expected a number and a device after LUN")
        readonly = False
        if lun.body:
            settings = Settings(self.builder, lun)
            readonly = bool(settings.flag("read_only"))
            settings.rest(_NO_EFFECT, _LOST)
        at, name = place(self.builder, lun), lun.words[2]
        device = self.devices.found.get(name)
        if device is None:
            device = self.devices.found[name] = Device(None)
            self.builder.lost(at, f"the device {name} is not in this file: its LUNs are left out")
        return Export(at, int(lun.words[1]), device, readonly or device.readonly)
