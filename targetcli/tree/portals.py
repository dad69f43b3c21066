# SPDX-License-Identifier: Apache-2.0
"""The nodes of network portals."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from rtslib_ext import naming
from rtslib_ext.config.model import Portal
from rtslib_ext.errors import LioError
from rtslib_ext.host import network
from rtslib_ext.kernel import paths

from .node import Node, Summary, scalars

# It may come later: a portal can be created before the address exists.
NO_ADDRESS = "no interface has this address"


class Portals(Node):
    """The network portals of a TPG."""

    kind = "portals"

    def children(self) -> Iterator[Node]:
        for name in self.reader.portal_names(self.configfs):
            yield PortalNode(self.tree, name, self, paths.child(self.configfs, name))

    def find(self, name: str) -> Node | None:
        """Return a portal; the brackets around an IPv6 address may be omitted.

        The wildcard portal is found by the names of both families: scripts look for
        0.0.0.0:3260, the default before ::0.
        """
        for found in (name, _bracketed(name)):
            configfs = paths.child(self.configfs, found)
            if self.fs.is_dir(configfs):
                return PortalNode(self.tree, found, self, configfs)
        other = self._same_address(name)
        if other is None:
            return None
        self.tree.notes[f"{name} does not exist, using {other}"] = None
        return PortalNode(self.tree, other, self, paths.child(self.configfs, other))

    def _same_address(self, name: str) -> str | None:
        address, _, port = name.rpartition(":")
        wanted = naming.listens_on(address)
        if wanted is None:
            return None
        for found in self.fs.directories(self.configfs):
            address, _, found_port = found.rpartition(":")
            if found_port == port and naming.listens_on(address) == wanted:
                return found
        return None

    def summary(self) -> Summary:
        number = len(self.reader.portal_names(self.configfs))
        unreachable = not number and self.reader.enabled(paths.tpg_of(self.configfs)) is True
        return Summary(f"Portals: {number}", False if unreachable else None)


class PortalNode(Node):
    """A network portal: an address and port on which a TPG listens."""

    kind = "portal"

    def portal(self) -> Portal:
        """Read the portal."""
        return self.reader.portal(self.configfs, self.name)

    def summary(self) -> Summary:
        """Return the transport, unless it is plain TCP; or that no initiator can reach it."""
        portal = self.portal()
        if not network.has_address(portal.address.strip("[]")):
            return Summary(NO_ADDRESS, False)
        words = ["iser"] if portal.iser else ["offload"] if portal.offload else []
        if networks := self.allowed_networks():
            words.append(f"only {', '.join(networks)}")
        return Summary(", ".join(words), True)

    def facts(self) -> dict[str, object]:
        from rtslib_ext.savefile import encode

        portal = self.portal()
        networks = self.allowed_networks()
        facts = scalars(encode.portal(portal))
        if not network.has_address(portal.address.strip("[]")):
            facts["problem"] = NO_ADDRESS
        if networks:
            facts["allowed_networks"] = ", ".join(networks)
        return facts

    def allowed_networks(self) -> tuple[str, ...]:
        """Return the networks that may reach it; none: all, or the record cannot be read."""
        path = self.tree.env.allowed_networks
        if not os.path.exists(path):
            return ()
        # Imported here: most hosts allow every network.
        from rtslib_ext.firewall import allowed, record

        with suppress(LioError, OSError):
            return record.load(path).allowed.get(allowed.portal(self.name), ())
        return ()


def _bracketed(name: str) -> str:
    address, _, port = name.rpartition(":")
    return f"[{address}]:{port}"
