# SPDX-License-Identifier: Apache-2.0
"""The profile of a host: settings of its ACL that suit its system, and what else it needs.

Settings of the TPG and of storage objects concern other initiators too: they are named, not set.
"""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext.errors import Unsupported
from rtslib_ext.host import network
from rtslib_ext.reading.reader import Reader
from rtslib_ext.recipes import rules, systems
from rtslib_ext.usage import sessions

from ..env import Env
from ..tree.acls import Acls
from ..views import recipe as view
from . import target_of

_DEPTH = "cmdsn_depth"


class Profile:
    """What suits the system of a host: ``depth`` for its ACL, None for that of the TPG.

    Raises InvalidValue for an unknown system, Unsupported for another fabric than iSCSI.
    """

    def __init__(self, env: Env, node: Acls, initiator: str, name: str) -> None:
        self._system = systems.find(name)
        if node.tpg.fabric.name != "iscsi":
            text = f"{node.tpg.fabric.name} has no profiles, only iSCSI"
            raise Unsupported(text, path=node.path)
        self._env, self._node, self._initiator = env, node, initiator
        self.depth, self._set = self._depth()

    def _depth(self) -> tuple[str | None, list[str]]:
        """Return the queue depth and what to say of it.

        It is only raised. A change ends the sessions of an initiator, so one that is logged in
        without an ACL keeps its own.
        """
        tpg = self._node.tpg
        wanted = next((one for one in self._system.acl if one.name == _DEPTH), None)
        default = tpg.attribute("default_cmdsn_depth") or ""
        if wanted is None or not default.isdecimal() or int(default) >= int(wanted.value):
            return None, []
        setting = f"{_DEPTH}={wanted.value}"
        if self._initiator in sessions.dynamic_initiators(self._node.reader, tpg.configfs):
            text = f"not set, since it would end the session of {self._initiator}"
            return None, [f"{setting} is {text}: {wanted.why}."]
        return wanted.value, [f"Set {setting}: {wanted.why}."]

    def lines(self) -> Iterator[str]:
        """Yield the settings, what else the system needs, with commands, and the next step."""
        yield from self._set
        tpg, reader = self._node.tpg, Reader(self._env.fs)
        target = reader.target(tpg.fabric, tpg.wwn)
        config = target_of.config_of(reader, target)
        place = target_of.Place(target, tpg.tag, (self._initiator,))
        met = target_of.met_by(config, place, self._initiator, network.addresses())
        for remark in rules.check(self._system, met):
            yield from view.remark_lines(remark, in_shell=self._env.session.several)
        yield f"recipe {self._system.name} {self._initiator} shows the steps on that host."
