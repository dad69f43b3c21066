# SPDX-License-Identifier: Apache-2.0
"""Rules about two hosts that serve the same disks: differences that break a failover.

Storage objects and targets belong together if their shell paths are equal. Secrets are digests on
both sides (config.digests).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..config import shell_paths, shown_inquiry
from ..config.model import AluaGroup, Auth, Config, Key, Lun, NodeAcl, StorageObject, Tpg
from ..fabrics import FABRICS
from ..fast_dataclasses import dataclass
from ..kernel import rtpi
from ..kernel.paths import TpgPath
from .facts import Facts, tpgs
from .rule import Finding, Needs, Rule, Severity

# Attributes from which an initiator derives how it uses a disk (target_core_spc.c, _sbc.c).
_OBJECT = (
    "block_size",
    "emulate_3pc",
    "emulate_caw",
    "emulate_dpo",
    "emulate_fua_write",
    "emulate_model_alias",
    "emulate_pr",
    "emulate_tas",
    "emulate_tpu",
    "emulate_tpws",
    "emulate_ua_intlck_ctrl",
    "emulate_write_cache",
    "is_nonrot",
    "max_unmap_block_desc_count",
    "max_unmap_lba_count",
    "max_write_same_len",
    "optimal_sectors",
    "pi_prot_type",
    "unmap_granularity",
    "unmap_granularity_alignment",
    "unmap_zeroes_data",
)
_TPG = ("authentication", "default_cmdsn_depth", "demo_mode_write_protect", "generate_node_acls")
_STATE = "alua_access_state"


@dataclass(frozen=True, slots=True)
class Pair:
    """A TPG of this host, and the same one of the peer."""

    path: TpgPath
    here: Tpg
    there: Tpg

    @property
    def shares_addresses(self) -> bool:
        """Return True if its addresses move between the hosts, so that it is one target port."""
        one, other = self.here.portals.keys(), self.there.portals.keys()
        everywhere = any(item.is_wildcard for item in self.here.portals.values())
        return one == other and not everywhere


def pairs(facts: Facts) -> Iterator[Pair]:
    """Yield the TPGs that both hosts have."""
    targets = facts.peer.targets if facts.peer else {}
    for tpg in tpgs(facts.config):
        other = targets.get(tpg.target.key)
        if other and tpg.config.tag in other.tpgs:
            yield Pair(tpg.path, tpg.config, other.tpgs[tpg.config.tag])


def _objects(facts: Facts) -> Iterator[tuple[StorageObject, StorageObject]]:
    there = facts.peer.storage_objects if facts.peer else {}
    for key, so in facts.config.storage_objects.items():
        if key in there:
            yield so, there[key]


def identities(facts: Facts) -> Iterator[Finding]:
    """Yield the storage objects that initiators take for two disks."""
    for here, there in _objects(facts):
        for name, one, other in _identity(here, there):
            if one != other:
                yield Finding(here.path, f"{name} is {_text(one)}, on the peer {_text(other)}")


def _identity(here: StorageObject, there: StorageObject) -> Iterator[tuple[str, str, str]]:
    one, other = here.identity, there.identity
    yield "the serial number", here.wwn or "", there.wwn or ""
    if here.wwn == there.wwn:
        yield "the NAA identifier", shown_inquiry.naa(here), shown_inquiry.naa(there)
    for name in ("vendor_id", "product_id", "revision"):
        yield name, one.get(name, ""), other.get(name, "")


def _text(value: object) -> str:
    return str(value) if value not in (None, "") else "not set"


def port_numbers(facts: Facts) -> Iterator[Finding]:
    """Yield the TPGs whose port number another port of the peer has."""
    numbers = dict(_numbers(facts.peer)) if facts.peer else {}
    for pair in pairs(facts):
        mine, theirs = _number(pair.here), _number(pair.there)
        if pair.shares_addresses and mine and theirs and mine != theirs:
            text = f"rtpi is {mine:#x}, on the peer {theirs:#x}, though its addresses are the same"
            yield Finding(pair.path.shell, text)
        elif not pair.shares_addresses and mine and numbers.get(mine):
            text = f"rtpi {mine:#x} is that of {numbers[mine]} on the peer as well"
            yield Finding(pair.path.shell, text)


def _number(tpg: Tpg) -> int:
    return rtpi.parse(tpg.files.get(rtpi.NAME))


def _numbers(config: Config) -> Iterator[tuple[int, str]]:
    for tpg in tpgs(config):
        number = _number(tpg.config)
        if number:
            yield number, tpg.shell


def chosen_numbers(facts: Facts) -> Iterator[Finding]:
    """Yield the TPGs whose port number each kernel chooses."""
    for pair in pairs(facts):
        if not (_number(pair.here) and _number(pair.there)):
            text = "rtpi is not set on both hosts: each kernel chooses it, and both may be equal"
            yield Finding(pair.path.shell, text)


def luns(facts: Facts) -> Iterator[Finding]:
    """Yield the LUNs that are another disk on the peer, or missing."""
    for pair in pairs(facts):
        for number in sorted(pair.here.luns.keys() | pair.there.luns.keys()):
            one, other = _exported(pair.here.luns, number), _exported(pair.there.luns, number)
            if one != other:
                path = shell_paths.lun(pair.path.shell, number)
                yield Finding(path, f"it exports {one}, on the peer {other}")


def _exported(found: Mapping[int, Lun], number: int) -> str:
    return "/".join(found[number].storage_object) if number in found else "nothing"


def mapped_luns(facts: Facts) -> Iterator[Finding]:
    """Yield the initiators that see something else on the peer."""
    for pair in pairs(facts):
        for wwn in sorted(pair.here.acls.keys() | pair.there.acls.keys()):
            path = shell_paths.acl(pair.path.shell, wwn)
            here, there = pair.here.acls.get(wwn), pair.there.acls.get(wwn)
            if here is None or there is None:
                yield Finding(path, f"only {'the peer' if here is None else 'this host'} has it")
                continue
            for number in sorted(here.mapped_luns.keys() | there.mapped_luns.keys()):
                one, other = _mapped(here, number), _mapped(there, number)
                if one != other:
                    text = f"it maps {one}, on the peer {other}"
                    yield Finding(shell_paths.mapped_lun(path, number), text)


def _mapped(acl: NodeAcl, number: int) -> str:
    mapped = acl.mapped_luns.get(number)
    if mapped is None:
        return "nothing"
    return f"LUN {mapped.tpg_lun}, {'read-only' if mapped.write_protect else 'read-write'}"


def secrets(facts: Facts) -> Iterator[Finding]:
    """Yield the credentials that differ."""
    for pair in pairs(facts):
        yield from _credentials(pair.path.shell, pair.here.auth, pair.there.auth)
        for wwn, acl in pair.here.acls.items():
            other = pair.there.acls.get(wwn)
            if other:
                path = shell_paths.acl(pair.path.shell, wwn)
                yield from _credentials(path, acl.auth, other.auth)
    there = facts.peer.fabrics if facts.peer else {}
    for name in sorted(facts.config.fabrics.keys() | there.keys()):
        one, other_fabric = facts.config.fabrics.get(name), there.get(name)
        auth = one.discovery_auth if one else Auth()
        other_auth = other_fabric.discovery_auth if other_fabric else Auth()
        yield from _credentials(shell_paths.fabric(name), auth, other_auth, "discovery ")


def _credentials(path: str, here: Auth, there: Auth, what: str = "") -> Iterator[Finding]:
    one, other = dict(here.items()), dict(there.items())
    names = [name for name in one.keys() | other.keys() if one.get(name, "") != other.get(name, "")]
    if names:
        yield Finding(path, f"{what}{', '.join(sorted(names))}: another value on the peer")


def alua(facts: Facts) -> Iterator[Finding]:
    """Yield the target port groups that differ in more than their state.

    LUNs with addresses of their own on each host may be in groups of their own, and have to if
    their states differ: initiators know the groups of a disk by the identifier.
    """
    own = set()
    for key, mine, theirs in _ports_apart(facts):
        if mine.tag != theirs.tag:
            own |= {(key, mine.name), (key, theirs.name)}
        elif mine.settings.get(_STATE, "0") != theirs.settings.get(_STATE, "0"):
            path = shell_paths.tg_pt_gp(shell_paths.storage_object(*key), mine.name)
            text = f"its identifier is {mine.tag}, on the peer as well, where the state is another"
            yield Finding(path, text)
    for here, there in _objects(facts):
        if not (here.alua_groups and there.alua_groups):
            continue
        for name in sorted(here.alua_groups.keys() | there.alua_groups.keys()):
            if (here.key, name) in own:
                continue
            path = shell_paths.tg_pt_gp(here.path, name)
            one, other = here.alua_groups.get(name), there.alua_groups.get(name)
            if one is None or other is None:
                yield Finding(path, f"only {'the peer' if one is None else 'this host'} has it")
            elif one.tag != other.tag:
                text = f"its identifier is {one.tag}, on the peer {other.tag}"
                yield Finding(path, text)
            else:
                yield from _alua_settings(path, one.settings, other.settings)


def _ports_apart(facts: Facts) -> Iterator[tuple[Key, AluaGroup, AluaGroup]]:
    """Yield (storage object, group here, group there) of LUNs that do not move with an address."""
    there = facts.peer.storage_objects if facts.peer else {}
    for pair in pairs(facts):
        for number, lun in pair.here.luns.items() if not pair.shares_addresses else ():
            other, key = pair.there.luns.get(number), lun.storage_object
            if other and other.storage_object == key and key in there:
                one = facts.config.storage_objects[key].alua_groups.get(lun.alua_group or "")
                two = there[key].alua_groups.get(other.alua_group or "")
                if one and two:
                    yield key, one, two


def _alua_settings(
    path: str, here: Mapping[str, str], there: Mapping[str, str]
) -> Iterator[Finding]:
    name = "alua_access_type"
    if here.get(name, "3") != there.get(name, "3"):
        text = f"{name} is {here.get(name, '3')}, on the peer {there.get(name, '3')}"
        yield Finding(path, text)


def attributes(facts: Facts) -> Iterator[Finding]:
    """Yield what an initiator would see change: sizes, and attributes of disks and TPGs."""
    for here, there in _objects(facts):
        one_size, other_size = (getattr(so.backing, "size", None) for so in (here, there))
        if one_size and other_size and one_size != other_size:
            yield Finding(here.path, f"its size is {one_size}, on the peer {other_size}")
        yield from _differing(here.path, _OBJECT, here.attributes, there.attributes)
    for pair in pairs(facts):
        path = pair.path.shell
        yield from _differing(path, _TPG, pair.here.attributes, pair.there.attributes)
        names = tuple(sorted(pair.here.parameters.keys() & pair.there.parameters.keys()))
        yield from _differing(path, names, pair.here.parameters, pair.there.parameters)


def _differing(
    path: str, names: tuple[str, ...], here: Mapping[str, str], there: Mapping[str, str]
) -> Iterator[Finding]:
    for name in names:
        if name in here and name in there and here[name] != there[name]:
            yield Finding(path, f"{name} is {here[name]}, on the peer {there[name]}")


def missing(facts: Facts) -> Iterator[Finding]:
    """Yield the storage objects and targets that only one of both hosts has."""
    if facts.peer is None:
        return
    for name, one, other in (
        ("this host", facts.config, facts.peer),
        ("the peer", facts.peer, facts.config),
    ):
        keys = one.storage_objects.keys() - other.storage_objects.keys()
        for key in sorted(keys):
            yield Finding(shell_paths.storage_object(*key), f"only {name} has it")
        for fabric, wwn in sorted(one.targets.keys() - other.targets.keys()):
            if fabric in FABRICS:
                yield Finding(shell_paths.target(fabric, wwn), f"only {name} has it")


RULES = (
    Rule(
        "peer-identity",
        Severity.ERROR,
        Needs.PEER,
        identities,
        "A storage object has another serial number, NAA identifier, vendor or product on the "
        "peer: initiators take it for another disk, so multipath does not join the paths, and a "
        "failover takes the disk from them.",
        "Give both the same serial number, as identity derives it from the name.",
    ),
    Rule(
        "peer-port-number",
        Severity.ERROR,
        Needs.PEER,
        port_numbers,
        "Two target ports of one disk have the same relative target port identifier, or one that "
        "moves with its addresses has two: reservations and ALUA states name ports by it.",
        "Set rtpi: disjoint numbers, or the same one where the addresses move.",
    ),
    Rule(
        "peer-port-number-chosen",
        Severity.NOTE,
        Needs.PEER,
        chosen_numbers,
        "The relative target port identifier is not set on both hosts, so each kernel chooses it.",
        "Set rtpi (from Linux 6.4 on), or let identity derive it.",
    ),
    Rule(
        "peer-luns",
        Severity.ERROR,
        Needs.PEER,
        luns,
        "A LUN of a target is another disk on the peer: an initiator would write to the wrong one.",
        "Apply one fragment on both hosts.",
    ),
    Rule(
        "peer-mapped-luns",
        Severity.ERROR,
        Needs.PEER,
        mapped_luns,
        "An initiator has no ACL on the peer, or sees other LUNs there.",
        "Apply one fragment on both hosts.",
    ),
    Rule(
        "peer-secrets",
        Severity.ERROR,
        Needs.PEER,
        secrets,
        "Credentials differ on the peer, so a login there is refused after a failover. Secrets are "
        "compared by digests under a key that is made for this comparison.",
        "Set the same credentials on both hosts.",
    ),
    Rule(
        "peer-alua",
        Severity.WARNING,
        Needs.PEER,
        alua,
        "A target port group is missing on the peer, or has another identifier or access type; or "
        "LUNs with addresses of their own are in groups of one identifier and different states, "
        "which initiators take for one.",
        "Create the same groups on both hosts, or for LUNs with addresses of their own groups "
        "with different identifiers.",
    ),
    Rule(
        "peer-attributes",
        Severity.WARNING,
        Needs.PEER,
        attributes,
        "An initiator would see a disk or a login change: its size, block size, caching, or the "
        "parameters that it negotiates.",
        "Set the same values on both hosts.",
    ),
    Rule(
        "peer-missing",
        Severity.NOTE,
        Needs.PEER,
        missing,
        "Only one of both hosts has it: as intended for objects that do not move, and in an "
        "active-passive pair for those that the other host serves.",
        "Apply its fragment on the other host, if it has to serve it at the same time.",
    ),
)
