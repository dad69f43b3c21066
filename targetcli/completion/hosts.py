# SPDX-License-Identifier: Apache-2.0
"""Completers for groups of initiators, and their members."""

from __future__ import annotations

from collections.abc import Iterator

from rtslib_ext.config import initiator_groups as model
from rtslib_ext.config.initiator_groups import Group
from rtslib_ext.config.model import Config
from rtslib_ext.config.shell_paths import BACKSTORES
from rtslib_ext.fabrics import FABRICS
from rtslib_ext.kernel import paths
from rtslib_ext.reading.members import MemberReader
from rtslib_ext.steps import kept_groups
from rtslib_ext.usage import sessions

from .candidates import Ask, Candidate
from .storage import storage_objects


def groups(ask: Ask) -> Iterator[str]:
    """Return the groups, but none for create: that needs a new name."""
    if ask.given.get("action") != "create":
        yield from _groups(ask, _read(ask))


def _read(ask: Ask) -> Config:
    return MemberReader(ask.node.fs).topology().config


def _groups(ask: Ask, config: Config) -> dict[str, Group]:
    file = kept_groups.file_beside(ask.env.save_file)
    return model.of_config(config, kept_groups.read(ask.env.host, file))


def items(ask: Ask) -> Iterator[str | Candidate]:
    """Return what the action takes: other initiators, members, or storage objects."""
    action = ask.given.get("action", "")
    if action in ("map", "unmap"):
        for each in storage_objects(ask):
            if (each if isinstance(each, str) else each.value).startswith(BACKSTORES):
                yield each
    if action not in ("create", "join", "leave"):
        return
    config = _read(ask)
    group = _groups(ask, config).get(ask.given.get("name", ""))
    members = group.members if group else ()
    if action == "leave":
        yield from members
        return
    yield from (name for name in _initiators(ask, config) if name not in members)


def _initiators(ask: Ask, config: Config) -> list[str]:
    """Return all initiators: those with an ACL, and those logged in without one."""
    names = [wwn for _, tpg in model.tpgs(config) for wwn in tpg.acls]
    for ((fabric, wwn), tag), _ in model.tpgs(config):
        path = paths.tpg(FABRICS[fabric], wwn, tag)
        names += sessions.dynamic_initiators(ask.node.reader, path)
    return list(dict.fromkeys(names))


def hosts(ask: Ask) -> Iterator[str]:
    """Return the initiators, and the groups with members."""
    config = _read(ask)
    yield from _initiators(ask, config)
    yield from (name for name, group in model.of_config(config, {}).items() if group.members)


def targets(ask: Ask) -> Iterator[str]:
    """Return the targets that can have ACLs."""
    for fabric in FABRICS.values():
        if fabric.has("acls"):
            yield from ask.node.reader.target_wwns(fabric)
