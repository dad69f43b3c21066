# SPDX-License-Identifier: Apache-2.0
"""Rules about the hosts that use a disk: shared writers, ALUA states, paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..config import shell_paths
from ..config.backing import Block
from ..config.model import WILDCARDS, Key, Lun, StorageObject
from ..config.wording import shortened
from ..usage import host_paths, reservations
from ..usage.host_paths import HostPaths
from .facts import Facts, TpgFacts, Use
from .rule import Finding, Needs, Rule, Severity, Words

# SPC-4 section 6.37, table 307: active/optimized, active/non-optimized, LBA dependent.
_USABLE = frozenset({"0", "1", "4"})
_STANDBY = "standby"
_STATES = {"2": _STANDBY, "3": "unavailable", "14": "offline", "15": "transitioning"}
_STATE = "alua_access_state"
_OFFLINE = "alua_tg_pt_offline"
# Initiators that do not have the commands of open-iscsi, by the start of their names.
_RECIPES = {"iqn.1991-05.com.microsoft:": "windows", "iqn.1998-01.com.vmware:": "esxi"}


def _hosts(facts: Facts, so: StorageObject) -> dict[str, list[tuple[TpgFacts, int, Use]]]:
    """Return the (TPG, LUN, mapped LUN) by which each host sees a storage object."""
    found: dict[str, list[tuple[TpgFacts, int, Use]]] = {}
    for tpg, index in facts.exports.get(so.key, ()):
        for use in facts.uses(tpg, index) if tpg.is_enabled else ():
            found.setdefault(use.host, []).append((tpg, index, use))
    return found


def shared_writers(facts: Facts) -> Iterator[Finding]:
    """Yield the objects that several hosts may write to, and that none has reserved."""
    for key, so in facts.config.storage_objects.items():
        hosts = {} if _is_read_only(so) else _hosts(facts, so)
        writers = {
            name: uses
            for name, uses in hosts.items()
            if any(not use.mapped.write_protect for _, _, use in uses)
        }
        if len(writers) < 2:
            continue
        refused = so.attributes.get("emulate_pr") == "0"
        if refused or not _is_reserved(facts, key):
            why = "reservations are off (emulate_pr=0)" if refused else "no reservation is held"
            yield Finding(
                so.path,
                f"{len(writers)} hosts may write to it ({shortened(list(writers))}), and {why}: "
                "a file system that is not made for a cluster is destroyed",
                "if they are a cluster that shares it safely, give their ACLs one tag",
                tuple(_protected(list(writers.values())[1:])),
            )


def _is_read_only(so: StorageObject) -> bool:
    return isinstance(so.backing, Block) and so.backing.readonly


def _is_reserved(facts: Facts, key: Key) -> bool:
    path = facts.objects.get(key)
    # A device that passes commands through has its own reservations.
    if facts.fs is None or path is None or key[0] == "pscsi":
        return True
    return reservations.is_used(facts.fs, path)


def _protected(others: Iterable[list[tuple[TpgFacts, int, Use]]]) -> Iterator[Words]:
    """Yield the commands that make a disk read-only for all hosts but the first."""
    found: dict[Words, Words] = {}
    for uses in others:
        for _, lun, use in uses:
            index = str(use.mapped.index)
            if not use.mapped.write_protect:
                create: Words = (use.acl, "create", index, str(lun), "write_protect=true")
                found[use.acl, "delete", index] = create
    for delete, create in found.items():
        yield from (delete, create)


def no_usable_path(facts: Facts) -> Iterator[Finding]:
    """Yield the objects of which all LUNs, or all that a host sees, are in a state without I/O."""
    for key, so in facts.config.storage_objects.items():
        exports = facts.exports.get(key, ())
        states = {
            (tpg.shell, index): _state(so, tpg.config.luns[index])
            for tpg, index in exports
            if tpg.is_enabled
        }
        if not any(states.values()):
            continue
        if all(states.values()):
            words = sorted(set(states.values()))
            if words == [_STANDBY] and so.path in facts.moving:
                # The other host serves it, and a path that is active here would be a second writer.
                continue
            text = f"all its LUNs are {' or '.join(words)}, so no initiator can use it"
        else:
            cut = [
                name
                for name, uses in _hosts(facts, so).items()
                if all(states.get((tpg.shell, index)) for tpg, index, _ in uses)
            ]
            if not cut:
                continue
            text = f"all LUNs that {shortened(cut)} can use are in a state without I/O"
        yield Finding(
            so.path,
            text,
            "leave it if another node of a cluster serves it",
            tuple(dict.fromkeys(_activated(so, exports))),
        )


def _state(so: StorageObject, lun: Lun) -> str:
    """Return the word for the state of a LUN in which it takes no I/O, "" for others."""
    if lun.alua.get(_OFFLINE) == "1":
        return "offline"
    group = so.alua_groups.get(lun.alua_group or "")
    state = group.settings.get(_STATE, "0") if group else "0"
    return "" if state in _USABLE else _STATES.get(state, f"in ALUA state {state}")


def _activated(so: StorageObject, exports: Iterable[tuple[TpgFacts, int]]) -> Iterator[Words]:
    """Yield the commands that make LUNs active/optimized."""
    for tpg, index in exports:
        lun = tpg.config.luns[index]
        group = so.alua_groups.get(lun.alua_group or "")
        if group and group.settings.get(_STATE, "0") not in _USABLE:
            yield (shell_paths.tg_pt_gp(so.path, group.name), "set", "alua", f"{_STATE}=0")
        if lun.alua.get(_OFFLINE) == "1":
            yield (shell_paths.lun(tpg.shell, index), "set", "alua", f"{_OFFLINE}=0")


def partial_paths(facts: Facts) -> Iterator[Finding]:
    """Yield the hosts that have fewer paths than expected."""
    for host in _with_state(facts, host_paths.PARTIAL):
        missing = shortened(host.missing, separator="; ", last="; and ")
        text = f"{host.host} has {host.connected} of {host.expected} paths: {missing}"
        yield Finding(host.acl, text, _login(host))


def no_session(facts: Facts) -> Iterator[Finding]:
    """Yield the hosts that have no path."""
    for host in _with_state(facts, host_paths.NONE):
        paths = f": it has none of its {host.expected} paths" if host.expected > 1 else ""
        yield Finding(host.acl, f"{host.host} is not logged in{paths}", _login(host))


def _with_state(facts: Facts, state: str) -> Iterator[HostPaths]:
    return (host for host in facts.host_paths if host.state == state)


def _login(host: HostPaths) -> str:
    """Return what to do at the host for the first missing path."""
    for prefix, system in _RECIPES.items():
        if host.host.startswith(prefix):
            return f"on that host: the steps that targetcli {host.acl} recipe {system} prints"
    target, portal = host.logins[0]
    where = f" -p {portal}" if portal and portal.rpartition(":")[0] not in WILDCARDS else ""
    return f"on that host: iscsiadm -m node -T {target}{where} --login"


RULES = (
    Rule(
        "shared-writers",
        Severity.WARNING,
        Needs.CONFIG,
        shared_writers,
        "Several hosts may write to one disk, and none of them holds a reservation or has "
        "registered a key. Only cluster file systems and cluster software survive that. "
        "Initiators with one tag count as one host. A file shows reservations that are off only.",
        "Make it read-only for all hosts but one, or give the ACLs of a cluster one tag.",
    ),
    Rule(
        "no-usable-path",
        Severity.WARNING,
        Needs.CONFIG,
        no_usable_path,
        "All LUNs of a storage object, or all that one host sees, are offline or in an ALUA state "
        "without I/O, such as standby. No initiator can use it through this host.",
        "Make a path active, unless another node of a cluster has one.",
    ),
    Rule(
        "partial-paths",
        Severity.WARNING,
        Needs.KERNEL,
        partial_paths,
        "A host is logged in, but not on all paths: to each TPG with an ACL for it, on each of its "
        "portals. The next failure cuts it off.",
        "Log in on the missing paths; delete ACLs and portals that it should not use.",
    ),
    Rule(
        "no-session",
        Severity.NOTE,
        Needs.KERNEL,
        no_session,
        "A host with an ACL and mapped LUNs is not logged in at all.",
        "Log in, or delete the ACL of a host that is gone.",
    ),
)
