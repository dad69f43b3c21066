# SPDX-License-Identifier: Apache-2.0
"""version."""

from __future__ import annotations

import os
from typing import Any

from .. import __version__
from ..env import Env
from ..result import Result, show
from ..tree import Node


def version(env: Env, node: Node) -> Result:
    """Show the version of this program; with --verbose, what this kernel has and lacks."""

    def facts() -> dict[str, object]:
        return {"name": "targetcli", "version": __version__, "kernel": _kernel()}

    lines = [f"targetcli version {__version__}"]
    if env.options.verbose:
        found = _kernel()
        lines.append(f"Linux {found['release']}")
        lines += [f"has: {name}" for name in found["settings"]]
        lines += [f"lacks: {item['name']} ({item['when']})" for item in found["missing"]]
        lines += [f"since {item['since']}: {item['text']}" for item in found["behaviours"]]
    return show(lines, facts)


def _kernel() -> dict[str, Any]:
    """Return what the running kernel has and lacks, as JSON values."""
    # Imported here: few uses of this command need the tables.
    from rtslib_ext.schema import releases

    release = os.uname().release
    missing = dict(releases.missing(release))
    return {
        "release": release,
        "settings": [row.name for _, row in releases.changed() if row.name not in missing],
        "missing": [{"name": name, "when": when} for name, when in missing.items()],
        "behaviours": [
            {"since": item.since, "text": item.text}
            for item in releases.BEHAVIOURS
            if item.in_kernel(release)
        ],
    }
