# SPDX-License-Identifier: Apache-2.0
"""Time of the command sessions with many initiators that are logged in, each with an ACL.

python -m benchmarks.sessions SIZE ...   (as root in the sandbox)
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import ExitStack

from tests.kernel.commands.initiator import logged_in

from .process import run, tell, timed

IQN = "iqn.2003-01.org.example:many"
TPG = f"/iscsi/{IQN}/tpg1"
PYTHON = sys.executable
OURS = (PYTHON, "-m", "targetcli")
_COUNT = f"/sys/kernel/config/target/iscsi/{IQN}/fabric_statistics/iscsi_instance/sessions"
FORMS = {
    "sessions, lines": ("sessions", "format=lines"),
    "sessions, table": ("sessions", "format=table"),
    "sessions, JSON": ("--json", "sessions"),
}


def _name(number: int) -> str:
    return f"iqn.2003-01.org.example:host-{number:05}"


def _configure() -> None:
    run((*OURS, "/backstores/ramdisk", "create", "r0", "1M"))
    run((*OURS, "/iscsi", "create", IQN))
    run((*OURS, f"{TPG}/luns", "create", "/backstores/ramdisk/r0"))


def _add_acls(first: int, last: int) -> None:
    names = [_name(number) for number in range(first, last)]
    lines = "".join(f"{TPG}/acls create {name}\n" for name in names)
    # These initiators answer no request of the target for a sign of life.
    lines += "".join(f"{TPG}/acls/{name} set attribute nopin_timeout=0\n" for name in names)
    subprocess.run(
        (*OURS, "--batch", "-"), input=lines, text=True, check=True, stdout=subprocess.DEVNULL
    )


def _wait(size: int) -> None:
    """The kernel counts a session some time after it answered the login."""
    for _ in range(600):
        with open(_COUNT) as file:
            if int(file.read()) == size:
                return
        time.sleep(0.05)
    raise TimeoutError(f"not {size} sessions")


def main(sizes: list[int], rounds: int = 3) -> None:
    """Measure each form of the command at each number of sessions."""
    _configure()
    with ExitStack() as sessions:
        there = 0
        for size in sizes:
            _add_acls(there, size)
            for number in range(there, size):
                sessions.enter_context(logged_in(_name(number), IQN))
            there = size
            _wait(size)
            for _ in range(rounds):
                timed("start", "ours", size, (*OURS, "--version"))
                for what, words in FORMS.items():
                    timed(what, "ours", size, (*OURS, *words))
            done = subprocess.run(
                (PYTHON, "-m", "benchmarks.counted", "sessions", "format=table"),
                capture_output=True,
                text=True,
                check=True,
            )
            tell("sessions, table: calls", "ours", size, int(done.stdout.split()[-1]), "calls")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]])
