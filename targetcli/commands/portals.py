# SPDX-License-Identifier: Apache-2.0
"""Making, deleting and switching network portals."""

from __future__ import annotations

from rtslib_ext import naming
from rtslib_ext.errors import Exists, InvalidValue, KernelRefused, NotFound, Unsupported
from rtslib_ext.model import Portal
from rtslib_ext.reader import Reader
from rtslib_ext.steps import luns

from ..env import Env
from ..nodes import Node
from ..nodes.exports import PortalNode
from ..result import Result, say
from . import change
from .luns import tpg_of
from .targets import ANY_ADDRESS, PORT

_WILDCARDS = ("0.0.0.0", "[::0]", "[::]")


def create(
    env: Env, node: Node, ip_address: str = ANY_ADDRESS, ip_port: int = PORT
) -> Result:
    """Listen on an address."""
    portal = Portal(_address(ip_address, node), ip_port)
    lines = ["Using default IP port 3260"] if ip_port == PORT else []
    if ip_address == ANY_ADDRESS:
        lines.append(f"Binding to INADDR_ANY ({ANY_ADDRESS})")
    if env.fs.is_dir(f"{node.file}/{portal.name}"):
        raise Exists(
            "This NetworkPortal already exists in configFS", path=f"{node.path}/{portal.name}"
        )
    try:
        change.apply(env, luns.create_portal(tpg_of(node).place, portal))
    except KernelRefused as err:
        # The file is part of the text that scripts know.
        number, strerror = err.errno, err.message
        err.args = (
            f"Could not create NetworkPortal in configFS: [Errno {number}] {strerror}: "
            f"'{env.fs.absolute(err.file)}'",
        )
        err.hint = _advice(env, node, portal) or err.hint
        raise
    return Result(
        [*lines, f"Created network portal {ip_address}:{ip_port}."],
        created=f"{node.path}/{portal.name}",
    )


def _address(text: str, node: Node) -> str:
    try:
        return naming.portal_address(text)
    except InvalidValue as err:
        err.path = node.path
        raise


def _advice(env: Env, node: Node, portal: Portal) -> str:
    """What to do when a portal that listens everywhere is in the way."""
    for other in Reader(env.fs).portals(node.file.removesuffix("/np")):
        if other.port == portal.port and other.address in _WILDCARDS:
            bare = other.address.strip("[]")
            return (
                f"the portal {other.name} listens on every address already; take it away first: "
                f"{node.path} delete {bare} {other.port}"
            )
    return "another TPG or program may listen there, or the address is not on this host"


def delete(env: Env, node: Node, ip_address: str, ip_port: int) -> Result:
    """Stop listening on an address."""
    name = f"{_address(ip_address, node)}:{ip_port}"
    if not env.fs.is_dir(f"{node.file}/{name}"):
        raise NotFound(
            f"No such NetworkPortal in configfs: {env.fs.absolute(node.file)}/{name}",
            path=node.path,
        )
    portal = Reader(env.fs).portal(f"{node.file}/{name}", name)
    change.apply(env, [luns.delete_portal(tpg_of(node).place, portal)])
    return say(f"Deleted network portal {ip_address}:{ip_port}")


def enable_iser(env: Env, node: Node, boolean: bool) -> Result:
    """Switch iSER on or off."""
    return _switch(env, node, "iser", "iSER", boolean)


def enable_offload(env: Env, node: Node, boolean: bool) -> Result:
    """Switch the offload of the network card on or off."""
    return _switch(env, node, "offload", "offload", boolean)


def _switch(env: Env, node: Node, flag: str, word: str, on: bool) -> Result:
    assert isinstance(node, PortalNode)
    portal = node.portal()
    if getattr(portal, flag) != on:
        step = luns.set_portal_flag(tpg_of(node).place, portal, flag, on)
        try:
            change.apply(env, [step])
        except KernelRefused as err:
            raise Unsupported(
                f"Cannot change {flag}",
                path=node.path,
                hint=f"{err.hint or err}; it needs a card and its kernel module",
            ) from err
    return say(f"{word} enable now: {on}")
