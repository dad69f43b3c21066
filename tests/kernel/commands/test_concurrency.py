# SPDX-License-Identifier: Apache-2.0
"""Several processes at once: changes wait for each other, readers and preferences do not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rtslib_ext import System
from rtslib_ext.transaction.lock import change_lock
from targetcli import session
from targetcli.env import Env
from targetcli.language import grammar

from .harness import Shell

PROGRAM = [sys.executable, "-m", "targetcli"]
IQN = "iqn.2003-01.org.example:a"
CHANGES = 100

# A storage driver: it exports a disk under the next free number, under the name of its link.
# Each tenth change is planned before the lock is taken.
DRIVER = f"""
import rtslib_ext as lio

system, key = lio.System(), ("iscsi", "{IQN}")
for number in range({CHANGES}):
    if number % 10 == 0:
        disk = lio.StorageObject(f"driver{{number}}", lio.RamDisk(4096))
        outcome = system.apply(system.plan(lio.Config({{disk.key: disk}})))
    else:
        with system.changing(f"export {{number}}"):
            used = system.read().targets[key].tpgs[1].luns
            index = next(n for n in range(len(used) + 1) if n not in used)
            lun = lio.Lun(index, ("ramdisk", "shared"), alias=f"driver{{number}}")
            target = lio.Target(*key, {{1: lio.Tpg(1, luns={{index: lun}})}})
            outcome = system.apply(system.plan(lio.Config(targets={{key: target}})))
    assert outcome.done and not outcome.remaining and not outcome.notes
    print(number, flush=True)
"""


@pytest.fixture
def home(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the preferences of all processes."""
    monkeypatch.setenv("TARGETCLI_HOME", str(shell.home))
    return shell.home


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_ten_create_at_once(shell: Shell, home: Path, disks: Path) -> None:
    running = [
        start("/backstores/fileio", "create", f"d{number}", f"{disks}/d{number}.img", "1M")
        for number in range(10)
    ]
    for number, process in enumerate(running):
        out, err = process.communicate()
        assert out == f"Created fileio d{number} with size 1048576\n", err
        assert process.returncode == 0
    assert len(list(disks.iterdir())) == 10
    assert shell.ok("/backstores/fileio status").endswith(": Storage Objects: 10\n")


def test_the_same_twice_at_once(shell: Shell, home: Path, disks: Path) -> None:
    running = [
        start("/backstores/fileio", "create", "d1", f"{disks}/d1.img", "1M") for _ in range(2)
    ]
    answers = sorted((*process.communicate(), process.returncode) for process in running)
    assert answers == [
        (
            "",
            "/backstores/fileio: Storage object fileio/d1 exists "
            "(an object with this name already exists: choose another name)\n",
            1,
        ),
        ("Created fileio d1 with size 1048576\n", "", 0),
    ]


def test_preferences_of_two(shell: Shell, home: Path) -> None:
    running = [
        start("set", "global", f"{name}=7") for name in ("max_backup_files", "prompt_length")
    ]
    for process in running:
        out, err = process.communicate()
        assert (process.returncode, err) == (0, "") and out.endswith(" is now '7'.\n")
    stored = json.loads((home / "prefs.json").read_text())
    assert (stored["max_backup_files"], stored["prompt_length"]) == ("7", 7)


def test_who_holds_the_lock_is_told(shell: Shell, home: Path) -> None:
    holder = f"(pid {os.getpid()}, user root"
    with change_lock("/backstores restore everything"):
        process = start("/backstores/ramdisk", "create", "r1", "1M")
        assert process.stderr is not None
        told = process.stderr.readline()
        assert told.startswith("waiting for another process to finish its changes " + holder)
        assert told.endswith(": /backstores restore everything)\n")
        assert process.poll() is None
        assert shell.ok("/backstores/ramdisk status").endswith(": Storage Objects: 0\n")
    out, err = process.communicate()
    assert (out, err, process.returncode) == ("Created ramdisk r1 with size 1M.\n", "", 0)


def test_waiting_has_an_end(shell: Shell) -> None:
    with change_lock("saveconfig"):
        begun = time.monotonic()
        answer = shell("/backstores/ramdisk create r1 1M", wait=1.0)
        waited = time.monotonic() - begun
    assert (answer, answer.exit) == ("", 1)
    assert 1 <= waited < 5
    last = answer.stderr.splitlines()[-1]
    assert f"another process is changing the configuration (pid {os.getpid()}, user root" in last
    assert last.endswith("(wait for it to end, or wait longer with --wait)")
    assert shell.ok("/backstores/ramdisk status").endswith(": Storage Objects: 0\n")


def test_option_wait(shell: Shell, home: Path) -> None:
    with change_lock("saveconfig"):
        process = start("--wait", "0.2", "/backstores/ramdisk", "create", "r1", "1M")
        out, err = process.communicate()
    assert (out, process.returncode) == ("", 1)
    assert "another process is changing the configuration" in err


def test_a_driver_and_the_shell_at_once(shell: Shell, home: Path, tmp_path: Path) -> None:
    """Both add LUNs and more to one TPG: none is lost, none fails because of the other."""
    shell.ok("set global auto_add_mapped_luns=false")
    shell.ok("/backstores/ramdisk create shared 4K")
    shell.ok("/backstores/ramdisk create 'shell[0-9]' 4K")
    shell.ok(f"/iscsi create {IQN}")
    script = tmp_path / "lines"
    script.write_text("".join(map(line_of_the_shell, range(CHANGES))))
    with change_lock("until both wait"), script.open() as typed:
        driver, program = (
            subprocess.Popen(
                command, stdin=typed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for command in ([sys.executable, "-c", DRIVER], PROGRAM)
        )
        time.sleep(2)
    said, failed = program.communicate()
    done, wrong = driver.communicate()
    assert (driver.returncode, wrong, len(done.split())) == (0, "", CHANGES)
    assert (program.returncode, said.count("Created ")) == (0, CHANGES), failed
    assert all(row.startswith(("Note: ", "waiting for ")) for row in failed.splitlines()), failed
    running = System().read()
    tpg = running.targets[("iscsi", IQN)].tpgs[1]
    mine = [lun.alias for lun in tpg.luns.values() if lun.storage_object[1] == "shared"]
    assert sorted(map(str, mine)) == sorted(f"driver{n}" for n in range(CHANGES) if n % 10)
    assert sorted(tpg.luns) == list(range(CHANGES)) and len(tpg.acls) == CHANGES * 9 // 10
    assert len(running.storage_objects) == 1 + 2 * CHANGES // 10


def line_of_the_shell(number: int) -> str:
    """Return a line: each tenth exports a disk, the others admit initiators."""
    tpg, (tens, units) = f"/iscsi/{IQN}/tpg1", divmod(number, 10)
    if units == 0:
        return f"{tpg}/luns create /backstores/ramdisk/shell{tens}\n"
    return f"{tpg}/acls create iqn.2003-01.org.example:host{number}\n"


def leave(env: Env) -> str:
    """Leave a shell; return what it says on standard error."""
    assert session.finish(env)
    return str(env.stderr.getvalue())  # type: ignore[attr-defined]


def saved(shell: Shell) -> set[str]:
    """Return the names of the storage objects in the save file."""
    value = json.loads(Path(shell.save_file).read_text())
    return {item["name"] for item in value["storage_objects"]}


def test_leaving_a_shell_names_what_others_changed(shell: Shell) -> None:
    shell.ok("/backstores/ramdisk create r1 1M")
    shell.ok(f"/iscsi create {IQN}")
    shell.ok("saveconfig")
    env = shell.env()
    session.run_line(env, lambda: grammar.parse("/backstores/ramdisk create mine 1M"))
    shell.ok("/backstores/ramdisk create theirs 1M")
    shell.ok(f"/iscsi/{IQN}/tpg1 set attribute login_timeout=20")
    assert leave(env) == (
        "Note: this also saved what others changed, in the kernel or in the file: "
        f"/backstores/ramdisk/theirs, /iscsi/{IQN}/tpg1; "
        "restoreconfig @1 has the file from before\n"
    )
    assert saved(shell) == {"r1", "mine", "theirs"}


def test_leaving_a_shell_names_settings_of_others_in_its_new_objects(shell: Shell) -> None:
    env, tpg = shell.env(), f"/iscsi/{IQN}/tpg1"
    for line in (f"/iscsi create {IQN}", "/backstores/ramdisk create mine 1M"):
        session.run_line(env, lambda line=line: grammar.parse(line))  # type: ignore[misc]
    shell.ok(f"{tpg} set attribute login_timeout=20")
    shell.ok(f"{tpg} set attribute login_timeout=21")
    assert leave(env) == (
        f"Note: this also saved what others changed, in the kernel or in the file: {tpg}\n"
    )


def test_leaving_a_shell_that_saved_everything_leaves_the_rest(shell: Shell) -> None:
    env = shell.env()
    for line in ("/backstores/ramdisk create mine 1M", "saveconfig"):
        session.run_line(env, lambda line=line: grammar.parse(line))  # type: ignore[misc]
    shell.ok("/backstores/ramdisk create theirs 1M")
    assert leave(env) == (
        "Note: not saved: this session saved all its changes, and others changed "
        "/backstores/ramdisk/theirs since (saveconfig saves that)\n"
    )
    assert saved(shell) == {"mine"}


def test_leaving_a_shell_says_nothing_of_its_own_changes(shell: Shell) -> None:
    env = shell.env()
    tpg = f"/iscsi/{IQN}/tpg1"
    for line in (
        "/backstores/ramdisk create mine 1M",
        f"/iscsi create {IQN}",
        f"{tpg}/acls create iqn.2003-01.org.example:i",
        f"{tpg}/luns create /backstores/ramdisk/mine",
        f"{tpg} set attribute login_timeout=20",
        "/backstores/ramdisk create gone 1M",
        "/backstores/ramdisk delete gone",
        "undo",
    ):
        assert session.run_line(env, lambda line=line: grammar.parse(line)), line  # type: ignore[misc]
    assert "others" not in leave(env)
    assert saved(shell) == {"mine", "gone"}
