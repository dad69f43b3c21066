# SPDX-License-Identifier: Apache-2.0
"""allow and firewall: the networks that may reach each portal."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rtslib_ext.config.printable import printable
from rtslib_ext.config.wording import counted
from rtslib_ext.errors import InUse, InvalidValue, LioError
from rtslib_ext.firewall import allowed as networks_of
from rtslib_ext.firewall import nft, ruleset
from rtslib_ext.firewall.adoption import NOT_LOADED
from rtslib_ext.firewall.allowed import ANY, Allowed
from rtslib_ext.kernel import paths
from rtslib_ext.reading import portals
from rtslib_ext.usage import sessions

from ..changes import allowed, apply, prompt
from ..env import Env
from ..result import Aside, Result, show
from ..tree import Node
from ..tree.portals import PortalNode
from . import save_files

if TYPE_CHECKING:
    from rtslib_ext.config.model import Portal
    from rtslib_ext.fabrics import Fabric
    from rtslib_ext.savefile import Loaded

_HEADS = ("PORTAL", "ALLOWED", "DROPPED", "TARGETS")


# -- one portal -----------------------------------------------------------------------------


def allow(env: Env, node: PortalNode, networks: list[str]) -> Result:
    """Show or set the networks that may reach a portal."""
    words = [word for text in networks for word in text.split(",") if word]
    if not words:
        found = node.allowed_networks()
        return show([allowed.listed(found)], lambda: _facts_of(node, found))
    return Result(under_lock=lambda: _allow(env, node, words))


def _facts_of(node: PortalNode, found: Sequence[str]) -> dict[str, object]:
    return {"portal": networks_of.portal(node.name), "networks": list(found) or None}


def _allow(env: Env, node: PortalNode, words: list[str]) -> Result:
    apply.require_root(env)
    name, portal = networks_of.portal(node.name), node.portal()
    wanted = () if words == [ANY] else networks_of.networks(words)
    tpgs = _owners(node, name)
    if wanted:
        _refuse_other_transport(node, portal)
        _require_yes(env, _shut_out(node, tpgs, wanted))
    listed = allowed.listed(wanted)
    if apply.only_shown(env, f"allow {listed} at {node.path}"):
        return Result()
    rest = {key: value for key, value in allowed.read(env).allowed.items() if key != name}
    allowed.load(env, {**rest, name: wanted} if wanted else rest)
    lines = [f"{name} is open to {listed}"]
    if len(tpgs) > 1:
        listed = ", ".join(tpg.shell for tpg in tpgs)
        lines.append(Aside(f"Note: this is the portal of {len(tpgs)} TPGs: {listed}"))
    return show(lines, lambda: _facts_of(node, wanted))


def _refuse_other_transport(node: PortalNode, portal: Portal) -> None:
    if portal.iser or portal.offload:
        kind = "iSER" if portal.iser else "an offload"
        raise InvalidValue(
            f"packets of {kind} do not pass nftables, so networks would have no effect",
            path=node.path,
            hint="use ACLs and CHAP, or plain TCP",
        )


def _shut_out(node: PortalNode, tpgs: Iterable[paths.TpgPath], wanted: Iterable[str]) -> list[str]:
    """Return a line for each session with these TPGs from an address that is not allowed.

    The kernel does not show the portal of a session.
    """
    return [
        f"{printable(one.initiator)} is logged in from {address}, which is not allowed"
        for tpg in tpgs
        for one in sessions.sessions(node.reader, tpg.configfs)
        for address in sorted({item.address for item in one.connections})
        if not networks_of.contains(wanted, address)
    ]


def _require_yes(env: Env, facts: list[str]) -> None:
    """Require --yes, or a yes at a terminal, before sessions are cut. Raises InUse."""
    if not facts or env.options.yes:
        return
    prompt.require_yes(env, facts)
    if not prompt.is_possible(env):
        raise InUse(
            f"Refused, nothing was changed: {'; '.join(facts)}",
            hint="to proceed: targetcli --yes COMMAND",
        )


def _owners(node: PortalNode, name: str) -> list[paths.TpgPath]:
    """Return the TPGs that listen on a portal."""
    return [
        paths.TpgPath.of(_fabric(node), wwn, tpg.tag)
        for (_, wwn), target in portals.targets(node.fs).targets.items()
        for tpg in target.tpgs.values()
        if name in _canonical(tpg.portals)
    ]


# -- all of them ----------------------------------------------------------------------------


def firewall(env: Env, node: Node, action: str, file: str | None, dry_run: bool) -> Result:
    """Show, load or remove the rules of all portals."""
    if action == "show":
        return _show(env)
    if action not in ("apply", "remove"):
        raise InvalidValue(f"{action!r} is not show, apply or remove")
    if dry_run:
        wanted = _wanted(env, file) if action == "apply" else {}
        text = ruleset.text(wanted)
        return show(text.splitlines(), lambda: {"ruleset": text})
    return Result(under_lock=lambda: _change(env, action, file))


def _change(env: Env, action: str, file: str | None) -> Result:
    apply.require_root(env)
    if apply.only_shown(env, f"{action} the rules of the firewall"):
        return Result()
    if action == "remove":
        allowed.remove(env)
        return show(["The rules are removed: every network may reach each portal."], lambda: {})
    wanted = _wanted(env, file)
    allowed.load(env, wanted)
    text = (
        f"The rules of {counted(len(wanted), 'portal')} are loaded."
        if wanted
        else "No rules are needed."
    )
    return show([text], lambda: {"portals": sorted(wanted)})


def _wanted(env: Env, file: str | None) -> Allowed:
    """Return the networks of the running portals, or of those in a save file.

    With the default one are those of the fragments beside it, which the service applies, too.
    """
    if file is None:
        return allowed.of_config(env, portals.targets(env.fs))
    path = save_files.readable(env, file)
    is_default = path == save_files.path_of(env, None)
    fragments: list[Loaded] = []
    if is_default and os.path.isdir(env.fragments):
        # Imported here: few hosts have fragments.
        from . import fragment_files

        fragments = fragment_files.loaded(env)
    needless = is_default and bool(fragments) and not os.path.exists(path)
    saved = [] if needless else [save_files.load_given(env, path)]
    found: Allowed = {}
    for loaded in (*saved, *fragments):
        found = {**found, **allowed.part(loaded.allowed, loaded.config)}
    return found


def _show(env: Env) -> Result:
    config = portals.targets(env.fs)
    by_portal: dict[str, list[str]] = {}
    for (_, wwn), target in config.targets.items():
        for tpg in target.tpgs.values():
            for name in _canonical(tpg.portals):
                by_portal.setdefault(name, []).append(wwn)
    record = allowed.read(env)
    rules, problem = _rules(record.allowed or record.loaded)
    is_loaded = not problem and nft.is_of(rules, record.allowed)
    dropped = nft.dropped(rules)
    names = sorted({*by_portal, *record.allowed})
    rows = [
        (
            name,
            allowed.listed(record.allowed.get(name)),
            str(dropped.get(name, 0)),
            ", ".join(map(printable, by_portal.get(name, ()))) or "-",
        )
        for name in names
    ]
    lines = _table([_HEADS, *rows])
    if _is_queued(env):
        lines.append("These networks are queued: commit loads the rules")
    elif not is_loaded:
        why = f" ({problem})" if problem else ""
        lines.append(f"These networks are {NOT_LOADED}{why}")

    def data() -> object:
        return {
            "loaded": is_loaded,
            "portals": [
                {
                    "portal": name,
                    "networks": list(record.allowed.get(name, ())) or None,
                    "dropped": dropped.get(name, 0),
                    "targets": by_portal.get(name, []),
                }
                for name in names
            ],
        }

    result = show(lines, data)
    result.status = 0 if is_loaded else 1
    return result


def _is_queued(env: Env) -> bool:
    transaction = env.session.transaction
    return transaction is not None and transaction.records.networks is not None


def _rules(needed: object) -> tuple[str, str]:
    """Return the loaded rules, and why they cannot be read; nft is not run if none are needed."""
    if not needed:
        return "", ""
    try:
        return nft.listed(), ""
    except LioError as err:
        return "", str(err)


def _canonical(names: Iterable[str]) -> set[str]:
    return {networks_of.portal(name) for name in names if "%" not in name}


def _fabric(node: PortalNode) -> Fabric:
    parsed = paths.parse_tpg(paths.tpg_of(node.configfs))
    assert parsed is not None, node.configfs
    return parsed[0]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
