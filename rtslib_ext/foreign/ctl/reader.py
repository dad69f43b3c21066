# SPDX-License-Identifier: Apache-2.0
"""ctl.conf -> Config: the objects of ctld (usr.sbin/ctld/ctld.cc), in either form of the file."""

from __future__ import annotations

import re

from ..builder import Builder
from ..imported import ISNS, Imported, Place
from ..source import Source
from ..statements import Statement, check_text
from . import grammar, luns, ucl
from .access import AuthGroup, PortalGroup, auth_group, portal_group
from .targets import Targets

_GLOBALS = {
    "debug": "it is of ctld's own log",
    "isns-period": "it is of the registration with iSNS",
    "isns-timeout": "it is of the registration with iSNS",
    "maxproc": "the kernel has its own threads",
    "pidfile": "LIO has no daemon",
    "timeout": "set login_timeout of the TPG instead",
}
_NVME = ("controller", "transport-group")
_ENOUGH = 1 << 14
# Only UCL has = and : after a key, and objects without a name.
_UCL = re.compile(
    r"^[ \t]*(?:(?:auth|portal|transport)-group|lun|target|controller|chap|chap-mutual|options)"
    r"\s*[=:]?\s*[\[{]"
    r"|^[ \t]*[\w-]+[ \t]*[=:][ \t]*[^\s]|\A\s*\{",
    re.MULTILINE,
)


def read(source: Source) -> Imported:
    """Return the configuration in a ctl.conf. Raises ParseError."""
    check_text(source)
    # The first statements show which form it is.
    parse = ucl.parse if _UCL.search(source.text, 0, _ENOUGH) else grammar.parse
    return _Reader(source, parse(source)).run()


class _Reader:
    """Reads the blocks: groups and LUNs first, then the targets that name them."""

    def __init__(self, source: Source, statements: tuple[Statement, ...]) -> None:
        self.source, self.statements = source, statements
        self.builder = Builder(source)
        self.luns = luns.Luns(self.builder)
        self.auth_groups: dict[str, AuthGroup] = {
            "default": AuthGroup("default", kind="deny"),
            "no-access": AuthGroup("no-access", kind="deny"),
            "no-authentication": AuthGroup("no-authentication", kind="none"),
        }
        self.portal_groups: dict[str, PortalGroup] = {"default": PortalGroup("default")}

    def run(self) -> Imported:
        defined: set[tuple[str, str]] = set()
        for one in self.statements:
            if one.body is not None:
                if (one.key, one.name) in defined:
                    text = f"expected another name: {one.key} {one.name} exists already"
                    raise self.source.wrong(one.line, text)
                defined.add((one.key, one.name))
            self._statement(one)
        targets = Targets(self.builder, self.auth_groups, self.portal_groups, self.luns)
        for one in self.statements:
            if one.key == "target" and one.body is not None:
                targets.add(one)
        targets.discovery()
        return self.builder.imported()

    def _statement(self, one: Statement) -> None:
        at = Place(self.source.path, one.line)
        if one.key == "auth-group" and one.body is not None:
            self.auth_groups[one.name] = auth_group(self.builder, one)
        elif one.key == "portal-group" and one.body is not None:
            self.portal_groups[one.name] = portal_group(self.builder, one)
        elif one.key == "lun" and one.body is not None:
            self.luns.add(one.name, one)
        elif one.key == "isns-server":
            self.builder.changed(
                at,
                f"the iSNS server {one.name} is not a setting of the kernel",
                ISNS,
            )
        elif one.key in _GLOBALS:
            self.builder.note(at, f"{one.key} has no effect: {_GLOBALS[one.key]}")
        elif one.key in _NVME:
            self.builder.lost(at, f"{one.key} {one.name} is left out: LIO has no NVMe")
        elif one.key == "target":
            self._inner_luns(one)
        else:
            self.builder.unknown(at, one.key)

    def _inner_luns(self, target: Statement) -> None:
        """Add the LUNs that are described within a target: ctld numbers all in the file's order."""
        for lun in target.blocks("lun"):
            if lun.body is not None:
                self.luns.add(luns.inner_name(target.name, lun.name), lun)
