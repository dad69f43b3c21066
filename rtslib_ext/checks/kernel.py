# SPDX-License-Identifier: Apache-2.0
"""Rules about what a saved configuration needs and this kernel does not have."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from ..config.model import Config
from ..config.wording import shortened
from ..fabrics import FABRICS
from ..host import system
from .facts import Facts, tpgs
from .rule import Finding, Needs, Rule, Severity

if TYPE_CHECKING:
    from ..schema import Attribute


def lacking(facts: Facts) -> Iterator[Finding]:
    """Yield the settings of the file that this kernel does not have."""
    if facts.saved is None:
        return
    found: dict[tuple[str, str], list[str]] = {}
    for path, name, row in _settings(facts.saved.config):
        if row is not None and not row.in_kernel(facts.release):
            found.setdefault((name, row.when()), []).append(path)
    for (name, when), paths in found.items():
        others = f" (also of {shortened(paths[1:], 2)})" if len(paths) > 1 else ""
        yield Finding(
            paths[0],
            f"{name} is set in the file{others}, and this kernel does not have it: it {when}",
            "it is left out; boot a kernel that has it, or save the configuration without it",
        )


def _settings(config: Config) -> Iterator[tuple[str, str, Attribute | None]]:
    """Yield (path, name, row) of the settings of storage objects, TPGs and ACLs."""
    # Imported here: the tables are large, and usually the file and the kernel agree.
    from .. import schema

    of_object, of_tpg = cache(schema.storage_object), cache(schema.tpg_attribute)
    of_acl = cache(schema.acl_attribute)
    for so in config.storage_objects.values():
        for name in so.attributes:
            yield so.path, name, of_object(name, so.backing.plugin)
    for tpg in tpgs(config):
        for name in tpg.config.attributes:
            yield tpg.shell, name, of_tpg(name, tpg.fabric.name)
        for acl in tpg.config.acls.values():
            for name in acl.attributes:
                yield tpg.acl(acl), name, of_acl(name)


def no_module(facts: Facts) -> Iterator[Finding]:
    """Yield the targets whose fabric this kernel does not have."""
    for target in facts.config.targets.values() if facts.fs is None else ():
        module = FABRICS[target.fabric].module
        if not system.is_loaded(module) and not system.has_module(module):
            text = f"this kernel has no module {module}"
            help_ = "install the kernel package that has it"
            yield Finding(f"/{target.fabric}/{target.wwn}", text, help_)


RULES = (
    Rule(
        "kernel-lacks",
        Severity.WARNING,
        Needs.HOST,
        lacking,
        "The file sets something that the running kernel does not have, because it is too old or "
        "too new. It is left out when the file is restored.",
        "Boot a kernel that has it, or drop the setting.",
    ),
    Rule(
        "no-module",
        Severity.ERROR,
        Needs.HOST,
        no_module,
        "A target of the file needs a kernel module that is not installed.",
        "Install it, or delete the target.",
    ),
)
