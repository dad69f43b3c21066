# SPDX-License-Identifier: Apache-2.0
"""verify: log in to a target as its initiators would, and compare what they see."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from rtslib_ext.config import shell_paths
from rtslib_ext.config.shell_paths import ShellPath
from rtslib_ext.errors import LioError, NotFound
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.fast_dataclasses import replace
from rtslib_ext.host import network
from rtslib_ext.initiator import scsi, session
from rtslib_ext.initiator.session import Login
from rtslib_ext.kernel.paths import TpgPath
from rtslib_ext.reading import inquiry_data
from rtslib_ext.recipes import compare
from rtslib_ext.recipes.access import Disk, TpgAccess
from rtslib_ext.recipes.recipe import ERROR, NOTE, Remark
from rtslib_ext.usage import sessions

from .. import progress
from ..changes import apply
from ..env import Env
from ..result import Result, show
from ..tree import Node
from ..views import verify as view
from ..views.verify import Verified
from . import target_of
from .target_of import Place

_ISCSI = FABRICS["iscsi"]
_HERE = ("127.0.0.1",)
# Of the kernel's own prefix for generated names; always the same, as demo mode may keep its ACL.
_NAME = "iqn.2003-01.org.linux-iscsi.{}:verify"


def verify(
    env: Env, node: Node, target: str | None, portal: str | None, initiator: str | None
) -> Result:
    """Log in through each portal and with each ACL, and compare; status 1 if anything differs."""
    apply.require_root(env)
    places = target_of.every(node, target)
    with progress.work(env, "verifying", lambda _: 0) as work:
        done = []
        for found in places:
            for one in _verified(node, found, portal, initiator):
                work.count()
                done.append(one)
    verified = {one.target for one in done}
    skipped = [path for path in map(_path, places) if path not in verified]
    if not done:
        raise NotFound(
            f"no enabled TPG has {_wanted(portal)}",
            path=skipped[0] if len(skipped) == 1 else f"/{_ISCSI.name}",
            hint="recipe shows what a host meets there",
        )
    in_shell = env.session.several
    lines = (
        view.lines(done, in_shell=in_shell)
        if len(places) == 1
        else view.by_target(done, skipped, _wanted(portal), in_shell=in_shell)
    )
    result = show(lines, lambda: view.data(done, skipped))
    result.status = int(any(one.differs for one in done))
    return result


def _wanted(portal: str | None) -> str:
    return f"the portal {portal}" if portal else "a portal"


def _path(found: Place) -> ShellPath:
    return shell_paths.target(_ISCSI.name, found.target.wwn)


def _verified(
    node: Node, found: Place, portal: str | None, wanted: str | None
) -> Iterator[Verified]:
    config = target_of.config_of(node.reader, found.target, read=inquiry_data.storage_object)
    addresses = network.addresses() or _HERE
    for tag, tpg in found.target.tpgs.items():
        if tag != (found.tag or tag) or tpg.enable is False:
            continue
        place = replace(found, tag=tag)
        every = target_of.initiators(place, wanted)
        names = [name for name in every if name in tpg.acls or wanted] or [_own_name()]
        tpgs = [target_of.met_by(config, place, name, addresses).tpgs[0] for name in names]
        portals = [one for one in tpgs[0].portals if _is_meant(one.name, portal)]
        for number in range(max(len(portals), len(names)) if portals else 0):
            index = number % len(names)
            at = portals[number % len(portals)]
            login = _login(found, at.address, at.port, names[index], tpgs[index])
            live = _is_live(node, found, tag, names[index])
            is_named = wanted is not None or bool(found.names)
            yield _of_login(login, tpgs[index], live=live, is_named=is_named)


def _own_name() -> str:
    """Return the name of this host as an initiator without an ACL."""
    host = re.sub(r"[^a-z0-9.-]", "-", os.uname().nodename.lower())
    return _NAME.format(host)


def _is_meant(name: str, portal: str | None) -> bool:
    address = name.rpartition(":")[0]
    return portal is None or portal.strip("[]") in (name, address.strip("[]"))


def _login(found: Place, address: str, number: int, name: str, tpg: TpgAccess) -> Login:
    return Login(address.strip("[]"), number, found.target.wwn, name, tpg.auth)


def _is_live(node: Node, found: Place, tag: int, name: str) -> bool:
    """Return True if an initiator has a session with a TPG."""
    path = TpgPath.of(_ISCSI, found.target.wwn, tag).configfs
    if sessions.of_acl(node.reader, _ISCSI, path, _ISCSI.to_folder(name)) is not None:
        return True
    return name in sessions.dynamic_initiators(node.reader, path)


def _of_login(login: Login, tpg: TpgAccess, *, live: bool, is_named: bool) -> Verified:
    """Log in once and compare; ``live``: the initiator has a session of its own."""
    only_inquiry = live and not is_named
    remarks: list[Remark] = []
    try:
        _refuse_elsewhere(login)
        with session.logged_in(login) as connected:
            numbers = scsi.luns(connected)
            remarks += compare.luns(tpg, numbers)
            for disk in tpg.disks:
                if disk.lun in numbers:
                    remarks += _of_disk(connected, disk, only_inquiry=only_inquiry)
        taken = connected.attentions if live else []
        remarks += _notes(tpg, taken, only_inquiry=only_inquiry)
    except LioError as err:
        remarks.append(Remark(ERROR, tpg.auth_path, err.message))
    portal = f"{login.address}:{login.port}"
    target = shell_paths.target(_ISCSI.name, login.target)
    return Verified(target, tpg.path, portal, login.initiator, tpg.disks, remarks)


def _refuse_elsewhere(login: Login) -> None:
    """Raise LioError for an address of another host, which would get the answer of CHAP."""
    if not network.has_address(login.address):
        raise LioError(
            f"no interface has the address {login.address}, and another host may have it: no login"
        )


def _of_disk(connected: session.Session, disk: Disk, *, only_inquiry: bool) -> Iterator[Remark]:
    try:
        seen = scsi.disk(connected, disk.lun, only_inquiry=only_inquiry)
    except session.Failed as err:
        yield Remark(ERROR, disk.path, f"LUN {disk.lun}: {err.message}")
        return
    yield from compare.disk(disk, seen)


def _notes(tpg: TpgAccess, taken: list[int], *, only_inquiry: bool) -> Iterator[Remark]:
    if only_inquiry:
        text = "it is logged in: sizes and write protection were not compared (name it to do so)"
        yield Remark(NOTE, tpg.auth_path, text)
    if taken:
        codes = ", ".join(f"{code:#06x}" for code in dict.fromkeys(taken))
        text = f"notices for this initiator were taken ({codes}): rescan on that host"
        yield Remark(NOTE, tpg.auth_path, text)
    if tpg.acl is None:
        text = "a login without an ACL: the kernel may keep it until the TPG is deleted"
        yield Remark(NOTE, tpg.path, text)
