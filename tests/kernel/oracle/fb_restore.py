# SPDX-License-Identifier: Apache-2.0
"""Restore save files with rtslib-fb, each in a process of its own.

    fb_restore.py FILE     restore one file, print the list of errors as JSON
    fb_restore.py -        the same for each line of standard input, in a forked child:
                           importing rtslib-fb takes a second on the user-mode kernel

An exception that ended the whole restore is an error too, with ABORTED before it.
"""

from __future__ import annotations

import json
import os
import sys

from rtslib_fb import RTSRoot  # type: ignore[import-untyped]

ABORTED = "aborted: "


def restore(path: str) -> list[str]:
    """What rtslib-fb says about the file; the old configuration is cleared first."""
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    try:
        return list(RTSRoot().restore(config, clear_existing=True))
    except Exception as err:  # noqa: BLE001 - whatever ends its restore is what we ask for
        return [f"{ABORTED}{type(err).__name__}: {err}"]


def serve() -> None:
    """Answer each line with a line, until the input ends."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            print(json.dumps(restore(line.rstrip("\n"))), flush=True)
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    if sys.argv[1] == "-":
        serve()
    else:
        print(json.dumps(restore(sys.argv[1])))
