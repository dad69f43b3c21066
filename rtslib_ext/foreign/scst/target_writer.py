# SPDX-License-Identifier: Apache-2.0
"""Config -> scst.conf: the targets with their groups of initiators."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ... import schema
from ...config.model import WILDCARDS, Config, Key, NodeAcl, Target, Tpg
from ...fabrics import WITH_ENABLE
from ...naming import ISCSI_PORT
from ..losses import Losses, is_plain, mutual_users, requires_login, users
from .settings import ACL_ATTRIBUTES, FABRIC_OF, PARAMETERS

_DRIVERS = {fabric: driver for driver, fabric in FABRIC_OF.items()}
_TPG_ATTRIBUTES = (
    "authentication",
    "cache_dynamic_acls",
    "default_cmdsn_depth",
    "demo_mode_write_protect",
    "generate_node_acls",
)
_ACL_ATTRIBUTES = {ours: theirs for theirs, ours in ACL_ATTRIBUTES.items()}


def quoted(text: str) -> str | None:
    """Return a value as scst.conf has it; None if the format cannot hold it."""
    if re.search(r"[\"{}\n\r]", text):
        return None
    escaped = re.sub(r"([\\#])", r"\\\1", text)
    return f'"{escaped}"' if not text or re.search(r"\s", text) else escaped


class TargetWriter:
    """Writes the target drivers; ``written`` are the names of targets by their keys."""

    def __init__(self, config: Config, names: Mapping[Key, str], losses: Losses) -> None:
        self.config, self.names, self.losses = config, names, losses
        self.written: dict[Key, str] = {}

    def run(self) -> list[str]:
        """Return the lines of all drivers."""
        by_driver: dict[str, list[str]] = {}
        for key in sorted(self.config.targets):
            target = self.config.targets[key]
            driver = _DRIVERS.get(target.fabric)
            path = f"/{target.fabric}/{target.wwn}"
            if driver is None or not target.tpgs or not is_plain(target.wwn):
                self.losses.lost(path, f"SCST has no target like {path}: it is left out")
                continue
            by_driver.setdefault(driver, []).extend(self._target(path, target))
        lines = []
        for driver, targets in by_driver.items():
            settings = list(self._driver_settings()) if driver == "iscsi" else []
            lines += ["", f"TARGET_DRIVER {driver} {{", *settings, *targets, "}"]
        return lines

    def _driver_settings(self) -> Iterator[str]:
        settings = self.config.fabrics.get("iscsi")
        if settings and settings.discovery_enable:
            auths = [settings.discovery_auth]
            yield from self._users("/iscsi", users(auths), mutual_users(auths), "\t")
        if settings and settings.cpus_allowed_list:
            self.losses.lost("/iscsi", "cpus_allowed_list cannot be expressed")
        yield "\tenabled 1"

    def _users(
        self,
        path: str,
        pairs: list[tuple[str, str]],
        mutual: list[tuple[str, str]],
        indent: str,
    ) -> Iterator[str]:
        for word, found in (("IncomingUser", pairs), ("OutgoingUser", mutual[:1])):
            for user, password in found:
                text = quoted(f"{user} {password}")
                if text is None or re.search(r"\s", user + password):
                    self.losses.lost(path, f"scst.conf cannot hold the user {user!r}")
                else:
                    yield f"{indent}{word} {text}"
        self.losses.users(path, "SCST", len(pairs), len(mutual))

    # -- a target ---------------------------------------------------------------------------

    def _target(self, path: str, target: Target) -> Iterator[str]:
        tag = min(target.tpgs)
        for other in sorted(target.tpgs):
            if other != tag:
                text = "SCST has no target portal groups: this one is left out"
                self.losses.lost(f"{path}/tpg{other}", text)
        if tag != 1:
            self.losses.changed(path, f"TPG {tag} is the target itself, which has the tag 1")
        tpg = target.tpgs[tag]
        name = _name(target)
        self.written[target.key] = name
        yield f"\tTARGET {name} {{"
        yield from (f"\t\t{line}" for line in self._settings(path, target.fabric, tpg))
        yield from self._luns(path, tpg, is_open=_is_open(target.fabric, tpg))
        yield "\t}"

    def _settings(self, path: str, fabric: str, tpg: Tpg) -> Iterator[str]:
        known = (*_TPG_ATTRIBUTES,)
        self.losses.settings(
            path, tpg.attributes, lambda name: schema.tpg_attribute(name, fabric), known
        )
        credentials = list(self._credentials(path, tpg)) if fabric == "iscsi" else []
        enabled = tpg.enable is not False and None not in credentials
        if fabric == "iscsi" and not tpg.portals:
            enabled = False
            self.losses.lost(path, "without a portal it is not enabled: SCST would listen on all")
        if fabric in WITH_ENABLE:
            yield f"enabled {int(enabled)}"
        if "rtpi" in tpg.files:
            yield f"rel_tgt_id {tpg.files['rtpi']}"
        if fabric == "iscsi":
            yield from (line for line in credentials if line is not None)
            yield from self._iscsi(path, tpg)

    def _iscsi(self, path: str, tpg: Tpg) -> Iterator[str]:
        values = {"alias": tpg.parameters.get("TargetAlias", "")}
        values |= {name: tpg.parameters.get(name, "") for name in PARAMETERS}
        values["QueuedCommands"] = tpg.attributes.get("default_cmdsn_depth", "")
        for name, value in values.items():
            text = quoted(value)
            if text is None:
                self.losses.lost(path, f"scst.conf cannot hold the {name} {value!r}")
            elif value:
                yield f"{name} {text}"
        find = schema.tpg_parameter
        known = ("TargetAlias", "AuthMethod", *PARAMETERS)
        self.losses.settings(path, tpg.parameters, lambda name: find(name, "iscsi"), known)
        yield from self._acl_settings(path, tpg)
        yield from self._portals(path, tpg)

    def _acl_settings(self, path: str, tpg: Tpg) -> Iterator[str]:
        """Yield what all ACLs have in common, as SCST has it for the whole target."""
        for name, theirs in _ACL_ATTRIBUTES.items():
            values = {acl.attributes.get(name) for acl in tpg.acls.values()}
            if len(values) == 1 and (value := values.pop()) is not None:
                yield f"{theirs} {value}"
            elif values:
                self.losses.lost(path, f"{name} differs between ACLs, which SCST cannot express")
        for acl in tpg.acls.values():
            where = f"{path}/tpg{tpg.tag}/acls/{acl.wwn}"
            self.losses.settings(where, acl.attributes, schema.acl_attribute, _ACL_ATTRIBUTES)

    def _portals(self, path: str, tpg: Tpg) -> Iterator[str]:
        addresses = []
        for portal in tpg.portals.values():
            if portal.port != ISCSI_PORT:
                text = f"{portal.name} is on port {ISCSI_PORT}: iscsi-scstd has one port for all"
                self.losses.changed(path, text, f"start it with -p {portal.port}")
            if portal.iser:
                self.losses.changed(path, f"{portal.name} is for iSER and TCP in SCST")
            addresses.append(portal.address)
        if not any(address in WILDCARDS for address in addresses):
            unique = dict.fromkeys(addresses)
            yield from (f"allowed_portal {address.strip('[]')}" for address in unique)

    def _credentials(self, path: str, tpg: Tpg) -> Iterator[str | None]:
        """Yield the users; None if SCST would admit initiators that LIO refuses."""
        auths = [tpg.auth] if _is_open("iscsi", tpg) else []
        auths += [acl.auth for acl in tpg.acls.values()]
        pairs, mutual = users(auths), mutual_users(auths)
        if not requires_login(tpg):
            if pairs:
                self.losses.note(path, "users without authentication=1 are left out")
            return
        lines = list(self._users(path, pairs, mutual, ""))
        if not any(line.startswith("IncomingUser ") for line in lines):
            text = "authentication=1 without a user: the target is not enabled, as all could log in"
            self.losses.lost(path, text)
            yield None
        yield from lines

    # -- LUNs and groups --------------------------------------------------------------------

    def _luns(self, path: str, tpg: Tpg, *, is_open: bool) -> Iterator[str]:
        if is_open:
            protect = tpg.attributes.get("demo_mode_write_protect", "1") == "1"
            protect = protect and "demo_mode_write_protect" in tpg.attributes
            for index in sorted(tpg.luns):
                name = self.names.get(tpg.luns[index].storage_object)
                if name is not None:
                    yield from _lun(index, name, protect, "\t\t")
        else:
            self._unmapped(path, tpg)
        groups: dict[tuple[tuple[int, int, bool], ...], list[str]] = {}
        for acl in tpg.acls.values():
            if is_plain(acl.wwn):
                groups.setdefault(_mapping(acl), []).append(acl.wwn)
            else:
                text = "SCST takes this name for a pattern, or cannot hold it: it is left out"
                self.losses.lost(f"{path}/tpg{tpg.tag}/acls/{acl.wwn}", text)
        for number, (mapping, initiators) in enumerate(groups.items(), 1):
            yield f"\t\tGROUP initiators{number} {{"
            yield from self._group(tpg, mapping)
            yield from (f"\t\t\tINITIATOR {_initiator(wwn)}" for wwn in initiators)
            yield "\t\t}"

    def _group(self, tpg: Tpg, mapping: tuple[tuple[int, int, bool], ...]) -> Iterator[str]:
        for index, tpg_lun, protect in mapping:
            lun = tpg.luns.get(tpg_lun)
            name = self.names.get(lun.storage_object) if lun else None
            if name is not None:
                yield from _lun(index, name, protect, "\t\t\t")

    def _unmapped(self, path: str, tpg: Tpg) -> None:
        mapped = {one.tpg_lun for acl in tpg.acls.values() for one in acl.mapped_luns.values()}
        for index in sorted(set(tpg.luns) - mapped):
            text = f"LUN {index} is left out: no ACL maps it"
            self.losses.note(f"{path}/tpg{tpg.tag}/luns/lun{index}", text)


def _is_open(fabric: str, tpg: Tpg) -> bool:
    return fabric == "loopback" or tpg.attributes.get("generate_node_acls") == "1"


def _mapping(acl: NodeAcl) -> tuple[tuple[int, int, bool], ...]:
    return tuple(
        (one.index, one.tpg_lun, one.write_protect) for _, one in sorted(acl.mapped_luns.items())
    )


def _lun(index: int, name: str, protect: bool, indent: str) -> Iterator[str]:
    if protect:
        yield from (f"{indent}LUN {index} {name} {{", f"{indent}\tread_only 1", f"{indent}}}")
    else:
        yield f"{indent}LUN {index} {name}"


def _name(target: Target) -> str:
    """Return the name of a target as its driver has it."""
    if target.fabric in ("qla2xxx", "tcm_fc"):
        return _initiator(target.wwn)
    if target.fabric == "srpt":
        digits = target.wwn.removeprefix("ib.")
        return ":".join(digits[start : start + 4] for start in range(0, len(digits), 4))
    return target.wwn


def _initiator(wwn: str) -> str:
    """Return the name of an initiator as SCST has it: WWPNs with colons."""
    if not wwn.startswith("naa."):
        return wwn
    digits = wwn.removeprefix("naa.")
    return ":".join(digits[start : start + 2] for start in range(0, len(digits), 2))
