# SPDX-License-Identifier: Apache-2.0
"""Rules about access: demo mode, and logins without authentication."""

from __future__ import annotations

from collections.abc import Iterator

from ..config import demo_mode, secrets, shell_paths
from ..config.model import Auth, NodeAcl
from ..config.shell_paths import ShellPath
from ..fabrics import FABRICS
from .facts import Facts, TpgFacts, tpgs
from .rule import Finding, Needs, Rule, Severity, Words

_PROTECT = "demo_mode_write_protect"
_LOGIN_ONLY = "demo_mode_login_only"
_AUTHENTICATION = "authentication"


def set_attribute(path: str, name: str, value: str) -> Words:
    """Return the command that sets an attribute."""
    return (path, "set", "attribute", f"{name}={value}")


def new_credentials(path: str, user: str) -> Words:
    """Return the command that sets a user name and a new secret, which it prints."""
    return (path, "set", "auth", f"userid={user}", "password=@new")


def _open(facts: Facts) -> Iterator[TpgFacts]:
    """Yield the TPGs with LUNs that any initiator may use, from another host, without a secret."""
    for tpg in tpgs(facts.config):
        is_open = (
            tpg.attribute(demo_mode.OPEN) == "1"
            and tpg.attribute(_LOGIN_ONLY) != "1"
            and not (tpg.fabric.has("auth") and tpg.attribute(_AUTHENTICATION) == "1")
        )
        if is_open and tpg.is_enabled and tpg.config.luns and not tpg.is_local:
            yield tpg


def writable_demo_mode(facts: Facts) -> Iterator[Finding]:
    """Yield the TPGs that let any initiator write."""
    for tpg in _open(facts):
        if tpg.attribute(_PROTECT) == "0":
            text = f"any initiator may log in without a secret and write to {_luns(tpg)}"
            close = set_attribute(tpg.shell, demo_mode.OPEN, "0")
            yield Finding(tpg.shell, text, commands=(*_pinned(tpg), close))


def readable_demo_mode(facts: Facts) -> Iterator[Finding]:
    """Yield the TPGs that let any initiator read."""
    for tpg in _open(facts):
        if tpg.attribute(_PROTECT) != "0":
            text = f"any initiator may log in without a secret and read {_luns(tpg)}"
            close = set_attribute(tpg.shell, demo_mode.OPEN, "0")
            yield Finding(tpg.shell, text, commands=(*_pinned(tpg), close))


def _pinned(tpg: TpgFacts) -> tuple[Words, ...]:
    """Return the command that keeps the initiators that are logged in now."""
    return ((shell_paths.acls(tpg.shell), "pin"),)


def _luns(tpg: TpgFacts) -> str:
    number = len(tpg.config.luns)
    return f"its {number} LUNs" if number > 1 else "its LUN"


def cached_demo_mode(facts: Facts) -> Iterator[Finding]:
    """Yield the TPGs that are closed, but still let in earlier initiators of demo mode."""
    for tpg in tpgs(facts.config):
        if tpg.attribute(demo_mode.OPEN) == "0" and tpg.attribute(demo_mode.CACHE) == "1":
            yield Finding(
                tpg.shell,
                "initiators that logged in while it was in demo mode are still let in, without an "
                "ACL",
                commands=(set_attribute(tpg.shell, demo_mode.CACHE, "0"),),
            )


def no_authentication(facts: Facts) -> Iterator[Finding]:
    """Yield the TPGs, or ACLs with an attribute of their own, that ask for no secret."""
    for tpg in tpgs(facts.config, "auth"):
        if not tpg.is_enabled or tpg.is_local:
            continue
        free = [acl for acl in tpg.config.acls.values() if not tpg.authenticates(acl)]
        if free and tpg.attribute(_AUTHENTICATION) != "1":
            yield Finding(
                tpg.shell,
                f"{_let_in(free)} without a secret, and names are not secret{_unasked(free)}",
                commands=(
                    *_given_secrets(tpg, list(tpg.config.acls.values())),
                    set_attribute(tpg.shell, _AUTHENTICATION, "1"),
                    *_inheriting(tpg, free),
                ),
            )
        elif free:
            for acl in free:
                yield Finding(
                    tpg.acl(acl),
                    f"it is let in without a secret, unlike others{_unasked([acl])}",
                    commands=(*_given_secrets(tpg, [acl]), *_inheriting(tpg, [acl])),
                )


def _let_in(free: list[NodeAcl]) -> str:
    if len(free) == 1:
        return f"the initiator {free[0].wwn} is let in"
    return f"{len(free)} initiators are let in"


def _unasked(free: list[NodeAcl]) -> str:
    """Return a clause about secrets that were set, and that no login is asked for."""
    number = sum(bool(acl.auth.password) for acl in free)
    return f"; {number} of them {'has' if number == 1 else 'have'} one set" if number else ""


def _given_secrets(tpg: TpgFacts, acls: list[NodeAcl]) -> tuple[Words, ...]:
    """Return the commands that give a secret to each host without one."""
    missing = {tpg.acl(acl): acl for acl in acls if not _is_complete(acl.auth)}
    return tuple(
        new_credentials(path, acl.auth.userid or acl.tag or acl.wwn)
        for path, acl in missing.items()
    )


def _inheriting(tpg: TpgFacts, acls: list[NodeAcl]) -> tuple[Words, ...]:
    own = {tpg.acl(acl) for acl in acls if acl.attributes.get(_AUTHENTICATION) == "0"}
    return tuple(set_attribute(path, _AUTHENTICATION, "1") for path in sorted(own))


def _is_complete(auth: Auth) -> bool:
    return bool(auth.userid) and bool(auth.password)


def no_credentials(facts: Facts) -> Iterator[Finding]:
    """Yield what asks for a secret that is not set, so that no login can succeed."""
    for tpg in tpgs(facts.config, "auth"):
        if not tpg.is_enabled:
            continue
        for acl in tpg.config.acls.values():
            if tpg.authenticates(acl):
                path = tpg.acl(acl)
                yield from _incomplete(path, acl.auth, acl.tag or acl.wwn, "it cannot log in")
        if tpg.attribute(demo_mode.OPEN) == "1" and tpg.attribute(_AUTHENTICATION) == "1":
            end = "no initiator without an ACL can log in"
            yield from _incomplete(tpg.shell, tpg.config.auth, tpg.target.wwn, end)
    for settings in facts.config.fabrics.values():
        if settings.discovery_enable and FABRICS[settings.name].has("discovery_auth"):
            path = shell_paths.fabric(settings.name)
            for one in _incomplete(path, settings.discovery_auth, "discovery", "none can discover"):
                words = ("set", "discovery_auth", "userid=discovery", "password=@new")
                yield Finding(one.path, one.text, commands=((path, *words),))


def _incomplete(path: ShellPath, auth: Auth, user: str, end: str) -> Iterator[Finding]:
    """Yield a finding about credentials that are required, and not or only half set."""
    if not _is_complete(auth):
        half = "password" if auth.userid else "userid" if auth.password else ""
        missing = f"no {half}" if half else "neither userid nor password"
        text = f"CHAP is required, and {missing} is set: {end}"
        yield Finding(path, text, commands=(new_credentials(path, auth.userid or user),))


def half_mutual(facts: Facts) -> Iterator[Finding]:
    """Yield the credentials with only one half of those of the target."""
    for owner in secrets.credentials(facts.config):
        auth = owner.auth
        if bool(auth.mutual_userid) == bool(auth.mutual_password):
            continue
        missing, there = "mutual_userid", "mutual_password"
        value = owner.holder or "target"
        if auth.mutual_userid:
            missing, there, value = there, missing, "@new"
        yield Finding(
            owner.path,
            f"{there} is set without {missing}, so the target cannot prove its name to initiators",
            commands=((owner.path, "set", owner.group, f"{missing}={value}"),),
        )


RULES = (
    Rule(
        "writable-demo-mode",
        Severity.ERROR,
        Needs.CONFIG,
        writable_demo_mode,
        "A TPG accepts initiators without an ACL (generate_node_acls=1), asks for no secret, and "
        "lets them write (demo_mode_write_protect=0): every host in the network can overwrite its "
        "LUNs.",
        "Create ACLs for the initiators, as pin does for those that are logged in, and close demo "
        "mode.",
    ),
    Rule(
        "readable-demo-mode",
        Severity.WARNING,
        Needs.CONFIG,
        readable_demo_mode,
        "A TPG accepts initiators without an ACL and asks for no secret; they can only read its "
        "LUNs. That suits images for booting, not data.",
        "Create ACLs, and close demo mode.",
    ),
    Rule(
        "cached-demo-mode",
        Severity.WARNING,
        Needs.CONFIG,
        cached_demo_mode,
        "Demo mode is off, but the kernel kept the ACLs that it made for initiators in it "
        "(cache_dynamic_acls=1): they still get in.",
        "Turn the cache off.",
    ),
    Rule(
        "no-authentication",
        Severity.WARNING,
        Needs.CONFIG,
        no_authentication,
        "Initiators with an ACL are let in without CHAP. Their names are sent in clear text, and "
        "any host can call itself by one. TPGs with portals on loopback addresses only are left "
        "out.",
        "Give each ACL a secret, configure it at the initiator, and require it.",
    ),
    Rule(
        "no-credentials",
        Severity.ERROR,
        Needs.CONFIG,
        no_credentials,
        "CHAP is required, but its user name or secret is not set, so no login can succeed.",
        "Set both, or do not require CHAP.",
        breaks=True,
    ),
    Rule(
        "half-mutual",
        Severity.WARNING,
        Needs.CONFIG,
        half_mutual,
        "The target's own user name or secret is set, but not both. Initiators that ask the target "
        "to authenticate itself refuse it.",
        "Set both, or none.",
    ),
)
