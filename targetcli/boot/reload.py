# SPDX-License-Identifier: Apache-2.0
"""Apply the saved configuration and the fragments of owners, with the fewest changes."""

from __future__ import annotations

from ..env import Env
from . import missing

# Not 1, which target.service takes for success: after a start, the rest is served.
_FAILED = 2


def run(env: Env) -> int:
    """Apply the save file, if there is one, then each fragment; return 0 if none failed, else 2.

    Each is applied completely or not at all. The save file changes nothing that has an owner, so
    it does not delete what a fragment or a takeover created.
    """
    saved = not missing.is_saved(env) or missing.line(env, f"apply {env.save_file}")
    return 0 if missing.fragments(env) and saved else _FAILED
