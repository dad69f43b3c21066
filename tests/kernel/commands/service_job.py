# SPDX-License-Identifier: Apache-2.0
"""What happens to target.service in test_service.py: runs under systemd, notes it as JSON.

python -m tests.kernel.commands.service_job FOLDER OUTPUT. Starting a program takes long in the
sandbox, so all of it is one program.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from ..expected import RELEASE
from .harness import ETC, TARGET, tree
from .initiator import logged_in

T = TypeVar("T")
Seen = dict[str, object]

IQN = "iqn.2003-01.org.example:"
ADDRESS = "10.99.0.1"
LOOP, IMAGE_LOOP = "/dev/loop5", "/dev/loop6"
HOST = "iqn.1994-05.com.example:h"
SCSI = "naa.5001405000000077"
MANY = 40
SAVED = ETC / "saveconfig.json"
RECORD = Path("/run/targetcli/unrestored.json")
SAID, LIMITS = Path("/run/said"), Path("/run/limits")
# A wait that is not over by then never will be; the tests may share the host with others.
LONGEST = 120.0
PENDING = "target-pending.service"
THREADS = {"iscsi_np", "iscsi_trx", "iscsi_ttx"}


def run(*words: object) -> int:
    """Run a program; return its exit status."""
    with SAID.open("ab") as said:
        return subprocess.run([*map(str, words)], stdout=said, stderr=said).returncode


def show(unit: str = "target.service") -> dict[str, str]:
    """The properties of a unit."""
    names = "ActiveState,SubState,Result,ExecMainStatus,StatusText,After,Wants"
    done = subprocess.run(
        ["systemctl", "show", "-p", names, unit], capture_output=True, text=True, check=True
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


def until(there: Callable[[], T]) -> T:
    """What a call returns once it is true."""
    end = time.monotonic() + LONGEST
    while not (found := there()):
        if time.monotonic() > end:
            raise TimeoutError(f"{there}: {luns()}, {show()}, {show(PENDING)}, {SAID.read_text()}")
        time.sleep(0.05)
    return found


def until_status(text: str, unit: str = "target.service") -> dict[str, str]:
    """The properties of a unit once a text is in its status."""
    return until(lambda: (now := show(unit)) and text in now["StatusText"] and now or None)


def until_state(*states: str, unit: str = "target.service") -> dict[str, str]:
    """The properties of a unit once it is in one of these states."""
    return until(lambda: (now := show(unit)) and now["ActiveState"] in states and now or None)


def until_started() -> dict[str, str]:
    """The properties of the service once its program has ended."""
    until_state("active")
    return until(lambda: (now := show())["SubState"] != "running" and now or None)


def luns() -> dict[str, int]:
    """The targets, by the last part of their names, with the numbers of their LUNs."""
    found = {}
    with suppress(FileNotFoundError):
        for target in (TARGET / "iscsi").iterdir():
            with suppress(FileNotFoundError):
                if target.name.startswith("iqn"):
                    number = sum(1 for _ in (target / "tpgt_1/lun").iterdir())
                    found[target.name.removeprefix(IQN)] = number
    return dict(sorted(found.items()))


def objects() -> int:
    """The number of storage objects."""
    return sum(one.is_dir() for one in TARGET.glob("core/*_*/*"))


def limit(wait: float, stop: float) -> None:
    """Set the limits of the service."""
    LIMITS.write_text(f"BOOT_WAIT={wait:g}\nSTOP_WAIT={stop:g}\n")


def load_units() -> None:
    """Let the units take limits from a file, and note what their programs say."""
    for unit in ("target", "target-pending"):
        folder = Path(f"/etc/systemd/system/{unit}.service.d")
        folder.mkdir(parents=True)
        lines = ["[Service]", f"StandardError=append:{SAID}", f"EnvironmentFile=-{LIMITS}", ""]
        (folder / "limits.conf").write_text("\n".join(lines))
    run("systemctl", "daemon-reload")


# -- devices, mounts and addresses come late --------------------------------------------------


def late(folder: Path, seen: Seen) -> None:
    """All of them come during the start; then it stops under an initiator."""
    load_units()
    limit(wait=1000, stop=1000)
    seen["generated"] = show()
    run("systemctl", "start", "--no-block", "target.service")
    seen["waiting"] = until_status("Waiting")
    seen["waiting luns"] = luns()
    mount(folder)
    until(lambda: luns().get("b"))
    seen["mounted"], seen["mounted luns"] = show(), luns()
    run("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
    run("modprobe", "brd", "rd_nr=4", "rd_size=16384")
    until(lambda: luns().get("a"))
    os.truncate(folder / "shrunk", 1 << 20)
    run("losetup", LOOP, folder / "late")
    seen["complete"], seen["complete luns"] = until_started(), luns()
    seen["pending"] = show(PENDING)
    seen |= devices()
    seen["umount while exported"] = run("umount", folder)
    seen |= stop_under_an_initiator()
    seen["stopped luns"], seen["stopped objects"] = luns(), objects()


def devices() -> Seen:
    """Whether the unit's rules permit all kinds of devices; without rules, none is."""
    unit = Path("/usr/lib/systemd/system/target.service").read_text()
    rules = [line for line in unit.splitlines() if line.startswith("Device")]
    was_loaded = Path("/sys/module/scsi_debug").exists()
    run("modprobe", "-a", "sd_mod", "sg")
    run("modprobe", "scsi_debug", "dev_size_mb=8")
    names = ["/dev/ram0", LOOP]
    for kind in ("block", "scsi_generic"):
        names.append(f"/dev/{until(partial(scsi_debug, kind))[0].name}")
    script = "".join(f"exec 3<>{name} || exit 1\n" for name in names)
    seen: Seen = {"opened": names, "rules": rules}
    for name, given in (("permitted", rules), ("without rules", ["DevicePolicy=strict"])):
        options = [word for rule in given for word in ("-p", rule)]
        words = ["systemd-run", "--scope", "--quiet", *options, "bash", "-c", script]
        seen[name] = subprocess.run(words, stderr=subprocess.DEVNULL).returncode == 0
    if not was_loaded:
        run("modprobe", "-r", "scsi_debug")
    return seen


def scsi_debug(kind: str) -> list[Path]:
    """The devices of the module of this name; a full kernel has other SCSI devices, too."""
    return [
        found
        for device in Path("/sys/class/scsi_device").glob("*/device")
        if (device / "model").read_text().strip() == "scsi_debug"
        for found in device.glob(f"{kind}/*")
    ]


def mount(folder: Path) -> None:
    """Mount the file system with the files of the storage objects."""
    run("losetup", IMAGE_LOOP, folder.parent / "image")
    run("mount", IMAGE_LOOP, folder)


def stop_under_an_initiator() -> Seen:
    """Stop the service while an initiator sends commands, which it ends after a while."""
    silent, over = threading.Event(), threading.Event()

    def send() -> None:
        with suppress(OSError), logged_in(HOST, f"{IQN}c") as session:
            while not silent.is_set():
                session.luns()
                time.sleep(0.05)
            over.wait()

    sender = threading.Thread(target=send)
    sender.start()
    sessions = TARGET / f"iscsi/{IQN}c/fabric_statistics/iscsi_instance/sessions"
    until(lambda: int(sessions.read_text()))
    run("systemctl", "stop", "--no-block", "target.service")
    seen: Seen = {"stopping": until_status("initiators")}
    seen["stopping luns"], seen["stopping sessions"] = luns(), sessions.read_text()
    silent.set()
    seen["stopped"], seen["threads"] = until_state("inactive", "failed"), threads()
    over.set()
    sender.join()
    return seen


def threads() -> list[str]:
    """iSCSI's threads, which no PID namespace but the first one has."""
    found = []
    for file in Path("/var/tmp/service/proc").glob("[0-9]*/comm"):
        with suppress(OSError):
            found.append(file.read_text().strip())
    return [name for name in found if name in THREADS]


# -- the same after the limit -----------------------------------------------------------------


def after_the_limit(folder: Path, seen: Seen) -> None:
    """They come when the service has started already."""
    run("losetup", "--detach", LOOP)
    os.truncate(folder / "shrunk", 0)
    run("umount", folder)
    run("losetup", "--detach", IMAGE_LOOP)
    run("ip", "address", "del", f"{ADDRESS}/32", "dev", "lo")
    limit(wait=0.5, stop=0)
    seen["start"] = run("systemctl", "start", "target.service")
    seen["partial"], seen["partial luns"] = until_started(), luns()
    seen["watching"] = until_status("Waiting", PENDING)
    seen["again"] = run("systemctl", "start", "target.service")
    mount(folder)
    until(lambda: luns().get("b"))
    seen["mounted later"] = luns()
    # Without the watch, a rule of udev starts it.
    run("systemctl", "stop", PENDING)
    run("/lib/systemd/systemd-udevd", "--daemon")
    run("losetup", LOOP, folder / "late")
    until(lambda: luns().get("e"))
    seen["udev luns"] = luns()
    os.truncate(folder / "shrunk", 1 << 20)
    # A file has no event; any other is a reason to look.
    run("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
    seen["watched"] = until_state("inactive", "failed", unit=PENDING)
    seen["watched luns"], seen["recorded"] = luns(), RECORD.exists()
    saved = SAVED.read_bytes()
    run("targetcli", "/backstores/ramdisk", "create", "unsaved", "1M")
    SAVED.write_bytes(saved)
    seen["reload"] = run("systemctl", "reload", "target.service")
    seen["unsaved"] = [*map(str, TARGET.glob("core/*/unsaved"))]
    run("losetup", "--detach", LOOP)
    # In one transaction, as at a shutdown.
    mount_unit = f"{str(folder)[1:].replace('/', '-')}.mount"
    seen["shutdown"] = run("systemctl", "stop", "target.service", mount_unit)
    seen["released"], seen["still mounted"] = show(), folder.is_mount()
    run("losetup", "--detach", IMAGE_LOOP)
    run("pkill", "systemd-udevd")


# -- killed, twice, two at once; a module comes late ------------------------------------------


def interrupted(folder: Path, seen: Seen) -> None:
    """A start of many targets is killed half-way, run again, and run beside another."""
    SAVED.write_text(json.dumps(many()))
    run("modprobe", "-r", "tcm_loop")
    modules = f"/lib/modules/{RELEASE}"
    run("mount", "-t", "tmpfs", "none", modules)
    limit(wait=0.5, stop=0)
    run("systemctl", "start", "--no-block", "target.service")
    seen["killed at"] = killed(lambda: targets() >= MANY // 3, "start")
    seen["restarted"] = until_started()
    seen["restarted luns"] = luns()
    seen["no module"] = until_status("Waiting", PENDING)
    run("umount", modules)
    seen["module"] = until_state("inactive", "failed", unit=PENDING)
    seen["module there"] = (TARGET / "loopback" / SCSI).is_dir()
    before = tree()
    seen["twice"], seen["changed"] = run("targetcli-boot", "start", "1"), tree() != before
    run("systemctl", "stop", "target.service")
    other = subprocess.Popen(["targetcli-boot", "start", "5"])
    seen["two"] = [run("systemctl", "start", "target.service"), other.wait()]
    seen["two luns"], seen["two difference"] = luns(), run("targetcli", "diff")
    run("systemctl", "stop", "target.service")
    seen["end"], seen["end luns"] = show(), luns()


def killed(now: Callable[[], bool], what: str) -> int:
    """Kill the service's process when it is time; return how many targets there are then."""
    pid = until(lambda: process(what))
    # The sandbox has one CPU: this looks before the other process continues.
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    while not now():
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return targets()


def targets() -> int:
    """The number of targets."""
    try:
        return sum(name.startswith("iqn") for name in os.listdir(TARGET / "iscsi"))
    except FileNotFoundError:
        return 0


def process(what: str) -> int | None:
    """The process of the service that starts or stops it."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = file.read_bytes().split(b"\0")
            if b"targetcli.boot" in words and what.encode() in words:
                return int(file.parent.name)
    return None


def many() -> Mapping[str, object]:
    """A save file with many targets, and one of a fabric whose module is not loaded."""
    names = [f"m{number}" for number in range(MANY)]
    targets: list[object] = [
        {
            "fabric": "iscsi",
            "wwn": f"{IQN}{name}",
            "tpgs": [{"tag": 1, "enable": True, "luns": [lun(name)]}],
        }
        for name in names
    ]
    targets.append({"fabric": "loopback", "wwn": SCSI, "tpgs": [{"tag": 1, "luns": [lun("m0")]}]})
    disks = [
        {"plugin": "ramdisk", "name": name, "size": 65536, "wwn": f"{name}x"} for name in names
    ]
    return {"storage_objects": disks, "targets": targets}


def lun(name: str) -> Seen:
    return {"index": 0, "storage_object": f"/backstores/ramdisk/{name}"}


def main(folder: Path, output: Path) -> None:
    """Run all of it; the file is there when it is complete, or failed."""
    seen: Seen = {}
    try:
        for job in (late, after_the_limit, interrupted):
            job(folder, seen)
    except Exception:
        seen["error"] = traceback.format_exc()
    finally:
        seen["said"] = SAID.read_text()
        output.write_text(json.dumps(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
