# SPDX-License-Identifier: Apache-2.0
"""A tool, imported once: a forked child for each command line, a line of JSON for each.

    server.py MODULE...    the last one's main() is the program

    {"words": [...], "stdin": "...", "environment": {...}, "folder": "..."}
    {"status": 0, "stdout": "...", "stderr": "..."}

Importing takes most of the time on the user-mode kernel. The child does the rest as the
installed program does: it reads preferences and the kernel, and ends as Python ends.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any


def serve(main: Callable[[], Any]) -> None:
    """Answer each line, until the input ends."""
    for line in sys.stdin:
        print(json.dumps(_answer(main, json.loads(line))), flush=True)


def _answer(main: Callable[[], Any], call: dict[str, Any]) -> dict[str, Any]:
    with (
        tempfile.TemporaryFile() as stdin,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
    ):
        stdin.write(call["stdin"].encode())
        stdin.seek(0)
        child = os.fork()
        if child == 0:
            for number, file in enumerate((stdin, out, err)):
                os.dup2(file.fileno(), number)
            _become(call)
            sys.exit(main())
        _, status = os.waitpid(child, 0)
        texts = [_text(file) for file in (out, err)]
    return {"status": os.waitstatus_to_exitcode(status), "stdout": texts[0], "stderr": texts[1]}


def _become(call: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(call["environment"])
    os.chdir(call["folder"])
    # The parent's input has lines of its own in its buffer.
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    sys.argv = ["targetcli", *call["words"]]


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode())


if __name__ == "__main__":
    modules = [importlib.import_module(name) for name in sys.argv[1:]]
    serve(modules[-1].main)
