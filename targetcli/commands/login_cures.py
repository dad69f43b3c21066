# SPDX-License-Identifier: Apache-2.0
"""The command that admits an initiator whose login was refused, and why it was refused."""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext import naming
from rtslib_ext.config import shell_paths
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.fast_dataclasses import dataclass
from rtslib_ext.kernel import paths
from rtslib_ext.kernel.configfs import ConfigfsPath
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.reading.reader import Reader
from rtslib_ext.statistics.refused_logins import (
    BROKEN_OFF,
    DISCOVERY,
    NO_SECRET,
    NO_TPG,
    SECRET_NOT_SET,
    UNKNOWN_INITIATOR,
    UNKNOWN_TARGET,
    WRONG_SECRET,
    WRONG_USER,
    Refusal,
)

from .. import closest
from ..views.checks import command

_ISCSI = FABRICS["iscsi"]
_ASK = "password=-"

_REASONS = {
    UNKNOWN_INITIATOR: "it has no ACL",
    WRONG_USER: "wrong user name",
    WRONG_SECRET: "wrong secret",
    NO_SECRET: "it sent no secret, and one is required",
    SECRET_NOT_SET: "a secret is required, and none is set here",
    UNKNOWN_TARGET: "there is no target of this name",
    NO_TPG: "the target does not listen at this address",
    BROKEN_OFF: "the login was broken off",
}


@dataclass(frozen=True, slots=True)
class Cure:
    """A command that admits the initiator; () if none is known.

    ``reason`` says why it was refused. ``here``: the command is one of this program, else of
    open-iscsi at the initiator. ``note`` has what the command does not say.
    """

    reason: str
    words: tuple[str, ...] = ()
    here: bool = True
    note: str = ""


class Cures:
    """The causes and cures of refused logins, as the configuration is now."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._targets = reader.target_wwns(_ISCSI)
        self.discovery = self._is_set(f"{paths.discovery_auth(_ISCSI)}/enforce_discovery_auth")

    def of(self, refusal: Refusal) -> Cure:
        """Return the cure for a refused login."""
        reason = _REASONS[refusal.kind]
        if refusal.kind == UNKNOWN_TARGET:
            return self._unknown_target(refusal, reason)
        if refusal.kind == NO_TPG:
            return self._no_tpg(refusal, reason)
        if refusal.stage == DISCOVERY:
            return self._in_discovery(refusal, f"in discovery: {reason}")
        tpgs = list(self._tpgs(refusal.target, refusal.tpg))
        if refusal.kind == UNKNOWN_INITIATOR:
            return self._without_acl(refusal, tpgs, reason)
        owner = self._owner(refusal, tpgs)
        if refusal.kind == BROKEN_OFF:
            return self._broken_off(owner, reason)
        return self._of_session(refusal, owner, reason)

    def _is_set(self, file: str) -> bool:
        return self._reader.fs.read_if_there(file) == "1"

    def _tpgs(self, target: str, tag: int | None) -> Iterator[TpgPath]:
        """Yield the TPGs that a login was for: all of the target, if the tag is not known."""
        if target not in self._targets:
            return
        for found in self._reader.tags(paths.target(_ISCSI, target)):
            if tag in (None, found):
                yield TpgPath.of(_ISCSI, target, found)

    def _without_acl(self, refusal: Refusal, tpgs: list[TpgPath], reason: str) -> Cure:
        name = refusal.initiator
        if not name:
            return Cure(f"{reason}; the log no longer has its name")
        if not _is_wwn(name):
            return Cure(f"{reason}, and its name is not of type iqn, naa or eui")
        if not tpgs:
            return Cure(f"{reason}; the log does not name the target")
        if any(self._reader.fs.is_dir(tpg.acl(name)) for tpg in tpgs):
            return Cure("it had no ACL, and has one now")
        tpg = tpgs[0]
        secret = (shell_paths.acl(tpg.shell, name), "set", "auth", f"userid={name}", _ASK)
        required = self._is_set(f"{paths.attributes(tpg.configfs)}/authentication")
        note = f"then its secret: {command(secret, in_shell=True)}" if required else ""
        return Cure(reason, (shell_paths.acls(tpg.shell), "create", name), note=note)

    def _unknown_target(self, refusal: Refusal, reason: str) -> Cure:
        near = self._near(refusal.target)
        if near:
            words = ("iscsiadm", "-m", "node", "-T", near, "--login")
            return Cure(f"{reason}; the closest is {near}", words, here=False)
        if not _is_wwn(refusal.target):
            return Cure(f"{reason}, and none can have it")
        return Cure(reason, ("/iscsi", "create", refusal.target))

    def _near(self, name: str) -> str | None:
        """Return the target with the closest name: most begin alike, so only its end counts."""
        ends = {target.rpartition(":")[2]: target for target in self._targets}
        found = closest.find(name.rpartition(":")[2], ends)
        return ends[found] if found else None

    def _no_tpg(self, refusal: Refusal, reason: str) -> Cure:
        tpgs = list(self._tpgs(refusal.target, None))
        if not tpgs:
            return Cure("the target was deleted meanwhile")
        enabled = [tpg for tpg in tpgs if self._reader.enabled(tpg.configfs)]
        if not enabled:
            return Cure("its TPG is disabled", (tpgs[0].shell, "enable"))
        listening = [
            name
            for tpg in enabled
            for name in self._reader.portal_names(paths.portals(tpg.configfs))
        ]
        if not listening:
            return Cure("its TPG has no portal", (f"{enabled[0].shell}/portals", "create"))
        off = [tpg for tpg in tpgs if tpg not in enabled]
        note = f"or {off[0].shell} enable, if it came to that TPG" if off else ""
        words = ("iscsiadm", "-m", "node", "-T", refusal.target, "-p", listening[0], "--login")
        where = ", ".join(listening)
        return Cure(f"{reason}; it listens at {where}", words, here=False, note=note)

    def _in_discovery(self, refusal: Refusal, reason: str) -> Cure:
        if refusal.kind == NO_SECRET:
            words = ("/iscsi", "set", "discovery_auth", "enable=0")
            return Cure(reason, words, note="it admits all without a secret")
        auth = self._reader.auth(paths.discovery_auth(_ISCSI))
        if refusal.kind == WRONG_USER:
            reason += "; perhaps that of sessions: discovery has a user name and secret of its own"
        user = f"userid={auth.userid or 'discovery'}"
        return Cure(reason, ("/iscsi", "set", "discovery_auth", user, _ASK), note=_BOTH)

    def _owner(self, refusal: Refusal, tpgs: list[TpgPath]) -> _Owner | None:
        """Return the ACL of the initiator, or the TPG if it needs none."""
        for tpg in tpgs:
            acl = tpg.acl(refusal.initiator) if _is_wwn(refusal.initiator) else None
            if acl and self._reader.fs.is_dir(acl):
                return _Owner(shell_paths.acl(tpg.shell, refusal.initiator), paths.auth(acl))
        for tpg in tpgs:
            if self._is_set(f"{paths.attributes(tpg.configfs)}/generate_node_acls"):
                return _Owner(tpg.shell, paths.auth(tpg.configfs))
        return None

    def _of_session(self, refusal: Refusal, owner: _Owner | None, reason: str) -> Cure:
        if not refusal.stage:
            reason = f"in discovery or a session: {reason}"
        elif refusal.kind == WRONG_USER and self.discovery:
            reason += (
                "; perhaps that of discovery: sessions have a user name and secret of their own"
            )
        if owner is None:
            return Cure(f"{reason}; the log does not name the initiator")
        if refusal.kind == NO_SECRET:
            words = (owner.path, "set", "attribute", "authentication=0")
            return Cure(
                reason,
                words,
                note="this asks for no secret; to configure one at the initiator is safer",
            )
        user = f"userid={self._reader.auth(owner.auth).userid or refusal.initiator}"
        return Cure(reason, (owner.path, "set", "auth", user, _ASK), note=_BOTH)

    def _broken_off(self, owner: _Owner | None, reason: str) -> Cure:
        if owner is None or not self._is_set(f"{owner.auth}/authenticate_target"):
            return Cure(f"{reason}, by the initiator or because it offered no common value")
        auth = self._reader.auth(owner.auth)
        words = (owner.path, "set", "auth", f"mutual_userid={auth.mutual_userid}")
        reason += " by the initiator: perhaps it expects another mutual secret"
        return Cure(reason, (*words, f"mutual_{_ASK}"), note=_BOTH)


@dataclass(frozen=True, slots=True)
class _Owner:
    """An ACL or TPG by its shell path, with the configfs path of its credentials."""

    path: str
    auth: ConfigfsPath


_BOTH = "it asks for the secret, which must be that of the initiator"


def _is_wwn(name: str) -> bool:
    return naming.is_name(_ISCSI.wwn_types, name.lower())
