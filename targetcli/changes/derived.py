# SPDX-License-Identifier: Apache-2.0
"""Give new objects the identities that are derived from their names, if a preference asks for it.

A derived identity that another object has is refused: another one would differ between the nodes.
"""

from __future__ import annotations

from rtslib_ext.config import inquiry, shown_inquiry
from rtslib_ext.config.derived import NODES, Derived
from rtslib_ext.config.model import Config, Key, StorageObject, Target, Tpg
from rtslib_ext.errors import Exists
from rtslib_ext.fabrics import FABRICS, Fabric
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.kernel import rtpi
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.usage import port_numbers, twins

from ..env import Env

_OFF = "set global identity_namespace= derives none"


def of(env: Env) -> Derived | None:
    """Return the identities of the namespace that was set; None if none was."""
    namespace = str(env.prefs.get("identity_namespace") or "")
    return Derived(namespace, env.prefs.number("identity_node")) if namespace else None


def serial(env: Env, derived: Derived, key: Key, path: str) -> str:
    """Return the unit serial number of a new storage object; raises Exists."""
    found = derived.serial(key)
    others = twins.holders(env.fs, inquiry.naa(found))
    if others:
        raise Exists(
            f"{others[0]} has the serial number that is derived for {'/'.join(key)}, {found}",
            path=path,
            hint=f"wwn=SERIAL gives it another one, on each node the same; {_OFF}",
        )
    return found


def port(env: Env, fabric: Fabric, wwn: str, tag: int) -> dict[str, str]:
    """Return the settings of a new TPG: its port number, if a node was set. Raises Exists."""
    derived = of(env)
    number = derived.rtpi(fabric.name, wwn, tag) if derived else 0
    if not number:
        return {}
    taken = port_numbers.taken(env.fs)
    if number in taken:
        others = range(number % NODES or NODES, rtpi.HIGHEST, NODES)
        free = next((other for other in others if other not in taken), 0)
        raise Exists(
            f"{port_numbers.shell_path(taken[number])} has rtpi {number}, which is derived for it",
            path=TpgPath.of(fabric, wwn, tag).shell,
            hint=f"set global identity_node=0, create it, disable it and set port rtpi={free}",
        )
    return {rtpi.NAME: f"{number:#x}"}


def complete(env: Env, have: Config, want: Config) -> Config:
    """Return a wanted configuration in which new objects without an identity have the derived one.

    Those are new storage objects without a serial number, and new TPGs without a port number.
    Raises Exists if another object of the configuration has a derived identity.
    """
    derived = of(env)
    if derived is None:
        return want
    given = want
    objects = {
        key: _with_serial(derived, so) if key not in have.storage_objects else so
        for key, so in want.storage_objects.items()
    }
    targets = {
        key: _with_ports(derived, target, have.targets.get(key))
        for key, target in want.targets.items()
    }
    want = replace(want, storage_objects=objects, targets=targets)
    _refuse_serials(given, want)
    _refuse_ports(env, given, want)
    return want


def _refuse_serials(given: Config, want: Config) -> None:
    """Raise Exists if another object has a serial number that was not given."""
    new = {key for key, so in want.storage_objects.items() if so != given.storage_objects[key]}
    known = {
        shown_inquiry.naa(so): so.path for key, so in want.storage_objects.items() if key not in new
    }
    for key in new:
        so = want.storage_objects[key]
        other = known.setdefault(inquiry.naa(so.wwn or ""), so.path)
        if other != so.path:
            raise Exists(
                f"{other} has the serial number that is derived for it, {so.wwn}",
                path=so.path,
                hint='the key "wwn" gives it another one, on each node the same',
            )


def _refuse_ports(env: Env, given: Config, want: Config) -> None:
    """Raise Exists if another TPG has a port number that was not given."""
    new: dict[TpgPath, int] = {}
    known: dict[int, str] = {}
    for key, target in want.targets.items():
        for tag, tpg in target.tpgs.items():
            path, number = TpgPath.of(FABRICS[key[0]], key[1], tag), tpg.files.get(rtpi.NAME)
            if tpg.files != given.targets[key].tpgs[tag].files:
                new[path] = rtpi.parse(number)
            elif shown := rtpi.parse(number) or rtpi.of_tpg(env.fs, path.configfs):
                known[shown] = path.shell
    for path, wanted in new.items():
        other = known.setdefault(wanted, path.shell)
        if other != path.shell:
            raise Exists(
                f"{other} has rtpi {wanted}, which is derived for it",
                path=path.shell,
                hint="rtpi in the file gives it another one of this node: saveconfig.json(5)",
            )


def _with_serial(derived: Derived, so: StorageObject) -> StorageObject:
    if so.wwn is not None or not so.backing.has_wwn:
        return so
    return replace(so, wwn=derived.serial(so.key))


def _with_ports(derived: Derived, target: Target, running: Target | None) -> Target:
    if not derived.node:
        return target
    known = running.tpgs if running else {}

    def with_port(tpg: Tpg) -> Tpg:
        if tpg.tag in known or rtpi.NAME in tpg.files:
            return tpg
        number = derived.rtpi(target.fabric, target.wwn, tpg.tag)
        return replace(tpg, files={**tpg.files, rtpi.NAME: f"{number:#x}"})

    return replace(target, tpgs={tag: with_port(tpg) for tag, tpg in target.tpgs.items()})
