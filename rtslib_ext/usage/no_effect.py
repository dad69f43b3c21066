# SPDX-License-Identifier: Apache-2.0
"""Settings of storage objects that have no effect on a fabric that exports them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from ..config.model import Config, Key
from ..config.shell_paths import ShellPath

DIRECT = "1"
SETTINGS = {"complete_type": "direct_complete_supported", "submit_type": "direct_submit_supported"}
"""The settings, and the parameter of a target that says whether DIRECT has an effect there."""
# direct_compl_supp and direct_submit_supp of each target_core_fabric_ops (7.2).
_COMPLETES_DIRECTLY = frozenset({"vhost"})
_SUBMITS_QUEUED = frozenset({"loopback"})


def has_effect(name: str, fabric: str) -> bool:
    """Return whether DIRECT as the value of a setting has an effect on a fabric."""
    return (
        fabric in _COMPLETES_DIRECTLY if name == "complete_type" else fabric not in _SUBMITS_QUEUED
    )


def texts(name: str, value: str, fabrics: Iterable[str]) -> Iterator[str]:
    """Yield a text for each fabric on which a value has no effect."""
    if name in SETTINGS and value == DIRECT:
        for fabric in sorted(set(fabrics)):
            if not has_effect(name, fabric):
                yield f"{name}={value} has no effect on {fabric}: {SETTINGS[name]} is 0"


def of_config(config: Config) -> Iterator[tuple[ShellPath, str]]:
    """Yield (path, text) for the storage objects of a configuration with such a setting."""
    objects = [
        so
        for so in config.storage_objects.values()
        if not SETTINGS.keys().isdisjoint(so.attributes)
    ]
    names = [name for name in SETTINGS if any(so.attributes.get(name) == DIRECT for so in objects)]
    if not names:
        return
    # Imported here: few storage objects have such a value.
    from .. import schema

    fabrics = _exporting(config)
    for name in names:
        row = schema.storage_object(name, "ramdisk")
        if row is None or not row.in_kernel(os.uname().release):
            continue
        for so in objects:
            value = so.attributes.get(name, "")
            yield from ((so.path, text) for text in texts(name, value, fabrics.get(so.key, ())))


def _exporting(config: Config) -> dict[Key, set[str]]:
    """Return the fabrics that export each storage object."""
    found: dict[Key, set[str]] = {}
    for target in config.targets.values():
        for key in target.exported():
            found.setdefault(key, set()).add(target.fabric)
    return found
