# SPDX-License-Identifier: Apache-2.0
"""What is measured in the sandbox, a part at a time: python -m benchmarks.guest PART ..."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from . import process
from .names import INITIATORS, SPARE, TARGET
from .process import measure, run, tell, timed

SAVED = "/etc/target/saveconfig.json"
LISTS = Path("/var/tmp/bench")
HERE = Path(__file__).parent
PYTHON = sys.executable
OURS = (PYTHON, "-m", "targetcli")
FB_PYTHON = str(HERE.parent / ".venv-fb/bin/python")
FB = (str(HERE.parent / ".venv-fb/bin/targetcli"),)
RTSLIB = (FB_PYTHON, "-c")
_RTSLIB_RESTORE = f"from rtslib_fb import RTSRoot; RTSRoot().restore_from_file({SAVED!r})"
_RTSLIB_SAVE = f"from rtslib_fb import RTSRoot; RTSRoot().save_to_file({SAVED + '.rtslib'!r})"

TPG = f"/iscsi/{TARGET}/tpg1"
HOST = INITIATORS[0]

# What scripts do one by one: the words, and those that take it back.
ONE_SHOT: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "create, delete a backstore": (
        ("/backstores/ramdisk", "create", "new", "4096", "nullio=true"),
        ("/backstores/ramdisk", "delete", "new"),
    ),
    "create, delete a file backstore": (
        ("/backstores/fileio", "create", "newfile", "/var/tmp/new.img", "1M"),
        ("/backstores/fileio", "delete", "newfile"),
    ),
    "create, delete a LUN": (
        (f"{TPG}/luns", "create", f"/backstores/ramdisk/{SPARE}", "20000", "add_mapped_luns=false"),
        (f"{TPG}/luns", "delete", "20000"),
    ),
    "create, delete an ACL": (
        (f"{TPG}/acls", "create", "iqn.1994-05.com.example:new", "add_mapped_luns=false"),
        (f"{TPG}/acls", "delete", "iqn.1994-05.com.example:new"),
    ),
    "create, delete a mapped LUN": (
        (f"{TPG}/acls/{HOST}", "create", "20000", "0"),
        (f"{TPG}/acls/{HOST}", "delete", "20000"),
    ),
    "create, delete a portal": (
        (f"{TPG}/portals", "create", "127.0.0.1", "3261"),
        (f"{TPG}/portals", "delete", "127.0.0.1", "3261"),
    ),
    "get, set": (
        (TPG, "get", "attribute", "authentication"),
        (TPG, "set", "attribute", "login_timeout=15"),
    ),
}


def _raw(name: str) -> tuple[str, ...]:
    return (PYTHON, str(HERE / "raw.py"), str(LISTS / name))


def _configure(size: int) -> None:
    """Have so many LUNs running, saved with all that the kernel fills in, and the bare calls."""
    run((PYTHON, "-m", "benchmarks.configuration", str(size), SAVED))
    run((*OURS, "restoreconfig"))
    run((*OURS, "saveconfig"))
    LISTS.mkdir(exist_ok=True)
    run((PYTHON, "-m", "benchmarks.recording", SAVED, str(LISTS)))


def whole(size: int, rounds: int, raw: bool) -> None:
    """Work on whole configurations; without ``raw`` this tool alone."""
    _configure(size)
    for _ in range(rounds):
        if raw:
            timed("clearconfig", "raw", size, _raw("clear"))
            timed("restoreconfig", "raw", size, _raw("restore"))
        timed("clearconfig", "ours", size, (*OURS, "clearconfig", "confirm=true"))
        timed("restoreconfig", "ours", size, (*OURS, "restoreconfig"))
        if raw:
            timed("read", "raw", size, _raw("read"))
            timed("sessions", "raw", size, _raw("sessions"))
        # Elsewhere: what is saved already is not written again.
        timed("saveconfig", "ours", size, (*OURS, "saveconfig", "/var/tmp/saved.json"))
        os.unlink("/var/tmp/saved.json")
        # The configuration has no secrets, so there are findings.
        timed("check", "ours", size, (*OURS, "check"), allowed=(0, 1, 2))
        timed("map", "ours", size, (*OURS, "map"))
        timed("report", "ours", size, (*OURS, "report", "/var/tmp/report.html"))
        timed("diff", "ours", size, (*OURS, "diff"))
        timed("second apply", "ours", size, (*OURS, "apply", SAVED))
        timed("ls", "ours", size, (*OURS, "ls"))
        timed("sessions", "ours", size, (*OURS, "sessions"))
        _counted(size, raw)
        timed("start", "ours", size, (*OURS, "--version"))
        timed("start", "python", size, (PYTHON, "-c", "pass"))
    run((*OURS, "clearconfig", "confirm=true"))
    timed("apply", "ours", size, (*OURS, "apply", SAVED))
    subprocess.run((PYTHON, "-m", "benchmarks.where", str(size)), check=True)


def _counted(size: int, raw: bool) -> None:
    """Show all counters once, and make all metrics once."""
    if raw:
        timed("stats", "raw", size, _raw("stats"))
        timed("exporter", "raw", size, _raw("exporter"))
    timed("stats", "ours", size, (*OURS, "stats"))
    timed("exporter --textfile", "ours", size, (*OURS, "exporter", "--textfile", "/var/tmp/m.prom"))
    _scrape(size)


def _scrape(size: int) -> None:
    """Ask a new exporter for all metrics, once."""
    # Imported here: the memory of what is measured begins with that of this process.
    import urllib.request

    with subprocess.Popen((*OURS, "exporter"), stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        url = server.stderr.readline().split()[-1]
        begin = time.monotonic()
        with urllib.request.urlopen(url, timeout=600) as answer:
            while answer.read(1 << 16):
                pass
        tell("exporter", "ours", size, time.monotonic() - begin)
        status = Path(f"/proc/{server.pid}/status").read_text()
        most = int(status.partition("VmHWM:")[2].split()[0])
        tell("exporter", "ours", size, most / 1024, "MiB")
        server.terminate()


def counting(size: int, rounds: int, raw: bool) -> None:
    """Only that."""
    _configure(size)
    for _ in range(rounds):
        _counted(size, raw)


def one_shot(sizes: Sequence[int], rounds: int) -> None:
    """Single commands with few and with many objects beside, on one kernel."""
    for size in sizes:
        run((PYTHON, "-m", "benchmarks.configuration", str(size), SAVED))
        run((*OURS, "restoreconfig", "clear_existing=true"))
        for what, (there, back) in ONE_SHOT.items():
            for words in (there, back):
                done = subprocess.run(
                    (PYTHON, "-m", "benchmarks.counted", *words), capture_output=True, text=True
                )
                if done.returncode:
                    raise process.Failed(f"{words}: {done.stderr}")
                tell(f"{what}: calls", "ours", size, int(done.stdout.split()[-1]), "calls")
            for _ in range(rounds):
                # The two are paired with a start at the same moment: the machine's speed moves.
                start, _ = measure((*OURS, "--version"))
                seconds = [measure((*OURS, *words))[0] for words in (there, back)]
                tell(what, "ours", size, sum(seconds) / start / 2 - 1, "starts")
        subprocess.run((PYTHON, "-m", "benchmarks.keys", str(size)), check=True)


def peers(size: int, rounds: int) -> None:
    """The same work by targetcli-fb, by rtslib-fb and by this tool."""
    os.makedirs("/run/dbus", exist_ok=True)
    run(("dbus-daemon", "--system", "--fork"))
    for _ in range(rounds * 3):
        for who, tool in (("ours", OURS), ("targetcli-fb", FB)):
            timed("version", who, 0, (*tool, "version"))
            timed("ls /iscsi 1", who, 0, (*tool, "ls", "/iscsi", "1"))
    _configure(size)
    create = (f"{TPG}/luns", "create", f"/backstores/ramdisk/{SPARE}")
    delete = (f"{TPG}/luns", "delete", str(size))
    for _ in range(rounds):
        for who, tool in (("ours", OURS), ("targetcli-fb", FB)):
            run((*OURS, "clearconfig", "confirm=true"))
            timed("restoreconfig", who, size, (*tool, "restoreconfig", SAVED))
            timed("saveconfig", who, size, (*tool, "saveconfig", "/var/tmp/saved.json"))
            os.unlink("/var/tmp/saved.json")
            timed("ls", who, size, (*tool, "ls"))
            timed("version", who, size, (*tool, "version"))
            timed("create", who, size, (*tool, *create))
            run((*tool, *delete))
        run((*OURS, "clearconfig", "confirm=true"))
        timed("restoreconfig", "rtslib-fb", size, (*RTSLIB, _RTSLIB_RESTORE))
        timed("saveconfig", "rtslib-fb", size, (*RTSLIB, _RTSLIB_SAVE))


def screens(size: int) -> None:
    """Work at full screens with so many LUNs."""
    _configure(size)
    subprocess.run((PYTHON, "-m", "benchmarks.screens", str(size)), check=True)


def main(part: str, *words: str) -> None:
    """Run one part."""
    os.environ.pop("PYTHONPATH", None)
    os.makedirs("/etc/target/pr", exist_ok=True)
    os.makedirs("/etc/target/alua", exist_ok=True)
    numbers = [int(word) for word in words]
    parts: dict[str, Callable[[], None]] = {
        "whole": lambda: whole(numbers[0], numbers[1], bool(numbers[2])),
        "counting": lambda: counting(numbers[0], numbers[1], bool(numbers[2])),
        "one-shot": lambda: one_shot(numbers[1:], numbers[0]),
        "screens": lambda: screens(numbers[0]),
        "peers": lambda: peers(numbers[0], numbers[1]),
    }
    parts[part]()


if __name__ == "__main__":
    main(*sys.argv[1:])
