# SPDX-License-Identifier: Apache-2.0
"""The rules of a host's system, checked against what the configuration gives it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from ..config import secrets, shell_paths
from ..fast_dataclasses import dataclass
from .access import Access, TpgAccess
from .recipe import ERROR, NOTE, SEVERITIES, WARNING, Remark
from .systems import SENDTARGETS, System


@dataclass(frozen=True, slots=True)
class Rule:
    """``of`` yields the remarks; ``meaning`` is for the document."""

    of: Callable[[System, Access], Iterator[Remark]]
    meaning: str


def check(system: System, access: Access) -> tuple[Remark, ...]:
    """Return the remarks of all rules: errors, warnings, notes."""
    found = [remark for rule in RULES for remark in rule.of(system, access)]
    return tuple(sorted(found, key=lambda one: SEVERITIES.index(one.severity)))


def _admitted(system: System, access: Access) -> Iterator[Remark]:
    if not access.tpgs:
        yield Remark(ERROR, access.path, "the target has no TPG", ((access.path, "create"),))
    for tpg in access.tpgs:
        if not tpg.admits:
            name = access.initiator
            text = f"no ACL for {name}" if name else "no ACL, and logins without one are off"
            create = (shell_paths.acls(tpg.path), "create", name or "WWN")
            yield Remark(ERROR, tpg.path, f"{text}: it cannot log in", (create,))
        if not tpg.enabled:
            yield Remark(ERROR, tpg.path, "the TPG is disabled", ((tpg.path, "enable"),))


def _disks(system: System, access: Access) -> Iterator[Remark]:
    for tpg in access.tpgs:
        if tpg.admits and not tpg.disks:
            text = "no LUN is mapped: the host sees no disk"
            yield Remark(ERROR, tpg.auth_path, text)
    numbers = {disk.lun for disk in access.disks}
    if numbers and 0 not in numbers and not system.is_run:
        # SPC-4 section 6.33: LUN 0 or the well-known one answers REPORT LUNS; LIO answers at 0.
        text = (
            f"there is no LUN 0, the lowest is {min(numbers)}; a host that looks for a disk at "
            "LUN 0 first may find none"
        )
        yield Remark(NOTE, access.tpgs[0].auth_path, text)
    if system.lun_max is not None and numbers and max(numbers) > system.lun_max:
        text = f"LUN {max(numbers)}: not every version of {system.title} sees LUNs above "
        yield Remark(WARNING, access.tpgs[0].auth_path, f"{text}{system.lun_max}")
    if system.most_luns is not None and len(numbers) > system.most_luns:
        text = f"{len(numbers)} LUNs; {system.title} is tested with {system.most_luns} a target"
        yield Remark(WARNING, access.tpgs[0].auth_path, text)


def _portals(system: System, access: Access) -> Iterator[Remark]:
    for tpg in access.tpgs:
        if not tpg.portals:
            path = shell_paths.portals(tpg.path)
            yield Remark(ERROR, tpg.path, "the TPG has no portal", ((path, "create"),))
        elif not system.ipv6 and all(":" in one.address for one in tpg.portals):
            text = f"all portals are on IPv6, which {system.title} does not have"
            path = shell_paths.portals(tpg.path)
            yield Remark(ERROR, tpg.path, text, ((path, "create", "0.0.0.0"),))
        for portal in tpg.portals:
            if portal.iser:
                path = shell_paths.portal(shell_paths.tpg(access.path, tpg.tag), portal.name)
                text = "the portal is for iSER; these steps are for TCP"
                yield Remark(WARNING, path, text)


def _credentials(system: System, access: Access) -> Iterator[Remark]:
    seen = {(tpg.chap, tpg.auth) for tpg in access.tpgs}
    if len(seen) > 1:
        text = "the TPGs have different credentials; these steps use those of the first"
        yield Remark(WARNING, access.path, text)
    for tpg in access.tpgs[:1]:
        if tpg.chap:
            yield from _secrets(system, tpg)


def _secrets(system: System, tpg: TpgAccess) -> Iterator[Remark]:
    auth, path = tpg.auth, tpg.auth_path
    for name in ("userid", "password"):
        if not getattr(auth, name):
            value = "password=@new" if name == "password" else "userid=NAME"
            text = f"CHAP is required and {name} is not set: no login succeeds"
            yield Remark(ERROR, path, text, ((path, "set", "auth", value),))
    for name in ("password", "mutual_password"):
        length = len(getattr(auth, name) or "")
        if system.secret and length and not system.secret[0] <= length <= system.secret[1]:
            low, high = system.secret
            text = f"{name} has {length} characters; {system.title} takes {low} to {high}"
            yield Remark(ERROR, path, text, ((path, "set", "auth", f"{name}=@new"),))
    if tpg.is_mutual and not system.mutual:
        text = f"these steps do not let {system.title} authenticate the target (mutual CHAP)"
        yield Remark(NOTE, path, f"{text}; it logs in anyway")
    if secrets.are_equal(auth):
        new = (path, "set", "auth", "mutual_password=@new")
        yield Remark(ERROR, path, secrets.EQUAL, (new,))


def _discovery(system: System, access: Access) -> Iterator[Remark]:
    if SENDTARGETS not in system.discovery:
        ways = ", ".join(system.discovery)
        text = f"{system.title} has no SendTargets discovery, only {ways}: these steps are static"
        yield Remark(NOTE, access.path, text)
    elif access.discovery is not None:
        path = shell_paths.fabric("iscsi")
        text = "discovery requires CHAP (discovery_auth)"
        yield Remark(NOTE, path, f"{text}; steps that discover need its credentials too")


def _identity(system: System, access: Access) -> Iterator[Remark]:
    counts = Counter(disk.naa for disk in access.disks if disk.naa)
    for disk in access.disks:
        if counts[disk.naa] > 1:
            text = f"LUN {disk.lun}: another LUN has the same identifier {disk.naa}, so the host "
            new = (disk.path, "set", "identity", "vpd_unit_serial=NEW")
            yield Remark(ERROR, disk.path, f"{text}takes both for one disk", (new,))
        elif not disk.naa and not disk.passed_through:
            text = f"LUN {disk.lun} has no serial number, so the host cannot distinguish it"
            yield Remark(WARNING, disk.path, text)


def _blocks(system: System, access: Access) -> Iterator[Remark]:
    for disk in access.disks:
        if system.block_sizes and disk.block_size not in system.block_sizes:
            sizes = " or ".join(map(str, system.block_sizes))
            text = f"LUN {disk.lun} has blocks of {disk.block_size} bytes; {system.title} takes "
            yield Remark(ERROR, disk.path, f"{text}{sizes} over iSCSI")


def _attributes(system: System, access: Access) -> Iterator[Remark]:
    for disk in access.disks:
        for wanted in system.storage:
            has = disk.attributes.get(wanted.name)
            kind = disk.path.split("/")[2]
            if has is not None and has != wanted.value and kind not in wanted.but:
                text = f"{wanted.name} is {has}: with {wanted.value}, {wanted.why}"
                setting = (disk.path, "set", "attribute", f"{wanted.name}={wanted.value}")
                yield Remark(NOTE, disk.path, text, (setting,))


RULES = (
    Rule(_admitted, "The TPG is enabled, and has an ACL for the initiator or admits all."),
    Rule(_portals, "There is a portal that the system can use."),
    Rule(_credentials, "CHAP secrets have a length that the system takes, and are complete."),
    Rule(_discovery, "The ways of discovery that the system has, and whether they need CHAP."),
    Rule(_disks, "LUNs are mapped, with numbers that the system sees."),
    Rule(_identity, "Each disk has an identifier of its own."),
    Rule(_blocks, "Disks have blocks of a size that the system takes."),
    Rule(_attributes, "Attributes of the disks suit the system."),
)
