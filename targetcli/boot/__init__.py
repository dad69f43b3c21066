# SPDX-License-Identifier: Apache-2.0
"""targetcli-boot: start, complete, reload and stop the target as a service.

target.service runs it: ``start [SECONDS]`` restores the saved configuration and applies the
fragments of owners, ``reload`` applies both, ``stop [SECONDS]`` deletes the running one.
target-pending.service runs ``watch``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

USAGE = "usage: targetcli-boot start [SECONDS] | watch | reload | stop [SECONDS]"
# The number of words that may follow each command.
_MOST = {"start": 1, "stop": 1, "watch": 0, "reload": 0}
# EX_USAGE of sysexits.h
_USAGE_STATUS = 64


def main(words: Sequence[str] | None = None) -> int:
    """Run the given command; return the exit status."""
    what, *rest = (sys.argv[1:] if words is None else list(words)) or [""]
    try:
        seconds = [float(word) for word in rest]
    except ValueError:
        what = ""
    if what not in _MOST or len(rest) > _MOST[what]:
        print(USAGE, file=sys.stderr)
        return _USAGE_STATUS
    return _run(what, seconds)


def _run(what: str, seconds: Sequence[float]) -> int:
    # Imported here: each run needs one module of this room, and a start must be short.
    from ..env import Env
    from ..prefs import Preferences, default_folder

    env = Env(Preferences.load(default_folder()))
    if what == "start":
        from . import start

        return start.run(env, *seconds)
    if what == "stop":
        from . import stop

        return stop.run(env, *seconds)
    if what == "reload":
        from . import reload

        return reload.run(env)
    from . import watch

    return watch.run(env)
