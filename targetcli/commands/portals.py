# SPDX-License-Identifier: Apache-2.0
"""Create, delete and configure network portals."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rtslib_ext import naming
from rtslib_ext.config import shell_paths
from rtslib_ext.config.model import Portal
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.errors import Exists, InvalidValue, KernelRefused, LioError, NotFound
from rtslib_ext.host import listeners, network
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.reading.reader import Reader
from rtslib_ext.reading.tpg_keys import tpg_keys
from rtslib_ext.steps import portals
from rtslib_ext.usage import ipv6
from rtslib_ext.usage.ipv6 import IPV4_WILDCARD

from ..changes import allowed, apply
from ..env import Env
from ..result import Aside, Result, say
from ..tree import Node
from ..tree.portals import PortalNode, Portals
from .luns import tpg_of

ANY_ADDRESS = "::0"
PORT = naming.ISCSI_PORT
_COMMANDS_SHOWN = 3
_LINK_LOCAL = "[fe80:"


def create(env: Env, node: Portals, ip_address: str, ip_port: int) -> Result:
    """Listen on an address."""
    wanted = Portal(_address(ip_address, node), ip_port)
    portal = ipv6.fitting(wanted)
    lines = ["Using default IP port 3260"] if ip_port == PORT else []
    shown = ip_address if portal == wanted else portal.address
    if ip_address == ANY_ADDRESS:
        lines.append(f"Binding to INADDR_ANY ({shown})")
    _refuse_existing(env, node, portal)
    try:
        apply.apply(env, [portals.create_portal(tpg_of(node).tpg_path, portal)])
    except KernelRefused as err:
        # Scripts match this text, the configfs path included.
        err.label = (
            f"Could not create NetworkPortal in configFS: [Errno {err.errno}] "
            f"{os.strerror(err.errno)}: '{env.fs.absolute(err.file)}'"
        )
        err.brief = "not created"
        if conflicts := _conflicts(env, node, portal):
            err.hint, err.brief_hint = _advice(conflicts, node), _briefly(conflicts, node)
        raise
    return Result(
        [
            *lines,
            *fallback_notes(wanted, portal),
            *_restricted(env, portal),
            *notes(env, portal),
            f"Created network portal {shown}:{ip_port}.",
        ],
        created=f"{node.path}/{portal.name}",
    )


def _restricted(env: Env, portal: Portal) -> list[str]:
    """Return a note if only some networks may reach a new portal."""
    try:
        networks = allowed.of_portal(env, portal.name)
    except LioError as err:
        # The portal is created already.
        return [Aside(f"Note: which networks may reach it is not known: {err} ({err.hint})")]
    if not networks:
        return []
    text = f"Note: only {', '.join(networks)} may reach it; PORTAL allow any admits all networks"
    return [Aside(text)]


def _refuse_existing(env: Env, node: Node, portal: Portal) -> None:
    path, text = f"{node.path}/{portal.name}", "This NetworkPortal already exists in configFS"
    if env.fs.is_dir(paths.child(node.configfs, portal.name)):
        raise Exists(text, path=path)
    if portal.address == IPV4_WILDCARD:
        found = node.find(portal.name)
        if found is not None:
            hint = f"{found.name} also listens on every IPv4 address"
            raise Exists(text, path=path, hint=hint)


def _address(text: str, node: Node) -> str:
    try:
        return naming.portal_address(text)
    except InvalidValue as err:
        err.path = node.path
        raise


def fallback_notes(wanted: Portal, portal: Portal) -> list[str]:
    """Return a note about a portal that replaces another one on a host without IPv6."""
    text = ipv6.note(wanted, portal)
    return [Aside(f"Note: {text}")] if text else []


def notes(env: Env, portal: Portal) -> list[str]:
    """Return notes about a new portal: problems that the kernel does not report."""
    bare = portal.address.strip("[]")
    if portal.is_wildcard:
        # iscsi_target.c, iscsit_check_np_match compares the address of an IPv4 portal, which
        # it reads as an IPv6 one of zeroes, and shares its socket.
        # A queued portal does not listen yet: there is nothing to check.
        if env.session.transaction is not None:
            return []
        if bare != IPV4_WILDCARD and not network.is_served_on_ipv6(portal.port):
            return [
                Aside(
                    f"Note: the kernel serves {portal.name} only on the address of another portal"
                    f" on port {portal.port}; delete both and create this one first"
                )
            ]
    elif not network.has_address(bare):
        return [Aside(f"Note: no interface of this host has the address {bare} now")]
    return []


def _conflicts(env: Env, node: Node, portal: Portal) -> list[tuple[ShellPath, Portal]]:
    """Return the portals in conflict with a new one, and their TPGs; those of the node first."""
    if portal.address.startswith(_LINK_LOCAL) or (
        portal.address.startswith("[") and not network.has_ipv6()
    ):
        # The cause is another one.
        return []
    found = [
        (owner, other)
        for owner, other in _all_portals(env, node)
        if other.port == portal.port
        and (
            other.is_wildcard
            or portal.is_wildcard
            or naming.listens_on(other.address) == naming.listens_on(portal.address)
        )
    ]
    return sorted(found, key=lambda pair: shell_paths.portals(pair[0]) != node.path)


def _advice(conflicts: list[tuple[ShellPath, Portal]], node: Node) -> str:
    """Return a hint that names the first portal in conflict, and the commands that help."""
    owner, other = conflicts[0]
    where = f" of {owner}" if shell_paths.portals(owner) != node.path else ""
    everywhere = other.is_wildcard
    what = "already listens on every address" if everywhere else "conflicts with this one"
    return f"the portal {other.name}{where} {what}; {_how_to_delete(conflicts)}"


def _briefly(conflicts: list[tuple[ShellPath, Portal]], node: Node) -> str:
    """Return the same hint without commands, which are as long as their paths."""
    (owner, other), more = conflicts[0], len(conflicts) - 1
    target, _, tpg = owner.rpartition("/")
    where = tpg if node.path.startswith(f"{target}/") else f"{target.rpartition('/')[2]}/{tpg}"
    here = shell_paths.portals(owner) == node.path
    name = other.name if here else f"{other.name} of {where}"
    return f"first delete {name}{f' and {more} more on port {other.port}' if more else ''}"


def _how_to_delete(conflicts: list[tuple[ShellPath, Portal]]) -> str:
    """Return the commands that delete the conflicting portals; at most three of them."""
    lines = [
        f"{shell_paths.portals(owner)} delete {other.address.strip('[]')} {other.port}"
        for owner, other in conflicts[:_COMMANDS_SHOWN]
    ]
    more = len(conflicts) - len(lines)
    rest = f"; and {more} more on port {conflicts[0][1].port}" if more else ""
    return f"delete {'them' if len(conflicts) > 1 else 'it'} first: {'; '.join(lines)}{rest}"


def other_listener(port: int) -> str:
    """Return a text that names the programs listening on a port; "" if there are none."""
    programs = listeners.on_port(port)
    if not programs:
        return ""
    names = ", ".join(map(str, programs))
    return f"{names} listens on port {port}; stop it, or use another port"


def _all_portals(env: Env, node: Node) -> Iterator[tuple[ShellPath, Portal]]:
    """Yield every portal of the fabric with the shell path of its TPG."""
    fabric, reader = tpg_of(node).fabric, Reader(env.fs)
    for key in tpg_keys(reader, (fabric,)):
        for portal in reader.portals(paths.tpg(*key)):
            yield paths.shell_tpg(*key), portal


def delete(env: Env, node: Portals, ip_address: str, ip_port: int) -> Result:
    """Stop listening on an address."""
    name = f"{_address(ip_address, node)}:{ip_port}"
    found = node.find(name)
    if found is None:
        raise NotFound(
            f"No such NetworkPortal in configfs: {env.fs.absolute(node.configfs)}/{name}",
            path=node.path,
        )
    portal = Reader(env.fs).portal(found.configfs, found.name)
    apply.apply(env, [portals.delete_portal(tpg_of(node).tpg_path, portal)])
    return Result(
        [f"Deleted network portal {ip_address}:{ip_port}", *none_left(env, tpg_of(node).tpg_path)]
    )


def none_left(env: Env, tpg: TpgPath) -> list[str]:
    """Return a note if a TPG is enabled and has no portal."""
    reader = Reader(env.fs)
    if reader.portal_names(paths.portals(tpg.configfs)) or not reader.enabled(tpg.configfs):
        return []
    # Imported here: usually a portal is left.
    from rtslib_ext.usage import no_portals

    return [Aside(f"Note: {tpg.shell} {no_portals.TEXT} ({no_portals.CURE})")]


def enable_iser(env: Env, node: PortalNode, boolean: bool) -> Result:
    """Enable or disable iSER."""
    return _switch(env, node, "iser", "iSER", boolean)


def enable_offload(env: Env, node: PortalNode, boolean: bool) -> Result:
    """Enable or disable the offload of the network card."""
    return _switch(env, node, "offload", "offload", boolean)


def _switch(env: Env, node: PortalNode, flag: str, word: str, on: bool) -> Result:
    portal = node.portal()
    if getattr(portal, flag) != on:
        step = portals.set_portal_flag(tpg_of(node).tpg_path, portal, flag, on)
        try:
            apply.apply(env, [step])
        except KernelRefused as err:
            err.label = f"Cannot change {flag}"
            raise
    return say(f"{word} enable now: {on}")
